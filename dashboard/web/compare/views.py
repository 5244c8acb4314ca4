"""The comparison of two versions, base on the left, other on the right: from a sentence to a tensor, unit and cell."""

from typing import Any

from flask import Blueprint, render_template, request

from dashboard.errors import NotFound, UserError
from dashboard.metrics import metric_words
from dashboard.services.compare import detail as details
from dashboard.services.compare import pictures as change_pictures
from dashboard.services.compare import versions as service
from dashboard.services.compare.versions import PAIRED, TensorDiff, TensorPair, VersionDiff
from dashboard.services.versions import analyses, reading
from dashboard.web.compare import page as lines
from dashboard.web.compare.change_map import around, map_lines
from dashboard.web.compare.query import (
    asked,
    asked_axis,
    asked_map,
    asked_pair,
    asked_tensor,
    compared,
    fields_but,
    here,
    hides_equal,
)
from dashboard.web.compare.words import (
    LINES,
    cell_sentence,
    change_sentence,
    comparison_sentence,
    one_cell_sentence,
    unit_sentence,
)
from dashboard.web.kit.answers import Answer, redirect_to
from dashboard.web.kit.query import BINS, asked_bins, query_number, wants_all, workspace
from dashboard.web.kit.tables import exports
from dashboard.web.kit.urls import address, api_address
from dashboard.web.kit.words import setting_words

blueprint = Blueprint("compare", __name__, url_prefix="/compare")

UNITS_NAMED = 3
CELLS_OF_UNIT = 20
KEYS = ("base", "other", "pair")
PAIRING = ("pair_base", "pair_other")


@blueprint.get("")
def show() -> Answer:
    """Show what changed from `base` to `other`, and in detail in the tensor `tensor` (the most changed one)."""
    picked = request.args.getlist("version")
    if len(picked) == 2:  # ticked in a list of versions: the newest comes first there
        return redirect_to(address("compare.show", base=picked[1], other=picked[0]))
    if all(request.args.get(name) for name in PAIRING):
        return redirect_to(_with_pair())
    base, other, _ = asked()
    if picked:
        base, other = picked[0], picked[1] if len(picked) > 1 else ""
        return _page(base, other, None, f"Choose two versions; {len(picked)} chosen."), 422
    if not base and not other:
        return _page("", "", None, "")
    try:
        return _page(base, other, compared(None if wants_all() else analyses.EXPENSIVE_CELLS), "")
    except UserError as error:
        return _page(base, other, None, _with_nearest(error)), error.status


@blueprint.get("/unit")
def unit() -> str:
    """Show how one unit (a column of the table, or with axis=row an input) has changed."""
    axis, number = asked_axis(), query_number("unit", 0)
    found = details.unit_detail(asked_pair(), axis, number, CELLS_OF_UNIT)
    keys = _keys() | {"tensor": asked_tensor(), "axis": axis, "unit": number}
    shape = change_pictures.picture_shape(found.pair) if axis == "column" else None
    return render_template(
        "compare/unit.html",
        found=found,
        axis=axis,
        name=LINES[axis][0],
        along=LINES[axis][1],
        sentence=unit_sentence(found, axis),
        cells=[lines.cell_line(found.pair, cell) for cell in found.largest],
        pictures=lines.unit_pictures(shape, _keys() | {"tensor": asked_tensor()}, number),
        exports=exports("changes.unit_numbers", **keys),
        table=lines.table(found.pair, **{axis: number}),
        back=here(unit=number if axis == "column" else ""),
        steps=[
            (here("compare.unit", unit=to) if to is not None else "", key, words)
            for to, key, words in ((found.before, "p", "moved more"), (found.after, "n", "moved less"))
        ],
    )


@blueprint.get("/cell")
def cell() -> str:
    """Show how one cell has changed, down to its bits."""
    row, column = query_number("row", 0), query_number("column", 0)
    found = details.cell_detail(asked_pair(), row, column)
    keys = _keys() | {"tensor": asked_tensor(), "row": row, "column": column}
    steps = ((found.rank.before, "p", "larger change"), (found.rank.after, "n", "smaller change"))
    return render_template(
        "compare/cell.html",
        found=found,
        sentence=cell_sentence(found),
        exports=exports("changes.cell_numbers", **keys),
        tables=[at(found.pair, row=row, column=column) for at in (lines.base_table, lines.table)],
        timelines=lines.timelines(found.pair, row=row, column=column),
        around=None if len(found.pair.one.shape) < 2 else around(found.pair, row, column),
        unit=here("compare.unit", axis="column", unit=column, row="", column=""),
        input=here("compare.unit", axis="row", unit=row, row="", column=""),
        back=here(row="", column=""),
        steps=[(lines.cell_page(found.pair, *to) if to else "", key, words) for to, key, words in steps],
    )


def _keys() -> dict[str, Any]:
    """Return what is compared, as the values of an address."""
    base, other, by_hand = asked()
    return {"base": base, "other": other} | ({"pair": list(by_hand)} if by_hand else {})


def _with_pair() -> str:
    """Return this page's address with the pair that a person chose in the form."""
    pair = PAIRED.join(request.args[name] for name in PAIRING)
    others = [text for text in request.args.getlist("pair") if text != pair]
    return here(pair=[*others, pair], pair_base="", pair_other="")


def _page(base: str, other: str, found: VersionDiff | None, problem: str) -> str:
    return render_template(
        "compare/show.html",
        base=base,
        other=other,
        references=reading.references(workspace()),
        problem=problem,
        comparison=None if found is None else _comparison(found),
        hide_equal=hides_equal(),
        address=here,
        steps=[] if found is None else _steps(found),
        json=api_address("compare", base=base, other=other),
    )


def _with_nearest(error: UserError) -> str:
    nearest = error.nearest[:5] if isinstance(error, NotFound) else ()
    return f"{error.message} Nearest: {', '.join(nearest)}." if nearest else error.message


def _steps(found: VersionDiff) -> list[tuple[str, str, str]]:
    """Return (address, key, words) of the neighbours of both sides."""
    steps = []
    for side, version, keys in (("base", found.base, "{}"), ("other", found.other, "[]")):
        for key, number in zip(keys, service.neighbours(workspace(), version), strict=True):
            to = here(**{side: f"{version.network}:{number}"}) if number else ""
            steps.append((to, key, f"{side} v{number}" if number else f"{side} {'older' if key in '{[' else 'newer'}"))
    return steps


def _comparison(found: VersionDiff) -> dict[str, Any]:
    ranked = lines.most_changed(found)
    wanted = asked_tensor() or (ranked[0].name if ranked else "")
    chosen = next((tensor for tensor in found.tensors if tensor.name == wanted and tensor.numbers is not None), None)
    sort = request.args.get("sort", "")
    shown = lines.shown_tensors(found, sort, hides_equal())
    seen = _keys() | {name: request.args[name] for name in ("sort", "equal") if request.args.get(name)}
    return {
        "sentence": _sentence(found, ranked),
        "chips": lines.chips(found),
        "metrics": [lines.fact_line(fact, metric_words(fact.name), True) for fact in found.metrics],
        "settings": [lines.fact_line(fact, setting_words(fact.name), False) for fact in found.settings],
        "tensors": [lines.tensor_line(tensor) for tensor in shown],
        "equal": sum(tensor.status == "equal" for tensor in found.tensors),
        "sort": sort,
        "unmatched": lines.unmatched(found),
        "pairing": fields_but(*PAIRING),
        "without": lambda text: here(pair=[pair for pair in asked().by_hand if pair != text]),
        "exports": {name: exports(f"changes.{name}", **seen) for name in ("tensors", "metrics", "settings")},
        "selected": None if chosen is None or chosen.pair is None else _selected(chosen, chosen.pair, shown),
    }


def _sentence(found: VersionDiff, ranked: list[TensorDiff]) -> str:
    """Say what changed; of one cell that is the only one, which it is."""
    score = lines.score(found)
    counted = [tensor.numbers.changed for tensor in found.tensors if tensor.numbers is not None]
    changed = next((tensor for tensor in found.tensors if tensor.status == "changed"), None)
    if changed and changed.pair and sum(counted) == 1 and len(counted) == len(found.tensors):
        (cell,) = details.top_cells(changed.pair, 1)
        return f"{one_cell_sentence(changed.pair.one, cell)}{' ' + score if score else ''}"
    largest = (ranked[0].name, lines.relative(ranked[0])) if ranked else None
    return comparison_sentence([tensor.status for tensor in found.tensors], largest, score)


def _selected(tensor: TensorDiff, pair: TensorPair, shown: list[TensorDiff]) -> dict[str, Any]:
    keys, axis = _keys() | {"tensor": tensor.name}, asked_axis()
    detail, is_vector = details.change_detail(pair, axis), lines.is_vector(tensor)
    kept = keys | {"v": f"{pair.base.version.sha256[:8]}{pair.other.version.sha256[:8]}"}
    moved = [] if is_vector else details.unit_changes(pair).ranked(UNITS_NAMED)
    named = [unit.unit for unit in moved if unit.norm > 0]
    unit = query_number("unit", moved[0].unit if moved else 0)
    shape = change_pictures.picture_shape(pair)
    first = detail.cells[0] if detail.cells else None
    before, after = lines.neighbours(shown, tensor.name)
    return {
        "name": tensor.name,
        "sentence": change_sentence(
            tensor.numbers, named, detail.unchanged_rows if named else 0, pair.one.shape, first
        ),
        "is_equal": tensor.status == "equal",
        "steps": [(before, "p", "previous difference"), (after, "n", "next difference")],
        "unit": unit,
        "unit_page": here("compare.unit", tensor=tensor.name, unit=unit, axis=""),
        "most": named[0] if named else None,
        "axis": axis,
        "map": None if is_vector else map_lines(change_pictures.change_map(pair, asked_map()), pair, kept),
        "units": [] if is_vector else lines.unit_lines(detail, axis),
        "top": [lines.cell_line(pair, cell) for cell in detail.cells],
        "pictures": lines.unit_pictures(shape, kept, unit),
        "exports": {
            "units": exports("changes.units", **keys, **({"axis": axis} if axis == "row" else {})),
            "cells": exports("changes.cells", **keys),
        },
        **_charts(keys, kept),
    }


def _charts(keys: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    """Return where the charts of a tensor's change are, and what the controls above them say."""
    bins, limits, log = asked_bins()
    controls: dict[str, Any] = {name: request.args[name] for name in ("bins", "log", "full") if request.args.get(name)}
    charts = ("changes", "distributions", "scatter")
    return {
        "charts": {
            name: {
                "figure": address(f"changes.{name}_figure", **kept, **controls),
                "numbers": exports(f"changes.{name}", **keys, **controls),
            }
            for name in charts
        },
        "bins": bins,
        "all_bins": sorted({20, BINS, 100, 200, 500, bins}),
        "full": limits == "full",
        "log": log,
        "controls": fields_but("bins", "log", "full"),
    }
