"""Tables as CSV files in a folder: ``<network>/v0003/layer_01_weight.csv``, and nothing but files.

A version is written in ``.staging``, checked there, and becomes visible by one rename. Equal tables are one file with
several names (`csv_pool`). Signs of life lie in ``.locks``; what is deleted passes through ``.trash``.
"""

import json
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from itertools import accumulate
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from dashboard.errors import Conflict, StoreUnavailable, TensorDamaged, TensorMissing
from dashboard.records import TableInfo, TensorKey
from dashboard.weights import sign_of_life
from dashboard.weights.cell_sums import cell_sums
from dashboard.weights.checksums import content_id, tensor_sha256
from dashboard.weights.csv_marks import Marks, build_offsets, load_marks
from dashboard.weights.csv_pool import MARKS, SIDES, TABLE, Pool, named
from dashboard.weights.csv_window import read_window
from dashboard.weights.dtypes import Array, bits_of, numpy_dtype
from dashboard.weights.files import file_blocks, remove_tree, sync, translated, write_file
from dashboard.weights.names import refuse_clashes, safe_name, version_name
from dashboard.weights.sign_of_life import SignOfLife
from dashboard.weights.special_cells import Run, from_csv, put_back, special_runs, to_csv
from dashboard.weights.table_store import TableStore, VersionKey, require_inside
from dashboard.weights.table_text import Cut, Misshapen, blame, header, piece_texts, read_table

LONGEST_NAME = 48
MANIFEST = "version.json"
SPECIAL, CHECKS = SIDES
VERSION_FOLDER = re.compile(r"v(\d{4,})")
SYNC_THREADS = 4


@dataclass
class Save:
    """A save that is going on: where it is staged, and the marks of the tables that it wrote itself."""

    version: VersionKey
    sign: SignOfLife
    folder: Path
    fresh: dict[TensorKey, Marks] = field(default_factory=dict)


class CsvStore(TableStore):
    """The store of tables in a folder; any number of processes and threads may use one folder at once."""

    kind: ClassVar[str] = "csv"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._staging, self._locks, self._trash = (folder / name for name in (".staging", ".locks", ".trash"))
        self._pool = Pool(folder / ".tables")
        self._saves: dict[VersionKey, Save] = {}

    @contextmanager
    def saving(self, version: VersionKey) -> Iterator[None]:
        """Hold the sign of life of a save; see TableStore."""
        with translated(self.folder):
            save = self._begin(version)
        try:
            yield
        finally:
            self._end(save)

    def _begin(self, version: VersionKey) -> Save:
        self._make_folders()
        name = version_name(*version, "__")
        sign = sign_of_life.take(self._locks / name)
        if sign is None:
            raise Conflict(f"Version {version[1]} of {version[0]} is being saved already.")
        try:
            remove_tree(self._staging / name)  # left by a save that died
            (self._staging / name).mkdir()
        except BaseException:
            sign.release(settled=False)
            raise
        save = self._saves[version] = Save(version, sign, self._staging / name)
        return save

    def _end(self, save: Save) -> None:
        self._saves.pop(save.version)
        with translated(self.folder), save.sign.held():
            remove_tree(save.folder)

    def _make_folders(self) -> None:
        for folder in (self._staging, self._locks, self._trash, self._pool.folder):
            folder.mkdir(parents=True, exist_ok=True)

    def _save(self, version: VersionKey) -> Save:
        if version not in self._saves:
            raise Conflict(f"Version {version[1]} of {version[0]} is not being saved here.")
        return self._saves[version]

    def write(self, key: TensorKey, array: Array) -> None:
        """Write a tensor of a version that is being saved; see TableStore."""
        save = self._save((key.network, key.version))
        _require_described(key, array)
        target = save.folder / safe_name(key.tensor, LONGEST_NAME)
        with translated(self.folder):
            if not self._pool.link_to(content_id(key), _cut(key), target):
                save.fresh[key] = _write_table(target, key, array)

    def publish(self, version: VersionKey, tensors: Sequence[TensorKey], manifest: Mapping[str, Any]) -> None:
        """Check what was written and make it visible at once, by one rename; see TableStore."""
        save = self._save(version)
        refuse_clashes(tensors, LONGEST_NAME)
        if self._version_folder(version).exists():
            raise Conflict(f"Version {version[1]} of {version[0]} is in the store already.")
        with translated(self.folder):
            write_file(save.folder / MANIFEST, [_manifest_text(tensors, manifest)])
            paths = [path for path in save.folder.iterdir() if path.stat().st_nlink == 1]
            with ThreadPoolExecutor(SYNC_THREADS) as threads:  # the disk writes while we read back
                synced = threads.map(sync, paths)
                self._check(save, tensors)
                list(synced)
            for key, marks in save.fresh.items():
                self._pool.adopt(content_id(key), _cut(key), self._staged(save, key), marks)
            sync(save.folder)
            self._make_visible(save)

    def _staged(self, save: Save, key: TensorKey) -> Path:
        return save.folder / safe_name(key.tensor, LONGEST_NAME)

    def _check(self, save: Save, tensors: Sequence[TensorKey]) -> None:
        for key in tensors:
            stem = self._staged(save, key)
            if not named(stem, TABLE).exists():
                raise TensorMissing(f"{key.tensor} of version {key.version} was not written before publishing.")
            if key in save.fresh and tensor_sha256(_read_table(stem, key, str(stem))) != key.sha256:
                raise TensorDamaged(f"{key.tensor}: what was read back from the disk is not what was to be saved.")
        for key in set(save.fresh) - set(tensors):
            raise Conflict(f"{key.tensor} was written, but is not among the tensors of the version.")

    def _make_visible(self, save: Save) -> None:
        target = self._version_folder(save.version)
        while True:
            target.parent.mkdir(exist_ok=True)
            try:
                save.folder.rename(target)
                break
            except FileNotFoundError:
                save.folder.stat()  # only the network's folder may be gone: its last version was just deleted
        sync(target.parent)
        sync(self.folder)

    def manifests(self) -> Iterator[tuple[VersionKey, dict[str, Any]]]:
        """Yield every published version with its manifest; see TableStore."""
        for version in self._versions():
            stored = self._stored_manifest(version)
            if stored is not None:
                yield version, stored

    def _versions(self) -> list[VersionKey]:
        """Return the published versions in the order of (network, number)."""
        versions = []
        with translated(self.folder):
            for network in _subfolders(self.folder):
                for name in _subfolders(self.folder / network):
                    if match := VERSION_FOLDER.fullmatch(name):
                        versions.append((network, int(match[1])))
        return sorted(versions)

    def _stored_manifest(self, version: VersionKey) -> dict[str, Any] | None:
        """Return the content of version.json; None if the version has just been deleted."""
        path = self._version_folder(version) / MANIFEST
        try:
            with translated(self.folder):
                text = path.read_bytes()
        except StoreUnavailable as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise
        try:
            stored: dict[str, Any] = json.loads(text)
            for table in stored["tensors"]:
                _table_key(version, table)
            return stored
        except (ValueError, KeyError, TypeError) as error:
            raise TensorDamaged(f"{path} is not what was written: {error}.") from error

    def _version_folder(self, version: VersionKey) -> Path:
        return self.folder / version_name(*version, "/")

    def table_name(self, key: TensorKey) -> str:
        """Return the table's file as a path within the store's folder."""
        return f"{version_name(key.network, key.version, '/')}/{safe_name(key.tensor, LONGEST_NAME)}{TABLE}"

    def _stem(self, key: TensorKey) -> Path:
        return self._version_folder((key.network, key.version)) / safe_name(key.tensor, LONGEST_NAME)

    @contextmanager
    def _reading(self, key: TensorKey) -> Iterator[Path]:
        """Give the stem of a published table; a file that is not there becomes TensorMissing."""
        try:
            with translated(self.folder):
                yield self._stem(key)
        except StoreUnavailable as error:
            if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
                raise TensorMissing(f"The store has no table {self.table_name(key)}.") from error
            raise

    def read(self, key: TensorKey) -> Array:
        """Return the tensor from its file; see TableStore."""
        with self._reading(key) as stem:
            return _read_table(stem, key, self.table_name(key))

    def window(self, key: TensorKey, rows: range, columns: range) -> Array:
        """Return a part of the table, reading only the pieces that it touches; see TableStore."""
        require_inside(key, rows, columns)
        with self._reading(key) as stem, named(stem, TABLE).open("rb", buffering=0) as file:
            if not rows or not columns:
                return np.empty((len(rows), len(columns)), numpy_dtype(key.dtype))
            offsets = self._offsets(file.fileno(), stem, key)
            return read_window(
                file.fileno(), offsets, key, rows, columns, self.table_name(key), _special(stem, self.table_name(key))
            )

    def _offsets(self, descriptor: int, stem: Path, key: TensorKey) -> Array:
        status, cut, content = os.fstat(descriptor), _cut(key), content_id(key)
        marks = load_marks(self._pool.path(content, MARKS), cut, status)
        if marks is None:
            path, name = named(stem, TABLE), self.table_name(key)
            try:
                offsets = build_offsets(file_blocks(path), cut, name)
            except Misshapen as error:
                blame(file_blocks(path), cut, key.dtype, name)
                raise TensorDamaged(f"{name} cannot be read: {error}") from error
            marks = Marks(offsets, named(stem, SPECIAL).exists())
            self._pool.keep_marks(content, marks, status)
        return marks.offsets

    def cell_sums(self, key: TensorKey) -> Array | None:
        """Return the sums taken when the tensor was saved; see TableStore."""
        with self._reading(key) as stem:
            try:
                sums: Array = np.load(named(stem, CHECKS))
            except (FileNotFoundError, EOFError, ValueError):
                return None
            return sums

    def rows_csv(self, key: TensorKey) -> Iterator[bytes]:
        """Yield the file as it is, in blocks; see TableStore."""
        with self._reading(key) as stem:
            named(stem, TABLE).stat()
        return self._blocks(key)

    def _blocks(self, key: TensorKey) -> Iterator[bytes]:
        with self._reading(key) as stem:
            yield from file_blocks(named(stem, TABLE), 1 << 18)

    def delete(self, version: VersionKey) -> None:
        """Remove a version and what only it used; see TableStore."""
        with translated(self.folder):
            self._make_folders()
            if version in self._saves:
                self._remove(version)
                return
            sign = sign_of_life.take(self._locks / version_name(*version, "__"))
            if sign is None:
                raise Conflict(f"Version {version[1]} of {version[0]} is being saved; cancel that first.")
            with sign.held():
                remove_tree(self._staging / version_name(*version, "__"))
                self._remove(version)

    def _remove(self, version: VersionKey) -> None:
        """Remove what is published of a version."""
        folder = self._version_folder(version)
        trash = self._trash / f"{version_name(*version, '__')}-{uuid.uuid4().hex}"
        if not folder.is_dir():
            return
        contents = self._contents(version)
        folder.rename(trash)
        sync(folder.parent)
        remove_tree(trash)
        self._pool.clear(contents)
        _remove_if_empty(folder.parent)

    def _contents(self, version: VersionKey) -> list[str]:
        """Return the content ids of a version's tables; those of a version whose list is damaged go by a sweep."""
        try:
            stored = self._stored_manifest(version)
        except TensorDamaged:
            return []
        return [content_id(_table_key(version, table)) for table in stored["tensors"]] if stored else []

    def tables(self, prefix: str = "") -> list[TableInfo]:
        """List the published tables, each once; a table is one file, however many names it has. See TableStore."""
        names: dict[tuple[int, int], list[tuple[TensorKey, int]]] = {}
        for version in self._versions():
            for table in (self._stored_manifest(version) or {"tensors": []})["tensors"]:
                key = _table_key(version, table)
                try:
                    status = named(self._stem(key), TABLE).stat()
                except FileNotFoundError:
                    continue  # deleted while we look, or missing: `read` and the proof say so
                names.setdefault((status.st_dev, status.st_ino), []).append((key, status.st_size))
        infos = [self._table_info(users) for users in names.values() if self._has_name(users, prefix)]
        return sorted(infos, key=lambda info: info.name)

    def _has_name(self, users: list[tuple[TensorKey, int]], prefix: str) -> bool:
        return any(self.table_name(key).startswith(prefix) for key, _ in users)

    def _table_info(self, users: list[tuple[TensorKey, int]]) -> TableInfo:
        key, size = users[0]
        versions = dict.fromkeys((user.network, user.version) for user, _ in users)
        return TableInfo(self.table_name(key), key.rows, key.columns, size, tuple(versions))

    def sweep(self) -> list[str]:
        """Remove what saves that died have left, and files in the pool that nothing uses; see TableStore."""
        with translated(self.folder):
            self._make_folders()
            traces = {entry.name for folder in (self._locks, self._staging) for entry in os.scandir(folder)}
            removed = [name for name in sorted(traces) if self._sweep_save(name)]
            deleted = [entry.name for entry in os.scandir(self._trash) if remove_tree(Path(entry.path))]
            return removed + sorted(deleted) + self._pool.sweep()

    def _sweep_save(self, name: str) -> bool:
        """Clear up behind one save; tell whether something was removed."""
        sign = sign_of_life.take(self._locks / name)
        if sign is None:
            return False
        with sign.held():
            return remove_tree(self._staging / name)

    def ping(self) -> None:
        """Raise StoreUnavailable unless a file can be written in the folder; see TableStore."""
        with translated(self.folder):
            self._make_folders()
            probe = self._staging.parent / ".tables" / f"tmp-{uuid.uuid4().hex}"
            write_file(probe, [b"ping"])
            probe.unlink(missing_ok=True)


def _cut(key: TensorKey) -> Cut:
    return Cut(key.rows, key.columns)


def _require_described(key: TensorKey, array: Array) -> None:
    if array.shape != key.shape or array.dtype != numpy_dtype(key.dtype):
        raise Conflict(f"{key.tensor} is {array.dtype} {array.shape}, but its key says {key.dtype} {key.shape}.")


def _write_table(stem: Path, key: TensorKey, array: Array) -> Marks:
    """Write a table and its side files; return where its pieces begin."""
    table = np.ascontiguousarray(array).reshape(key.rows, key.columns)
    lengths: list[int] = [sum(map(len, header(key.columns)))]
    write_file(named(stem, TABLE), _noting_lengths(table, lengths))
    write_file(named(stem, CHECKS), [_npy(cell_sums(bits_of(table)))])
    runs = special_runs(table, key.dtype, key.columns)
    if runs:
        write_file(named(stem, SPECIAL), [to_csv(runs)])
    return Marks(np.fromiter(accumulate(lengths), np.int64, len(lengths)), bool(runs))


def _noting_lengths(table: Array, lengths: list[int]) -> Iterator[bytes]:
    yield from header(table.shape[1])
    for text in piece_texts(table):
        lengths.append(len(text))
        yield text


def _npy(array: Array) -> bytes:
    buffer = BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _read_table(stem: Path, key: TensorKey, name: str) -> Array:
    table = read_table(lambda: file_blocks(named(stem, TABLE)), _cut(key), key.dtype, name)
    put_back(table, key.dtype, _special(stem, name), range(key.rows), range(key.columns))
    return table.reshape(key.shape)


def _special(stem: Path, name: str) -> list[Run]:
    try:
        return from_csv(named(stem, SPECIAL).read_bytes(), name)
    except FileNotFoundError:
        return []  # most tables have no special cells


def _manifest_text(tensors: Iterable[TensorKey], manifest: Mapping[str, Any]) -> bytes:
    listed = [
        {
            "name": key.tensor,
            "dtype": key.dtype,
            "shape": key.shape,
            "sha256": key.sha256,
            "file": safe_name(key.tensor, LONGEST_NAME) + TABLE,
        }
        for key in tensors
    ]
    content = {**manifest, "tensors": listed}
    return json.dumps(content, indent=1).encode()


def _table_key(version: VersionKey, table: Mapping[str, Any]) -> TensorKey:
    return TensorKey(*version, table["name"], table["dtype"], tuple(table["shape"]), table["sha256"])


def _subfolders(folder: Path) -> list[str]:
    try:
        return sorted(e.name for e in os.scandir(folder) if e.is_dir() and not e.name.startswith("."))
    except FileNotFoundError:
        return []  # nothing was saved yet, or it was just deleted


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        try:
            folder.rmdir()
        except OSError:
            return  # a version was published here meanwhile
