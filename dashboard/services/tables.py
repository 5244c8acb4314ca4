"""The store's tables as a person looks at them."""

from dashboard.records import TableInfo
from dashboard.services.workspace import Workspace


def list_tables(workspace: Workspace, prefix: str = "") -> list[TableInfo]:
    """Return the tables whose names begin with `prefix`, in order of name; raises StoreUnavailable."""
    return workspace.store.tables(prefix)


def place(workspace: Workspace) -> str:
    """Return where the store lies, without its password."""
    shown = {name: value for name, value, _ in workspace.settings.shown()}
    text = shown["WEIGHTBASE_STORE"]
    return str(workspace.settings.home_folder / "weights") if text == "csv:" else text
