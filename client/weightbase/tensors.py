"""Arrays as they are sent: a name, one of the thirteen types, and C-ordered little-endian bytes; nothing is pickled."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy as np

DTYPES = frozenset(("float16", "float32", "float64", "bfloat16", "bool"))
DTYPES |= {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
NARROW = ("float8_e4m3fn", "float8_e5m2", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fnuz", "float8_e5m2fnuz")
"""Types of eight bits, whose every number is a float16, too."""


class Tensor(NamedTuple):
    """A named array; `bits` as they are sent, bfloat16 as uint16; units are rows (0), columns (1) or unknown."""

    name: str
    dtype: str
    bits: Any
    units_axis: int | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return tuple(self.bits.shape)


class Bfloat16(NamedTuple):
    """The bits of an array of bfloat16, which NumPy has no type for."""

    bits: Any


class NoTensor(TypeError):
    """What was given is no array of numbers; the text says what it is."""


def tensor(name: str, value: object, units_axis: int | None = None) -> Tensor:
    """Return a copy of an array of NumPy, PyTorch, TensorFlow, JAX or a number; raises NoTensor."""
    if isinstance(value, Bfloat16):
        dtype, bits = "bfloat16", np.array(value.bits, np.uint16)
    elif hasattr(value, "detach") and hasattr(value, "element_size"):
        dtype, bits = _from_torch(value)
    else:
        dtype, bits = _from_numpy(_as_array(value))
    return Tensor(name, dtype, bits, units_axis if bits.ndim == 2 else None)


def sha256(bits: Any) -> str:  # noqa: ANN401 - an array of any type
    """Return the SHA-256 of the bytes of an array in C order."""
    return hashlib.sha256(raw(bits)).hexdigest()


def raw(bits: Any) -> memoryview:  # noqa: ANN401 - an array of any type
    """Return the bytes of a C-ordered array without a copy."""
    return memoryview(bits.reshape(-1).view(np.uint8)) if bits.size else memoryview(b"")


def _as_array(value: object) -> Any:  # noqa: ANN401
    if hasattr(value, "numpy") and not isinstance(value, np.ndarray):
        value = value.numpy()
    if isinstance(value, (str, bytes, dict)) or value is None or callable(value):
        raise NoTensor(type(value).__name__)
    try:
        return np.asarray(value)
    except ValueError as error:
        raise NoTensor(f"{type(value).__name__} of several lengths") from error


def _from_numpy(array: Any) -> tuple[str, Any]:  # noqa: ANN401
    """Return the type's name and a copy of an array as it is sent."""
    name = array.dtype.name
    if name in NARROW:
        array, name = array.astype(np.float16), "float16"
    if name not in DTYPES:
        raise NoTensor(f"an array of type {name}")
    copied = np.array(array, order="C", copy=True)  # a copy: the training goes on with the array
    if name == "bfloat16":
        return name, copied.view(np.uint16)
    return name, copied.astype(copied.dtype.newbyteorder("<"), copy=False)


def _from_torch(value: Any) -> tuple[str, Any]:  # noqa: ANN401 - a torch.Tensor, without an import of torch
    """Return the type's name and a copy of a tensor of PyTorch."""
    name = str(value.dtype).rpartition(".")[2]
    if getattr(value, "is_quantized", False) or str(getattr(value, "layout", "torch.strided")) != "torch.strided":
        raise NoTensor("a quantised or sparse tensor")
    value = value.detach()
    if hasattr(value, "full_tensor"):  # each process holds a part, and all of them would have to take part here
        raise NoTensor("a part of a tensor that several processes share: give a full state_dict")
    value = value.cpu().contiguous()
    if name in NARROW:
        value, name = value.half(), "float16"
    if name not in DTYPES:
        raise NoTensor(f"a tensor of type {name}")
    if name == "bfloat16":
        return name, value.view(dtype=_torch_int16(value)).numpy().view(np.uint16).copy()
    return name, value.numpy().copy()


def _torch_int16(value: Any) -> Any:  # noqa: ANN401
    """Return PyTorch's type of whole numbers of 16 bits, from a tensor: torch itself need not be imported."""
    return value.new_zeros(0).short().dtype
