"""The manifest of a version: JSON next to its tables, from which it can be indexed again wherever it is copied to.

It may come from anywhere, so nothing in it is believed: sizes, types and names are checked when it is read, and the
SHA-256 of each table when it is indexed. What a newer release has added is left as it is.
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.errors import TensorDamaged
from dashboard.records.tensor import TensorKey
from dashboard.weights.dtypes import DTYPES
from dashboard.weights.table_store import VersionKey

MOST_BYTES = 64 * 2**20
MOST_TENSORS = 100_000
MOST_CELLS = 2**40
MOST_AXES = 8
LONGEST_TENSOR = 10_000
SHA256 = re.compile(r"[0-9a-f]{64}")


def manifest_text(manifest: Mapping[str, Any], entries: Sequence[Mapping[str, Any]], indent: int | None = None) -> str:
    """Return the manifest as JSON: what was given, and the entries of its tensors."""
    return json.dumps({**manifest, "tensors": list(entries)}, indent=indent)


def parse_manifest(text: str | bytes, version: VersionKey, name: str) -> dict[str, Any]:
    """Return a manifest, its tensors checked; raises TensorDamaged, which names it and says what is wrong."""
    try:
        if len(text) > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES:,} bytes")
        manifest = json.loads(text)
        if not isinstance(manifest, dict):
            raise ValueError("it is not a JSON object")
        keys_in(version, manifest)
    except (ValueError, RecursionError) as error:
        raise TensorDamaged(f"{name} is not what was written: {error}.") from error
    return manifest


def keys_in(version: VersionKey, manifest: Mapping[str, Any]) -> list[TensorKey]:
    """Return the keys of the tensors that a manifest lists; raises ValueError for a list that is not ours."""
    tensors = manifest.get("tensors")
    if not isinstance(tensors, list) or len(tensors) > MOST_TENSORS:
        raise ValueError("`tensors` is not a list of tensors")
    keys = [_key(version, entry) for entry in tensors]
    if len({key.tensor for key in keys}) < len(keys):
        raise ValueError("two tensors have one name")
    return keys


def _key(version: VersionKey, entry: object) -> TensorKey:
    if not isinstance(entry, dict):
        raise ValueError("an entry of `tensors` is not an object")
    name, dtype, shape, sha256 = (entry.get(part) for part in ("name", "dtype", "shape", "sha256"))
    if not isinstance(name, str) or len(name) > LONGEST_TENSOR:
        raise ValueError(f"the name of a tensor is not a text of up to {LONGEST_TENSOR:,} characters")
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ValueError(f"tensor {name!r} has the unknown type {str(dtype)[:40]!r}")
    if not isinstance(sha256, str) or not SHA256.fullmatch(sha256):
        raise ValueError(f"the SHA-256 of tensor {name!r} is none")
    if not isinstance(shape, list) or len(shape) > MOST_AXES or not all(_is_length(axis) for axis in shape):
        raise ValueError(f"the shape of tensor {name!r} is not a list of up to {MOST_AXES} lengths")
    if math.prod(shape) > MOST_CELLS:
        raise ValueError(f"tensor {name!r} has more than {MOST_CELLS:,} cells")
    return TensorKey(*version, name, dtype, tuple(shape), sha256)


def _is_length(axis: object) -> bool:
    return type(axis) is int and 0 <= axis <= MOST_CELLS
