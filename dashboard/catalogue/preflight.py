"""What a database server has to offer before the catalogue's tables are made: all that is missing, named at once."""

import re
from collections.abc import Iterator

from sqlalchemy import Connection, Engine, text

from dashboard.catalogue.prefixed import prefix_of
from dashboard.catalogue.tables import metadata
from dashboard.errors import StoreUnavailable

RIGHTS = (
    *("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX", "REFERENCES"),
    *("CREATE VIEW", "SHOW VIEW"),
)
VIEWS = ("weightbase_versions", "weightbase_layers")
SMALLEST_PACKET = 1 << 20
GRANT = re.compile(r"GRANT (?P<rights>.+?) ON (?P<where>`(?:[^`]|``)+`|\*)\.\* TO ", re.IGNORECASE)


def require_possible(engine: Engine, is_begun: bool) -> None:
    """Raise StoreUnavailable naming all that hinders the set-up; `is_begun`: the tables that are there are ours."""
    if engine.dialect.name == "sqlite":
        return
    with engine.connect() as connection:
        checks = (_rights_problem, _read_only_problem, _engine_problem, _packet_problem)
        problems = [problem for check in checks for problem in check(connection)]
        problems += [] if is_begun else _foreign_problem(connection)
    if problems:
        many = "\n".join(f"- {problem}" for problem in problems)
        raise StoreUnavailable(f"The catalogue cannot be set up in this database; nothing was created.\n{many}")


def reason_not_to_write(engine: Engine) -> str:
    """Return why this user of this server can only read, in a few words; empty if it can write, or is not known."""
    if engine.dialect.name == "sqlite":
        return ""
    with engine.connect() as connection:
        if list(_read_only_problem(connection)):
            return "the database server is read-only"
        database, _ = connection.execute(text("SELECT DATABASE(), CURRENT_USER()")).one()
        lines = [str(row[0]) for row in connection.execute(text("SHOW GRANTS"))]
        rights = rights_in(lines, database)[1]
        knows_all = all(" ON " in line for line in lines) and "SELECT" in rights
        return "the user of the database may only read" if knows_all and "INSERT" not in rights else ""


def _rights_problem(connection: Connection) -> Iterator[str]:
    database, user = connection.execute(text("SELECT DATABASE(), CURRENT_USER()")).one()
    lines = [str(row[0]) for row in connection.execute(text("SHOW GRANTS"))]
    if any(" ON " not in line for line in lines):
        return  # a role is granted: what it may do is not said here, so that nothing can be said to be missing
    where, rights = rights_in(lines, database)
    missing = [right for right in RIGHTS if right not in rights]
    if missing:
        name, _, host = user.rpartition("@")
        wanted = ", ".join(missing)
        yield f"The user lacks the rights {wanted}: GRANT {wanted} ON {where}.* TO '{name}'@'{host}'."


def rights_in(grants: list[str], database: str) -> tuple[str, set[str]]:
    """Return (the database as the closest GRANT names it, the rights) that the lines of SHOW GRANTS give on a database.

    Of several GRANTs whose patterns match a database only the closest counts, next to those for every database.
    """
    matches = [match for match in map(GRANT.match, grants) if match and _covers(match["where"], database)]
    named = sorted((match["where"] for match in matches if match["where"] != "*"), key=_closeness)
    where = named[-1] if named else f"`{database}`"
    rights: set[str] = set()
    for match in matches:
        if match["where"] in {"*", where}:
            given = {right.strip().upper() for right in match["rights"].split(",")}
            rights |= set(RIGHTS) if given & {"ALL PRIVILEGES", "ALL"} else given
    return where, rights


def _closeness(where: str) -> int:
    """Return how long a pattern is before its first sign that stands for anything."""
    return len("".join(re.findall(r"\A(?:\\.|[^_%])*", where)))


def _covers(where: str, database: str) -> bool:
    """Return whether a GRANT for `where` holds for a database: a name, in which _ and % stand for anything."""
    if where == "*":
        return True
    signs = re.findall(r"\\.|.", where[1:-1].replace("``", "`"), re.DOTALL)
    pattern = "".join({"_": ".", "%": ".*"}.get(sign, re.escape(sign[-1])) for sign in signs)
    return re.fullmatch(pattern, database, re.IGNORECASE | re.DOTALL) is not None


def _read_only_problem(connection: Connection) -> Iterator[str]:
    values = variables(connection, "read_only", "super_read_only", "innodb_read_only")
    if "ON" in (values.get("super_read_only"), values.get("innodb_read_only")):
        yield "The server is read-only: name the one that takes writes."
    elif values.get("read_only") == "ON" and not _is_exempt(connection):
        yield "The server is read-only (read_only=ON): name the one that takes writes."


def _is_exempt(connection: Connection) -> bool:
    lines = " ".join(str(row[0]) for row in connection.execute(text("SHOW GRANTS"))).upper()
    return any(right in lines for right in ("ALL PRIVILEGES ON *.*", "SUPER", "READ_ONLY ADMIN", "CONNECTION_ADMIN"))


def _engine_problem(connection: Connection) -> Iterator[str]:
    query = "SELECT support FROM information_schema.engines WHERE engine = 'InnoDB'"
    if connection.execute(text(query)).scalar() not in {"YES", "DEFAULT"}:
        yield "The server has no InnoDB, which the tables need: start it with InnoDB."


def _packet_problem(connection: Connection) -> Iterator[str]:
    size = int(variables(connection, "max_allowed_packet").get("max_allowed_packet", SMALLEST_PACKET))
    if size < SMALLEST_PACKET:
        yield f"The server's max_allowed_packet is {size:,} bytes: set it to 16M, at least to 1M."


def _foreign_problem(connection: Connection) -> Iterator[str]:
    """Name the tables and views of others that have the names of ours; what a stopped set-up left is ours."""
    prefix = prefix_of(connection)
    ours = {prefix + table.name: {column.name for column in table.columns} for table in metadata.sorted_tables}
    query = text(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name = :name"
    )
    foreign = []
    for name in (*ours, *(prefix + view for view in VIEWS)):
        columns = {str(row[1]) for row in connection.execute(query, {"name": name})}
        if columns and not columns <= ours.get(name, set()):
            foreign.append(name)
    if foreign:
        yield (
            f"It has tables of another program under names that Weightbase needs: {', '.join(foreign)}. They are left "
            "alone; set a prefix for ours (?prefix=wb_ behind the address), or give Weightbase a database of its own."
        )


def variables(connection: Connection, *names: str) -> dict[str, str]:
    """Return those of the server's variables that it has."""
    listed = ", ".join(f"'{name}'" for name in names)
    rows = connection.execute(text(f"SHOW VARIABLES WHERE Variable_name IN ({listed})"))
    return {str(row[0]): str(row[1]) for row in rows}
