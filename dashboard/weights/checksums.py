"""What names a tensor's content: the SHA-256 of its bytes, taken from memory, before any store has seen it."""

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from dashboard.records.tensor import TensorKey
from dashboard.weights.dtypes import bits_of


def tensor_sha256(array: np.ndarray[Any, Any]) -> str:
    """Return the hexadecimal SHA-256 of the array's bytes (C order, little-endian)."""
    return hashlib.sha256(bits_of(array).view(np.uint8).data).hexdigest()


def version_sha256(tensors: Iterable[TensorKey]) -> str:
    """Return the checksum of a version: the SHA-256 of a line ``name dtype shape sha256`` for each tensor, by name.

    Neither the network's name nor the number enters, so that equal versions have equal checksums.
    """
    lines = sorted(f"{key.tensor!r} {key.dtype} {shape_text(key.shape)} {key.sha256}\n" for key in tensors)
    return hashlib.sha256("".join(lines).encode("utf-8", "backslashreplace")).hexdigest()


def content_id(key: TensorKey) -> str:
    """Return what two tensors share exactly when their tables are the same: SHA-256, type and shape, safe as a name."""
    return f"{key.sha256}-{key.dtype}-{shape_text(key.shape)}"


def shape_text(shape: tuple[int, ...]) -> str:
    """Return a shape as ``784x200``, or ``scalar``."""
    return "x".join(str(length) for length in shape) or "scalar"
