"""Safetensors, header and bytes written by us.

The library orders two entries of metadata at random, and writes a turned view as it is in memory.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from dashboard.formats.description import OWN, Description, chain_of, own_facts
from dashboard.formats.readers.safetensors import TYPES
from dashboard.formats.types import Array, numpy_type, pieces_of
from dashboard.formats.writer import Writer

CODES = {ours: code for code, ours in TYPES.items()}
LENGTH_BYTES = 8
ALIGNMENT = 8


def write(description: Description, arrays: Iterator[Array], path: Path) -> None:
    """Write a version; the wider types come first, so that each tensor begins at a multiple of its own width."""
    places = _places(description)
    header: dict[str, object] = {"__metadata__": {OWN: own_facts(description, WRITER.name, chain_of(description))}}
    for tensor in sorted(description.tensors, key=lambda one: places[one.name]):
        start = places[tensor.name]
        offsets = [start, start + tensor.bytes]
        header[tensor.name] = {"dtype": CODES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    with path.open("xb") as file:
        file.write(len(text).to_bytes(LENGTH_BYTES, "little") + text)
        begin = file.tell()
        for tensor, array in zip(description.tensors, arrays, strict=True):
            file.seek(begin + places[tensor.name])
            for piece in pieces_of(array):
                file.write(piece)


def _places(description: Description) -> dict[str, int]:
    """Return where each tensor's bytes begin behind the header."""
    places, start = {}, 0
    for tensor in sorted(description.tensors, key=lambda one: -numpy_type(one.dtype).itemsize):
        places[tensor.name] = start
        start += tensor.bytes
    return places


def _why_not(description: Description) -> str:
    if any(tensor.name == "__metadata__" for tensor in description.tensors):
        return "A tensor is called __metadata__, which safetensors keeps for itself."
    return ""


WRITER = Writer(
    "safetensors",
    "safetensors",
    ".safetensors",
    "Every tensor with its exact name, type, shape and bits; the definition and preprocessing as metadata.",
    "It cannot compute: it holds weights only.",
    write,
    _why_not,
)
