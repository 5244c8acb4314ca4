"""What the page of a version shows: its tensors and dead units as tables, charts, pictures, and what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, NamedTuple

from dashboard.http import workspace
from dashboard.metrics import best_name, best_version, metric_name
from dashboard.parsing import LONGEST_SEARCH
from dashboard.records.network import Network, Version
from dashboard.records.statistics import STATISTICS, VERSION, Statistic
from dashboard.records.tensor import TensorInfo
from dashboard.services.cache.numbers import UNLIMITED, Budget
from dashboard.services.history.units import DeadUnit, DeadUnits, dead_units
from dashboard.services.versions import reading
from dashboard.services.versions.damage import known_damage
from dashboard.services.versions.reading import VersionDetail
from dashboard.web.kit.formats import number as written
from dashboard.web.kit.formats import plural
from dashboard.web.kit.paging import Pager, pager
from dashboard.web.kit.query import query
from dashboard.web.kit.tables import Column, Exports, Table, exports
from dashboard.web.kit.urls import address, api_address
from dashboard.web.versions.words import UNCOUNTED_UNITS, UNREADABLE_UNITS, dead_words, version_sentence

UNITS_SHOWN, UNITS_ACROSS = 40, 10
MOST_CHARTS = 8
TENSORS_SHOWN = 100
"""So many tensors are on a page, and of more, dead units are counted only if a person asks for it."""
ZEROS_NAMED = 3
FAR_OUT = 3.0
OUTLIERS_NAMED = 3

Chip = tuple[str, str, str]


def _statistic(statistic: Statistic) -> Column:
    name, heading = statistic.name, statistic.heading if VERSION in statistic.tables else ""
    return Column(name, heading, f"statistics.{name}", statistic.format)


def _shape(tensor: TensorInfo) -> str:
    return " × ".join(map(str, tensor.shape)) or "scalar"


TENSOR_COLUMNS = (
    Column("tensor", "Tensor", "name"),
    Column("shape", "Shape", lambda tensor: " x ".join(map(str, tensor.shape)), shown=_shape, css="right"),
    Column("dtype", "Type"),
    *map(_statistic, STATISTICS),
    Column("bytes", "Size", format="size"),
    Column("sha256", "SHA-256", format="digest"),
    Column("table", value="table_name"),
)
DEAD_UNIT_COLUMNS = (
    Column("layer", "Layer"),
    Column("unit", "Unit"),
    Column("rule"),
    Column("meaning", "Why", css="wide"),
)


class TensorChart(NamedTuple):
    """The distribution of a tensor; one of very many cells is drawn only on demand."""

    title: str
    figure: str
    exports: Exports
    cells: int
    is_drawn: bool


def sentence(network: Network, detail: VersionDetail) -> str:
    """Say how good the version is, and by how much another one is better."""
    version = detail.version
    history = reading.metric_history(workspace(), network)
    task, best_by = network.task, network.spec.training.best_by
    metric, best = metric_name(task, version.metrics), best_version(task, best_by, history)
    value, by = version.metrics.get(metric or ""), best_name(task, best_by, history)
    behind = None
    if best not in {None, version.number} and value is not None and history[best or 0].get(metric or "") is not None:
        behind = value - history[best or 0][metric or ""]
    return version_sentence(len(detail.tensors), _cells(detail), metric, value, best, behind, by)


def dead(version: Version, tensors: list[TensorInfo], draws_all: bool) -> DeadUnits:
    """Return the dead units; where it takes long to find them, only if a person asks for it."""
    most = 0 if len(tensors) > TENSORS_SHOWN else workspace().settings.draw_cells
    return dead_units(workspace(), version, tensors, UNLIMITED if draws_all else Budget(most))


def dead_layers(dead: DeadUnits) -> list[tuple[str, str]]:
    """Return (tensor, words) for each layer with dead units; ("", words) where they are not counted."""
    if not dead.is_counted:
        return [("", UNREADABLE_UNITS if dead.is_damaged else UNCOUNTED_UNITS)]
    layers = groupby(dead.units, key=lambda unit: unit.tensor)
    return [(tensor, dead_words(tensor, list(members), dead.records)) for tensor, members in layers]


def dead_units_table(version: Version, units: Sequence[DeadUnit], length: int | None = None) -> Table:
    """Return the units that do nothing, at most `length` of them, each leading to its history."""
    columns = (
        *DEAD_UNIT_COLUMNS,
        Column("table", "Table", lambda unit: [("weights", _unit_address(version, unit))], "links", exported=False),
    )
    files = exports("versions.numbers", name=version.network, number=version.number, what="dead-units")
    name, link = f"{_file(version)}_dead_units", lambda unit: _history_address(version, unit)
    return Table(name, columns, units[:length], "Dead units", files, link=link, header="unit")


def chips(detail: VersionDetail, dead: DeadUnits) -> list[Chip]:
    """Return what is wrong or odd: cells that are no numbers, tensors that are all zero, outliers, dead units."""
    tensors = detail.tensors
    odd = [tensor for tensor in tensors if tensor.statistics["not_finite"]]
    bad = (
        [("bad", f"{plural(len(odd), 'tensor')} with NaN or Inf", tensor_address(detail.version, odd[0]))]
        if odd
        else []
    )
    zero = [tensor for tensor in tensors if tensor.statistics["zeros"] == 1]
    zeros = [("warn", f"{tensor.name} is all zero", "") for tensor in zero[:ZEROS_NAMED]]
    if len(zero) > ZEROS_NAMED:
        zeros.append(("warn", f"{plural(len(zero) - ZEROS_NAMED, 'more tensor')} all zero", ""))
    return [*bad, *zeros, *_outlier_chips(detail), *(("warn", words, "#dead") for _, words in dead_layers(dead))]


def _outlier_chips(detail: VersionDetail) -> list[Chip]:
    far = [(tensor, value) for tensor in detail.tensors if (value := far_out(tensor.statistics)) is not None]
    named = [
        ("warn", f"{tensor.name} has an outlier: {written(value)}", tensor_address(detail.version, tensor))
        for tensor, value in far[:OUTLIERS_NAMED]
    ]
    more = len(far) - OUTLIERS_NAMED
    return [*named, ("warn", f"{plural(more, 'more tensor')} with outliers", "")] if more > 0 else named


def far_out(statistics: Mapping[str, Any]) -> float | None:
    """Return the farthest weight if it is beyond three times the limit of the heat map; from stored numbers."""
    low, high, limit = (statistics[name] for name in ("min", "max", "limit"))
    if None in {low, high, limit}:
        return None
    farthest = max(low, high, key=abs)
    return float(farthest) if abs(farthest) > FAR_OUT * limit else None


def searched() -> str:
    """Return what the names of the tensors are filtered by; empty for all of them."""
    return query().text("search")[:LONGEST_SEARCH]


def named_tensors(detail: VersionDetail) -> list[TensorInfo]:
    """Return the tensors whose names contain what is searched for, whatever the case of its letters."""
    wanted = searched().casefold()
    return [tensor for tensor in detail.tensors if wanted in tensor.name.casefold()]


def shown_tensors(detail: VersionDetail) -> tuple[list[TensorInfo], Pager]:
    """Return the tensors that this page of their list shows, and its neighbours."""
    named = named_tensors(detail)
    pages = pager(len(named), "versions.show", TENSORS_SHOWN)
    return named[pages.offset : pages.offset + pages.length], pages


def tensors_table(detail: VersionDetail) -> Table:
    """Return the tensors with their statistics."""
    version = detail.version

    def file(tensor: str) -> str:
        return api_address("networks", version.network, "versions", version.number, "tensors", f"{tensor}.csv")

    columns = (
        *TENSOR_COLUMNS,
        Column("csv", "Export", lambda tensor: file(tensor.name), "csv_file", exported=False, quiet=True),
    )
    files = exports("versions.numbers", name=version.network, number=version.number, what="tensors")
    name, link = f"{_file(version)}_tensors", lambda tensor: tensor_address(version, tensor)
    return Table(name, columns, detail.tensors, "Tensors", files, link=link)


def sound_part(detail: VersionDetail) -> VersionDetail:
    """Return a version without the tensors of which it is known that they cannot be read: nothing of them is drawn."""
    known = known_damage(workspace(), detail.version.network)
    damaged = {damage.tensor for damage in known if damage.number == detail.version.number}
    return replace(detail, tensors=[tensor for tensor in detail.tensors if tensor.name not in damaged])


def tensor_charts(detail: VersionDetail) -> list[TensorChart]:
    """Return the distributions of the first tensors."""
    charts = []
    for tensor in detail.tensors[:MOST_CHARTS]:
        place = {"name": detail.version.network, "number": detail.version.number, "tensor": tensor.name}
        figure = address("versions.distribution_of", v=tensor.sha256[:12], **place)
        files = exports("versions.distribution", **place)
        is_drawn = query().draws(tensor.cells)
        charts.append(TensorChart(f"Distribution of {tensor.name}", figure, files, tensor.cells, is_drawn))
    return charts


def tensor_address(version: Version, tensor: TensorInfo) -> str:
    """Return the address of a tensor's page."""
    return address("tensors.show", name=version.network, number=version.number, tensor=tensor.name)


def _cells(detail: VersionDetail) -> int:
    return sum(tensor.cells for tensor in detail.tensors)


def _file(version: Version) -> str:
    return f"{version.network}_v{version.number}"


def _unit_address(version: Version, unit: DeadUnit) -> str:
    place = {"name": version.network, "number": version.number, "tensor": unit.tensor}
    return address("tensors.show", **{unit.axis: unit.unit}, **place)


def _history_address(version: Version, unit: DeadUnit) -> str:
    return address("history.show", name=version.network, tensor=unit.tensor, unit=unit.unit)
