"""Arrays of .npz, .npy and .safetensors files: read as data, never unpickled."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from weightbase.errors import WeightbaseError
from weightbase.tensors import Bfloat16

SAFETENSORS_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1", "BF16": "<u2",
}  # fmt: skip
LONGEST_HEADER = 100 * 2**20
OTHERS = "Other files are read by the server: `weightbase import FILE --network NAME`."


def read_arrays(path: str | os.PathLike[str]) -> Iterator[tuple[str, Any]]:
    """Yield name and array of each tensor of a file; raises WeightbaseError for another kind or a damaged file."""
    file = Path(path)
    if file.suffix not in {".npz", ".npy", ".safetensors"}:
        raise WeightbaseError(f"{file.name} is no .npz, .npy or .safetensors file. {OTHERS}")
    try:
        if file.suffix == ".safetensors":
            yield from _safetensors(file)
        elif file.suffix == ".npz":
            with np.load(file, allow_pickle=False) as arrays:
                for name in arrays.files:
                    yield name, arrays[name]
        else:
            yield file.stem, np.load(file, allow_pickle=False)
    except (ValueError, KeyError, TypeError, struct.error) as error:
        raise WeightbaseError(f"{file.name} cannot be read: {error}.") from error


def _safetensors(file: Path) -> Iterator[tuple[str, Any]]:
    with file.open("rb") as opened:
        (length,) = struct.unpack("<Q", opened.read(8))
        if length > min(LONGEST_HEADER, file.stat().st_size):
            raise ValueError("its header is longer than the file")
        header = json.loads(opened.read(length))
        for name, about in header.items():
            if name != "__metadata__":
                yield name, _part(opened, 8 + length, name, about)


def _part(opened: Any, start: int, name: str, about: dict[str, Any]) -> Any:  # noqa: ANN401
    """Return one array of a safetensors file, whose data begin at `start`."""
    first, end = about["data_offsets"]
    kind = SAFETENSORS_TYPES.get(about["dtype"])
    if kind is None:
        raise ValueError(f"{name} is of type {about['dtype']}, which only the server reads")
    opened.seek(start + first)
    array = np.frombuffer(opened.read(end - first), kind).reshape(about["shape"])
    return Bfloat16(array) if about["dtype"] == "BF16" else array


def write_safetensors(path: Path, arrays: dict[str, tuple[str, Any]]) -> None:
    """Write arrays by name, each as its type and its bits in C order, as a .safetensors file."""
    names = {ours: theirs for theirs, ours in _our_names().items()}
    header: dict[str, Any] = {}
    end = 0
    for name, (dtype, bits) in arrays.items():
        begin, end = end, end + bits.nbytes
        header[name] = {"dtype": names[dtype], "shape": list(bits.shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, bits in arrays.values():
            file.write(bits.tobytes())


def _our_names() -> dict[str, str]:
    """Return the format's name of each type -> ours."""
    return {name: "bfloat16" if name == "BF16" else np.dtype(kind).name for name, kind in SAFETENSORS_TYPES.items()}
