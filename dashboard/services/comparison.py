"""The diff of two versions: base on the left, other on the right; metrics, settings, and every tensor."""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dashboard.analysis.differences import TensorDifference, tensor_difference
from dashboard.analysis.matching import match_tensors
from dashboard.catalogue import versions as version_rows
from dashboard.errors import NotFound, UserError
from dashboard.records import TensorInfo, Version
from dashboard.services.tensors import array
from dashboard.services.workspace import Workspace

NUMBER_NAMES = (*TensorDifference.__annotations__, "identical")
"""The numbers of a tensor's difference, as `TensorDifference.to_json` names them."""


@dataclass(frozen=True)
class Side:
    """One side of a diff: a version and its tensors by name."""

    version: Version
    tensors: dict[str, TensorInfo]


@dataclass(frozen=True)
class TensorDiff:
    """One line of a diff: status is equal, changed, added, removed or reshaped; numbers where both sides have cells.

    Of tensors that were too large to be counted there are no numbers, either.
    """

    name: str
    status: str
    base: TensorInfo | None
    other: TensorInfo | None
    numbers: TensorDifference | None


@dataclass(frozen=True)
class Fact:
    """One metric or setting side by side; None where a side has none."""

    name: str
    base: Any
    other: Any

    @property
    def equal(self) -> bool:
        """Whether both sides say the same."""
        return bool(self.base == self.other)


@dataclass(frozen=True)
class VersionDiff:
    """The whole comparison of two versions."""

    base: Version
    other: Version
    metrics: list[Fact]
    settings: list[Fact]
    tensors: list[TensorDiff]

    @property
    def identical(self) -> bool:
        """Whether every tensor is equal, bit for bit."""
        return all(tensor.status == "equal" for tensor in self.tensors)


def parse_reference(text: str, field: str) -> tuple[str, int]:
    """Read a version written as name:number; raises UserError."""
    name, colon, number = text.rpartition(":")
    if not colon or not re.fullmatch("[0-9]{1,100}", number) or not name:
        raise UserError(f"Write the {field} version as name:number, such as mnist-digits:3.", field)
    return name, int(number)


def side(workspace: Workspace, reference: str, field: str) -> Side:
    """Return the version of a reference with its tensors; raises UserError or NotFound naming the field."""
    name, number = parse_reference(reference, field)
    with workspace.catalogue.reading() as connection:
        try:
            version = version_rows.get_version(connection, name, number)
        except NotFound as error:
            raise NotFound(error.message, field, error.nearest) from error
        return Side(version, {info.name: info for info in version_rows.list_tensors(connection, version.id)})


def compare(
    workspace: Workspace, base_reference: str, other_reference: str, most_cells: int | None = None
) -> VersionDiff:
    """Compare two versions, of one network or of two; raises UserError, NotFound or StoreError.

    Tensors of more than `most_cells` are told equal or changed by their checksums alone; they come without numbers.
    """
    base, other = side(workspace, base_reference, "base"), side(workspace, other_reference, "other")
    pairs = match_tensors(
        [(info.name, info.shape) for info in base.tensors.values()],
        [(info.name, info.shape) for info in other.tensors.values()],
    )
    tensors = [_tensor_diff(workspace, base, other, pair.base, pair.other, most_cells) for pair in pairs]
    return VersionDiff(base.version, other.version, _metrics(base, other), _settings(base, other), tensors)


def paired_arrays(
    workspace: Workspace, base_reference: str, other_reference: str, tensor_name: str
) -> tuple[Side, Side, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return both sides and the arrays of one matched tensor (named as in `base`); raises NotFound."""
    base, other = side(workspace, base_reference, "base"), side(workspace, other_reference, "other")
    pairs = match_tensors(
        [(info.name, info.shape) for info in base.tensors.values()],
        [(info.name, info.shape) for info in other.tensors.values()],
    )
    for pair in pairs:
        if tensor_name in (pair.base, pair.other) and pair.base is not None and pair.other is not None:
            one, two = base.tensors[pair.base], other.tensors[pair.other]
            if one.shape == two.shape:
                return base, other, array(workspace, base.version, one), array(workspace, other.version, two)
    matched = [pair.base for pair in pairs if pair.base is not None and pair.other is not None]
    raise NotFound(f"The two versions have no common tensor named {tensor_name!r}.", "tensor", matched)


def _tensor_diff(
    workspace: Workspace,
    base: Side,
    other: Side,
    base_name: str | None,
    other_name: str | None,
    most_cells: int | None,
) -> TensorDiff:
    one = base.tensors[base_name] if base_name is not None else None
    two = other.tensors[other_name] if other_name is not None else None
    name = base_name if base_name is not None else other_name
    assert name is not None  # a pair has at least one side
    if one is None or two is None:
        return TensorDiff(name, "added" if one is None else "removed", one, two, None)
    if one.shape != two.shape:
        return TensorDiff(name, "reshaped", one, two, None)
    if most_cells is not None and math.prod(one.shape) > most_cells:
        is_equal = (one.sha256, one.dtype) == (two.sha256, two.dtype)
        return TensorDiff(name, "equal" if is_equal else "changed", one, two, None)
    numbers = tensor_difference(array(workspace, base.version, one), array(workspace, other.version, two))
    return TensorDiff(name, "equal" if numbers.identical else "changed", one, two, numbers)


def _metrics(base: Side, other: Side) -> list[Fact]:
    return _facts(base.version.metrics, other.version.metrics)


def _settings(base: Side, other: Side) -> list[Fact]:
    return _facts(_flat_settings(base.version), _flat_settings(other.version))


def _flat_settings(version: Version) -> dict[str, Any]:
    spec = version.spec
    layers = {
        f"layer {number} {name}": value
        for number, layer in enumerate(spec.layers, start=1)
        for name, value in asdict(layer).items()
    }
    head = {"dataset": version.dataset, "epoch": version.epoch, "run": version.run_id, "parameters": spec.parameters}
    return head | {"inputs": spec.inputs} | layers | asdict(spec.training)


def _facts(base: Mapping[str, Any], other: Mapping[str, Any]) -> list[Fact]:
    names = [*base, *(name for name in other if name not in base)]
    return [Fact(name, base.get(name), other.get(name)) for name in names]
