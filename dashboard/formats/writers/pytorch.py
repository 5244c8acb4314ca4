"""PyTorch's state_dict (.pt), written without PyTorch: a ZIP of a pickle and of the tensors' bytes."""

import struct
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from dashboard.formats.description import Description, TensorFact, chain_of, layer_names, own_facts
from dashboard.formats.readers.pytorch import ABOUT
from dashboard.formats.torch_pickle import state_dict_pickle
from dashboard.formats.types import Array, pieces_of, plain
from dashboard.formats.writer import Writer
from dashboard.formats.zip_writing import LARGE, member, new_zip

ROOT = "archive"
STORAGE_ALIGNMENT = 64
"""Where a storage may begin, so that PyTorch can map the file into memory."""
HEADER_BYTES, EXTRA_BYTES, WIDE_BYTES = 30, 4, 20
PADDING = 0x4246
"""The kind of the field with which PyTorch itself fills up a header."""


def write(description: Description, arrays: Iterator[Array], path: Path) -> None:
    """Write a version as a state_dict; the weights of dense layers are turned to (units, inputs)."""
    turned = turned_weights(description)
    tensors = [_turned(one) if one.name in turned else one for one in description.tensors]
    with new_zip(path) as archive:
        _add(archive, "data.pkl", (state_dict_pickle(tensors),))
        _add(archive, "byteorder", (b"little",))
        for place, (tensor, array) in enumerate(zip(tensors, arrays, strict=True)):
            with _member(archive, f"data/{place}", tensor.bytes) as file:
                for piece in pieces_of(plain(array.T) if tensor.name in turned else array):
                    file.write(piece)
        _add(archive, "version", (b"3\n",))
        _add(archive, ABOUT, (own_facts(description, WRITER.name, chain_of(description, turned=True)).encode(),))


def turned_weights(description: Description) -> set[str]:
    """Return the tensors that are turned: the weights of dense layers."""
    return {layer_names(number)[0] for number in range(1, len(description.layers) + 1)}


def _turned(tensor: TensorFact) -> TensorFact:
    return tensor._replace(shape=tensor.shape[::-1])


def _add(archive: zipfile.ZipFile, name: str, pieces: Iterable[bytes]) -> None:
    content = b"".join(pieces)
    with _member(archive, name, len(content)) as file:
        file.write(content)


def _member(archive: zipfile.ZipFile, name: str, size: int) -> IO[bytes]:
    """Return a member whose content begins at a multiple of 64."""
    whole = f"{ROOT}/{name}"
    wide = WIDE_BYTES if size >= LARGE else 0
    start = archive.start_dir + HEADER_BYTES + len(whole.encode()) + EXTRA_BYTES + wide
    padding = -start % STORAGE_ALIGNMENT
    return member(archive, whole, size, struct.pack("<HH", PADDING, padding) + b"Z" * padding)


WRITER = Writer(
    "pytorch",
    "PyTorch state_dict",
    ".pt",
    "Every tensor with its exact name and bits, for torch.load(weights_only=True); weights of dense layers are turned "
    "to (units, inputs), as torch.nn.Linear has them.",
    "The module itself, which is in the ZIP with model.py; preprocessing is there as JSON only.",
    write,
)
