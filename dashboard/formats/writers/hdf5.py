"""HDF5 in the hierarchy network, version, layer, tensor: ``/mnist/v0003/layer_01/weight``."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from dashboard.formats.description import OWN, Description, chain_of, own_facts
from dashboard.formats.types import Array
from dashboard.formats.writer import Writer

PLAIN = re.compile(r"[A-Za-z0-9_-]{1,100}")
MOST_PARTS = 16
LIBVER = ("earliest", "v110")
"""Readable by every HDF5 since 1.10, and written in the oldest form that holds what there is."""


def write(description: Description, arrays: Iterator[Array], path: Path) -> None:
    """Write a version; each dataset carries the tensor's exact name and SHA-256, and one of bfloat16 its type."""
    import h5py  # noqa: PLC0415 - only the process that writes loads it

    paths = paths_of([tensor.name for tensor in description.tensors])
    with h5py.File(path, "x", libver=LIBVER) as file:
        file.attrs[OWN] = own_facts(description, WRITER.name, chain_of(description))
        group = file.create_group(f"{description.slug}/v{description.version:04d}")
        for tensor, array in zip(description.tensors, arrays, strict=True):
            stored = array.reshape(-1).view(np.uint16).reshape(tensor.shape) if tensor.dtype == "bfloat16" else array
            dataset = group.create_dataset(paths[tensor.name], data=stored)
            dataset.attrs["name"] = tensor.name
            dataset.attrs["sha256"] = tensor.sha256
            if tensor.dtype == "bfloat16":
                dataset.attrs["dtype"] = tensor.dtype


def paths_of(names: Sequence[str]) -> dict[str, str]:
    """Return tensor -> its path below the version: the parts of its name, such as ``layer_01/weight``.

    A name of other signs, or one that is the beginning of another's path, gets a path of its SHA-256.
    """
    parts = {name: tuple(name.split(".")) for name in names if _is_plain(name)}
    groups = {path[:length] for path in parts.values() for length in range(1, len(path))}
    plain = {name: "/".join(path) for name, path in parts.items() if path not in groups}
    return {name: plain.get(name) or _hashed(name) for name in names}


def _is_plain(name: str) -> bool:
    parts = name.split(".")
    return len(parts) <= MOST_PARTS and all(PLAIN.fullmatch(part) for part in parts)


def _hashed(name: str) -> str:
    return f"tensor_{hashlib.sha256(name.encode()).hexdigest()[:24]}"


WRITER = Writer(
    "hdf5",
    "HDF5",
    ".h5",
    "Every tensor as /network/version/layer/tensor, with its exact name and SHA-256 as attributes; the definition.",
    "bfloat16 is there as its bits (uint16, attribute dtype). It cannot compute: it holds weights only.",
    write,
    libraries=("h5py",),
)
