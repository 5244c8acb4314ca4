"""The page of one part of a tensor, a weight or a unit: its value over all versions, and who last changed it."""

import itertools
from typing import Any

from flask import render_template, request

from dashboard.charts.history_figures import Line, lines_figure, mark_version
from dashboard.parsing import Fields
from dashboard.services.history.parts import PLACES, PartHistory, get_timeline
from dashboard.services.versions.analyses import EXPENSIVE_CELLS
from dashboard.web.history.query import budget
from dashboard.web.history.words import part_heading, part_sentence
from dashboard.web.kit.paging import LIST_LENGTH
from dashboard.web.kit.query import query_number, workspace
from dashboard.web.kit.tables import exports
from dashboard.web.kit.urls import address

LINE_HEADS = ("version", "epoch", "run", "value", "change", "changed")


def wants_part() -> bool:
    """Tell whether the query names a cell, a unit, or the whole as a line (`line`)."""
    return any(name in request.args for name in (*PLACES, "line"))


def asked_part(name: str) -> PartHistory:
    """Return the part that the query names; raises Invalid, NotFound or StoreError."""
    fields = Fields(request.args.to_dict())
    tensor = fields.text("tensor")
    place = {key: fields.integer(key, 0, 0, 10**15) if fields.data.get(key) else None for key in PLACES}
    fields.done()
    return get_timeline(workspace(), name, tensor, **place, budget=budget())


def line_rows(part: PartHistory) -> list[list[Any]]:
    """Return (version, epoch, run, value, change since the version before, whether its bits changed), a row each."""
    values = part.line.values.tolist()
    steps = [None, *(after - before for before, after in itertools.pairwise(values))]
    return [
        [version.number, version.epoch, version.run_id, value, step, bool(changed)]
        for version, value, step, changed in zip(part.versions, values, steps, part.line.changed, strict=True)
    ]


def line_figure(part: PartHistory) -> dict[str, Any]:
    """Return the line as a figure, with what befell the part marked."""
    numbers = [version.number for version in part.versions]
    title = "weight" if part.what == "cell" else "norm"
    line = Line(part_heading(part), part.line.values.tolist())
    drawn = lines_figure(numbers, [line], title, signed=part.what == "cell")
    for version, words in marked(part):
        drawn = mark_version(drawn, version, words)
    return drawn


def marked(part: PartHistory) -> list[tuple[int, str]]:
    """Return (version, words) for what befell the part and lasts to the newest version."""
    found = [
        (part.at(part.line.died), "zero"),
        (part.since("silent"), "never fires"),
        (part.since("saturated"), "flat"),
    ]
    return [(version.number, f"{words} since v{version.number}") for version, words in found if version is not None]


def part_page(name: str) -> str:
    """Show a part over the versions."""
    part = asked_part(name)
    query = {key: value for key, value in request.args.items() if key in {"tensor", "line", *PLACES} and value != ""}
    rows = line_rows(part)[::-1]
    offset = min(query_number("offset", 0), max(len(rows) - 1, 0) // LIST_LENGTH * LIST_LENGTH)

    def at(**changed: Any) -> str:  # noqa: ANN401 - values of the query
        return address("history.show", name=name, **{k: v for k, v in (query | changed).items() if v is not None})

    return render_template(
        "history/part.html",
        part=part,
        heading=part_heading(part),
        sentence=part_sentence(part),
        chip_list=[("warn", words, "") for _, words in marked(part)],
        figure=address("history.timeline_of", name=name, **query),
        exports=exports("history.timeline", name=name, **query),
        rows=rows[offset : offset + LIST_LENGTH],
        older=at(offset=offset + LIST_LENGTH) if offset + LIST_LENGTH < len(rows) else "",
        newer=at(offset=max(offset - LIST_LENGTH, 0) or None) if offset else "",
        links=_links(part, at),
        cell_at=lambda number: _table(part, number),
        looked_at=max((found["records"] for found in part.records if found is not None), default=0),
        unknown=any(found is None for found in part.records),
        is_large=part.versions[-1].info.statistics["count"] > EXPENSIVE_CELLS,
        anyway=address("history.show", name=name, **query | {"draw": "1"}),
    )


def _links(part: PartHistory, at: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - a function of the query
    """Return (address, words) of what is around the part."""
    nothing = dict.fromkeys((*PLACES, "line"))
    links = []
    if part.what == "cell" and part.unit is not None:
        links.append((at(**nothing | {"unit": part.unit}), f"unit {part.unit} as a whole"))
    if part.what == "unit" and part.layer is not None and part.tensor.endswith(".weight"):
        bias = f"layer_{part.layer:02d}.bias"
        if bias in part.names:
            links.append((at(**nothing | {"tensor": bias, "row": part.unit}), "its bias"))
    return [*links, (at(**nothing), f"all of {part.tensor}")]


def _table(part: PartHistory, number: int) -> str:
    """Return the address of the part in the table of a version."""
    place = {"row": part.row, "column": part.column}
    return address("tensors.show", name=part.network.name, number=number, tensor=part.tensor, **place)
