"""What a file of weights holds: its tensors, what was skipped and why, and facts that it states about itself."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dashboard.formats.types import numpy_type


class Skipped(NamedTuple):
    """A part of a file that is not imported, and the reason as a sentence's end."""

    name: str
    why: str


class SourceTensor(NamedTuple):
    """One tensor of a file, as its bytes are in the output folder.

    `file` is the name, in that folder, of its raw bytes in C order, little-endian; `sha256` is their SHA-256.
    `dtype` is one of the 13 types of tables, `source_dtype` the type in the file (``float8_e4m3fn``).
    A table of a CSV file always has two axes: a bias is of shape (n, 1) or (1, n).
    """

    name: str
    dtype: str
    source_dtype: str
    shape: tuple[int, ...]
    sha256: str
    file: str
    is_optimizer: bool = False


class Contents(NamedTuple):
    """All that was read of one file. `format` is the reader's name; `about` is untrusted: plain JSON from the file."""

    format: str
    tensors: tuple[SourceTensor, ...]
    skipped: tuple[Skipped, ...]
    about: dict[str, Any]


def array_of(tensor: SourceTensor, folder: Path) -> np.ndarray[Any, Any]:
    """Return a tensor's numbers, mapped read-only from its file in the output folder."""
    dtype = numpy_type(tensor.dtype)
    if 0 in tensor.shape:  # an empty file cannot be mapped
        return np.empty(tensor.shape, dtype)
    raw = np.memmap(folder / tensor.file, np.uint8, "r")
    return np.asarray(raw).view(dtype).reshape(tensor.shape)
