"""Blame: one weight's, one unit's or one tensor's value over all versions, and which version last changed it.

For a weight this reads one cell of each table, for a unit one column or row, and for a whole tensor only what is
stored: where nothing changed (by SHA-256) nothing is read again.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.analysis.histories import Timeline, cell_timeline, timeline, unit_timeline
from dashboard.errors import NotAsSaved, NotFound
from dashboard.records.network import DENSE, Network
from dashboard.records.tensor import TensorInfo
from dashboard.records.units import ROW, counted_axis, unit_word
from dashboard.services.cache.numbers import UNLIMITED, Budget, Numbers
from dashboard.services.history.health import findings_of
from dashboard.services.history.since import Since, since_of
from dashboard.services.history.tensor import TensorVersion, find_versions, open_tensor
from dashboard.services.history.units import layer_of
from dashboard.services.versions.damage import damaged_numbers, located
from dashboard.services.workspace import Workspace
from dashboard.weights.dtypes import Array

PLACES = ("row", "column", "unit")
"""The fields of an address that name a part."""


@dataclass(frozen=True)
class PartHistory:
    """A part of a tensor over the versions in which the tensor has the newest one's shape.

    `what` is cell, unit or tensor; `row` and `column` say which cell, or one of the two which unit (see
    `records.units.counted_axis`). `line` has a value per version: the cell's own, or an L2 norm over finite cells.
    `findings` has those about the layer's units in each version of `counted`, for a unit of a layer; None where they
    are not counted, of `damaged` versions because they cannot be. `unread` are versions of that shape whose part
    cannot be read.
    """

    network: Network
    names: list[str]
    tensor: str
    what: str
    row: int | None
    column: int | None
    unit: int | None
    versions: list[TensorVersion]
    unread: list[TensorVersion]
    line: Timeline
    layer: int | None
    counted: list[TensorVersion]
    findings: list[Numbers | None]
    damaged: set[int | None]

    @property
    def word(self) -> str:
        """What a unit of the tensor is called: unit, or column or row where it is not known what a unit is."""
        return unit_word(self.versions[-1].info, self.network.kind)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the tensor."""
        return self.versions[-1].info.shape

    @property
    def last_changed(self) -> Since | None:
        """The version that last changed it; one of those before it may have, if they cannot be read."""
        return self._event(self.line.last_changed)

    @property
    def died(self) -> Since | None:
        """The version since which its value is 0; it may be so since one of those before it that cannot be read."""
        return self._event(self.line.died)

    def _event(self, place: int | None) -> Since | None:
        if place is None:
            return None
        before = self.versions[place - 1].number if place else 0
        number = self.versions[place].number
        unknown = [version for version in self.unread if before < version.number < number]
        return Since(self.versions[place], unknown, place == 0)

    @property
    def records(self) -> int:
        """How many records were put through the versions; 0 where none are here, or nothing is counted."""
        return max((one["records"] for one in self.findings if one is not None), default=0)

    @property
    def is_uncounted(self) -> bool:
        """Whether it is not counted yet in every version that can be read what the unit does on the records."""
        pairs = zip(self.counted, self.findings, strict=True)
        return any(one is None and version.number not in self.damaged for version, one in pairs)

    def since(self, finding: str) -> Since | None:
        """Return since which version the unit has a finding of `LayerHealth`, if it has at the end."""
        units_of = [None if one is None else one[finding] for one in self.findings]
        return since_of(self.counted, [None if units is None else self.unit in units for units in units_of])


def get_timeline(
    workspace: Workspace,
    network_name: str,
    tensor: str,
    row: int | None = None,
    column: int | None = None,
    unit: int | None = None,
    budget: Budget = UNLIMITED,
) -> PartHistory:
    """Return the time-line of a cell (if `row` or `column` are given), of a unit, or of the whole tensor.

    Raises NotFound for a network, tensor, cell or unit that is not there, or StoreError.
    """
    network, names, versions = find_versions(workspace, network_name, tensor)
    newest = versions[-1].info
    every = [version for version in versions if version.info.shape == newest.shape]
    layer = layer_of(newest.name) if network.kind == DENSE else None
    by_row = counted_axis(newest, network.kind) == ROW
    if row is not None or column is not None:
        row, column = row or 0, column or 0
        _check("row", row, newest.rows)
        _check("column", column, newest.columns)
        what, own_unit = "cell", (row if by_row else column) if layer else None
        same, cells = _cells(workspace, network, every, row, column)
        line = cell_timeline(cells, 0, 0)
    elif unit is not None:
        _check(unit_word(newest, network.kind), unit, newest.rows if by_row else newest.columns, "unit")
        what, own_unit, row, column = "unit", unit, unit if by_row else None, None if by_row else unit
        same, cells = unit_cells(workspace, network, every, unit, by_row)
        line = unit_timeline(cells, 0)
    else:
        what, own_unit, same = "tensor", None, every
        line = _stored(same)
    counted = every if layer and what == "unit" else []
    findings = _findings(workspace, network, counted, layer or 0, budget)
    damaged, place = damaged_numbers(workspace, network.name), (row, column, own_unit)
    read = {version.number for version in same}
    unread = [version for version in every if version.number not in read]
    return PartHistory(network, names, newest.name, what, *place, same, unread, line, layer, counted, findings, damaged)


def _findings(
    workspace: Workspace, network: Network, versions: list[TensorVersion], layer: int, budget: Budget
) -> list[Numbers | None]:
    counted = findings_of(workspace, network, versions, budget)
    return [None if each is None else each.get(f"layer_{layer:02d}.weight") for each in counted]


def _check(name: str, value: int, count: int, field: str = "") -> None:
    if not 0 <= value < count:
        raise NotFound(f"There is no {name} {value}: they go from 0 to {count - 1}.", field or name)


def _cells(
    workspace: Workspace, network: Network, versions: list[TensorVersion], row: int, column: int
) -> tuple[list[TensorVersion], list[Array]]:
    def read(version: TensorVersion) -> Array:
        key = version.info.key(network.slug, version.number)
        with located(workspace, network.name, network.slug, version.number, version.info):
            return workspace.store.window(key, range(row, row + 1), range(column, column + 1))

    return _each_content_once(versions, read)


def unit_cells(
    workspace: Workspace, network: Network, versions: list[TensorVersion], unit: int, by_row: bool
) -> tuple[list[TensorVersion], list[Array]]:
    """Return the versions that can be read, and one unit of each as a table of one column."""

    def read(version: TensorVersion) -> Array:
        table = open_tensor(workspace, network, version).reshape(version.info.rows, version.info.columns)
        return np.array(table[unit] if by_row else table[:, unit]).reshape(-1, 1)

    return _each_content_once(versions, read)


def _each_content_once(
    versions: list[TensorVersion], read: Callable[[TensorVersion], Array]
) -> tuple[list[TensorVersion], list[Array]]:
    """Return the versions that can be read, and what `read` takes from each; of equal tensors it is taken once.

    Raises NotAsSaved if no version can be read.
    """
    taken: dict[str, Any] = {}
    for version in versions:
        if version.info.content not in taken:
            try:
                taken[version.info.content] = read(version)
            except NotAsSaved:  # noted: the page names it
                if version is versions[-1] and not taken:
                    raise
    readable = [version for version in versions if version.info.content in taken]
    return readable, [taken[version.info.content] for version in readable]


def _stored(versions: list[TensorVersion]) -> Timeline:
    """Return the time-line of the norms stored in the catalogue; a change is one of the checksum."""
    contents = [version.info.content for version in versions]
    changed = [place > 0 and contents[place] != contents[place - 1] for place in range(len(versions))]
    return timeline([_norm(version.info) for version in versions], changed)


def _norm(info: TensorInfo) -> float:
    """Return a stored norm: 0 without a finite cell, infinite if it is too large, NaN if the version is older."""
    norm, low, high, odd = (info.statistics[name] for name in ("norm", "min", "max", "not_finite"))
    if norm is not None:
        return float(norm)
    if odd == info.cells:
        return 0.0
    is_too_large = None not in {low, high} and not math.isfinite(max(-low, high) * math.sqrt(info.cells))
    return math.inf if is_too_large else math.nan
