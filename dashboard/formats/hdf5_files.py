"""HDF5 as untrusted data: what is in other files is never followed, and nothing is read before its size is known."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dashboard.errors import TooLarge, UnreadableFile
from dashboard.formats.limits import Limits
from dashboard.formats.sink import Sink, shown
from dashboard.formats.types import Array, numpy_type

if TYPE_CHECKING:
    import h5py

SIGNATURE = b"\x89HDF\r\n\x1a\n"
SIGNATURE_PLACES = (0, 512, 1024, 2048, 4096)
"""Where the signature may be: at the start, or behind a block of somebody else's, whose length is a power of two."""
FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32"}
OBJECTS_PER_TENSOR = 4
DAMAGED = (OSError, ValueError, TypeError, RuntimeError, KeyError, OverflowError, AttributeError)
"""What h5py raises for a file that is damaged, by the part of the file."""


class Item(NamedTuple):
    """A dataset or a group of a file, with the path to it."""

    path: str
    thing: Any


class Objects(NamedTuple):
    """All that is in a file itself, and not behind a link out of it."""

    datasets: list[Item]
    groups: list[Item]


def is_hdf5(start: bytes) -> bool:
    """Return whether a file that begins with these bytes is HDF5."""
    return any(start[place : place + len(SIGNATURE)] == SIGNATURE for place in SIGNATURE_PLACES)


def damaged(what: str, error: Exception) -> UnreadableFile:
    """Return the refusal of a part of a file that HDF5 could not read."""
    return UnreadableFile(f"{what} is damaged or cut ({str(error)[:100]}): save or download it again.")


def objects_of(file: "h5py.File", sink: Sink) -> Objects:
    """Return a file's datasets and groups in the order of their names, numbers in them counted.

    Links are skipped and named; an object with several names is given once. Raises UnreadableFile for what is damaged
    or nested too deep, TooLarge for too many objects.
    """
    limits, seen = sink.limits, set[tuple[int, int]]()
    objects = Objects([], [])
    stack: list[tuple[str, h5py.Group, int]] = [("", file, 0)]
    while stack:
        path, group, depth = stack.pop()
        if depth > limits.nesting:
            raise UnreadableFile(f"The groups of the file are nested more than {limits.nesting} deep.")
        inner: list[tuple[str, h5py.Group, int]] = []
        for name, thing in _rows(group, path, sink):
            if _is_new(thing, name, seen, limits):
                if _is_group(thing):
                    inner.append((name, thing, depth + 1))
                    objects.groups.append(Item(name, thing))
                elif _is_dataset(thing):
                    objects.datasets.append(Item(name, thing))
        stack.extend(reversed(inner))
    return Objects(*(sorted(kind, key=lambda one: by_number(one.path)) for kind in objects))


def by_number(path: str) -> tuple[tuple[int, str], ...]:
    """Return what sorts paths as people count: ``dense_2`` before ``dense_10``."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,18})", path))


def _rows(group: "h5py.Group", path: str, sink: Sink) -> Iterator[tuple[str, Any]]:
    """Yield a group's members that are in this very file, with the paths to them."""
    import h5py  # noqa: PLC0415 - only the process that reads loads it

    try:
        names = list(group)
    except DAMAGED as error:
        raise damaged(f"The group {shown(path or '/')}", error) from error
    for name in names:
        whole = f"{path}/{name}" if path else name
        try:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                sink.skip(whole, "it is a link to another file, which is not followed")
            elif isinstance(link, h5py.SoftLink):
                sink.skip(whole, "it is a link to another name, which is not followed")
            else:
                yield whole, group[name]
        except DAMAGED as error:
            raise damaged(f"{shown(whole)} in the file", error) from error


def _is_new(thing: Any, name: str, seen: set[tuple[int, int]], limits: Limits) -> bool:  # noqa: ANN401 - h5py is untyped
    """Return whether an object of the file was not met under another name."""
    import h5py  # noqa: PLC0415

    try:
        info = h5py.h5o.get_info(thing.id)
    except DAMAGED as error:
        raise damaged(f"{shown(name)} in the file", error) from error
    size = len(seen)
    seen.add((info.fileno, info.addr))
    if len(seen) > OBJECTS_PER_TENSOR * limits.tensors:
        raise TooLarge(f"The file has more than {OBJECTS_PER_TENSOR * limits.tensors:,} groups and tensors.", "file")
    return len(seen) > size


def _is_group(thing: object) -> bool:
    import h5py  # noqa: PLC0415

    return isinstance(thing, h5py.Group)


def _is_dataset(thing: object) -> bool:
    import h5py  # noqa: PLC0415

    return isinstance(thing, h5py.Dataset)


def attribute(thing: Any, name: str, most: int = 65_536) -> str:  # noqa: ANN401 - h5py is untyped
    """Return a text that a group or dataset carries; an empty one if it has none, or one that is no plain text."""
    try:
        if name not in thing.attrs or thing.attrs.get_id(name).shape != ():
            return ""
        value = thing.attrs[name]
    except DAMAGED:
        return ""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return text if isinstance(text, str) and len(text) <= most else ""


def add_dataset(sink: Sink, name: str, dataset: "h5py.Dataset", *, is_optimizer: bool | None = None) -> None:
    """Put a dataset's numbers into the sink, or skip it and say why; raises UnreadableFile, TooLarge."""
    try:
        problem = _problem(name, dataset, sink)
        if problem:
            sink.skip(name, problem)
            return
        numbers = dataset[()]
    except DAMAGED as error:
        raise damaged(f"The tensor {shown(name)}", error) from error
    sink.add(name, _own_type(np.asarray(numbers), dataset), is_optimizer=is_optimizer)


def _problem(name: str, dataset: "h5py.Dataset", sink: Sink) -> str:
    """Return why a dataset is not read, before a number of it is; raises UnreadableFile, TooLarge."""
    import h5py  # noqa: PLC0415

    plan = dataset.id.get_create_plist()
    if plan.get_external_count() or dataset.is_virtual:
        return "its numbers are in another file, which is not read"
    if dataset.shape is None:
        return "it holds nothing"
    for place in range(plan.get_nfilters()):
        if plan.get_filter(place)[0] not in FILTERS:
            raise UnreadableFile(
                f"The tensor {shown(name)} is packed in an unknown way: save it with gzip, or unpacked."
            )
    kind = dataset.dtype
    is_half = kind.kind == "V" and kind.itemsize == 2 and attribute(dataset, "dtype") == "bfloat16"
    if h5py.check_dtype(vlen=kind) is not None or h5py.check_dtype(ref=kind) is not None or kind.hasobject:
        return "it holds text or references, not numbers"
    if kind.kind not in "fiubV" or (kind.kind == "V" and not is_half):
        return f"its type is {kind!s:.60}, which tables do not hold"
    if h5py.check_dtype(enum=kind) is not None and kind.kind != "b":
        return "its numbers stand for names"
    sink.reserve(name, [int(length) for length in dataset.shape], kind.itemsize)
    sink.reserve(name, [int(length) for length in dataset.chunks or ()], kind.itemsize)
    return ""


def _own_type(numbers: Array, dataset: "h5py.Dataset") -> Array:
    """Return the numbers as bfloat16 if the dataset says that they are: HDF5 has no such type."""
    if numbers.dtype.itemsize == 2 and numbers.dtype.kind in "Vu" and attribute(dataset, "dtype") == "bfloat16":
        flat = np.ascontiguousarray(numbers).reshape(-1)
        return flat.view(numpy_type("bfloat16")).reshape(numbers.shape)
    return numbers
