"""The tables of a comparison, on its pages and in its files: tensors, metrics, settings, units, cells."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from dashboard.http import workspace
from dashboard.metrics import metric_words
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo, cell_name
from dashboard.records.units import other_axis
from dashboard.services.compare.detail import CellChange, CellDetail, UnitChange, UnitDetail, axis_of
from dashboard.services.compare.pairs import TensorPair
from dashboard.services.compare.versions import DiffFact, TensorDiff, VersionDiff
from dashboard.services.versions.baselines import baseline_of
from dashboard.web.compare.query import CompareQuery
from dashboard.web.compare.words import axis_words
from dashboard.web.kit.baselines import constant_words
from dashboard.web.kit.formats import exact, plural
from dashboard.web.kit.tables import Column, Note, Table, query_exports
from dashboard.web.kit.urls import address
from dashboard.web.kit.words import choice_words, setting_words


def _number(name: str, heading: str = "", format: str = "number", **more: Any) -> Column:  # noqa: ANN401
    """Return the column of a number of a tensor's difference."""
    return Column(name, heading, f"numbers.{name}", format, sortable=True, **more)


def number_of(tensor: TensorDiff, name: str) -> Any:  # noqa: ANN401 - a number or a cell
    """Return a number of a tensor's difference, None if it has none."""
    return getattr(tensor.numbers, name) if tensor.numbers is not None else None


def _cell_column(name: str, cell: str, axis: int) -> Column:
    return Column(name, value=lambda tensor: (number_of(tensor, cell) or (None, None))[axis])


def _title(tensor: TensorDiff) -> str:
    renamed = tensor.other is not None and tensor.other.name != tensor.name
    return f"{tensor.name} → {tensor.other.name}" if tensor.other is not None and renamed else tensor.name


def _farthest_cell(tensor: TensorDiff) -> str:
    """Name the cell that changed most, or the first that changed where no number says how much."""
    numbers = tensor.numbers
    if numbers is None or numbers.identical or tensor.base is None:
        return ""
    cell = numbers.max_cell if numbers.max_abs else numbers.first_cell
    return cell_name(tensor.base.shape, *cell) if cell else ""


TENSOR_COLUMNS = (
    Column("tensor", "Tensor", "name", shown=_title, sortable=True),
    Column(
        "status", "Status", sortable=True, help="Whether a tensor changed, is equal bit for bit, or has no counterpart"
    ),
    _number("relative", "Relative", "percent", help="The norm of the change, as a share of the base's norm"),
    _number("max_abs", "Max |Δ|", help="The largest change of a single cell, without its sign"),
    Column("cell", "Cell", _farthest_cell, exported=False, help="The cell that changed most"),
    _number("mean_abs", "Mean |Δ|", help="The mean change of a cell, without its sign"),
    _number("rms", "RMS", help="The root of the mean squared change: large changes count more than in the mean"),
    _number("cosine", "Cosine", help="How alike the two sides point, as vectors: 1 is the same direction"),
    _number("correlation", "Corr.", help="Pearson's correlation of both sides, cell by cell: 1 is a straight line"),
    _number("changed"),
    _number("changed_share", "Changed", "percent", exported=False, help="The share of cells whose bits differ"),
    _number("count"),
    _number("sign_flips", "Flips", "count", help="Cells whose sign changed"),
    _number("not_comparable"),
    _number("ulp_median", "ULP med.", help="How many floating-point numbers are between both sides, in the median"),
    _number("ulp_max", "ULP max", help="How many floating-point numbers are between both sides, at most"),
    _number(
        "wasserstein", "Wasserstein", help="How far weights have to be moved to turn one distribution into the other"
    ),
    _number("kl", "KL", help="Kullback-Leibler divergence of the two distributions of weights: 0 if they are the same"),
    _cell_column("max_row", "max_cell", 0),
    _cell_column("max_column", "max_cell", 1),
    _cell_column("first_row", "first_cell", 0),
    _cell_column("first_column", "first_cell", 1),
    Column("other_tensor", value="other.name"),
)


FIRST_COLUMNS = frozenset({"tensor", "relative", "max_abs", "mean_abs", "changed_share", "sign_flips"})
"""The columns that are shown until all of them are wanted."""


def _shown_columns(params: CompareQuery) -> list[Column]:
    if params.has_all_columns:
        return list(TENSOR_COLUMNS)
    return [one if one.name in FIRST_COLUMNS else replace(one, heading="") for one in TENSOR_COLUMNS]


def tensors_table(params: CompareQuery, diff: VersionDiff, sort: str, selected: str = "") -> Table:
    """Return how far each tensor has moved, in the order `sort`, by default that of the base."""

    def link(tensor: TensorDiff) -> str:
        return "" if tensor.numbers is None else tensor_address(params, tensor.name)

    def css(tensor: TensorDiff) -> str:
        return "current" if tensor.name == selected else "same" if tensor.status == "equal" else ""

    return Table(
        params.file_name("tensors"),
        _shown_columns(params),
        [tensor for tensor in diff.tensors if not (params.hides_equal and tensor.status == "equal")],
        "Tensors",
        query_exports("changes.tensors"),
        link=link,
        css=css,
        note=lambda tensor: _why_no_numbers(params, tensor),
        empty="all equal",
        swaps=True,
    ).in_order(sort)


def tensor_address(params: CompareQuery, name: str) -> str:
    """Return the address that shows a tensor in detail."""
    return params.address(tensor=name, unit="", places="", inputs="")


def _why_no_numbers(params: CompareQuery, tensor: TensorDiff) -> Note | None:
    if tensor.numbers is not None:
        return None
    if tensor.base is None or tensor.other is None:
        only_in = params.versions.other if tensor.status == "added" else params.versions.base
        return Note(f"{tensor.status}: only in {only_in}", 1)
    if tensor.status == "reshaped":
        return Note("reshaped: the shapes differ", 1)
    cells = plural(tensor.base.cells, "cell")
    compare_values = params.address(draw=1, tensor=tensor.name)
    return Note(f"{tensor.status}; {cells}, compared by checksum only.", 1, "Compare values", compare_values)


def facts_table(params: CompareQuery, diff: VersionDiff, what: str, hides_equal: bool = False) -> Table:
    """Return the metrics or settings side by side."""
    is_metric = what == "metrics"
    words, form = (metric_words, "number") if is_metric else (setting_words, "setting")

    def difference(fact: DiffFact) -> Any:  # noqa: ANN401 - a number or a sign
        numeric = is_metric and fact.base is not None and fact.other is not None and not fact.equal
        return fact.other - fact.base if numeric else "=" if fact.equal else "≠"

    def shown(side: str) -> Callable[[DiffFact], Any]:
        return lambda fact: choice_words(fact.name, getattr(fact, side))

    columns = (
        Column(what[:-1], what.capitalize(), "name", shown=lambda fact: words(fact.name)),
        *(
            Column(
                side, getattr(params.versions, side), format=form, shown=shown(side), css="right breaks", is_name=True
            )
            for side in ("base", "other")
        ),
        Column("difference", "Δ", difference, "difference", exported=False, css="right"),
        Column("equal"),
        *([_baseline_column(diff)] if is_metric and diff.is_on_same_data else []),
    )
    facts = diff.metrics if is_metric else diff.settings
    return Table(
        params.file_name(what),
        columns,
        [fact for fact in facts if not (hides_equal and fact.equal)],
        f"{what.capitalize()} side by side",
        query_exports("changes.facts", what=what),
        css=lambda fact: "same" if fact.equal else "",
        empty="all equal",
    )


def _baseline_column(diff: VersionDiff) -> Column:
    baseline = baseline_of(workspace(), diff.base.dataset)
    values = baseline.metrics if baseline else {}
    words = constant_words(baseline) if baseline else "The records of the dataset are not here"
    return Column("baseline", "Baseline", lambda fact: values.get(fact.name), "number", help=words)


def units_table(params: CompareQuery, pair: TensorPair, units: Sequence[UnitChange], shown_unit: int | None) -> Table:
    """Return units (or inputs) and how far they moved; a click shows one in place if it has pictures (`shown_unit`)."""
    axis, tensor = axis_of(pair, params.by), pair.one.name
    word = axis_words(pair, axis)[0].capitalize()
    largest = units[0].norm if units else 0.0

    def link(unit: UnitChange) -> str:
        if shown_unit is not None:
            return params.address(unit=unit.unit)
        return params.address("compare.unit", tensor=tensor, axis=params.by, unit=unit.unit)

    columns = (
        Column("unit", word),
        Column("norm", "L2 of Δ", format="number"),
        Column("max_abs", "Max |Δ|", format="number"),
        Column("changed"),
        _share_column(lambda unit: unit.norm / largest if largest else 0.0),
        _table_column(lambda unit: other_table(pair, **{axis: unit.unit})),
    )
    return Table(
        params.file_name("units"),
        columns,
        units,
        f"{word}s that moved most",
        query_exports("changes.units", tensor=tensor),
        link=link,
        css=lambda unit: "current" if unit.unit == shown_unit else "",
        swaps=shown_unit is not None,
    )


def cells_table(params: CompareQuery, pair: TensorPair, cells: Sequence[CellChange]) -> Table:
    """Return the cells of a tensor that changed most."""

    def link(cell: CellChange) -> str:
        return other_table(pair, row=cell.row, column=cell.column)

    columns = (
        Column("cell", "Cell", lambda cell: cell_name(pair.one.shape, cell.row, cell.column), exported=False),
        Column("row"),
        Column("column"),
        *_side_columns(),
        Column("change", "Δ", format="change", link=lambda cell: cell_page(params, pair, cell.row, cell.column)),
    )
    files = query_exports("changes.cells", tensor=pair.one.name)
    return Table(params.file_name("cells"), columns, cells, "Largest single changes", files, link=link)


def unit_cells_table(params: CompareQuery, detail: UnitDetail, cells: Iterable[CellChange]) -> Table:
    """Return cells of one unit: those that changed most, or all of them."""
    pair = detail.pair
    axis = axis_of(pair, params.by)
    name, counted = axis_words(pair, axis)
    along = other_axis(axis)

    def share(cell: CellChange) -> float:
        return abs(cell.change) / detail.unit.max_abs if cell.change == cell.change and detail.unit.max_abs else 0.0

    columns = (
        Column(along, counted.capitalize()),
        *_side_columns(),
        Column("change", "Δ", format="change"),
        _share_column(share),
        _table_column(lambda cell: other_table(pair, row=cell.row, column=cell.column)),
    )
    return Table(
        params.file_name(f"{axis}_{detail.unit.unit}"),
        columns,
        cells,
        f"Largest changes of {name} {detail.unit.unit}",
        query_exports("changes.unit_numbers"),
        link=lambda cell: cell_page(params, pair, cell.row, cell.column),
        empty="nothing changed",
    )


def all_cells(detail: UnitDetail, by: str) -> Iterator[CellChange]:
    """Return every cell of a unit in the order of the table."""
    axis = axis_of(detail.pair, by)
    for place, sides in enumerate(detail.cells.T.tolist()):
        row, column = (place, detail.unit.unit) if axis == "column" else (detail.unit.unit, place)
        yield CellChange(row, column, *sides)


def sides_table(detail: CellDetail) -> Table:
    """Return both sides of one cell, down to their bits."""
    pair, place = detail.pair, {"row": detail.cell.row, "column": detail.cell.column}

    def table(side: tuple[Version, TensorInfo, float, str]) -> str:
        return _table_address(side[0], side[1], place)

    def digits(side: tuple[Version, TensorInfo, float, str]) -> str:
        return exact(side[2], side[1].dtype)

    def more(side: tuple[Version, TensorInfo, float, str]) -> list[tuple[str, str]]:
        history = address("history.show", name=side[0].network, tensor=side[1].name, **place)
        return [("in its table", table(side)), ("over all versions", history)]

    columns = (
        Column("version", "Version", lambda side: side[0].reference),
        Column("value", "Value", lambda side: side[2], "number"),
        Column("digits", "All digits", digits, "copied", shown=lambda side: (digits(side), "the value"), css="right"),
        Column("bits", "Bits", lambda side: side[3], "copied", shown=lambda side: (side[3], "the bits"), css="right"),
        Column("links", "More", more, "links"),
    )
    sides = [
        (pair.base.version, pair.one, detail.values[0], detail.bits[0]),
        (pair.other.version, pair.two, detail.values[1], detail.bits[1]),
    ]
    files = query_exports("changes.cell_numbers")
    return Table("cell", columns, sides, "Before and after", files, link=table)


def _side_columns() -> tuple[Column, Column]:
    return Column("base", "Before", format="number"), Column("other", "After", format="number")


def _share_column(share: Any) -> Column:  # noqa: ANN401 - a function of a row
    return Column("share", "Share", share, "bar", exported=False, quiet=True)


def _table_column(link: Any) -> Column:  # noqa: ANN401 - a function of a row
    return Column("table", "Table", lambda _: "table", link=link, exported=False, quiet=True, css="right")


def cell_page(params: CompareQuery, pair: TensorPair, row: int, column: int) -> str:
    """Return the address of the page of one cell's change."""
    return params.address("compare.cell", tensor=pair.one.name, row=row, column=column)


def other_table(pair: TensorPair, **cell: int) -> str:
    """Return the address of a cell in the table of the other version."""
    return _table_address(pair.other.version, pair.two, cell)


def unit_over_versions(pair: TensorPair, unit: int) -> str:
    """Return the address of a unit over all versions of the other side's network."""
    return address("history.show", name=pair.other.version.network, tensor=pair.two.name, unit=unit)


def _table_address(version: Version, tensor: TensorInfo, cell: dict[str, int]) -> str:
    place = {"name": version.network, "number": version.number, "tensor": tensor.name}
    return address("tensors.show", **place, **cell)
