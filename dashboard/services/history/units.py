"""Which units of a version do nothing: one list for every page, file and answer.

It is made of the stored tables and of the records of the version's dataset, where these are here; what an activation is
like, it says itself (`engine.activations.Activation`). Without the records few units are dead for sure, and whether
others are cannot be known.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.analysis.activity import Activity
from dashboard.analysis.cells import Turned
from dashboard.analysis.health import MEANINGS, Cut, LayerHealth, largest_sums, layer_health, odd_units
from dashboard.data.preprocessing import Preprocessing
from dashboard.engine.activations import ACTIVATIONS, Activation
from dashboard.errors import NotFound
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo
from dashboard.records.units import ROW, units_axis
from dashboard.services.cache.numbers import UNLIMITED, Budget, Numbers, cached_numbers
from dashboard.services.datasets import get_dataset, record_count
from dashboard.services.history.activity import activities, work
from dashboard.services.versions.damage import damaged_numbers
from dashboard.services.versions.tensors import array
from dashboard.services.workspace import Workspace

__all__ = ["MEANINGS"]  # of the findings, for those who may not enter the analysis

RULES = ("no_input", "no_output", "never_active", "unvarying")
Array = np.ndarray[Any, Any]

Range = tuple[float, float] | None
"""The range of all inputs of a layer; None where it is not known."""


@dataclass(frozen=True)
class DeadUnit:
    """A dead unit: the tensor in which it is a column or row (`axis`), its number, and why it is called dead."""

    tensor: str
    unit: int
    rule: str
    axis: str

    @property
    def layer(self) -> int | None:
        """The number of its layer, from 1; None in a tensor with a name of its own."""
        return layer_of(self.tensor)

    @property
    def meaning(self) -> str:
        """What the rule says, in a sentence."""
        return MEANINGS[self.rule]


@dataclass(frozen=True)
class DeadUnits:
    """The dead units of a version in order, and the records that were put through it (0: none, there may be more).

    `is_counted` is False where the budget did not allow it, or the version is damaged; then nothing is known.
    """

    units: list[DeadUnit]
    records: int
    is_counted: bool = True
    is_damaged: bool = False


def layer_of(tensor: str) -> int | None:
    """Return the number of the layer whose weights or biases these are; None for other names."""
    match = re.fullmatch(r"layer_(\d+)\.(?:weight|bias)", tensor)
    return int(match[1]) if match else None


def dead_units(
    workspace: Workspace, version: Version, tensors: list[TensorInfo], budget: Budget = UNLIMITED
) -> DeadUnits:
    """Return the units of a version that do nothing; raises StoreError."""
    known = cached_findings(workspace, version, tensors, budget)
    if known is None:
        is_damaged = version.number in damaged_numbers(workspace, version.network)
        return DeadUnits([], 0, is_counted=False, is_damaged=is_damaged)
    units = [
        DeadUnit(info.name, unit, _rule(known[info.name], unit), axis)
        for info in tensors
        if (axis := units_axis(info, version.kind)) and info.name in known
        for unit in known[info.name]["dead"]
    ]
    return DeadUnits(units, max((about["records"] for about in known.values()), default=0))


def _rule(findings: Numbers, unit: int) -> str:
    return next(rule for rule in RULES if unit in (findings[rule] or ()))


def cached_findings(
    workspace: Workspace, version: Version, tensors: list[TensorInfo], budget: Budget = UNLIMITED
) -> dict[str, Numbers] | None:
    """Return table -> finding -> units (see `findings`), counted at most once; None beyond the budget.

    Raises StoreError.
    """

    def count(_: int) -> Numbers:
        return findings(workspace, version, tensors)

    rows = record_count(workspace, version.dataset)
    cells, keys = work(rows, sum(info.cells for info in tensors)), [key(version.id, version.sha256, rows)]
    return cached_numbers(workspace, group(version.slug), keys, [cells], count, budget)[0]


def group(slug: str) -> str:
    """Return the group in which the findings about a network's versions are cached."""
    return f"findings about units by axis {slug}"


def key(version_id: int, sha256: str, rows: int) -> str:
    """Return the key of the findings about a version: its content, the row that names its dataset, and its records."""
    return f"{version_id} {sha256} {rows}"


def findings(workspace: Workspace, version: Version, tensors: list[TensorInfo]) -> dict[str, Numbers]:
    """Return the findings of `LayerHealth` about every table of two axes and more; raises StoreError.

    Of our own layers the biases, the next layer's weights, and the records or the range of the inputs are taken into
    account. Where it is not known along which axis a table's units are, the findings are about its columns, and none
    is called dead.
    """
    tables = {info.name: array(workspace, version, info) for info in tensors}
    done = activities(workspace, version, tables) or []
    healths: dict[str, LayerHealth] = {}
    inputs = input_range(workspace, version)
    for number, layer in enumerate(version.spec.layers, start=1):
        names = [f"layer_{number:02d}.weight", f"layer_{number:02d}.bias", f"layer_{number + 1:02d}.weight"]
        weight, bias, after = (tables.get(name) for name in names)
        if weight is None:
            break
        activation = ACTIVATIONS[layer.activation]
        activity: Activity | None = done[number - 1] if done else None
        healths[names[0]] = layer_health(weight, bias, after, Cut(inputs) if activation.cuts_off else None, activity)
        inputs = _behind(activation, weight, bias, inputs)
    for info in tensors:
        if info.name not in healths and len(info.shape) > 1:
            healths[info.name] = _health_by_axis(tables[info.name], units_axis(info, version.kind))
    return {name: health._asdict() for name, health in healths.items()}


def _health_by_axis(table: Array, axis: str | None) -> LayerHealth:
    """Return what a table alone says of its units, or of its columns, of which none is dead for sure."""
    health = layer_health(Turned(table) if axis == ROW else table)
    return health if axis else health._replace(dead=())


def input_range(workspace: Workspace, version: Version) -> Range:
    """Return the range of all scaled inputs of the version's dataset; None if it is not known."""
    try:
        columns = {column["name"]: column for column in get_dataset(workspace, version.dataset).description["columns"]}
        preprocessing = Preprocessing.from_json(version.preprocessing)
        raw = [(columns[column.name], column) for column in preprocessing.numeric]
    except (NotFound, KeyError):
        return None  # a version that was copied here alone, or whose dataset has changed
    ends = [
        about[end] * one.scale + one.offset for about, one in raw for end in ("low", "high") if about[end] is not None
    ]
    ends += [0.0, 1.0] if preprocessing.categorical or preprocessing.indicators else []
    return (min(ends), max(ends)) if ends else None


def _behind(activation: Activation, weight: Array, bias: Array | None, inputs: Range) -> Range:
    """Return the range of a layer's outputs, None where its activation does not limit them or cells are not finite."""
    if odd_units(weight, bias).any():
        return None
    if activation.cuts_off and inputs is not None:
        return 0.0, activation.output(float(largest_sums(weight, bias, inputs).max(initial=0.0)))
    limits = activation.low, activation.high
    return limits if np.isfinite(limits).all() else None
