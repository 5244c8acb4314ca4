"""What is there already, for what says how safe it is: nothing is made, no wrong store is taken for an empty one."""

from dashboard.catalogue import snapshots
from dashboard.catalogue.opening import has_catalogue
from dashboard.errors import NotFound
from dashboard.records.store import split_password
from dashboard.services.workspace import Workspace, require_whole
from dashboard.settings import Settings

OWN_DATA = ("datasets", "checkpoints")
REMEDY = (
    "Set WEIGHTBASE_HOME and WEIGHTBASE_STORE as for the dashboard. If only the catalogue was lost, `weightbase "
    "reindex` makes it again."
)


def require_existing(settings: Settings, remedy: str = REMEDY) -> None:
    """Raise NotFound, naming home and store, unless there are a home and a catalogue; makes nothing.

    Raises StoreUnavailable for those into which a backup is being restored.
    """
    home = settings.home_folder
    if not home.is_dir():
        raise NotFound(f"There is no home at {home}. {remedy}", "home")
    require_whole(home)
    if has_catalogue(settings):
        return
    there = [name for name in OWN_DATA if _folders(settings, name)]
    belongs = f"The home holds {' and '.join(there)}: it seems to belong to another store. " if there else ""
    missing = f"There is no catalogue for the home {home} and the store {_address(settings)}."
    raise NotFound(f"{missing} {belongs}{remedy}", "home")


def require_source(settings: Settings) -> None:
    """Raise NotFound, naming it, unless there is something that can be copied from; makes nothing."""
    folder = settings.store_folder
    if folder is not None and not folder.is_dir():
        raise NotFound(f"There is no store at {folder}: name the folder of the weights that are to be copied.", "store")
    require_existing(settings, "Name the store with --from, and its home with --from-home.")


def require_own_store(workspace: Workspace) -> None:
    """Raise NotFound if a catalogue has no version, and knows none of the datasets that are in the home."""
    with workspace.catalogue.reading() as connection:
        known, held = snapshots.dataset_folders(connection), snapshots.held_versions(connection)
    there = _folders(workspace.settings, "datasets")
    if there and not held and known.keys().isdisjoint(there):
        raise NotFound(
            f"The catalogue for the home {workspace.settings.home_folder} and the store "
            f"{_address(workspace.settings)} has no version, and knows none of the datasets in this home, which seems "
            f"to belong to another store. {REMEDY}",
            "home",
        )


def _folders(settings: Settings, name: str) -> list[str]:
    """Return the names of what a folder of the home holds, without what is being made."""
    folder = settings.home_folder / name
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if path.suffix not in {".new", ".lock"})


def _address(settings: Settings) -> str:
    folder = settings.store_folder
    return f"{settings.store_kind.start}{folder}" if folder else split_password(settings.store)[0]
