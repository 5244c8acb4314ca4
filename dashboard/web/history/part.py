"""The page of one part of a tensor, a weight or a unit: its value over all versions, and who last changed it."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from dashboard.charts.figures import Figure
from dashboard.charts.history_figures import Line, lines_figure, mark_version
from dashboard.http import workspace
from dashboard.services.history.parts import PLACES, PartHistory, get_timeline
from dashboard.services.history.tensor import TensorVersion
from dashboard.web.history.film import strip_of
from dashboard.web.history.page import ABOUT_VERSION, VERSION
from dashboard.web.history.query import HistoryQuery
from dashboard.web.history.words import firing_note, part_heading, part_sentence, since_words
from dashboard.web.kit.tables import Column, Table, query_exports
from dashboard.web.kit.urls import address


def get_part(params: HistoryQuery) -> PartHistory:
    """Return the part that the query names; raises NotFound or StoreError."""
    return get_timeline(workspace(), params.name, params.tensor, **params.place, budget=params.budget)


class PartRow(NamedTuple):
    """A part's value in one version, its change since the version before, and whether its bits changed."""

    version: TensorVersion
    value: float
    change: float | None
    changed: bool


def part_rows(part: PartHistory) -> list[PartRow]:
    """Return a row per version, the oldest first."""
    values = part.line.values.tolist()
    changes = [None, *(after - before for before, after in itertools.pairwise(values))]
    rows = zip(part.versions, values, changes, map(bool, part.line.changed), strict=True)
    return [PartRow(*row) for row in rows]


def part_table(params: HistoryQuery, part: PartHistory, rows: Sequence[PartRow]) -> Table:
    """Return the value of a part in versions."""
    name = params.name

    def table(row: PartRow) -> str:
        place = {"row": part.row, "column": part.column}
        return address("tensors.show", name=name, number=row.version.number, tensor=part.tensor, **place)

    def bits(row: PartRow) -> str:
        return "first" if row.change is None else "changed" if row.changed else "the same"

    columns = (
        replace(VERSION, link=lambda row: address("versions.show", name=name, number=row.version.number)),
        *ABOUT_VERSION[1:],
        Column("value", "Value" if part.what == "cell" else "Norm", format="number"),
        Column("change", "Δ", format="change"),
        Column("changed", "Bits", shown=bits),
        Column("table", "Table", lambda _: "in the table", link=table, exported=False, quiet=True),
    )
    return Table(
        f"{name}_{part.tensor}_timeline",
        columns,
        rows,
        f"{part_heading(part)} in each version",
        query_exports("history.timeline"),
        link=table,
        css=lambda row: "" if row.changed else "same",
    )


def part_figure(part: PartHistory) -> Figure:
    """Return the values as a figure, with its marked events."""
    title = "weight" if part.what == "cell" else "norm"
    line = Line(part_heading(part), part.line.values.tolist())
    numbers = [version.number for version in part.versions]
    figure = lines_figure(numbers, [line], title, signed=part.what == "cell")
    for version, words in lasting(part):
        figure = mark_version(figure, version, words)
    return figure


def lasting(part: PartHistory) -> list[tuple[int, str]]:
    """Return (version, words) for what happened to the part and lasts to the newest version."""
    died = part.died
    lasts = [] if died is None else [(died.version.number, f"zero {since_words(died)}")]
    for finding, words in (("dead", "dead"), ("never_active", "never fires"), ("saturating", "flat")):
        since = part.since(finding)
        lasts += [] if since is None else [(since.version.number, f"{words} {since_words(since)}")]
    return lasts


def part_page(params: HistoryQuery, part: PartHistory, rows: Sequence[PartRow]) -> dict[str, Any]:
    """Return what the page of a part shows, with these rows."""
    return {
        "part": part,
        "film": strip_of(params, part),
        "heading": part_heading(part),
        "sentence": part_sentence(part),
        "chip_list": [("warn", words, "") for _, words in lasting(part)],
        "figure": params.query.address("history.timeline_of", offset="", draw=""),
        "table": part_table(params, part, rows),
        "links": _links(params, part),
        "firing": firing_note(part),
        "anyway": params.query.address(draw="1", offset="") if part.is_uncounted else "",
    }


def _links(params: HistoryQuery, part: PartHistory) -> list[tuple[str, str]]:
    """Return (address, words) of what is around the part."""

    def other(**place: Any) -> str:  # noqa: ANN401 - values of the query
        nothing: dict[str, Any] = dict.fromkeys((*PLACES, "line", "offset"))
        return params.query.address(**nothing | place)

    links = []
    if part.what == "cell" and part.unit is not None:
        links.append((other(unit=part.unit), f"unit {part.unit} as a whole"))
    if part.what == "unit" and part.layer is not None and part.tensor.endswith(".weight"):
        bias = f"layer_{part.layer:02d}.bias"
        if bias in part.names:
            links.append((other(tensor=bias, row=part.unit), "its bias"))
    return [*links, (other(), f"all of {part.tensor}")]
