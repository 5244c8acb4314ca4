"""Tables in MySQL or MariaDB: one row a neuron, one native number a weight, for any program to read.

A save holds a named lock of the server on a connection of its own: whatever ends the process, the connection or the
server ends the lock. Tables are written down in the registry before they are created, filled, read back, and made
visible by one transaction. An equal table is stored once; versions that share it see it through a view.
"""

import hashlib
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np

from dashboard.errors import Conflict, ConnectionLost, NumberTaken, StoreUnavailable, TensorDamaged, TensorMissing
from dashboard.records.mysql_address import parse_address
from dashboard.records.tensor import TableInfo, TensorKey
from dashboard.weights import mysql_registry as registry
from dashboard.weights.cell_sums import cell_sums, covering, is_as_saved
from dashboard.weights.checksums import content_id, tensor_sha256
from dashboard.weights.dtypes import Array, bits_of, numpy_dtype
from dashboard.weights.manifests import manifest_text, parse_manifest
from dashboard.weights.mysql_cells import column_type, put_special, to_cells
from dashboard.weights.mysql_connections import Connections, NoSuchTable, Session
from dashboard.weights.mysql_layout import Layout, strip_width
from dashboard.weights.mysql_names import create_views, drop_tables, drop_views, is_free, rename_tables
from dashboard.weights.mysql_registry import NewTable, StoredTable, Use
from dashboard.weights.mysql_tables import (
    SMALL_CELLS,
    count_rows,
    create_tables,
    fill_small,
    fill_tables,
    read_cells,
    require_rows,
    widen_cells,
)
from dashboard.weights.names import refuse_clashes, safe_name, version_name
from dashboard.weights.special_cells import Run
from dashboard.weights.table_store import (
    TableStore,
    VersionKey,
    require_content,
    require_described,
    require_inside,
)
from dashboard.weights.table_text import header, piece_texts

logger = logging.getLogger(__name__)
T = TypeVar("T")

LONGEST_NAME = 22
"""Of a tensor: with 24 of the network, v00001, the strip and the signs between, 64 at most."""

GRACE_SECONDS = 2
CSV_CELLS = 1 << 15
MOST_PROVEN = 2_000_000
"""So many cells are read, at most, to prove a window."""


@dataclass
class Save:
    """A save that is going on: its connection, which holds its lock, and the tables that it wrote, by content."""

    session: Session
    written: dict[TensorKey, int] = field(default_factory=dict)
    fresh: dict[str, int] = field(default_factory=dict)


class Draft(NamedTuple):
    """A tensor that is about to be written: what is written down of its table, its cells, and the special ones."""

    key: TensorKey
    table: NewTable
    cells: Array
    runs: list[Run]


class MysqlStore(TableStore):
    """The store of tables in a MySQL or MariaDB database; any number of processes may use it at once.

    `only_public` keeps to the connector's public interfaces (slower, for the case that the others change).
    """

    kind: ClassVar[str] = "mysql"

    def __init__(self, url: str, only_public: bool = False) -> None:
        self.address = parse_address(url)
        self._connections = Connections(self.address, only_public)
        self._saves: dict[VersionKey, Save] = {}
        self._guard = threading.Lock()
        self._is_prepared = False
        self._strip = 0
        of_ours = self.address.database + self.address.prefix
        self._prefix = "wb:" + hashlib.sha256(of_ours.encode()).hexdigest()[:8]
        self._longest_name = LONGEST_NAME - len(self.address.prefix)

    def _attempt(self, action: Callable[[Session], T]) -> T:
        """Run something repeatable on a session, again if the connection is lost."""
        self._prepare()
        return self._connections.attempt(action)

    def _prepare(self) -> None:
        """Create the registry at the first use, and learn what the server can do."""
        with self._guard:
            if not self._is_prepared:
                self._connections.attempt(lambda session: registry.prepare_schema(session, f"{self._prefix}:names"))
                page = self._connections.attempt(lambda session: session.run("SELECT @@innodb_page_size"))
                self._strip = strip_width(int(page[0][0]))
                self._is_prepared = True

    def _lock_name(self, version: VersionKey) -> str:
        return f"{self._prefix}:{version_name(*version, '__')}"

    @contextmanager
    def _naming(self, session: Session) -> Iterator[None]:
        """Hold the lock under which tables change their names and views are made."""
        with session.locked(f"{self._prefix}:names"):
            yield

    @contextmanager
    def saving(self, version: VersionKey) -> Iterator[None]:
        """Hold the lock of a save, a named lock of the server; see TableStore."""
        save = self._begin(version)
        try:
            yield
        finally:
            self._end(version, save)

    def _begin(self, version: VersionKey) -> Save:
        name = self._lock_name(version)

        def begin(session: Session) -> None:
            # A server needs a moment to see that a killed client has gone; only then it lets go of the client's lock.
            if version in self._saves or not session.lock(name, GRACE_SECONDS):
                raise Conflict(f"Version {version[1]} of {version[0]} is being saved already.")
            if registry.version_state(session, version) not in {None, "published"}:
                self._remove(session, version)  # left by a save, or a deletion, that died

        self._prepare()
        _, session = self._connections.attempt_and_keep(begin)
        save = self._saves[version] = Save(session)
        return save

    def _end(self, version: VersionKey, save: Save) -> None:
        self._saves.pop(version)
        try:
            if registry.version_state(save.session, version) not in {None, "published"}:
                self._remove(save.session, version)
            save.session.unlock(self._lock_name(version))
        except BaseException as error:
            save.session.close()  # the lock goes with it; the next sweep removes what is left
            if not isinstance(error, ConnectionLost):
                raise
            return
        self._connections.give_back(save.session)

    def _save(self, version: VersionKey) -> Save:
        if version not in self._saves:
            raise Conflict(f"Version {version[1]} of {version[0]} is not being saved here.")
        return self._saves[version]

    def write(self, key: TensorKey, array: Array) -> None:
        """Write a tensor of a version that is being saved; see TableStore."""
        self.write_many([(key, array)])

    def write_many(self, tensors: Sequence[tuple[TensorKey, Array]]) -> None:
        """Write tensors of a version that is being saved, all rows of the registry at once; see TableStore."""
        if not tensors:
            return
        for key, array in tensors:
            require_described(key, array)
        linked = self.link_many([key for key, _ in tensors])
        fresh = {content_id(key): (key, array) for key, array in reversed(tensors) if key not in linked}
        if fresh:
            self._write_fresh(self._save(_version(tensors[0][0])), list(reversed(fresh.values())))
            self.link_many([key for key, _ in tensors if key not in linked and fresh[content_id(key)][0] != key])

    def link(self, key: TensorKey) -> bool:
        """Let a version use the table that has this content; see TableStore."""
        return bool(self.link_many([key]))

    def link_many(self, keys: Sequence[TensorKey]) -> set[TensorKey]:
        """Let a version use the tables that have these contents; see TableStore."""
        if not keys:
            return set()
        save = self._save(_version(keys[0]))
        _require_new(save, keys)
        linked = save.session.transact(lambda: self._begin_tensors(save, keys))
        save.written |= linked
        return set(linked)

    def _require_unpublished(self, session: Session, version: VersionKey) -> None:
        if registry.version_state(session, version) == "published":
            raise NumberTaken(f"Version {version[1]} of {version[0]} is in the store already.")

    def _begin_tensors(self, save: Save, keys: Sequence[TensorKey]) -> dict[TensorKey, int]:
        """Write down, with the first tensor, that the version is being written; then use the tables that exist.

        These hold the contents already, and are of this save or published.
        """
        if not save.written:
            self._require_unpublished(save.session, _version(keys[0]))
            registry.set_state(save.session, _version(keys[0]), "writing")
        contents = {content_id(key) for key in keys} - save.fresh.keys()
        there = registry.find_checked(save.session, sorted(contents)) | save.fresh
        linked = {key: there[content_id(key)] for key in keys if content_id(key) in there}
        registry.add_uses(save.session, [(self._use(key), key.tensor, id) for key, id in linked.items()])
        return linked

    def _write_fresh(self, save: Save, tensors: Sequence[tuple[TensorKey, Array]]) -> None:
        """Write tensors of different contents into tables of their own, which are written down before they are made."""
        session, drafts = save.session, [self._draft(key, array) for key, array in tensors]

        def write_down() -> list[int]:
            ids = registry.add_tables(session, [draft.table for draft in drafts])
            uses = [(self._use(draft.key), draft.key.tensor, id) for draft, id in zip(drafts, ids, strict=True)]
            registry.add_uses(session, uses)
            return ids

        ids = session.transact(write_down)
        for draft in drafts:
            create_tables(session, draft.table.layout, draft.table.cells, draft.table.mark)
        for draft in drafts:
            if draft.cells.size > SMALL_CELLS:
                fill_tables(session, draft.table.layout, draft.cells, draft.table.cells)
        session.transact(lambda: _fill(session, drafts, ids))
        for draft, table_id in zip(drafts, ids, strict=True):
            save.fresh[draft.table.content] = save.written[draft.key] = table_id

    def _draft(self, key: TensorKey, array: Array) -> Draft:
        table = np.ascontiguousarray(array).reshape(key.rows, key.columns)
        cells, runs = to_cells(table, key.dtype)
        layout = Layout(self.table_name(key), key.rows, key.columns, self._strip, key.dtype)
        kind, sums = column_type(key.dtype, self.address.floats), cell_sums(bits_of(table)).tobytes()
        new = NewTable(layout, content_id(key), len(runs), sums, kind, secrets.token_hex(8))
        return Draft(key, new, cells, runs)

    def publish(self, version: VersionKey, tensors: Sequence[TensorKey], manifest: Mapping[str, Any]) -> None:
        """Check what was written and make it visible by one transaction; see TableStore."""
        save = self._save(version)
        refuse_clashes(tensors, self._longest_name)
        for key in tensors:
            if key not in save.written:
                raise TensorMissing(f"{key.tensor} of version {key.version} was not written before publishing.")
        for key in save.written.keys() - set(tensors):
            raise Conflict(f"{key.tensor} was written, but is not among the tensors of the version.")
        session = save.session
        if not save.written:
            self._require_unpublished(session, version)
            registry.set_state(session, version, "writing")
        self._check(save)
        self._make_views(save)
        text = manifest_text(manifest, [_entry(key) for key in tensors])
        ids = list(save.fresh.values())
        if not session.transact(lambda: registry.publish(session, version, ids, text)):
            raise StoreUnavailable(f"Version {version[1]} of {version[0]} was removed while it was being saved.")

    def _check(self, save: Save) -> None:
        """Read back what this save wrote; raises TensorDamaged unless it is what the keys say."""
        fresh = {key: id for key, id in save.written.items() if save.fresh.get(content_id(key)) == id}
        tables = registry.tables_of(save.session, list(set(fresh.values())))
        for key, table_id in fresh.items():
            if tensor_sha256(self._read_table(save.session, tables[table_id], key)) != key.sha256:
                raise TensorDamaged(f"{key.tensor}: what was read back from the server is not what was saved.")

    def _make_views(self, save: Save) -> None:
        """Make a view for each tensor whose table has another version's, or another tensor's, name."""
        own = set(save.fresh.values())
        firsts = {id: key for key, id in reversed(save.written.items()) if id in own}
        shared = [(key, id) for key, id in save.written.items() if firsts.get(id) != key]
        if shared:
            with self._naming(save.session):
                tables = registry.tables_of(save.session, list({id for _, id in shared}))
                for key, table_id in shared:
                    if tables[table_id].name != self.table_name(key):
                        create_views(save.session, tables[table_id].layout, self.table_name(key))

    def versions(self) -> list[VersionKey]:
        """Return the published versions; see TableStore."""
        return self._attempt(registry.published_versions)

    def newest_number(self, network: str) -> int:
        """Return the highest number of a network's published versions; see TableStore."""
        return self._attempt(lambda session: registry.newest_number(session, network))

    def manifest(self, version: VersionKey) -> dict[str, Any]:
        """Return the manifest in the version's row; see TableStore."""
        text = self._attempt(lambda session: registry.manifest_of(session, version))
        name = f"The manifest of {version_name(*version, '__')}"
        if text is None:
            raise TensorMissing(f"{name} is not in the store.")
        return parse_manifest(text, version, name)

    def table_name(self, key: TensorKey) -> str:
        """Return the name of the table or view (of its strips: followed by __s01, ...)."""
        name = safe_name(key.tensor, self._longest_name)
        return f"{self.address.prefix}{version_name(key.network, key.version, '__')}__{name}"

    def sql_tables(self, key: TensorKey) -> list[tuple[str, range]]:
        """Return the table, view or strips of a tensor under its own name."""
        return self._on_table(key, lambda _, table: table.layout.renamed(self.table_name(key)).strips)

    def _use(self, key: TensorKey) -> Use:
        return Use(key.network, key.version, self.table_name(key))

    def _on_table(self, key: TensorKey, action: Callable[[Session, StoredTable], T]) -> T:
        """Run `action` on the published table of a key, under its old or new name while it is being renamed."""

        def run(session: Session) -> T:
            for _ in range(3):
                table = registry.find_published(session, self._use(key))
                if table is None:
                    break
                for name in dict.fromkeys((table.name, table.moving_to or table.name)):
                    with suppress(NoSuchTable):  # it may have got its new name just now
                        return action(session, table._replace(name=name))
            raise TensorMissing(f"The store has no table {self.table_name(key)}.")

        return self._attempt(run)

    def read(self, key: TensorKey) -> Array:
        """Return the tensor from its table; see TableStore."""
        return self._on_table(key, lambda session, table: self._read_table(session, table, key))

    def _read_table(self, session: Session, table: StoredTable, key: TensorKey) -> Array:
        count_rows(session, table.layout)
        return self._read_part(session, table, key, range(key.rows), range(key.columns)).reshape(key.shape)

    def _read_part(self, session: Session, table: StoredTable, key: TensorKey, rows: range, columns: range) -> Array:
        if (table.rows, table.columns, table.dtype) != (key.rows, key.columns, key.dtype):
            raise TensorDamaged(f"{self.table_name(key)} is {table.dtype} {table.rows} × {table.columns} in the store.")
        numbers = read_cells(session, table.layout, rows, columns)
        put_special(numbers, key.dtype, registry.special_in(session, table, rows), rows, columns)
        return numbers

    def window(self, key: TensorKey, rows: range, columns: range) -> Array:
        """Return a part of the table, by a range of the row key; see TableStore."""
        require_inside(key, rows, columns)

        def look(session: Session, table: StoredTable) -> Array:
            if not rows or not columns:
                return np.empty((len(rows), len(columns)), numpy_dtype(key.dtype))
            return self._read_proven_part(session, table, key, rows, columns)

        return self._on_table(key, look)

    def proves_window(self, key: TensorKey, rows: range) -> bool:
        """Return whether the sums over these rows take at most MOST_PROVEN cells; see TableStore."""
        return not rows or not key.columns or len(_proof_of(key, rows)[1]) * key.columns <= MOST_PROVEN

    def _read_proven_part(
        self, session: Session, table: StoredTable, key: TensorKey, rows: range, columns: range
    ) -> Array:
        """Read a part with its neighbours, as far as the sums over cells need them, and compare these sums.

        Where that takes more than MOST_PROVEN cells, only the form of the table is checked.
        """
        if not self.proves_window(key, rows):
            return self._read_part(session, table, key, rows, columns)
        cells = key.rows * key.columns
        place, wider = _proof_of(key, rows)
        part = self._read_part(session, table, key, wider, range(key.columns))
        start = place.start - wider.start * key.columns
        saved = _sums(session, table)
        if not is_as_saved(bits_of(part)[start : start + len(place)], place, cells, saved):
            wider, part = range(key.rows), self._read_table(session, table, key).reshape(key.rows, key.columns)
            require_content(part, key, self.table_name(key))  # it may be the sums that were changed
        top = rows.start - wider.start
        return part[top : top + len(rows), columns.start : columns.stop].copy()

    def examine(self, key: TensorKey) -> str | None:
        """Read the last row with all columns, and count the rows; see TableStore."""

        def look(session: Session, table: StoredTable) -> None:
            if key.rows:
                self._read_part(session, table, key, range(key.rows - 1, key.rows), range(key.columns))
            require_rows(session, table.layout)

        try:
            self._on_table(key, look)
        except (TensorDamaged, TensorMissing) as error:
            return error.message
        return None

    def cell_sums(self, key: TensorKey) -> Array | None:
        """Return the sums taken when the tensor was saved; see TableStore."""
        return self._on_table(key, _sums)

    def rows_csv(self, key: TensorKey) -> Iterator[bytes]:
        """Yield the table as CSV, some rows at a time; see TableStore."""
        self._on_table(key, lambda session, table: require_rows(session, table.layout))
        return self._pieces(key)

    def _pieces(self, key: TensorKey) -> Iterator[bytes]:
        yield from header(key.columns)
        height = max(1, CSV_CELLS // max(1, key.columns))
        digest = hashlib.sha256()
        for top in range(0, key.rows, height):
            part = self._rows(key, range(top, min(top + height, key.rows)))
            digest.update(bits_of(part).view(np.uint8).data)
            yield from _joined(piece_texts(part))
        if digest.hexdigest() != key.sha256:
            raise TensorDamaged(f"{self.table_name(key)} is not what was saved: its SHA-256 is another.")

    def _rows(self, key: TensorKey, rows: range) -> Array:
        return self._on_table(
            key, lambda session, table: self._read_part(session, table, key, rows, range(key.columns))
        )

    def delete(self, version: VersionKey) -> None:
        """Remove a version and what only it used; see TableStore."""
        if version in self._saves:
            save = self._saves[version]
            self._remove(save.session, version)
            save.written.clear()
            save.fresh.clear()
            return

        def run(session: Session) -> None:
            if not session.lock(self._lock_name(version), GRACE_SECONDS):  # a sweep may just look whether it is alive
                raise Conflict(f"Version {version[1]} of {version[0]} is being saved; cancel that first.")
            self._remove(session, version)
            session.unlock(self._lock_name(version))

        self._attempt(run)

    def _remove(self, session: Session, version: VersionKey) -> None:
        """Remove a version whose lock this session holds; what a crash interrupts can be done again."""
        if registry.version_state(session, version) is None:
            return
        registry.set_state(session, version, "deleting")
        for use, table_id in registry.uses_of_version(session, version):
            self._release(session, use, table_id)
        registry.forget_version(session, version)

    def _release(self, session: Session, use: Use, table_id: int) -> None:
        """Take a version's name from a table; drop the table if nothing else uses it."""
        with self._naming(session):

            def look() -> tuple[StoredTable, list[Use]]:
                table = registry.lock_table(session, table_id)
                others = registry.other_uses(session, table_id, use)
                if not others:
                    registry.withdraw(session, table_id)  # so that no save takes it up from now on
                return table, others

            table, others = session.transact(look)
            if others:
                self._hand_over(session, table, use, others)
            else:
                drop_tables(session, table.layout, registry.mark_of(session, table_id))
            session.transact(lambda: _forget(session, use, None if others else table_id))

    def _hand_over(self, session: Session, table: StoredTable, use: Use, others: list[Use]) -> None:
        """Take this use's name away from a table that others use; if it is the table's own, an heir gives it one."""
        if table.moving_to is not None:  # a crash has interrupted this
            table = self._move(session, table, table.moving_to, [*others, use])
        if table.name != use.name:
            drop_views(session, table.layout, use.name)
            return
        for heir in others:
            drop_views(session, table.layout, heir.name)
            if is_free(session, table.layout, heir.name):
                self._move(session, table, heir.name, others)
                return
        # Something else has every heir's name: the table keeps the name that it has, which nothing else will get.

    def _move(self, session: Session, table: StoredTable, heir: str, users: list[Use]) -> StoredTable:
        """Give a table the name of one of its users, whose view it replaces, and the others views of it."""
        registry.set_name(session, table.id, table.name, heir)
        for user in users:
            if user.name != table.name:
                drop_views(session, table.layout, user.name)
        rename_tables(session, table.layout, heir)
        registry.set_name(session, table.id, heir, heir)
        for user in users:
            if user.name != heir:
                try:
                    create_views(session, table.layout.renamed(heir), user.name)
                except NumberTaken as error:  # the version is read without its view
                    logger.warning("%s", error.message)
        registry.set_name(session, table.id, heir, None)
        return table._replace(name=heir, moving_to=None)

    def tables(self, prefix: str = "") -> list[TableInfo]:
        """List the published tables, each once; see TableStore."""
        uses = self._attempt(lambda session: registry.published_uses(session, prefix))
        sizes = self._attempt(registry.bytes_of_tables) if uses else {}
        by_table: dict[int, list[tuple[StoredTable, Use]]] = {}
        for table, use in uses:
            by_table.setdefault(table.id, []).append((table, use))
        infos = [_table_info(users, sizes) for users in by_table.values()]
        return sorted(infos, key=lambda info: info.name)

    def bytes_of(self, keys: Sequence[TensorKey]) -> list[int | None]:
        """Return what the server says of each key's table; see TableStore."""
        uses = [self._use(key) for key in keys]

        def look(session: Session) -> list[int | None]:
            tables = registry.published_tables(session, uses)
            strips = {use: [name for name, _ in table.layout.strips] for use, table in tables.items()}
            sizes = registry.bytes_of(session, list({name for names in strips.values() for name in names}))
            return [sum(sizes.get(name, 0) for name in strips[use]) if use in strips else None for use in uses]

        return self._attempt(look)

    def sweep(self) -> list[str]:
        """Remove what saves and deletions that died have left; see TableStore."""
        unpublished = self._attempt(registry.unpublished_versions)
        return [version_name(*version, "__") for version in unpublished if self._attempt(self._sweeper(version))]

    def _sweeper(self, version: VersionKey) -> Callable[[Session], bool]:
        def run(session: Session) -> bool:
            if not session.lock(self._lock_name(version)):
                return False  # alive
            is_left = registry.version_state(session, version) not in {None, "published"}
            if is_left:
                self._remove(session, version)
            session.unlock(self._lock_name(version))
            return is_left

        return run

    def inexact_tables(self) -> list[int]:
        """Return the tables with FLOAT cells, unless the address asks for them; see TableStore."""
        return [] if self.address.floats == "FLOAT" else self._attempt(registry.inexact_tables)

    def make_exact(self, table: int) -> str | None:
        """Change a table's cells to DOUBLE; see TableStore."""

        def run(session: Session) -> str | None:
            with self._naming(session):  # or it might get another name meanwhile
                return self._make_exact(session, table)

        return self._attempt(run)

    def _make_exact(self, session: Session, table_id: int) -> str | None:
        known = registry.published_table(session, table_id)
        if known is None:
            return None  # deleted meanwhile
        table, content = known
        sha256, shape = content.split("-")[0], (table.rows, table.columns)
        key = TensorKey(table.name, 0, table.name, table.dtype, shape, sha256)
        if tensor_sha256(self._read_part(session, table, key, *map(range, shape))) != sha256:
            return f"{table.name} does not hold what was saved; it is left as it is."
        widen_cells(session, table.layout)
        if tensor_sha256(self._read_part(session, table, key, *map(range, shape))) != sha256:
            return f"{table.name} differed after its cells were changed; verify its versions."
        registry.set_cells(session, table_id, "DOUBLE")
        return None

    def ping(self) -> None:
        """Raise StoreUnavailable unless the registry can be read and written; see TableStore."""

        def probe(session: Session) -> None:
            session.run("START TRANSACTION")
            registry.set_state(session, ("ping", 0), "writing")
            session.run("ROLLBACK")

        self._prepare()
        self._connections.attempt(probe)  # many that ask at once are in each other's way: the server may take one back

    def answer_pages(self) -> None:
        """Wait briefly for the server from now on; see TableStore."""
        self._connections.answer_pages()

    def close(self) -> None:
        """Close the connections that wait; see TableStore."""
        self._connections.close()


def _proof_of(key: TensorKey, rows: range) -> tuple[range, range]:
    """Return the cells over which sums prove these rows, and the rows that hold them."""
    place = covering(key.rows * key.columns, rows.start * key.columns, rows.stop * key.columns)
    return place, range(place.start // key.columns, -(-place.stop // key.columns))


def _sums(session: Session, table: StoredTable) -> Array:
    """Return the sums stored with a table, none if they are torn."""
    stored = registry.sums_of(session, table)
    return np.frombuffer(stored if len(stored) % 8 == 0 else b"", np.uint64)


def _version(key: TensorKey) -> VersionKey:
    return key.network, key.version


def _require_new(save: Save, keys: Sequence[TensorKey]) -> None:
    seen = set(save.written)
    for key in keys:
        if key in seen:
            raise Conflict(f"{key.tensor} of version {key.version} was written already.")
        seen.add(key)


def _fill(session: Session, drafts: Sequence[Draft], ids: Sequence[int]) -> None:
    """Insert the cells of small tables, and the special cells of all."""
    for draft, table_id in zip(drafts, ids, strict=True):
        if draft.cells.size <= SMALL_CELLS:
            fill_small(session, draft.table.layout, draft.cells)
        if draft.runs:
            registry.add_special(session, table_id, draft.runs)


def _forget(session: Session, use: Use, table_id: int | None) -> None:
    registry.forget_use(session, use)
    if table_id is not None:
        registry.forget_table(session, table_id)


def _entry(key: TensorKey) -> dict[str, Any]:
    return {"name": key.tensor, "dtype": key.dtype, "shape": list(key.shape), "sha256": key.sha256}


def _table_info(users: list[tuple[StoredTable, Use]], sizes: Mapping[str, int]) -> TableInfo:
    table, first = users[0]
    size = sum(sizes.get(name, 0) for name, _ in table.layout.strips)
    versions = dict.fromkeys((use.network, use.version) for _, use in users)
    return TableInfo(first.name, table.rows, table.columns, size, tuple(versions))


def _joined(texts: Iterator[bytes]) -> Iterator[bytes]:
    """Join small pieces to larger ones, still bounded."""
    waiting: list[bytes] = []
    size = 0
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size > 1 << 18:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)
