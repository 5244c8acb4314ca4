"""The units of a network that moved most from its first version to its newest: what its page leads with."""

from collections.abc import Sequence
from typing import NamedTuple

from dashboard.analysis.cells import LARGEST
from dashboard.analysis.changed_units import unit_differences
from dashboard.catalogue import versions as version_rows
from dashboard.errors import NotFound
from dashboard.records.network import Network
from dashboard.services.cache.numbers import Budget, Numbers, cached_numbers
from dashboard.services.compare.detail import axis_of
from dashboard.services.compare.pairs import TensorPair, VersionTensors
from dashboard.services.compare.pictures import picture_shape
from dashboard.services.versions.reading import read_version
from dashboard.services.workspace import Workspace

PICTURED = "layer_01.weight"
"""The tensor whose units are pictures, if the inputs are."""
MOST_UNITS = 12
MOST_TRIED = 5
"""So many of the tensors that changed most are looked at for one with units of several cells."""


class MovedUnits(NamedTuple):
    """The units that moved most, the farthest first, with the L2 norm of each one's change; `total` units there are.

    `picture` is the shape of the pictures that their weights are, None where they are none.
    """

    pair: TensorPair
    units: list[tuple[int, float]]
    total: int
    picture: tuple[int, ...] | None


def moved_units(
    workspace: Workspace, network: Network, numbers: Sequence[int], names: Sequence[str], budget: Budget
) -> MovedUnits | None:
    """Return the units that moved most between the first and last of these versions, of a tensor with these names.

    That is the one with pictures or, without pictures, the first of `names` whose units have several cells. None if
    there is none, nothing moved, or it is not counted and would take more than the budget. Raises StoreError.
    """
    pair = _pictured(workspace, network, numbers) or next(
        (pair for name in names[:MOST_TRIED] if (pair := _pair(workspace, network, numbers, name)) is not None), None
    )
    if pair is None:
        return None
    axis = axis_of(pair)

    def count(_: int) -> Numbers:
        changes = unit_differences(pair.before, pair.after, axis)
        ranked = [(unit.unit, min(unit.norm, LARGEST)) for unit in changes.ranked(MOST_UNITS) if unit.norm > 0]
        return {"units": ranked, "total": int(changes.norms.size)}

    key, cells = f"{axis} {pair.one.content} {pair.two.content}", pair.one.cells
    (known,) = cached_numbers(workspace, f"units moved most {network.slug}", [key], [cells], count, budget)
    if known is None or not known["units"]:
        return None
    units = [(int(unit), float(norm)) for unit, norm in known["units"]]
    return MovedUnits(pair, units, known["total"], picture_shape(pair))


def _pictured(workspace: Workspace, network: Network, numbers: Sequence[int]) -> TensorPair | None:
    pair = None if network.is_foreign else _pair(workspace, network, numbers, PICTURED)
    return pair if pair is not None and picture_shape(pair) is not None else None


def _pair(workspace: Workspace, network: Network, numbers: Sequence[int], name: str) -> TensorPair | None:
    """Return a tensor of the first and the last version if both have it as a table of several rows and columns."""
    with workspace.catalogue.reading() as connection:
        base, other = (read_version(workspace, connection, network.name, numbers[place]) for place in (0, -1))
        try:
            one, two = (version_rows.get_tensor(connection, version, name) for version in (base, other))
        except NotFound:  # only one of them has it
            return None
    if one.shape != two.shape or len(one.shape) < 2 or min(one.rows, one.columns) < 2:
        return None
    return TensorPair(workspace, VersionTensors(base, {name: one}), VersionTensors(other, {name: two}), one, two)
