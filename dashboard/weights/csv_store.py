"""Tables as CSV files in a folder: ``<network>/v0003/layer_01_weight.csv``, and nothing but files.

A version is written in ``.staging``, checked there, and becomes visible by one rename. Equal tables are one file with
several names (`csv_pool`). Save locks are in ``.locks``; what is deleted passes through ``.trash``.
"""

import os
import uuid
import weakref
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np

from dashboard.errors import Conflict, StoreUnavailable, TensorDamaged, TensorMissing
from dashboard.files import open_regular
from dashboard.holder import Holder
from dashboard.records.tensor import TableInfo, TensorKey
from dashboard.weights import folder_lease, save_lock
from dashboard.weights.checksums import content_id, tensor_sha256
from dashboard.weights.csv_marks import Marks, build_offsets, load_marks
from dashboard.weights.csv_pool import MARKS, Pool
from dashboard.weights.csv_tables import (
    TABLE,
    cut_of,
    named,
    read_special,
    read_sums,
    read_whole,
    stamp_of,
    write_table,
)
from dashboard.weights.csv_versions import (
    LONGEST_NAME,
    MANIFEST,
    csv_entries,
    newest_number,
    published_versions,
    read_manifest,
    version_folder,
)
from dashboard.weights.csv_window import read_window
from dashboard.weights.dtypes import Array, numpy_dtype
from dashboard.weights.files import file_blocks, remove_tree, sync, translated, write_file
from dashboard.weights.manifests import keys_in, manifest_text
from dashboard.weights.names import refuse_clashes, safe_name, version_name
from dashboard.weights.save_lock import SaveLock
from dashboard.weights.table_store import (
    TableStore,
    VersionKey,
    require_content,
    require_described,
    require_inside,
)

SYNC_THREADS = 4


@dataclass
class Save:
    """A save that is going on: where it is staged, what was written, and the marks of what was not there already."""

    version: VersionKey
    lock: SaveLock
    folder: Path
    written: dict[TensorKey, Marks | None] = field(default_factory=dict)

    def stem(self, key: TensorKey) -> Path:
        """Return where a tensor's files are staged, without their endings."""
        return self.folder / safe_name(key.tensor, LONGEST_NAME)


class CsvStore(TableStore):
    """The store of tables in a folder; any number of processes and threads may use one folder at once."""

    kind: ClassVar[str] = "csv"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._staging, self._locks, self._trash = (folder / name for name in (".staging", ".locks", ".trash"))
        self._pool = Pool(folder / ".tables")
        self._saves: dict[VersionKey, Save] = {}
        self._give_up: weakref.finalize[..., Any] | None = None

    def hold(self, holder: Holder) -> None:
        """Share the lock of the folder with the processes of this home; see TableStore."""
        with translated(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._make_folders()
            descriptor = folder_lease.hold(self.folder, holder)
        self.close()
        self._give_up = weakref.finalize(self, os.close, descriptor)

    def close(self) -> None:
        """Give up the lock of the folder; see TableStore."""
        if self._give_up is not None:
            self._give_up()

    @contextmanager
    def saving(self, version: VersionKey) -> Iterator[None]:
        """Hold the lock of a save; see TableStore."""
        with translated(self.folder):
            save = self._begin(version)
        try:
            yield
        finally:
            self._end(save)

    def _begin(self, version: VersionKey) -> Save:
        self._make_folders()
        name = version_name(*version, "__")
        lock = save_lock.take_soon(self._locks / name)
        if lock is None:
            raise Conflict(f"Version {version[1]} of {version[0]} is being saved already.")
        try:
            remove_tree(self._staging / name)  # left by a save that died
            (self._staging / name).mkdir()
        except BaseException:
            lock.release(settled=False)
            raise
        save = self._saves[version] = Save(version, lock, self._staging / name)
        return save

    def _end(self, save: Save) -> None:
        self._saves.pop(save.version)
        with translated(self.folder), save.lock.held():
            remove_tree(save.folder)

    def _make_folders(self) -> None:
        """Make what is missing, but never the folder around the store: a home that was moved away stays away."""
        for folder in (self.folder, self._staging, self._locks, self._trash, self._pool.folder):
            folder.mkdir(exist_ok=True)

    def _save(self, version: VersionKey) -> Save:
        if version not in self._saves:
            raise Conflict(f"Version {version[1]} of {version[0]} is not being saved here.")
        return self._saves[version]

    def write(self, key: TensorKey, array: Array) -> None:
        """Write a tensor of a version that is being saved; see TableStore."""
        require_described(key, array)
        if not self.link(key):
            save = self._save((key.network, key.version))
            with translated(self.folder):
                save.written[key] = write_table(save.stem(key), key, array)

    def link(self, key: TensorKey) -> bool:
        """Give a version the table of the pool that has this content; see TableStore."""
        save = self._save((key.network, key.version))
        self._require_unpublished(save.version)
        if key in save.written:
            raise Conflict(f"{key.tensor} of version {key.version} was written already.")
        with translated(self.folder):
            if self._pool.link_to(content_id(key), cut_of(key), save.stem(key)):
                save.written[key] = None
        return key in save.written

    def _require_unpublished(self, version: VersionKey) -> None:
        if version_folder(self.folder, version).exists():
            raise Conflict(f"Version {version[1]} of {version[0]} is in the store already.")

    def publish(self, version: VersionKey, tensors: Sequence[TensorKey], manifest: Mapping[str, Any]) -> None:
        """Check what was written and make it visible at once, by one rename; see TableStore."""
        save = self._save(version)
        refuse_clashes(tensors, LONGEST_NAME)
        _require_written(save, tensors)
        self._require_unpublished(version)
        with translated(self.folder):
            text = manifest_text(manifest, csv_entries(tensors), indent=1)
            write_file(save.folder / MANIFEST, [text.encode()])
            paths = [path for path in save.folder.iterdir() if path.stat().st_nlink == 1]
            with ThreadPoolExecutor(SYNC_THREADS) as threads:  # the disk writes while we read back
                synced = threads.map(sync, paths)
                _check(save)
                list(synced)
            for key, marks in save.written.items():
                if marks is not None:
                    self._pool.adopt(content_id(key), cut_of(key), save.stem(key), marks)
            sync(save.folder)
            self._make_visible(save)

    def _make_visible(self, save: Save) -> None:
        target = version_folder(self.folder, save.version)
        is_first = not target.parent.exists()
        while True:
            target.parent.mkdir(exist_ok=True)
            try:
                save.folder.rename(target)
                break
            except FileNotFoundError:
                save.folder.stat()  # only the network's folder may be gone: its last version was just deleted
                is_first = True
        sync(target.parent)
        if is_first:
            sync(self.folder)

    def versions(self) -> list[VersionKey]:
        """Return the versions that have a folder; see TableStore."""
        with translated(self.folder):
            return published_versions(self.folder)

    def newest_number(self, network: str) -> int:
        """Return the highest number among a network's folders; see TableStore."""
        with translated(self.folder):
            return newest_number(self.folder, network)

    def manifest(self, version: VersionKey) -> dict[str, Any]:
        """Return what version.json holds; see TableStore."""
        try:
            with translated(self.folder):
                return read_manifest(self.folder, version)
        except StoreUnavailable as error:
            if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError | IsADirectoryError):
                name = version_name(*version, "/")
                raise TensorMissing(f"The store has no {MANIFEST} of {name}.") from error
            raise

    def table_name(self, key: TensorKey) -> str:
        """Return the table's file as a path within the store's folder."""
        return f"{version_name(key.network, key.version, '/')}/{safe_name(key.tensor, LONGEST_NAME)}{TABLE}"

    def _stem(self, key: TensorKey) -> Path:
        return version_folder(self.folder, (key.network, key.version)) / safe_name(key.tensor, LONGEST_NAME)

    @contextmanager
    def _reading(self, key: TensorKey) -> Iterator[Path]:
        """Give the stem of a published table; a file that is not there becomes TensorMissing."""
        try:
            with translated(self.folder):
                yield self._stem(key)
        except StoreUnavailable as error:
            if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError | IsADirectoryError):
                raise TensorMissing(f"The store has no table {self.table_name(key)}.") from error
            raise

    def read(self, key: TensorKey) -> Array:
        """Return the tensor from its file; see TableStore."""
        with self._reading(key) as stem:
            return read_whole(stem, key, self.table_name(key))

    def window(self, key: TensorKey, rows: range, columns: range) -> Array:
        """Return a part of the table, reading only the pieces that it touches; see TableStore."""
        require_inside(key, rows, columns)
        with self._reading(key) as stem, open_regular(named(stem, TABLE)) as file:
            offsets = self._prove(file.fileno(), stem, key)
            if not rows or not columns:
                return np.empty((len(rows), len(columns)), numpy_dtype(key.dtype))
            name = self.table_name(key)
            return read_window(file.fileno(), offsets, key, rows, columns, name, read_special(stem, name))

    def _prove(self, descriptor: int, stem: Path, key: TensorKey) -> Array:
        """Return where the pieces of an open table begin; raises TensorDamaged unless it is what was saved.

        Nothing is read while its files have the sizes and times of change of when they were proven last.
        """
        stamp, cut, content = stamp_of(stem, descriptor), cut_of(key), content_id(key)
        marks = load_marks(self._pool.path(content, MARKS), cut, stamp)
        if marks is None:
            name = self.table_name(key)
            require_content(read_whole(stem, key, name), key, name)
            marks = Marks(build_offsets(file_blocks(named(stem, TABLE)), cut))
            if stamp_of(stem) == stamp:  # else it was exchanged while we read it
                self._pool.keep_marks(content, marks, stamp)
        return marks.offsets

    def examine(self, key: TensorKey) -> str | None:
        """Compare the sizes and times of the table's files; read it whole if they differ. See TableStore."""
        try:
            with self._reading(key) as stem, open_regular(named(stem, TABLE)) as file:
                self._prove(file.fileno(), stem, key)
        except (TensorDamaged, TensorMissing) as error:
            return error.message
        return None

    def cell_sums(self, key: TensorKey) -> Array | None:
        """Return the sums taken when the tensor was saved; see TableStore."""
        with self._reading(key) as stem:
            return read_sums(stem)

    def rows_csv(self, key: TensorKey) -> Iterator[bytes]:
        """Yield the file as it is, in blocks; see TableStore."""
        return _blocks(self.csv_file(key))

    def csv_file(self, key: TensorKey) -> IO[bytes]:
        """Return the file itself, open; see TableStore."""
        with self._reading(key) as stem, ExitStack() as opened:
            file = opened.enter_context(open_regular(named(stem, TABLE)))
            self._prove(file.fileno(), stem, key)
            opened.pop_all()
            return file

    def delete(self, version: VersionKey) -> None:
        """Remove a version and what only it used; see TableStore."""
        with translated(self.folder):
            self._make_folders()
            if version in self._saves:
                self._remove(version)
                return
            lock = save_lock.take_soon(self._locks / version_name(*version, "__"))
            if lock is None:
                raise Conflict(f"Version {version[1]} of {version[0]} is being saved; cancel that first.")
            with lock.held():
                remove_tree(self._staging / version_name(*version, "__"))
                self._remove(version)

    def _remove(self, version: VersionKey) -> None:
        """Remove what is published of a version."""
        folder = version_folder(self.folder, version)
        trash = self._trash / f"{version_name(*version, '__')}-{uuid.uuid4().hex}"
        if not folder.is_dir():
            return
        contents = self._contents(version)
        folder.rename(trash)
        with suppress(FileNotFoundError):  # who deletes the network's last version removes its folder
            sync(folder.parent)
        remove_tree(trash)
        if contents is None:
            self._pool.sweep()
        else:
            self._pool.clear(contents)
        _remove_if_empty(folder.parent)

    def _contents(self, version: VersionKey) -> list[str] | None:
        """Return the content ids of a version's tables; None if its list is damaged or missing."""
        try:
            return [content_id(key) for key in keys_in(version, self.manifest(version))]
        except (TensorDamaged, TensorMissing):
            return None

    def tables(self, prefix: str = "") -> list[TableInfo]:
        """List the published tables, each once; a table is one file, however many names it has. See TableStore."""
        names: dict[tuple[int, int], list[tuple[TensorKey, int]]] = {}
        for version in self.versions():
            with suppress(TensorDamaged, TensorMissing):  # the proof of the version says so
                for key in keys_in(version, self.manifest(version)):
                    with suppress(FileNotFoundError):  # deleted while we look, or missing: `read` and the proof say so
                        status = named(self._stem(key), TABLE).stat()
                        names.setdefault((status.st_dev, status.st_ino), []).append((key, status.st_size))
        infos = [self._table_info(users) for users in names.values() if self._has_name(users, prefix)]
        return sorted(infos, key=lambda info: info.name)

    def _has_name(self, users: list[tuple[TensorKey, int]], prefix: str) -> bool:
        return any(self.table_name(key).startswith(prefix) for key, _ in users)

    def _table_info(self, users: list[tuple[TensorKey, int]]) -> TableInfo:
        key, size = users[0]
        versions = dict.fromkeys((user.network, user.version) for user, _ in users)
        return TableInfo(self.table_name(key), key.rows, key.columns, size, tuple(versions))

    def bytes_of(self, keys: Sequence[TensorKey]) -> list[int | None]:
        """Return the size of each key's file; see TableStore."""
        with translated(self.folder):
            return [_size(named(self._stem(key), TABLE)) for key in keys]

    def sweep(self) -> list[str]:
        """Remove what saves that died have left, and files in the pool that nothing uses; see TableStore."""
        with translated(self.folder):
            self._make_folders()
            traces = {entry.name for folder in (self._locks, self._staging) for entry in os.scandir(folder)}
            removed = [name for name in sorted(traces) if self._sweep_save(name)]
            deleted = [entry.name for entry in os.scandir(self._trash) if remove_tree(Path(entry.path))]
            # Whoever leaves an unused file in the pool leaves a trace, too; without one there is nothing to look for.
            unused = self._pool.sweep() if self._pool.is_copied() or traces or deleted else []
            return removed + sorted(deleted) + unused

    def _sweep_save(self, name: str) -> bool:
        """Clean up after one save; return whether something was removed."""
        lock = save_lock.take(self._locks / name)
        if lock is None:
            return False
        with lock.held():
            return remove_tree(self._staging / name)

    def ping(self) -> None:
        """Raise StoreUnavailable unless a file can be written in the folder; see TableStore."""
        with translated(self.folder):
            self._make_folders()
            probe = self._staging.parent / ".tables" / f"tmp-{uuid.uuid4().hex}"
            try:
                write_file(probe, [b"ping"])
            finally:  # also where the disk is full
                probe.unlink(missing_ok=True)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(1 << 18):
            yield block


def _require_written(save: Save, tensors: Sequence[TensorKey]) -> None:
    for key in tensors:
        if key not in save.written:
            raise TensorMissing(f"{key.tensor} of version {key.version} was not written before publishing.")
    for key in save.written.keys() - set(tensors):
        raise Conflict(f"{key.tensor} was written, but is not among the tensors of the version.")


def _check(save: Save) -> None:
    """Read back what this save wrote itself; raises TensorDamaged unless it is what the keys say."""
    for key, marks in save.written.items():
        if marks is not None and tensor_sha256(read_whole(save.stem(key), key, key.tensor)) != key.sha256:
            raise TensorDamaged(f"{key.tensor}: what was read back from the disk is not what was to be saved.")


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return None


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # a version is there, or was published at this moment
        folder.rmdir()
