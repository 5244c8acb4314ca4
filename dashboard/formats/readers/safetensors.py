"""Safetensors: the library checks the header (overlaps, holes, sizes), and the bytes are taken from the file by us.

The library's NumPy functions know neither bfloat16 nor float8.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.errors import TooLarge, UnreadableFile
from dashboard.formats.description import OWN
from dashboard.formats.limits import MB
from dashboard.formats.reader import Reader
from dashboard.formats.sink import Sink, type_reason
from dashboard.formats.source import Source
from dashboard.formats.texts import parse_json
from dashboard.formats.types import WIDENED, numpy_type

LENGTH_BYTES = 8
TYPES = {
    **{"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"},
    **{"I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8"},
    **{"U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool"},
    **{"F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu"},
    **{"F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz"},
}
"""The format's names of types -> ours."""


def recognises(start: bytes, members: Sequence[str]) -> bool:
    """Return whether the file begins with the length of a header and with that header, which is JSON."""
    return len(start) > LENGTH_BYTES and start[LENGTH_BYTES : LENGTH_BYTES + 1] == b"{" and start[6:8] == b"\0\0"


def read(source: Source, sink: Sink) -> None:
    """Read every tensor in the order of its bytes; raises UnreadableFile if header and bytes do not fit."""
    names, metadata, header, start = _header(source)
    if OWN in metadata:
        sink.take_own(metadata.pop(OWN))
    sink.about["metadata"] = metadata
    for name in sorted(names, key=lambda one: tuple(header[one]["data_offsets"])):
        entry = header[name]
        low, high = entry["data_offsets"]
        dtype, shape = TYPES.get(entry["dtype"]), entry["shape"]
        if dtype is None:
            sink.skip(name, type_reason(entry["dtype"]))
        elif dtype in WIDENED:
            sink.reserve(name, shape, numpy_type(WIDENED[dtype]).itemsize)
            raw = np.frombuffer(source.bytes_at(start + low, high - low), np.uint8)
            sink.add(name, raw.view(numpy_type(dtype)).reshape(shape))
        else:
            sink.add_bytes(name, dtype, shape, source.pieces_at(start + low, high - low))


def _header(source: Source) -> tuple[list[str], dict[str, str], dict[str, Any], int]:
    """Return the names, the metadata, the header as JSON, and where the bytes begin."""
    length = int.from_bytes(source.start[:LENGTH_BYTES], "little")
    if length > source.size - LENGTH_BYTES:
        raise UnreadableFile("The file's header is longer than the file: it is cut or damaged. Save it again.")
    if length > source.limits.text_bytes:
        raise TooLarge(f"The file's header is larger than {source.limits.text_bytes // MB:,} MB.", "file")
    import safetensors  # noqa: PLC0415 - only the process that reads loads it

    try:
        with safetensors.safe_open(source.path, framework="numpy") as file:
            names, metadata = list(file.keys()), dict(file.metadata() or {})
    except (safetensors.SafetensorError, ValueError, OverflowError, OSError) as error:
        raise UnreadableFile(f"This is no sound safetensors file ({str(error)[:150]}): save it again.") from error
    header = parse_json(source.bytes_at(LENGTH_BYTES, length), "The header of the file")
    return names, metadata, header, LENGTH_BYTES + length


READER = Reader("safetensors", "safetensors", (".safetensors",), recognises, read, ("safetensors",))
