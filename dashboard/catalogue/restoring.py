"""The mark of a database into which a backup is being restored: until it is gone, nothing opens it as a catalogue."""

from sqlalchemy import Engine, inspect, text

from dashboard.catalogue.prefixed import prefix_of
from dashboard.errors import StoreUnavailable

RESTORING = "weightbase_restoring"
"""A table of this name is the mark."""


def names_in(engine: Engine) -> list[str]:
    """Return the names of all tables and views in a database, or of those with our prefix if we have one."""
    with engine.connect() as connection:
        looked = inspect(connection)
        names = {*looked.get_table_names(), *looked.get_view_names()}
        return sorted(name for name in names if name.startswith(prefix_of(engine)))


def begin_restoring(engine: Engine) -> None:
    """Mark a database as one that is being restored."""
    with engine.begin() as connection:
        connection.execute(
            text(f"CREATE TABLE IF NOT EXISTS {prefix_of(engine)}{RESTORING} (backup VARCHAR(64)) ENGINE=InnoDB")
        )


def end_restoring(engine: Engine) -> None:
    """Take the mark away: all is there, and proven."""
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE IF EXISTS {prefix_of(engine)}{RESTORING}"))


def require_not_restoring(engine: Engine) -> None:
    """Raise StoreUnavailable for a database into which a backup is being restored, or was until that was stopped."""
    if engine.dialect.name != "sqlite" and prefix_of(engine) + RESTORING in names_in(engine):
        raise StoreUnavailable(
            "A backup is being restored into this database, or that was stopped: it is not whole. Type the same "
            "`weightbase restore` again to go on with it, or drop the database."
        )
