"""The comparison of two versions: base on the left, other on the right, from the sentence down to the cell."""

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from dashboard.errors import NotFound, UserError
from dashboard.services import comparison as service
from dashboard.services import overview, pictures
from dashboard.services.change_detail import ChangeDetail, change_detail
from dashboard.services.comparison import Fact, TensorDiff, VersionDiff
from dashboard.services.versions import get_detail, metric_name
from dashboard.web.answers import Answer, see
from dashboard.web.common import address, api_address, asked_bins, csv_answer, workspace
from dashboard.web.images import png_answer, until_changed
from dashboard.web.words import (
    change_sentence,
    comparison_sentence,
    metric_words,
    score_sentence,
    setting_words,
)

blueprint = Blueprint("compare", __name__, url_prefix="/compare")

UNITS_NAMED = 3
UNIT_PIXELS = 90
NUMBERS = ("relative", "max_abs", "mean_abs", "rms", "cosine", "correlation", "changed", "count", "sign_flips")
FIGURE_KEYS = ("base", "other", "tensor")


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
        return _page(base, other, service.compare(workspace(), base, other), "")
    except UserError as error:
        return _page(base, other, None, _with_nearest(error)), error.status


@blueprint.get("/tensors.csv")
def csv() -> Response:
    """Send the numbers of all tensors as CSV."""
    base, other = request.args.get("base", ""), request.args.get("other", "")
    found = service.compare(workspace(), base, other)
    rows = [[tensor.name, tensor.status, *_numbers(tensor)] for tensor in found.tensors]
    return csv_answer(["tensor", "status", *NUMBERS, "max_row", "max_column"], rows, f"{base}_to_{other}")


@blueprint.get("/heat-map.png")
def heat_map() -> Response:
    """Send the change of a tensor as a picture."""
    base, other, tensor = (request.args.get(name, "") for name in FIGURE_KEYS)
    return png_answer(
        lambda theme: pictures.heat_map_png(pictures.diff_heat_map(workspace(), base, other, tensor), theme),
        _mark(base, other),
    )


@blueprint.get("/distributions.json")
def distributions() -> Response:
    """Send the weights of both sides on shared bins as a figure."""
    return _figure(0)


@blueprint.get("/changes.json")
def changes() -> Response:
    """Send the distribution of the change as a figure."""
    return _figure(1)


def _figure(which: int) -> Response:
    base, other, tensor = (request.args.get(name, "") for name in FIGURE_KEYS)
    bins, limits, log = asked_bins()
    figures = pictures.diff_figures(workspace(), base, other, tensor, bins, limits, log)
    return until_changed(jsonify(figures[which]), _mark(base, other))


def _mark(base: str, other: str) -> str:
    """Return what the answer depends on beside its address: the content of both versions."""
    sides = [service.side(workspace(), reference, field) for reference, field in ((base, "base"), (other, "other"))]
    return " ".join(side.version.sha256 for side in sides)


def _page(base: str, other: str, found: VersionDiff | None, problem: str) -> str:
    hide_equal = request.args.get("equal") == "hide"
    return render_template(
        "compare/show.html",
        base=base,
        other=other,
        references=overview.references(workspace()),
        problem=problem,
        comparison=None if found is None else _comparison(base, other, found),
        hide_equal=hide_equal,
        address=_address,
        steps=[] if found is None else _steps(found),
        json=api_address("compare", base=base, other=other),
    )


def _address(**changes: Any) -> str:  # noqa: ANN401 - values of the query
    """Return this page's address with some values of its query changed; empty ones go."""
    values = request.args.to_dict() | changes
    return address("compare.show", **{name: value for name, value in values.items() if value})


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
    ranked = _most_changed(found)
    largest = (ranked[0].name, _relative(ranked[0])) if ranked else None
    wanted = request.args.get("tensor", ranked[0].name if ranked else "")
    chosen = next((tensor for tensor in found.tensors if tensor.name == wanted and tensor.numbers is not None), None)
    return {
        "sentence": comparison_sentence([tensor.status for tensor in found.tensors], largest, _score(found)),
        "chips": _chips(found),
        "metrics": [_line(fact, metric_words(fact.name), True) for fact in found.metrics],
        "settings": [_line(fact, setting_words(fact.name), False) for fact in found.settings],
        "tensors": [_tensor_line(tensor) for tensor in found.tensors],
        "selected": None if chosen is None else _selected(base, other, chosen),
    }


def _most_changed(found: VersionDiff) -> list[TensorDiff]:
    """Return the changed tensors, the most changed first; matrices before biases, whose first values are often 0."""
    changed = [tensor for tensor in found.tensors if tensor.status == "changed"]
    return sorted(changed, key=lambda tensor: (_is_vector(tensor), -(_relative(tensor) or 0.0)))


def _is_vector(tensor: TensorDiff) -> bool:
    return tensor.base is None or len(tensor.base.shape) < 2


def _relative(tensor: TensorDiff) -> float | None:
    return tensor.numbers.relative if tensor.numbers is not None else None


def _score(found: VersionDiff) -> str:
    one, two = found.base.metrics, found.other.metrics
    task = "classification" if "accuracy" in one or "val_accuracy" in one else "regression"
    metric = metric_name(task, one)
    if metric is None or two.get(metric) is None:
        return ""
    return score_sentence(metric, one[metric], two[metric])


def _chips(found: VersionDiff) -> list[tuple[str, str, str]]:
    names = [metric_words(fact.name) for fact in found.settings if not fact.equal and fact.name not in {"epoch", "run"}]
    flips = sum(tensor.numbers.sign_flips for tensor in found.tensors if tensor.numbers is not None)
    chips = [("", f"{len(names)} settings differ", "#side")] if names else []
    return chips + ([("", f"{flips:,} signs flipped", "")] if flips else [])


def _line(fact: Fact, words: str, is_metric: bool) -> dict[str, Any]:
    numeric = is_metric and fact.base is not None and fact.other is not None and not fact.equal
    change = fact.other - fact.base if numeric else None
    return {"name": words, "base": fact.base, "other": fact.other, "change": change, "same": fact.equal}


def _tensor_line(tensor: TensorDiff) -> dict[str, Any]:
    other_name = tensor.other.name if tensor.other is not None else None
    return {
        "name": tensor.name,
        "other_name": other_name,
        "status": tensor.status,
        "difference": tensor.numbers,
        "address": _address(tensor=tensor.name) if tensor.numbers is not None else "",
    }


def _numbers(tensor: TensorDiff) -> list[Any]:
    if tensor.numbers is None:
        return [None] * (len(NUMBERS) + 2)
    return [getattr(tensor.numbers, name) for name in NUMBERS] + list(tensor.numbers.max_cell or (None, None))


def _selected(base: str, other: str, tensor: TensorDiff) -> dict[str, Any]:
    detail = change_detail(workspace(), base, other, tensor.name)
    keys = {"base": base, "other": other, "tensor": tensor.name}
    largest = detail.units[0].norm if detail.units else 0.0
    units = [] if _is_vector(tensor) else detail.units
    moved = [unit.unit for unit in units[:UNITS_NAMED] if unit.norm > 0]
    return {
        "name": tensor.name,
        "sentence": change_sentence(tensor.numbers, moved, detail.unchanged_rows if moved else 0),
        "chips": [],
        "map": None if _is_vector(tensor) else _map(detail, keys),
        "distributions": address("compare.distributions", **keys),
        "changes": address("compare.changes", **keys),
        "units": [
            {"number": u.unit, "norm": u.norm, "largest": u.max_abs, "share": u.norm / largest if largest else 0.0}
            for u in units
        ],
        "top": [_cell(detail, tensor, cell) for cell in detail.cells],
        "pictures": _pictures(detail),
    }


def _map(detail: ChangeDetail, keys: dict[str, str]) -> dict[str, Any]:
    found = detail.heat_map
    height, width = found.levels.shape
    zoom = max(1, min(pictures.HEAT_MAP_HEIGHT // max(height, 1), pictures.HEAT_MAP_WIDTH // max(width, 1), 16))
    return {
        "light": address("compare.heat_map", theme="light", **keys),
        "dark": address("compare.heat_map", theme="dark", **keys),
        "width": width * zoom,
        "height": height * zoom,
        "limit": found.limit,
        "clipped": found.clipped,
        "note": f"{found.rows:,} rows (inputs) down, {found.columns:,} columns (units) across",
    }


def _cell(detail: ChangeDetail, tensor: TensorDiff, cell: Any) -> dict[str, Any]:  # noqa: ANN401 - a CellChange
    version = detail.other.version
    assert tensor.other is not None
    place = {"name": version.network, "number": version.number, "tensor": tensor.other.name}
    at = address("tensors.show", row=cell.row, column=cell.column, **place)
    return {
        "row": cell.row,
        "column": cell.column,
        "base": cell.base,
        "other": cell.other,
        "delta": cell.change,
        "address": at,
    }


def _pictures(detail: ChangeDetail) -> dict[str, Any] | None:
    """Return the pictures of the unit that moved most, before and after."""
    if detail.image_shape is None or not detail.units:
        return None
    unit = detail.units[0].unit
    height, width = detail.image_shape
    items = []
    for words, version in (("before", detail.base.version), ("after", detail.other.version)):
        place = {"name": version.network, "number": version.number, "unit": unit, "units": 1}
        sources = {theme: address("versions.units", theme=theme, **place) for theme in ("light", "dark")}
        items.append({"words": words, **sources})
    return {"unit": unit, "width": UNIT_PIXELS, "height": UNIT_PIXELS * height // width, "items": items}
