"""Which units of a version do nothing, from its stored tables alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.analysis.health import MEANINGS, LayerHealth, largest_sums, layer_health
from dashboard.data.preprocessing import Preprocessing
from dashboard.engine.activations import ACTIVATIONS, Activation
from dashboard.errors import NotFound
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo
from dashboard.services.cache.numbers import Numbers, cached_numbers
from dashboard.services.datasets import get_dataset
from dashboard.services.versions.tensors import array
from dashboard.services.workspace import Workspace

__all__ = ["MEANINGS"]  # of the findings, for those who may not enter the analysis

RULES = ("deaf", "unheard", "silent")
Array = np.ndarray[Any, Any]

Range = tuple[float, float] | None
"""The range of all inputs of a layer; None where it is not known."""


@dataclass(frozen=True)
class DeadUnit:
    """A dead unit: its layer (from 1), the tensor in which it is a column, its number, and why it is called dead."""

    layer: int
    tensor: str
    unit: int
    rule: str

    @property
    def meaning(self) -> str:
        """What the rule says, in a sentence."""
        return MEANINGS[self.rule]


def dead_units(workspace: Workspace, version: Version, tensors: list[TensorInfo]) -> list[DeadUnit]:
    """Return the units of the hidden layers that do nothing, in order; raises StoreError.

    A unit is dead if its incoming weights are all 0, if its outgoing ones are, or, behind an activation that cuts off,
    such as a relu, if no inputs within the range of the dataset's can lift it above 0.
    """
    dead: list[DeadUnit] = []
    healths = cached_findings(workspace, version, tensors)
    for number in range(1, len(version.spec.layers)):
        name = f"layer_{number:02d}.weight"
        if name not in healths:  # an imported version, whose tensors have names of their own
            return dead
        rules = {unit: rule for rule in reversed(RULES) for unit in healths[name][rule]}
        dead += [DeadUnit(number, name, unit, rules[unit]) for unit in sorted(rules)]
    return dead


def cached_findings(workspace: Workspace, version: Version, tensors: list[TensorInfo]) -> dict[str, Numbers]:
    """Return table -> finding -> units (see `findings`), counted at most once; raises StoreError."""

    def count(_: int) -> Numbers:
        return findings(workspace, version, tensors)

    (known,) = cached_numbers(workspace, group(version.slug), [key(version.id, version.sha256)], [0], count)
    assert known is not None  # nothing limits what may be counted
    return known


def group(slug: str) -> str:
    """Return the group in which the findings about a network's versions are cached."""
    return f"health {slug}"


def key(version_id: int, sha256: str) -> str:
    """Return the key of the findings about a version: its content, and the row that names its dataset."""
    return f"{version_id} {sha256}"


def findings(workspace: Workspace, version: Version, tensors: list[TensorInfo]) -> dict[str, Numbers]:
    """Return the findings of `LayerHealth` about every table of two axes and more; raises StoreError.

    Of our own layers the biases, the next layer's weights and the range of the inputs are taken into account.
    """
    known = {info.name: info for info in tensors}
    healths: dict[str, LayerHealth] = {}
    inputs = input_range(workspace, version)
    for number, layer in enumerate(version.spec.layers, start=1):
        names = [f"layer_{number:02d}.weight", f"layer_{number:02d}.bias", f"layer_{number + 1:02d}.weight"]
        weight, bias, after = (array(workspace, version, known[n]) if n in known else None for n in names)
        if weight is None:
            break
        activation = ACTIVATIONS[layer.activation]
        healths[names[0]] = layer_health(weight, bias, after, inputs if activation.cuts_off else None)
        inputs = _behind(activation, weight, bias, inputs)
    for name, info in known.items():
        if name not in healths and len(info.shape) > 1:
            healths[name] = layer_health(array(workspace, version, info))
    return {name: health._asdict() for name, health in healths.items()}


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
    ends += [0.0, 1.0] if preprocessing.categorical else []
    return (min(ends), max(ends)) if ends else None


def _behind(activation: Activation, weight: Array, bias: Array | None, inputs: Range) -> Range:
    """Return the range of a layer's outputs, None where its activation does not limit them."""
    if activation.cuts_off and inputs is not None:
        return 0.0, activation.output(float(largest_sums(weight, bias, inputs).max(initial=0.0)))
    limits = activation.low, activation.high
    return limits if np.isfinite(limits).all() else None
