"""Opening the place of a backup by its path: FILE.zip is an archive, all else a folder; what cannot be is refused."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from dashboard.errors import Invalid, NotFound, StoreUnavailable
from dashboard.privacy import OWN_FOLDERS
from dashboard.services.backup.archives import SUFFIX, open_archive, open_archive_target
from dashboard.services.backup.folders import BEGUN, HEADS, LOCK, OBJECTS, BackupFolder, open_folder_target
from dashboard.services.backup.places import Place, Target
from dashboard.settings import Settings

OTHER_ARCHIVES = frozenset({".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".zst"})
NOT_OWN = OWN_FOLDERS - {"copies"}


def is_archive(path: Path) -> bool:
    """Return whether a path means an archive."""
    return path.suffix.lower() == SUFFIX and not path.is_dir()


@contextlib.contextmanager
def open_target(settings: Settings, path: Path) -> Iterator[Target]:
    """Open the place of a new backup; raises Invalid for `to`, Conflict or StoreUnavailable with the remedy."""
    require_target(settings, path)
    opened = open_archive_target(path) if is_archive(path) else open_folder_target(path)
    with opened as target:
        yield target


@contextlib.contextmanager
def open_source(path: Path) -> Iterator[Place]:
    """Open a place to be read; raises NotFound if no whole backup is in it, StoreUnavailable."""
    if not path.exists():
        raise NotFound(f"There is no backup at {path}.", "from")
    if path.is_dir():
        yield _require_backup(BackupFolder(path))
        return
    with open_archive(path) as archive:
        yield _require_backup(archive)


def _require_backup(place: Place) -> Place:
    if not place.heads():
        raise NotFound(f"{place.path} holds no whole backup: none was made, or none has ended.", "from")
    return place


def require_target(settings: Settings, path: Path) -> None:
    """Raise Invalid for `to` unless a backup may be written there; writes nothing."""
    problem = _problem_of_place(settings, path.resolve()) or _problem_of_path(path)
    if problem:
        raise Invalid({"to": problem})


def _problem_of_place(settings: Settings, path: Path) -> str:
    home, store = settings.home_folder.resolve(), settings.store_folder
    if home.is_relative_to(path):
        return f"{path} is the home, or holds it. Name a folder of its own, best on another disk."
    if path.is_relative_to(home) and path.relative_to(home).parts[0] in NOT_OWN:
        return f"{path} is where the home has its own data. Name a folder of its own, best on another disk."
    if store is not None and (path.is_relative_to(store.resolve()) or store.resolve().is_relative_to(path)):
        return f"{path} is the folder of the weights, or holds it. Name a folder of its own, best on another disk."
    return ""


def _problem_of_path(path: Path) -> str:
    if path.suffix.lower() in OTHER_ARCHIVES and not path.is_dir():
        return f"An archive is a {SUFFIX} here: {path.name} is none. Name a FILE{SUFFIX}, or a folder."
    try:
        if is_archive(path):
            return f"{path} exists already. Nothing is overwritten: name another file." if path.exists() else ""
        if path.exists() and not path.is_dir():
            return f"{path} is a file. Name a folder, or a FILE{SUFFIX} that does not exist yet."
        names = {entry.name for entry in path.iterdir()} if path.exists() else set()
        is_ours = names >= {OBJECTS, LOCK} or names <= BEGUN  # a disk may have been full before the lock was made
        return "" if is_ours else f"{path} holds other things. Name an empty folder."
    except OSError as error:
        return f"{path} cannot be used: {error.strerror}."


def find_backups(folders: list[Path], most: int = 200) -> list[tuple[Path, str]]:
    """Return (place, name of its head) of the backups in these folders, or one folder deeper, the first `most`."""
    there: list[tuple[Path, str]] = []
    for folder in folders:
        for place in [folder, *_entries(folder)]:
            with contextlib.suppress(StoreUnavailable, NotFound):
                if place.suffix == SUFFIX or any(_heads(place)):
                    with open_source(place) as source:
                        there += [(place, name) for name in source.heads()]
    return there[:most]


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []  # it is not there, or not for us: there is nothing to list


def _heads(place: Path) -> list[Path]:
    return list(place.glob(HEADS)) if place.is_dir() else []
