"""PyTorch's tensors as its pickles describe them: windows into storages, of which nothing is computed."""

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from dashboard.errors import UnreadableFile
from dashboard.formats.sink import Sink, shown, type_reason
from dashboard.formats.types import TYPES, WIDENED, Array, numpy_type

STORAGES = {
    **{"DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16"},
    **{"BFloat16Storage": "bfloat16", "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16"},
    **{"CharStorage": "int8", "ByteStorage": "uint8", "BoolStorage": "bool", "UntypedStorage": ""},
    **{"ComplexFloatStorage": "complex64", "ComplexDoubleStorage": "complex128", "QInt8Storage": "qint8"},
    **{"QUInt8Storage": "quint8", "QInt32Storage": "qint32"},
}
"""PyTorch's classes of storages -> the type of their numbers; an untyped one is counted in bytes."""

DTYPES = {
    **{name: name for name in (*TYPES, *WIDENED, "complex32", "complex64", "complex128")},
    **{"double": "float64", "float": "float32", "half": "float16", "long": "int64", "int": "int32", "short": "int16"},
    **{name: name for name in ("qint8", "quint8", "qint32", "quint4x2", "quint2x4", "float4_e2m1fn_x2")},
}
"""PyTorch's names of types -> ours; those that are not in TYPES or WIDENED are skipped."""

OTHER_SIZES = {
    **{"": 1, "complex32": 4, "complex64": 8, "complex128": 16, "qint8": 1, "quint8": 1, "qint32": 4},
    **{"quint4x2": 1, "quint2x4": 1, "float4_e2m1fn_x2": 1},
}
SPREAD = 65_536
"""A tensor may repeat the numbers of its storage, as `expand` does, up to so many."""


class Word(NamedTuple):
    """The name of a class or type of PyTorch, which does nothing."""

    name: str


class Storage(NamedTuple):
    """A run of `length` numbers of a type, or of bytes if the type is empty, which is in the file under `key`."""

    key: str
    dtype: str
    length: int

    @property
    def bytes(self) -> int:
        """How many bytes it must have."""
        return self.length * item_size(self.dtype)


class View:
    """A tensor: a window into a storage, `stride` and `offset` in numbers. `problem` says why it is skipped."""

    __slots__ = ("dtype", "offset", "problem", "shape", "storage", "stride")

    def __init__(self, storage: Storage, offset: Any, shape: Any, stride: Any, dtype: str, problem: str = "") -> None:  # noqa: ANN401 - untrusted
        self.storage, self.offset, self.shape, self.stride = storage, offset, shape, stride
        self.dtype, self.problem = dtype, problem

    def __setstate__(self, state: object) -> None:
        """Pass over what a pickle adds to a parameter."""


class Odd:
    """A tensor of a kind that tables do not hold, such as a sparse one."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why

    def __setstate__(self, state: object) -> None:
        """Pass over its state."""


def item_size(dtype: str) -> int:
    """Return the bytes of a number of a type of PyTorch."""
    return OTHER_SIZES[dtype] if dtype in OTHER_SIZES else numpy_type(dtype).itemsize


def storage_of(reference: object) -> Storage:
    """Return the storage that a pickle refers to; raises UnreadableFile if it is none."""
    parts = reference if isinstance(reference, tuple) else ()
    if len(parts) < 5 or parts[0] not in {"storage", b"storage"} or not isinstance(parts[1], Word):
        raise UnreadableFile("The file refers to something that is no storage of PyTorch: it is damaged.")
    dtype, length = STORAGES.get(parts[1].name), parts[4]
    if dtype is None:
        raise UnreadableFile(f"The file has a storage of an unknown kind, {shown(parts[1].name)}.")
    if type(length) is not int or not 0 <= length < 2**62:
        raise UnreadableFile("The file has a storage without a sound length: it is damaged.")
    if len(parts) > 5 and parts[5] is not None:
        raise UnreadableFile("The file was written by a PyTorch older than 0.4: save it again with a newer one.")
    return Storage(str(parts[2]), dtype, length)


def view_2(storage: object, offset: object, shape: object, stride: object, *rest: object) -> View:
    """Stand in for torch._utils._rebuild_tensor and its second version; its last argument may keep signs aside."""
    if not isinstance(storage, Storage):
        raise UnreadableFile("The file has a tensor without a storage: it is damaged.")
    lazy = rest[2] if len(rest) > 2 and isinstance(rest[2], dict) else {}
    problem = "its numbers are kept with another sign" if any(value is True for value in lazy.values()) else ""
    return View(storage, offset, shape, stride, storage.dtype, problem)


def view_3(
    storage: object, offset: object, shape: object, stride: object, grad: object, hooks: object, dtype: object,
    *rest: object,
) -> View:  # fmt: skip
    """Stand in for the third version, which names the type of numbers in an untyped storage."""
    view = view_2(storage, offset, shape, stride, grad, hooks, *rest)
    if not isinstance(dtype, Word) or dtype.name not in DTYPES:
        raise UnreadableFile("The file has a tensor of an unknown type: save it as float32.")
    view.dtype = DTYPES[dtype.name]
    return view


def add_view(sink: Sink, name: str, view: View, raw: Callable[[Storage], Array], *, is_optimizer: bool) -> None:
    """Put the tensor of a window into the sink; `raw` returns a storage's bytes. Raises UnreadableFile, TooLarge."""
    if view.problem or (view.dtype not in TYPES and view.dtype not in WIDENED):
        sink.skip(name, view.problem or type_reason(view.dtype or "bytes"))
        return
    sink.add(name, array_of(sink, name, view, raw), is_optimizer=is_optimizer)


def array_of(sink: Sink, name: str, view: View, raw: Callable[[Storage], Array]) -> Array:
    """Return the numbers of a window, looked at in full before one is read; raises UnreadableFile, TooLarge."""
    shape, stride, offset = view.shape, view.stride, view.offset
    for numbers in (shape, stride, (offset,)):
        if not isinstance(numbers, tuple) or any(type(number) is not int or number < 0 for number in numbers):
            raise UnreadableFile(f"The tensor {shown(name)} has a shape or strides that cannot be.")
    sink.reserve(name, shape, item_size(view.dtype))
    held, count = view.storage.bytes // item_size(view.dtype), math.prod(shape)
    last = offset + sum((length - 1) * step for length, step in zip(shape, stride, strict=False)) if count else -1
    if len(stride) != len(shape) or last >= held:
        raise UnreadableFile(f"The tensor {shown(name)} reaches beyond its storage: the file is damaged.")
    if count > max(held, SPREAD):
        raise UnreadableFile(f"The tensor {shown(name)} claims {count:,} numbers out of {held:,}: save a copy of it.")
    dtype = numpy_type(view.dtype)
    if not count:
        return np.empty(shape, dtype)
    bits = raw(view.storage)[: held * dtype.itemsize].view(f"<u{dtype.itemsize}")  # float8 has no strided views
    steps = [step * dtype.itemsize for step in stride]
    window = np.lib.stride_tricks.as_strided(bits[offset:], shape, steps, writeable=False)
    return np.ascontiguousarray(window).reshape(-1).view(dtype).reshape(shape)


def pieces_of(storage: Storage, pieces: Iterator[bytes], swapped: bool) -> Array:
    """Return a storage's bytes, little-endian; raises UnreadableFile if they are not as many as it says."""
    raw = np.frombuffer(b"".join(pieces), np.uint8)
    if len(raw) != storage.bytes:
        raise UnreadableFile(
            f"The storage {shown(storage.key)} has {len(raw):,} bytes, and should have {storage.bytes:,}: "
            "the file is damaged or cut. Save it again."
        )
    size = item_size(storage.dtype)
    return raw.reshape(-1, size)[:, ::-1].reshape(-1).copy() if swapped and size > 1 else raw
