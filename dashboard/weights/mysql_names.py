"""The names of tables and views in the database: given, moved and dropped only where the thing is of our making.

A table of ours carries its mark in its comment; a view of ours selects from our table. Whatever else has one of our
names was made by someone else, perhaps by hand: it is named in the log or the error, and left alone.
"""

import logging
import re
from collections.abc import Iterable

from dashboard.errors import NumberTaken
from dashboard.weights.mysql_connections import NameInUse, Session
from dashboard.weights.mysql_layout import Layout

logger = logging.getLogger(__name__)

NAMES_AT_ONCE = 200
SOURCE = re.compile(r"from (?:`(?:[^`]|``)+`\.)?`([^`]+)`\s*$", re.IGNORECASE)
"""The table that a view of ours selects from, as the server repeats the statement."""


def comment(mark: str) -> str:
    """Return the comment of a table of ours: what we drop later must carry it."""
    return f"Weightbase {mark}"


def taken(name: str) -> NumberTaken:
    """Return the error for a name that something else has."""
    return NumberTaken(
        f"The database has a table or view {name} that Weightbase did not make. It is left alone; rename or remove it "
        "if that version's number is to be used."
    )


def drop_tables(session: Session, layout: Layout, mark: str) -> None:
    """Drop the tables of a layout: those that are there and carry its mark."""
    own = _own_tables(session, layout, mark)
    if own:
        session.run("DROP TABLE IF EXISTS " + ", ".join(f"`{name}`" for name in own))


def _own_tables(session: Session, layout: Layout, mark: str) -> list[str]:
    names = [name for name, _ in layout.strips]
    comments = _ask(session, "table_name, table_comment", "tables", names, "AND table_type = 'BASE TABLE'")
    if not mark:  # made before there were marks: then it has the columns that we make
        return [name for name in comments if _has_our_columns(session, layout, name)]
    own = [name for name, said in comments.items() if said == comment(mark)]
    for name in comments.keys() - set(own):
        logger.warning("The table %s is not the one that Weightbase made; it is left alone.", name)
    return own


def _has_our_columns(session: Session, layout: Layout, name: str) -> bool:
    expected = ["r", *(f"c{column}" for column in dict(layout.strips)[name])]
    return [str(row[0]) for row in session.run(f"SHOW COLUMNS FROM `{name}`")] == expected


def create_views(session: Session, layout: Layout, name: str) -> None:
    """Make views called `name` (with the strips' suffixes) of a layout's tables.

    A view of ours that has the name is replaced; raises NumberTaken if something else has it.
    """
    for (view, _), (table, _) in zip(layout.renamed(name).strips, layout.strips, strict=True):
        sql = f"CREATE SQL SECURITY INVOKER VIEW `{view}` AS SELECT * FROM `{table}`"  # noqa: S608
        try:
            session.run(sql)
        except NameInUse as error:
            if not _own_views(session, [view], [table]):
                raise taken(view) from error
            session.run(sql.replace("CREATE", "CREATE OR REPLACE", 1))


def drop_views(session: Session, layout: Layout, name: str) -> None:
    """Drop the views called `name`, those that are there and select from this layout's tables."""
    views = [view for view, _ in layout.renamed(name).strips]
    own = _own_views(session, views, [table for table, _ in layout.strips])
    if own:
        session.run("DROP VIEW IF EXISTS " + ", ".join(f"`{view}`" for view in own))


def _own_views(session: Session, views: list[str], tables: list[str]) -> list[str]:
    """Return those of the views that select from one of the tables."""
    own = []
    for view, definition in _ask(session, "table_name, view_definition", "views", views).items():
        source = SOURCE.search(definition)
        if source and source[1] in tables:
            own.append(view)
        else:
            logger.warning("The view %s is not the one that Weightbase made; it is left alone.", view)
    return own


def is_free(session: Session, layout: Layout, name: str) -> bool:
    """Return whether no table or view has one of the names that the layout's tables would have as `name`."""
    return not _ask(session, "table_name, table_type", "tables", [strip for strip, _ in layout.renamed(name).strips])


def rename_tables(session: Session, layout: Layout, name: str) -> None:
    """Give a layout's tables another name, all at once; nothing happens if they have it already."""
    if layout.name == name:
        return
    pairs = zip(layout.strips, layout.renamed(name).strips, strict=True)
    moves = ", ".join(f"`{old}` TO `{new}`" for (old, _), (new, _) in pairs)
    if table_exists(session, layout.strips[0][0]):
        session.run(f"RENAME TABLE {moves}")


def table_exists(session: Session, name: str) -> bool:
    """Return whether there is a table (not a view) of this name."""
    return bool(_ask(session, "table_name, table_type", "tables", [name], "AND table_type = 'BASE TABLE'"))


def _ask(session: Session, columns: str, where: str, names: Iterable[str], also: str = "") -> dict[str, str]:
    """Return name -> second column of information_schema for the names that are there.

    One SELECT a name: a server opens only the table that ``table_name =`` names, but all of them for IN.
    """
    wanted: list[str] = list(names)
    there: dict[str, str] = {}
    condition = f"WHERE table_schema = DATABASE() {also} AND table_name = %s"
    one = f"SELECT {columns} FROM information_schema.{where} {condition}"  # noqa: S608 - ours, all of it
    for start in range(0, len(wanted), NAMES_AT_ONCE):
        part = wanted[start : start + NAMES_AT_ONCE]
        rows = session.run(" UNION ALL ".join([one] * len(part)), part)
        there |= {str(row[0]): _text(row[1]) for row in rows}
    return there


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes | bytearray) else str(value)
