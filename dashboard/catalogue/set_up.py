"""Bringing a catalogue to its newest form: from nothing, from an older one, or from where a set-up was stopped.

The form's number is in a version table of our own name, so that another program that keeps its own in the usual one,
alembic_version, can share the database. An alembic_version of ours, of an older release, is taken over.
"""

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, inspect, select

from dashboard.catalogue.prefixed import prefix_of
from dashboard.catalogue.preflight import require_possible
from dashboard.catalogue.tables import MYSQL
from dashboard.errors import NewerForm, StoreUnavailable

HEAD_REVISION = "0008"
"""The newest migration; a test holds it equal to what Alembic finds in migrations/."""

VERSION_TABLE = "weightbase_version"
FORMER_TABLE = "alembic_version"
FIRST_TABLES = frozenset({"datasets", "networks", "runs", "epochs", "versions", "tensors"})
"""Next to these an alembic_version with a number of four digits is ours."""


def bring_up_to_date(engine: Engine) -> None:
    """Make or migrate the tables if need be.

    Raises NewerForm, or StoreUnavailable naming all that hinders it, with nothing created then.
    """
    with engine.connect() as connection:
        names = frozenset(inspect(connection).get_table_names())
        table = prefix_of(engine) + VERSION_TABLE
        own = _number(connection, table) if table in names else None
        former = _former_number(connection, names) if own is None and table == VERSION_TABLE else None
    revision = own or former
    if revision is not None and revision > HEAD_REVISION:
        raise NewerForm("catalogue", int(revision), int(HEAD_REVISION))
    if own == HEAD_REVISION:
        return
    is_begun = revision is not None or table in names
    require_possible(engine, is_begun)
    _keep_number(engine, former)
    _migrate(engine)


def is_set_up(engine: Engine) -> bool:
    """Return whether a database holds our tables, of whatever form; nothing is made."""
    with engine.connect() as connection:
        names = frozenset(inspect(connection).get_table_names())
        table = prefix_of(engine) + VERSION_TABLE
        return table in names or (table == VERSION_TABLE and _former_number(connection, names) is not None)


def require_newest(engine: Engine) -> None:
    """Raise NewerForm, or StoreUnavailable with the remedy, unless a catalogue can be read as it is."""
    with engine.connect() as connection:
        names = frozenset(inspect(connection).get_table_names())
        table = prefix_of(engine) + VERSION_TABLE
        own = _number(connection, table) if table in names else None
    if own is not None and own > HEAD_REVISION:
        raise NewerForm("catalogue", int(own), int(HEAD_REVISION))
    if own != HEAD_REVISION:
        raise StoreUnavailable(
            "The catalogue was written by an earlier release, and cannot be brought to this one's form where nothing "
            "can be written. Start this release once where it can, or read it with the release that wrote it."
        )


def _former_number(connection: Connection, names: frozenset[str]) -> str | None:
    """Return the number in an alembic_version that is ours, else None."""
    if FORMER_TABLE not in names or not names >= FIRST_TABLES:
        return None
    number = _number(connection, FORMER_TABLE)
    return number if number and re.fullmatch(r"\d{4}", number) else None


def _number(connection: Connection, name: str) -> str | None:
    return connection.execute(select(_version_table(name).c.version_num)).scalar()


def _version_table(name: str) -> Table:
    return Table(name, MetaData(), Column("version_num", String(32), primary_key=True), **MYSQL)


def _keep_number(engine: Engine, former: str | None) -> None:
    """Make our own version table, which says from now on that this database is ours; take over a former number."""
    table = _version_table(prefix_of(engine) + VERSION_TABLE)
    with engine.connect().execution_options(write=True) as connection, connection.begin():
        table.create(connection, checkfirst=True)
        if former is not None:
            connection.execute(table.insert().values(version_num=former))
    if former is not None:
        with engine.connect().execution_options(write=True) as connection, connection.begin():
            _version_table(FORMER_TABLE).drop(connection)


def _migrate(engine: Engine) -> None:
    # Imported here because Alembic costs 0.2 s and 10 MB, and most starts have nothing to migrate.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.connect().execution_options(write=True) as connection, _references_unchecked(connection):
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


@contextlib.contextmanager
def _references_unchecked(connection: Connection) -> Iterator[None]:
    """Let a migration of SQLite make a table again that others refer to: within a transaction that cannot be said."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        connection.rollback()  # what was committed stays
        driver.execute("PRAGMA foreign_keys=ON")
