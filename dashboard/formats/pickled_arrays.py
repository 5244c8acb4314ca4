"""NumPy's arrays and numbers in a pickle, such as a loss that was not turned into a plain number: read as data."""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from dashboard.errors import UnreadableFile
from dashboard.formats.sink import Sink, shown
from dashboard.formats.types import TYPES, Array

PLAIN_CODE = re.compile(r"[fiub][1248]")


class PickledType:
    """A type of NumPy; `code` is empty for one that holds no plain numbers."""

    __slots__ = ("code", "order")

    def __init__(self, code: object) -> None:
        self.code = code if isinstance(code, str) and PLAIN_CODE.fullmatch(code) else ""
        self.order = "<"

    def __setstate__(self, state: object) -> None:
        """Take the order of bytes, the second part of a type's state."""
        if isinstance(state, tuple) and len(state) > 1 and state[1] == ">":
            self.order = ">"

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """The type; None for one that tables do not hold."""
        try:
            kind = np.dtype(self.order + self.code) if self.code else None
        except TypeError:  # such as f1
            return None
        return kind if kind is not None and kind.name in TYPES else None


class PickledArray:
    """An array of NumPy as its state in the pickle says, which nothing was made of yet."""

    __slots__ = ("state",)

    def __init__(self) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: object) -> None:
        """Take version, shape, type, order and bytes."""
        self.state = state if isinstance(state, tuple) else ()

    def rank(self) -> int:
        """Return the number of axes."""
        return len(self.state[1]) if len(self.state) == 5 and isinstance(self.state[1], tuple) else 0


def add_pickled(sink: Sink, name: str, array: PickledArray, *, is_optimizer: bool) -> None:
    """Put the array into the sink, or skip it and say why; raises UnreadableFile if its bytes are not as its shape."""
    if len(array.state) != 5 or not isinstance(array.state[2], PickledType):
        sink.skip(name, "it is no array of numbers")
        return
    _, shape, kind, is_fortran, raw = array.state
    dtype = kind.dtype
    if dtype is None or not isinstance(raw, bytes) or not isinstance(shape, tuple):
        sink.skip(name, "it is no array of plain numbers")
        return
    if sink.reserve(name, shape, dtype.itemsize) != len(raw):
        raise UnreadableFile(f"The array {shown(name)} has {len(raw):,} bytes, not as many as its shape says.")
    sink.add(name, _shaped(raw, dtype, shape, bool(is_fortran)), is_optimizer=is_optimizer)


def _shaped(raw: bytes, dtype: np.dtype[Any], shape: tuple[int, ...], is_fortran: bool) -> Array:
    flat = np.frombuffer(raw, dtype)
    return flat.reshape(shape[::-1]).T if is_fortran else flat.reshape(shape)


def _scalar(kind: object, raw: object = b"") -> float | int | None:
    """Return a number of NumPy as a plain one; None if it is none."""
    dtype = kind.dtype if isinstance(kind, PickledType) else None
    if dtype is None or not isinstance(raw, bytes) or len(raw) != dtype.itemsize:
        return None
    value = np.frombuffer(raw, dtype)[0].item()
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def _bytes(text: object, encoding: object = "") -> bytes:
    """Return the bytes that older pickles keep as text."""
    if not isinstance(text, str) or encoding != "latin1":
        raise UnreadableFile("The file has bytes in an unknown encoding: it is damaged.")
    return text.encode("latin1")


BUILDERS: dict[tuple[str, str], Callable[..., Any]] = {
    ("_codecs", "encode"): _bytes,
    ("numpy", "dtype"): lambda code, *rest: PickledType(code),
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "_reconstruct"): lambda *rest: PickledArray() for core in ("core", "_core")},
}
"""What a pickle may name of NumPy, exactly, and what stands for it."""
