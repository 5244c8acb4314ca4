"""The manifest of a push: what a version is made of, read from untrusted JSON with a message for each wrong field."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from dashboard.errors import TooLarge
from dashboard.parsing import LONGEST_NAME, Fields
from dashboard.services.versions.given import (
    LONGEST_KEY,
    LONGEST_METRIC,
    LONGEST_TENSOR,
    MOST_AXES,
    MOST_EPOCH,
    MOST_METRICS,
    MOST_TENSORS,
    GivenTensor,
    is_metric_name,
)
from dashboard.weights.dtypes import DTYPES
from dashboard.weights.manifests import SHA256

MOST_BYTES = 16 * 2**20
"""Of a manifest as JSON: 10,000 tensors with the longest names fit."""
LONGEST_AXIS = 2**40
EMPTY = sha256(b"").hexdigest()
DTYPE_NAMES = DTYPES
"""The types that tensors may have, for those who may not import the weights."""
KEYS = ("key", "epoch", "metrics", "run", "parent", "tensors")
TENSOR_KEYS = ("name", "dtype", "shape", "sha256", "units_axis")


@dataclass(frozen=True)
class Manifest:
    """A version to be saved: its tensors without their bytes. `run` is the external run that it came from.

    `parent` is the version that it continues from: its number in the same network, or name:number.
    """

    key: str
    epoch: int
    metrics: Mapping[str, float | None]
    run: int | None
    parent: str
    tensors: tuple[GivenTensor, ...]

    @property
    def cells(self) -> int:
        """How many weights it has."""
        return sum(tensor.info.cells for tensor in self.tensors)

    def to_json(self) -> dict[str, Any]:
        """Return what `parse_manifest` reads."""
        tensors = [dict(zip(TENSOR_KEYS, _described(tensor), strict=True)) for tensor in self.tensors]
        return {name: getattr(self, name) for name in KEYS if name != "tensors"} | {"tensors": tensors}


def _described(tensor: GivenTensor) -> tuple[Any, ...]:
    return tensor.name, tensor.dtype, list(tensor.shape), tensor.sha256, tensor.units_axis


def parse_manifest(data: object, most_cells: int) -> Manifest:
    """Return a manifest; raises Invalid with a message for each wrong field, TooLarge beyond `most_cells` weights."""
    fields = Fields(data)
    fields.known(KEYS)
    key = read_key(fields)
    epoch = fields.integer("epoch", 0, 0, MOST_EPOCH)
    metrics = read_metrics(fields, "metrics")
    run = fields.integer("run", 0, 1, 2**31 - 1) or None
    manifest = Manifest(key, epoch, metrics, run, _read_parent(fields), _read_tensors(fields))
    fields.done()
    if manifest.cells > most_cells:
        limit = f"A version has at most {most_cells:,} weights; these are {manifest.cells:,}."
        raise TooLarge(f"{limit} Push fewer, or set WEIGHTBASE_MAX_PARAMETERS higher.", "tensors")
    return manifest


def read_key(fields: Fields) -> str:
    """Return the key of a push or of a run elsewhere, by which it is known when it is sent again."""
    key = fields.data.get("key")
    if isinstance(key, str) and 1 <= len(key) <= LONGEST_KEY and key.isprintable():
        return key
    fields.refuse("key", f"Give a key of 1 to {LONGEST_KEY} printable characters: what is sent again under it is one.")
    return ""


def read_metrics(fields: Fields, name: str) -> dict[str, float | None]:
    """Return a mapping of names to numbers, None for null; everything else is refused by its name."""
    metrics = fields.inner(name)
    if len(metrics.data) > MOST_METRICS:
        fields.refuse(name, f"At most {MOST_METRICS} metrics.")
        return {}
    return {metric: read_number(metrics, metric) for metric in metrics.data if accepts_metric(metrics, metric)}


def accepts_metric(fields: Fields, name: str) -> bool:
    """Return whether this can be a metric's name, which is refused otherwise."""
    is_one = is_metric_name(name)
    if not is_one:
        message = f"The name of a metric has 1 to {LONGEST_METRIC} printable characters."
        fields.refuse(name[:LONGEST_NAME], message)
    return is_one


def read_number(fields: Fields, name: str) -> float | None:
    """Return a number, None for null; refuses everything else, and numbers that no double holds."""
    value = fields.data.get(name)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or abs(value) > 1.7976931348623157e308 or not math.isfinite(value):
        fields.refuse(name, "Give a number, or null for what is not finite.")
        return None
    return float(value)


def _read_parent(fields: Fields) -> str:
    value = fields.data.get("parent")
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value < 2**31:
        return str(value)
    if isinstance(value, str) and re.fullmatch(r"(.{1,64}:)?\d{1,9}", value):
        return value
    if value not in (None, ""):
        fields.refuse("parent", "Give the number of a version of this network, or name:number.")
    return ""


def _read_tensors(fields: Fields) -> tuple[GivenTensor, ...]:
    tensors, seen, sizes = [], set[str](), dict[str, int]()
    for inner in fields.items("tensors", 1, MOST_TENSORS):
        before = len(fields.errors)
        tensor = _read_tensor(inner)
        if len(fields.errors) > before:
            continue
        if tensor.name in seen:
            inner.refuse("name", "Another tensor has this name.")
        if sizes.setdefault(tensor.sha256, tensor.info.bytes) != tensor.info.bytes:
            inner.refuse("sha256", "Another tensor has this SHA-256, and another number of bytes.")
        if (tensor.info.bytes == 0) != (tensor.sha256 == EMPTY):
            inner.refuse("sha256", f"This cannot be the SHA-256 of {tensor.info.bytes:,} bytes.")
        seen.add(tensor.name)
        tensors.append(tensor)
    return tuple(tensors)


def _read_tensor(fields: Fields) -> GivenTensor:
    """Return one tensor; what is refused stands in the errors of the fields."""
    fields.known(TENSOR_KEYS)
    name, digest, shape = (fields.data.get(one) for one in ("name", "sha256", "shape"))
    if not (isinstance(name, str) and 1 <= len(name) <= LONGEST_TENSOR and _is_text(name)):
        fields.refuse("name", f"A tensor's name has 1 to {LONGEST_TENSOR:,} characters, without control characters.")
    dtype = fields.choice("dtype", "", DTYPES)
    if not fields.data.get("dtype"):
        fields.refuse("dtype", f"Choose one of: {', '.join(DTYPES)}.")
    if not (isinstance(digest, str) and SHA256.fullmatch(digest)):
        fields.refuse("sha256", "Give the SHA-256 of the bytes: 64 hexadecimal digits, lower case.")
    if not (isinstance(shape, list) and len(shape) <= MOST_AXES and all(map(_is_axis, shape))):
        fields.refuse("shape", f"A shape is a list of at most {MOST_AXES} whole numbers from 0, [] for one number.")
        shape = []
    axis = fields.data.get("units_axis")
    if axis is not None and not (_is_axis(axis) and axis in (0, 1) and axis < len(shape)):
        fields.refuse("units_axis", "Give 1 where the columns are units, 0 where the rows are, or null.")
    return GivenTensor(str(name), dtype or "bool", tuple(shape), str(digest), None, axis)


def _is_axis(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LONGEST_AXIS


def _is_text(name: str) -> bool:
    return not any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 or 0xD800 <= ord(sign) < 0xE000 for sign in name)
