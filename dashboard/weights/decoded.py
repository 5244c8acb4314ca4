"""Decoded tensors as .npy files by content, so that charts and diffs run at memory speed whatever the store is.

The folder can be deleted at any time and shared by any number of processes: a file appears whole, by a rename, and
one that is removed while it is mapped stays readable for who has mapped it.
"""

import io
import logging
import math
import mmap
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np

from dashboard.files import UNFINISHED, atomic_write
from dashboard.records.tensor import TensorKey
from dashboard.weights.checksums import content_id, tensor_sha256
from dashboard.weights.dtypes import Array, bits_dtype, from_bits, numpy_dtype
from dashboard.weights.files import translated
from dashboard.weights.table_store import TableStore

log = logging.getLogger(__name__)

SHARERS = 8
LOOK_SECONDS = 5.0
HEADER_BYTES = 128
"""The size of the header of a .npy file."""

MOST_REMEMBERED = 4096
Mark = tuple[int, int, int]
"""A file as it was when this process proved it by its SHA-256: inode, size, time of change."""


class DecodedCache:
    """Arrays by type, shape and SHA-256 in `folder`, at most about `limit_bytes`; the least recently used go first."""

    def __init__(self, folder: Path, limit_bytes: int, look_seconds: float = LOOK_SECONDS) -> None:
        self.folder, self.limit_bytes, self.look_seconds = folder, limit_bytes, look_seconds
        self.allowed = 0  # bytes that may be added before the folder is looked through again, up to `look_again`
        self.look_again = 0.0
        self._proven: dict[str, Mark] = {}

    def get(self, store: TableStore, key: TensorKey, keep: bool = True) -> Array:
        """Return a tensor, read-only, memory-mapped where the cache holds it; raises what `store.read_proven` raises.

        Use `keep=False` for an array that is not needed again.
        """
        path = self.folder / f"{content_id(key)}.npy"
        cached = self._map(path, key)
        if cached is not None:
            return cached
        array = store.read_proven(key)
        if keep and array.nbytes and array.nbytes <= self.limit_bytes:
            cached = self._map(path, key) if self._keep(path, array) else None
        array.flags.writeable = False
        return array if cached is None else cached

    def size(self) -> int:
        """Return the size of the cache in bytes."""
        with suppress(FileNotFoundError):  # nothing was ever cached
            return sum(size for _, size, path in self._files() if _is_ours(path))
        return 0

    def clear(self) -> None:
        """Remove all cached arrays; they are read from the store again when needed. Raises StoreUnavailable."""
        with translated(self.folder), suppress(FileNotFoundError):
            for _, _, path in self._files():
                if _is_ours(path):
                    path.unlink(missing_ok=True)

    def _map(self, path: Path, key: TensorKey) -> Array | None:
        """Return what is cached, None if nothing is; a file that is not the tensor any more is removed."""
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                mapped = _mapped(file, _storable(key.dtype), key.shape)
            _note_use(path, status)
        except (OSError, ValueError):
            return None  # not cached, just removed, torn, of another form, or not readable: the store is read
        if self._proven.get(path.name) != _mark(status):
            if tensor_sha256(mapped) != key.sha256:
                log.warning("%s in the cache is damaged: it is removed, and read from the store again.", path.name)
                path.unlink(missing_ok=True)
                return None
            if len(self._proven) >= MOST_REMEMBERED:
                self._proven.clear()
            self._proven[path.name] = _mark(status)
        return from_bits(mapped, key.dtype, key.shape) if key.dtype == "bfloat16" else mapped

    def _keep(self, path: Path, array: Array) -> bool:
        """Keep an array if that is possible: a full disk, or a folder without rights, costs time and nothing else."""
        stored = array.view(np.uint16) if array.dtype.name == "bfloat16" else array
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._make_space(array.nbytes + HEADER_BYTES)
            atomic_write(path, lambda file: np.save(file, stored), durable=True)
        except OSError as error:
            log.warning("%s is not cached: %s", path.name, error)
            return False
        return True

    def _make_space(self, wanted: int) -> None:
        """Remove the least recently used files, and what dead processes have left, until `wanted` more bytes fit.

        The folder is looked through only now and then: each look allows so many bytes for LOOK_SECONDS that SHARERS
        processes which look at the same time keep the limit; it may be passed by an eighth for each that looked at an
        emptier folder just before. When something has to go, a tenth goes, so that the next look is not due soon.
        """
        if wanted <= self.allowed and time.monotonic() < self.look_again:
            self.allowed -= wanted
            return
        files = sorted(self._files())
        total = sum(size for _, size, _ in files) + wanted
        goal = self.limit_bytes if total <= self.limit_bytes else self.limit_bytes * 9 // 10
        for _, size, path in files:
            if total <= goal:
                break
            path.unlink(missing_ok=True)
            total -= size
        self.allowed = max(0, self.limit_bytes - total) // SHARERS
        self.look_again = time.monotonic() + self.look_seconds

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for entry in os.scandir(self.folder):
            with suppress(FileNotFoundError):  # removed by another process meanwhile
                if entry.is_file(follow_symlinks=False):  # other folders are not part of the cache
                    status = entry.stat()
                    yield status.st_atime, status.st_size, Path(entry.path)


def _mapped(file: BinaryIO, dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> Array:
    """Return the array that a .npy file of ours holds; raises ValueError if it is of another type or shape, or torn.

    Its header is compared, not parsed: `np.load` takes half a millisecond, which is seconds for thousands of tensors.
    """
    header = _header(dtype, shape)
    if file.read(len(header)) != header:
        raise ValueError("It is an array of another type or shape.")
    content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(content, dtype, math.prod(shape), len(header)).reshape(shape)


@lru_cache(maxsize=1024)
def _header(dtype: np.dtype[np.generic], shape: tuple[int, ...]) -> bytes:
    """Return how `np.save` begins the file of an array."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": dtype.str, "fortran_order": False, "shape": shape})
    return header.getvalue()


def _note_use(path: Path, status: os.stat_result) -> None:
    """Set the time of the last use, and leave that of the last change, by which a damaged file is noticed."""
    with suppress(OSError):  # removed at this moment, or we may only read
        os.utime(path, ns=(time.time_ns(), status.st_mtime_ns))


def _mark(status: os.stat_result) -> Mark:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _is_ours(path: Path) -> bool:
    return path.suffix == ".npy" or path.name.startswith(UNFINISHED)


def _storable(dtype: str) -> np.dtype[np.generic]:
    """Return the type under which .npy knows this one: itself, or the bits for bfloat16."""
    return bits_dtype(dtype) if dtype == "bfloat16" else numpy_dtype(dtype)
