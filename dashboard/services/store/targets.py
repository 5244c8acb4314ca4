"""Where a visitor may let the dashboard write: folders in the home, and the places that the administrator has set.

Everything else is for the command line: `weightbase copy` is typed by somebody who may write there anyway.
"""

from pathlib import Path

from dashboard.errors import Invalid
from dashboard.privacy import OWN_FOLDERS
from dashboard.records.store import EXAMPLES, find_kind, split_password, with_password
from dashboard.settings import Settings, environment_name

NO_TARGETS = OWN_FOLDERS - {"copies", "weights"}
"""The home's own folders into which nobody copies."""
REMEDY = f"a folder in the dashboard's home, or a place that {environment_name('copy_to')} lists"
ELSEWHERE = "A person with a terminal on the server copies anywhere: weightbase copy --help."


def target_address(settings: Settings, to: str, password: str, home: str) -> str:
    """Return the address under which a copy's store is opened: `to`, with the password that was typed or set for it.

    `home` is the folder of the copy's datasets and catalogue; empty: this home. Raises Invalid unless visitors may
    copy there.
    """
    kind = find_kind(to)
    if kind is None:  # also because a password in it would not be known as one
        raise Invalid({"to": f"Give the store to copy to: {EXAMPLES}."})
    if home and Path(home).resolve() != settings.home_folder.resolve():
        require_folder(settings, Path(home), "home")
    folder = kind.folder(to, Path(home or settings.home))
    if folder is None:
        server = _find_server(settings, to)
        return with_password(to, password) if password else server
    if to != kind.start:  # without a folder of its own it is in the home of the copy
        require_folder(settings, folder, "to")
    return to


def require_folder(settings: Settings, folder: Path, field: str) -> None:
    """Raise Invalid for `field` unless visitors may let the dashboard write to this folder; links are followed."""
    home, wanted = settings.home_folder.resolve(), folder.resolve()
    if wanted != home and wanted.is_relative_to(home) and wanted.relative_to(home).parts[0] not in NO_TARGETS:
        return
    if not any(wanted.is_relative_to(allowed.resolve()) for allowed in settings.copy_folders):
        raise Invalid({field: f"From here, this may only be {REMEDY}. {ELSEWHERE}"})


def _find_server(settings: Settings, address: str) -> str:
    """Return the address of a server as it was set, with its password; raises Invalid unless it is a set one.

    It has to be equal but for the password: an option of an address may lead to another host.
    """
    bare = split_password(address)[0]
    server = next((server for server in settings.copy_servers if split_password(server)[0] == bare), None)
    if server is None:
        raise Invalid({"to": f"From here, this may only be {REMEDY}, written as there. {ELSEWHERE}"})
    return server


def suggestions(settings: Settings) -> list[str]:
    """Return addresses that visitors may copy to, without passwords: what a form offers."""
    folders = [settings.home_folder / "copies" / "weights", *(path / "weights" for path in settings.copy_folders)]
    return [*(split_password(server)[0] for server in settings.copy_servers), *(f"csv:{path}" for path in folders)]
