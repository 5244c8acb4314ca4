"""The comparison of two versions: base on the left, other on the right, from the sentence down to the cell."""

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from dashboard.charts.figures import change_figure, distribution_figure
from dashboard.errors import NotFound, UserError
from dashboard.parsing import Fields
from dashboard.services import change_detail as details
from dashboard.services import comparison as service
from dashboard.services import overview, pictures
from dashboard.services.comparison import VersionDiff
from dashboard.services.versions import get_detail
from dashboard.web import compare_lines as lines
from dashboard.web.answers import Answer, see
from dashboard.web.common import address, api_address, asked_bins, query_number, wants_all, workspace
from dashboard.web.images import png_answer, until_changed
from dashboard.web.numbers import Numbers, exports, numbers_at
from dashboard.web.words import change_sentence, comparison_sentence, metric_words, setting_words

blueprint = Blueprint("compare", __name__, url_prefix="/compare")

UNITS_NAMED = 3
MOST_CELLS = 10_000
KEYS = ("base", "other", "tensor")


@blueprint.get("")
def show() -> Answer:
    """Show what changed from `base` to `other`, and in detail in the tensor `tensor` (the most changed one)."""
    picked = request.args.getlist("version")
    if len(picked) == 2:  # ticked in a list of versions: the newest comes first there
        return see(address("compare.show", base=picked[1], other=picked[0]))
    base, other = request.args.get("base", ""), request.args.get("other", "")
    if picked:
        base, other = picked[0], picked[1] if len(picked) > 1 else ""
        return _page(base, other, None, f"Choose two versions; {len(picked)} chosen."), 422
    if not base and not other:
        return _page("", "", None, "")
    try:
        return _page(base, other, _compared(None if wants_all() else pictures.EXPENSIVE_CELLS), "")
    except UserError as error:
        return _page(base, other, None, _with_nearest(error)), error.status


@numbers_at(blueprint, "/tensors")
def tensors() -> Numbers:
    """Say how far each tensor has moved."""
    heads = ["tensor", "status", *lines.NUMBERS, "max_row", "max_column"]
    return Numbers(heads, map(lines.tensor_numbers, _compared().tensors), _file_name("tensors"))


@numbers_at(blueprint, "/metrics")
def metrics() -> Numbers:
    """Say the metrics side by side."""
    rows = [[fact.name, fact.base, fact.other, fact.equal] for fact in _compared(0).metrics]
    return Numbers(["metric", "base", "other", "equal"], rows, _file_name("metrics"))


@numbers_at(blueprint, "/settings")
def settings() -> Numbers:
    """Say the settings side by side."""
    rows = [[fact.name, fact.base, fact.other, fact.equal] for fact in _compared(0).settings]
    return Numbers(["setting", "base", "other", "equal"], rows, _file_name("settings"))


@numbers_at(blueprint, "/units")
def units() -> Numbers:
    """Say how far each unit of the tensor has moved, the farthest first."""
    return Numbers(["unit", "norm", "max_abs"], details.moved_units(workspace(), *_asked()), _file_name("units"))


@numbers_at(blueprint, "/cells")
def cells() -> Numbers:
    """Say which cells of the tensor changed most."""
    found = details.changed_cells(workspace(), *_asked(), query_number("count", lines.CELLS_SHOWN, 1, MOST_CELLS))
    return Numbers(["row", "column", "base", "other", "change"], found, _file_name("cells"))


@numbers_at(blueprint, "/distributions")
def distributions() -> Numbers:
    """Say how many weights of each side lie in each bin."""
    found, _ = _distributions(change=False)
    edges, (base, other) = found.edges.tolist(), (counts.tolist() for counts in found.counts)
    rows = zip(edges[:-1], edges[1:], base, other, strict=True)
    return Numbers(["from", "to", "base", "other"], rows, _file_name("distributions"))


@numbers_at(blueprint, "/changes")
def changes() -> Numbers:
    """Say how many weights changed by how much."""
    found, _ = _distributions(change=True)
    edges = found.edges.tolist()
    rows = zip(edges[:-1], edges[1:], found.counts[0].tolist(), strict=True)
    return Numbers(["from", "to", "cells"], rows, _file_name("changes"))


@blueprint.get("/distributions.figure")
def distributions_figure() -> Response:
    """Send the weights of both sides on shared bins as a figure."""
    found, log = _distributions(change=False)
    base, other, _ = _asked()
    return until_changed(jsonify(distribution_figure(found, [base, other], log)), _mark())


@blueprint.get("/changes.figure")
def changes_figure() -> Response:
    """Send the distribution of the change as a figure."""
    found, log = _distributions(change=True)
    return until_changed(jsonify(change_figure(found, log)), _mark())


@blueprint.get("/heat-map.png")
def heat_map() -> Response:
    """Send the change of a tensor as a picture, units as rows."""
    order = _choice("order", details.ORDERS)
    return png_answer(lambda theme: details.change_map_png(workspace(), *_asked(), order, theme), _mark())


@blueprint.get("/unit.png")
def unit() -> Response:
    """Send one unit's weights before or after, or their change, as a picture."""
    number, side = query_number("unit", 0), _choice("side", details.SIDES)
    return png_answer(lambda theme: details.unit_change_png(workspace(), *_asked(), number, side, theme), _mark())


def _asked() -> tuple[str, str, str]:
    base, other, tensor = (request.args.get(name, "") for name in KEYS)
    return base, other, tensor


def _compared(most_cells: int | None = None) -> VersionDiff:
    base, other, _ = _asked()
    return service.compare(workspace(), base, other, most_cells)


def _choice(name: str, choices: tuple[str, ...]) -> str:
    fields = Fields(request.args.to_dict())
    chosen = fields.choice(name, choices[0], choices)
    fields.done()
    return chosen


def _distributions(change: bool) -> tuple[Any, bool]:  # with a Distribution of the analysis
    """Return the distribution that was asked for, and whether its axis is to be logarithmic."""
    bins, limits, log = asked_bins()
    counted = pictures.change_distribution if change else pictures.sides_distribution
    return counted(workspace(), *_asked(), bins, limits), log


def _mark() -> str:
    """Return what the answer depends on beside its address: the content of both versions."""
    sides = [service.side(workspace(), request.args.get(name, ""), name) for name in KEYS[:2]]
    return " ".join(side.version.sha256 for side in sides)


def _file_name(what: str) -> str:
    base, other, _ = _asked()
    return f"{base}_to_{other}_{what}"


def _page(base: str, other: str, found: VersionDiff | None, problem: str) -> str:
    return render_template(
        "compare/show.html",
        base=base,
        other=other,
        references=overview.references(workspace()),
        problem=problem,
        comparison=None if found is None else _comparison(base, other, found),
        hide_equal=request.args.get("equal") == "hide",
        address=_address,
        steps=[] if found is None else _steps(found),
        json=api_address("compare", base=base, other=other),
    )


def _address(**changed: Any) -> str:  # noqa: ANN401 - values of the query
    """Return this page's address with some values of its query changed; empty ones go."""
    values = request.args.to_dict() | changed
    return address("compare.show", **{name: value for name, value in values.items() if value != ""})


def _with_nearest(error: UserError) -> str:
    nearest = error.nearest[:5] if isinstance(error, NotFound) else ()
    return f"{error.message} Nearest: {', '.join(nearest)}." if nearest else error.message


def _steps(found: VersionDiff) -> list[tuple[str, str, str]]:
    """Return (address, key, words) of the neighbours of both sides."""
    steps = []
    for side, version, keys in (("base", found.base, "{}"), ("other", found.other, "[]")):
        detail = get_detail(workspace(), version.network, version.number)
        for key, number in zip(keys, (detail.before, detail.after), strict=True):
            to = _address(**{side: f"{version.network}:{number}"}) if number else ""
            steps.append((to, key, f"{side} v{number}" if number else f"{side} {'older' if key in '{[' else 'newer'}"))
    return steps


def _comparison(base: str, other: str, found: VersionDiff) -> dict[str, Any]:
    ranked = lines.most_changed(found)
    largest = (ranked[0].name, lines.relative(ranked[0])) if ranked else None
    wanted = request.args.get("tensor") or (ranked[0].name if ranked else "")
    chosen = next((tensor for tensor in found.tensors if tensor.name == wanted and tensor.numbers is not None), None)
    sides = {"base": base, "other": other}
    return {
        "sentence": comparison_sentence([tensor.status for tensor in found.tensors], largest, lines.score(found)),
        "chips": lines.chips(found),
        "metrics": [lines.fact_line(fact, metric_words(fact.name), True) for fact in found.metrics],
        "settings": [lines.fact_line(fact, setting_words(fact.name), False) for fact in found.settings],
        "tensors": [lines.tensor_line(tensor, _address) for tensor in found.tensors],
        "exports": {name: exports(f"compare.{name}", **sides) for name in ("tensors", "metrics", "settings")},
        "selected": None if chosen is None else _selected(chosen, sides),
    }


def _selected(tensor: service.TensorDiff, sides: dict[str, str]) -> dict[str, Any]:
    keys = sides | {"tensor": tensor.name}
    order = _choice("order", details.ORDERS)
    detail = details.change_detail(workspace(), sides["base"], sides["other"], tensor.name, order)
    kept = keys | {"v": f"{detail.base.version.sha256[:8]}{detail.other.version.sha256[:8]}"}
    moved_units = [] if lines.is_vector(tensor) else detail.units
    moved = [unit.unit for unit in moved_units[:UNITS_NAMED] if unit.norm > 0]
    unit = query_number("unit", detail.units[0].unit if detail.units else 0)
    return {
        "name": tensor.name,
        "sentence": change_sentence(tensor.numbers, moved, detail.unchanged_rows if moved else 0),
        "is_equal": tensor.status == "equal",
        "order": order,
        "unit": unit,
        "map": None if lines.is_vector(tensor) else lines.change_map(detail, kept, order),
        "distributions": address("compare.distributions_figure", **kept),
        "changes": address("compare.changes_figure", **kept),
        "exports": {
            name: exports(f"compare.{name}", **keys) for name in ("units", "cells", "distributions", "changes")
        },
        "units": lines.unit_lines(detail, tensor, moved_units),
        "top": [lines.cell_line(detail, tensor, cell) for cell in detail.cells],
        "pictures": lines.unit_pictures(detail, kept, unit),
    }
