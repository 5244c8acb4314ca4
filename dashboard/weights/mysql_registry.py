"""What a MySQL store knows about its tables: versions, the tables that they use, and special cells.

Four tables in the same database, readable by anyone. A version is visible when its row says ``published``; DDL commits
by itself, so whatever is created or dropped is written down here first, and can be finished or taken back by name.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboard.weights.mysql_connections import NoSuchTable, Session, TableChanged
from dashboard.weights.mysql_layout import Layout
from dashboard.weights.special_cells import Run
from dashboard.weights.table_store import VersionKey

SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS weights__versions (
        network VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        version INT UNSIGNED NOT NULL,
        state ENUM('writing', 'published', 'deleting') NOT NULL,
        manifest LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
        saved TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
        PRIMARY KEY (network, version),
        KEY state (state)
    ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
    """,
    """
    CREATE TABLE IF NOT EXISTS weights__tables (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
        name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        moving_to VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
        content VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        checked BOOLEAN NOT NULL,
        dtype VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        table_rows BIGINT UNSIGNED NOT NULL,
        table_columns BIGINT UNSIGNED NOT NULL,
        strip_columns INT UNSIGNED NOT NULL,
        special_runs BIGINT UNSIGNED NOT NULL,
        cell_sums LONGBLOB NOT NULL,
        cells VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
        mark VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
        UNIQUE KEY name (name),
        KEY content (content)
    ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
    """,
    """
    CREATE TABLE IF NOT EXISTS weights__uses (
        network VARCHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        version INT UNSIGNED NOT NULL,
        name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
        tensor TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
        table_id BIGINT UNSIGNED NOT NULL,
        PRIMARY KEY (network, version, name),
        KEY name (name),
        KEY table_id (table_id)
    ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
    """,
    """
    CREATE TABLE IF NOT EXISTS weights__special_cells (
        table_id BIGINT UNSIGNED NOT NULL,
        r INT UNSIGNED NOT NULL,
        first_column INT UNSIGNED NOT NULL,
        last_column INT UNSIGNED NOT NULL,
        bits BIGINT UNSIGNED NOT NULL,
        PRIMARY KEY (table_id, r, first_column)
    ) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
    """,
)
ADDED = """
    ALTER TABLE weights__tables
        ADD COLUMN cells VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
        ADD COLUMN mark VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT ''
    """
"""Columns that a registry made before they existed lacks: the cells' column type, and the mark of tables of ours."""

SIZES = (
    "SELECT table_name, COALESCE(data_length, 0) + COALESCE(index_length, 0) FROM information_schema.tables "
    "WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
)
SIZES_AT_ONCE = 200
ROWS_AT_ONCE = 500
TABLE_COLUMNS = "t.id, t.name, t.moving_to, t.dtype, t.table_rows, t.table_columns, t.strip_columns, t.special_runs"


class StoredTable(NamedTuple):
    """A row of weights__tables, but for its sums."""

    id: int
    name: str
    moving_to: str | None
    dtype: str
    rows: int
    columns: int
    strip: int
    special_runs: int

    @property
    def layout(self) -> Layout:
        """The tables that hold the cells."""
        return Layout(self.name, self.rows, self.columns, self.strip, self.dtype)


class Use(NamedTuple):
    """A version's name for a table."""

    network: str
    version: int
    name: str


def prepare_schema(session: Session, lock: str) -> None:
    """Create the registry's tables, or add what an older one lacks (looking first: we may be a user who only reads)."""
    if not _is_whole(session):
        with session.locked(lock):  # another process may do the same now
            for statement in SCHEMA:
                session.run(statement)
            if not _is_whole(session):
                session.run(ADDED)


def _is_whole(session: Session) -> bool:
    try:
        session.run("SELECT 1 FROM weights__special_cells LIMIT 1")
        session.run("SELECT cells, mark FROM weights__tables LIMIT 1")
    except (NoSuchTable, TableChanged):
        return False
    return True


def version_state(session: Session, version: VersionKey) -> str | None:
    """Return writing, published or deleting, None for an unknown version."""
    rows = session.run("SELECT state FROM weights__versions WHERE network = %s AND version = %s", version)
    return str(rows[0][0]) if rows else None


def set_state(session: Session, version: VersionKey, state: str) -> None:
    """Write down what is going on with a version."""
    session.run(
        "INSERT INTO weights__versions (network, version, state, manifest) VALUES (%s, %s, %s, '{}') "
        "ON DUPLICATE KEY UPDATE state = %s",
        (*version, state, state),
    )


def unpublished_versions(session: Session) -> list[VersionKey]:
    """Return the versions that are being written or deleted, or were when their process died."""
    rows = session.run("SELECT network, version FROM weights__versions WHERE state <> 'published' ORDER BY 1, 2")
    return [(str(network), int(version)) for network, version in rows]


def find_checked(session: Session, contents: Sequence[str]) -> dict[str, int]:
    """Return content -> id of a table that holds it and was published; in a transaction these stay until the end."""
    if not contents:
        return {}
    rows = session.run(
        "SELECT t.content, t.id FROM weights__tables t "  # noqa: S608 - as many signs as contents
        f"WHERE t.content IN ({_signs(contents)}) AND t.checked ORDER BY t.id DESC FOR UPDATE",
        contents,
    )
    return {str(content): int(table_id) for content, table_id in rows}  # the first of equal ones


def tables_of(session: Session, ids: Sequence[int]) -> dict[int, StoredTable]:
    """Return id -> table, for each of these ids that there is."""
    tables: dict[int, StoredTable] = {}
    for start in range(0, len(ids), ROWS_AT_ONCE):
        some = ids[start : start + ROWS_AT_ONCE]
        sql = f"SELECT {TABLE_COLUMNS} FROM weights__tables t WHERE t.id IN ({_signs(some)})"  # noqa: S608
        tables |= {int(row[0]): StoredTable(*row) for row in session.run(sql, some)}
    return tables


def _signs(values: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(values))


def lock_table(session: Session, table_id: int) -> StoredTable:
    """Return a table, which stays as it is until the end of the transaction."""
    rows = session.run(
        f"SELECT {TABLE_COLUMNS} FROM weights__tables t WHERE t.id = %s FOR UPDATE",  # noqa: S608
        (table_id,),
    )
    return StoredTable(*rows[0])


class NewTable(NamedTuple):
    """What is written down of a table that is about to be created; `mark` is what the table's comment will carry."""

    layout: Layout
    content: str
    special_runs: int
    sums: bytes
    cells: str
    mark: str


def add_tables(session: Session, tables: Sequence[NewTable]) -> list[int]:
    """Write down tables that are about to be created; return their ids."""
    values: list[Any] = []
    for table in tables:
        layout, further = table.layout, (table.special_runs, table.sums, table.cells, table.mark)
        values += (layout.name, table.content, layout.dtype, layout.rows, layout.columns, layout.strip, *further)
    rows = ", ".join(["(%s, %s, FALSE, %s, %s, %s, %s, %s, %s, %s, %s)"] * len(tables))
    session.run(
        "INSERT INTO weights__tables (name, content, checked, dtype, table_rows, table_columns, strip_columns, "  # noqa: S608
        f"special_runs, cell_sums, cells, mark) VALUES {rows}",
        values,
    )
    names = [table.layout.name for table in tables]
    known = session.run(f"SELECT name, id FROM weights__tables WHERE name IN ({_signs(names)})", names)  # noqa: S608
    ids = {str(name): int(table_id) for name, table_id in known}
    return [ids[name] for name in names]


def mark_of(session: Session, table_id: int) -> str:
    """Return the mark in the comment of a table's strips; empty if it was made before there were marks."""
    return str(session.run("SELECT mark FROM weights__tables WHERE id = %s", (table_id,))[0][0])


def inexact_tables(session: Session) -> list[int]:
    """Return the ids of the published tables whose numbers other programs see with six digits: those of FLOAT cells."""
    rows = session.run(
        "SELECT id FROM weights__tables WHERE checked AND dtype IN ('float32', 'float16', 'bfloat16') "
        "AND cells <> 'DOUBLE' ORDER BY id"
    )
    return [int(row[0]) for row in rows]


def published_table(session: Session, table_id: int) -> tuple[StoredTable, str] | None:
    """Return a published table and its content, None if it is gone."""
    rows: list[tuple[Any, ...]] = session.run(
        f"SELECT {TABLE_COLUMNS}, t.content FROM weights__tables t WHERE t.id = %s AND t.checked",  # noqa: S608
        (table_id,),
    )
    return (StoredTable(*rows[0][:8]), str(rows[0][8])) if rows else None


def set_cells(session: Session, table_id: int, kind: str) -> None:
    """Write down which column type a table's cells have."""
    session.run("UPDATE weights__tables SET cells = %s WHERE id = %s", (kind, table_id))


def add_uses(session: Session, uses: Sequence[tuple[Use, str, int]]) -> None:
    """Write down that a version uses tables, of which the ids are given, for tensors, under names of its own."""
    values: list[Any] = []
    for use, tensor, table_id in uses:
        values += (*use, tensor.encode("utf-8", "backslashreplace").decode(), table_id)
    rows = ", ".join(["(%s, %s, %s, %s, %s)"] * len(uses))
    if rows:
        session.run(f"INSERT INTO weights__uses VALUES {rows}", values)  # noqa: S608 - signs only


def find_published(session: Session, use: Use) -> StoredTable | None:
    """Return the table that a published version knows by this name."""
    rows = session.run(
        f"SELECT {TABLE_COLUMNS} FROM weights__uses u "  # noqa: S608 - a constant list of columns
        "JOIN weights__versions v ON v.network = u.network AND v.version = u.version AND v.state = 'published' "
        "JOIN weights__tables t ON t.id = u.table_id WHERE u.network = %s AND u.version = %s AND u.name = %s",
        use,
    )
    return StoredTable(*rows[0]) if rows else None


def uses_of_version(session: Session, version: VersionKey) -> list[tuple[Use, int]]:
    """Return a version's uses, each with the table's id."""
    rows = session.run(
        "SELECT network, version, name, table_id FROM weights__uses WHERE network = %s AND version = %s ORDER BY name",
        version,
    )
    return [(Use(*row[:3]), int(row[3])) for row in rows]


def other_uses(session: Session, table_id: int, use: Use) -> list[Use]:
    """Return who else uses a table, the first version first."""
    rows = session.run(
        "SELECT network, version, name FROM weights__uses WHERE table_id = %s ORDER BY network, version, name",
        (table_id,),
    )
    return [Use(*row) for row in rows if Use(*row) != use]


def publish(session: Session, version: VersionKey, table_ids: list[int], manifest: str) -> bool:
    """Make a version, and the tables that it wrote, visible; False if it is not being written any more."""
    session.run(
        "UPDATE weights__versions SET state = 'published', manifest = %s, saved = CURRENT_TIMESTAMP "
        "WHERE network = %s AND version = %s AND state = 'writing'",
        (manifest, *version),
    )
    changed = session.changed == 1
    if changed and table_ids:
        marks = ", ".join(["%s"] * len(table_ids))
        session.run(f"UPDATE weights__tables SET checked = TRUE WHERE id IN ({marks})", table_ids)  # noqa: S608
    return changed


def withdraw(session: Session, table_id: int) -> None:
    """Keep saves from taking up a table that is about to be dropped."""
    session.run("UPDATE weights__tables SET checked = FALSE WHERE id = %s", (table_id,))


def set_name(session: Session, table_id: int, name: str, moving_to: str | None) -> None:
    """Write down a table's name, and the one that it is about to get."""
    session.run("UPDATE weights__tables SET name = %s, moving_to = %s WHERE id = %s", (name, moving_to, table_id))


def forget_use(session: Session, use: Use) -> None:
    """Forget that a version uses a table."""
    session.run("DELETE FROM weights__uses WHERE network = %s AND version = %s AND name = %s", use)


def forget_table(session: Session, table_id: int) -> None:
    """Forget a table that was dropped, with its special cells."""
    session.run("DELETE FROM weights__special_cells WHERE table_id = %s", (table_id,))
    session.run("DELETE FROM weights__tables WHERE id = %s", (table_id,))


def forget_version(session: Session, version: VersionKey) -> None:
    """Forget a version that uses nothing any more."""
    session.run("DELETE FROM weights__versions WHERE network = %s AND version = %s", version)


def add_special(session: Session, table_id: int, runs: list[Run]) -> None:
    """Keep the runs of special cells of a table."""
    session.run_many(
        "INSERT INTO weights__special_cells (table_id, r, first_column, last_column, bits) VALUES (%s, %s, %s, %s, %s)",
        [(table_id, *run) for run in runs],
    )


def special_in(session: Session, table: StoredTable, rows: range) -> list[Run]:
    """Return the runs of special cells in these rows."""
    if not table.special_runs:
        return []
    runs = session.run(
        "SELECT r, first_column, last_column, bits FROM weights__special_cells "
        "WHERE table_id = %s AND r >= %s AND r < %s",
        (table.id, rows.start, rows.stop),
    )
    return [Run(*row) for row in runs]


def sums_of(session: Session, table: StoredTable) -> bytes:
    """Return the sums stored with a table."""
    return bytes(session.run("SELECT cell_sums FROM weights__tables WHERE id = %s", (table.id,))[0][0])


def published_versions(session: Session) -> list[VersionKey]:
    """Return every published version, in order."""
    rows = session.run("SELECT network, version FROM weights__versions WHERE state = 'published' ORDER BY 1, 2")
    return [(str(network), int(version)) for network, version in rows]


def newest_number(session: Session, network: str) -> int:
    """Return the highest number of a network's published versions, 0 if there is none."""
    sql = "SELECT COALESCE(MAX(version), 0) FROM weights__versions WHERE network = %s AND state = 'published'"
    return int(session.run(sql, (network,))[0][0])


def manifest_of(session: Session, version: VersionKey) -> str | None:
    """Return a published version's manifest as JSON text, None if there is no such version."""
    sql = "SELECT manifest FROM weights__versions WHERE network = %s AND version = %s AND state = 'published'"
    rows = session.run(sql, version)
    return str(rows[0][0]) if rows else None


def published_uses(session: Session, prefix: str) -> list[tuple[StoredTable, Use]]:
    """Return the tables of which a published name begins with `prefix`, once for each published use, in its order."""
    rows: list[tuple[Any, ...]] = session.run(
        f"SELECT {TABLE_COLUMNS}, u.network, u.version, u.name FROM weights__tables t "  # noqa: S608
        "JOIN weights__uses u ON u.table_id = t.id "
        "JOIN weights__versions v ON v.network = u.network AND v.version = u.version AND v.state = 'published' "
        "WHERE t.id IN (SELECT table_id FROM weights__uses WHERE name >= %s AND name < %s) "
        "ORDER BY u.network, u.version, u.name",
        (prefix, prefix + "\x7f"),
    )
    return [(StoredTable(*row[:8]), Use(*row[8:])) for row in rows]


def published_tables(session: Session, uses: Sequence[Use]) -> dict[Use, StoredTable]:
    """Return the tables that published versions know by these names."""
    if not uses:
        return {}
    marks = ", ".join(["(%s, %s, %s)"] * len(uses))
    rows: list[tuple[Any, ...]] = session.run(
        f"SELECT {TABLE_COLUMNS}, u.network, u.version, u.name FROM weights__uses u "  # noqa: S608 - marks only
        "JOIN weights__versions v ON v.network = u.network AND v.version = u.version AND v.state = 'published' "
        f"JOIN weights__tables t ON t.id = u.table_id WHERE (u.network, u.version, u.name) IN ({marks})",
        [value for use in uses for value in use],
    )
    return {Use(*row[8:]): StoredTable(*row[:8]) for row in rows}


def bytes_of(session: Session, names: Sequence[str]) -> dict[str, int]:
    """Return how many bytes each of these tables takes, as the server estimates it.

    One SELECT a table: a server opens only the table that ``table_name =`` names, but all of them for IN.
    """
    sizes: dict[str, int] = {}
    for start in range(0, len(names), SIZES_AT_ONCE):
        wanted = names[start : start + SIZES_AT_ONCE]
        rows = session.run(" UNION ALL ".join([f"{SIZES} AND table_name = %s"] * len(wanted)), wanted)
        sizes |= {str(name): int(size) for name, size in rows}
    return sizes


def bytes_of_tables(session: Session) -> dict[str, int]:
    """Return how many bytes each table of the database takes, as the server estimates it."""
    return {str(name): int(size) for name, size in session.run(SIZES)}
