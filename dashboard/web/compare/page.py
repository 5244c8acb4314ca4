"""What the page of a comparison shows: both versions, and one tensor of them in detail."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from dashboard.http import workspace
from dashboard.metrics import metric_name
from dashboard.services.compare.detail import INPUT, axis_of, change_detail, top_cells, unit_changes
from dashboard.services.compare.pairs import TensorPair
from dashboard.services.compare.pictures import SIDES, picture_shape, tile_size
from dashboard.services.compare.versions import PAIRED, TensorDiff, VersionDiff
from dashboard.services.networks import get_network
from dashboard.services.why.offers import offers_shares
from dashboard.web.compare.change_map import map_page
from dashboard.web.compare.listing import Listing
from dashboard.web.compare.query import CompareQuery
from dashboard.web.compare.tables import (
    cells_table,
    facts_table,
    number_of,
    tensor_address,
    tensors_table,
    units_table,
)
from dashboard.web.compare.words import (
    change_sentence,
    comparison_sentence,
    one_cell_sentence,
    other_data,
    score_sentence,
    side_words,
)
from dashboard.web.kit.formats import plural
from dashboard.web.kit.repeats import RepeatNote, compared_notes
from dashboard.web.kit.tables import Exports, exports
from dashboard.web.kit.urls import address

UNITS_NAMED = 3
MOST_NAMED = 100
"""So many tensors without a counterpart are named; the table has all of them."""
Chart = tuple[str, str, str, Exports]
"""A chart's name, its title, and the addresses of its figure and numbers."""
CHARTS = {
    "changes": "Distribution of the change",
    "distributions": "Before and after",
    "scatter": "Base against other",
}


def unmatched(params: CompareQuery, diff: VersionDiff) -> dict[str, Any]:
    """Return the tensors without a counterpart and of another shape, those that can be paired, and those that are.

    `lists` are (heading, the first (name, shape), how many more), `bases` and `added` (name, shape), of which a form
    offers a choice unless there are `many`, `paired` (base, other, address without it).
    """

    def named(*states: str) -> list[tuple[str, str]]:
        return [(tensor.name, _shape_words(tensor)) for tensor in diff.tensors if tensor.status in states]

    base, other, by_hand = params.versions
    lists = [
        (f"Removed: only in {base}", named("removed")),
        (f"Added: only in {other}", named("added")),
        ("Of another shape", named("reshaped")),
    ]
    pairs = [(t.name, t.other.name) for t in diff.tensors if t.by_hand and t.other is not None]
    paired = [
        (one, two, params.address(pair=[pair for pair in by_hand if pair != f"{one}{PAIRED}{two}"]))
        for one, two in pairs
    ]
    shown = [(words, items[:MOST_NAMED], max(len(items) - MOST_NAMED, 0)) for words, items in lists if items]
    bases, added = named("removed", "reshaped"), named("added")
    many = max(len(bases), len(added)) > MOST_NAMED
    return {"lists": shown, "bases": bases, "added": added, "paired": paired, "many": many}


def _shape_words(tensor: TensorDiff) -> str:
    info = tensor.base or tensor.other
    assert info is not None  # one of them is there
    return " × ".join(f"{length:,}" for length in info.shape) or "one number"


def unit_pictures(pair: TensorPair, keys: dict[str, Any], unit: int) -> dict[str, Any] | None:
    """Return a unit's change, and its weights before and after, as pictures; None where weights are not pixels."""
    shape = picture_shape(pair)
    if shape is None:
        return None
    size = tile_size(shape)

    def at(side: str, theme: str) -> str:
        return address("changes.unit_picture", side=side, unit=unit, theme=theme, **keys)

    sides = [(side, at(side, "light"), at(side, "dark")) for side in (SIDES[-1], *SIDES[:-1])]
    return {"unit": unit, "height": size[0], "width": size[1], "sides": sides, "has_colours": len(shape) == 3}


def tensor_page(
    params: CompareQuery, tensor: TensorDiff, pair: TensorPair, rows: Iterable[TensorDiff]
) -> dict[str, Any]:
    """Return what the page shows of a tensor; `rows` are those of the table, whose neighbours are one step away."""
    assert tensor.numbers is not None  # or there is nothing to show
    keys = params.keys | {"tensor": tensor.name}
    cached_keys = keys | {"v": f"{pair.base.version.sha256[:8]}{pair.other.version.sha256[:8]}"}
    detail = change_detail(pair, params.by)
    is_vector = _is_vector(tensor)
    moved = [] if is_vector else unit_changes(pair).ranked(UNITS_NAMED)
    named = [unit.unit for unit in moved if unit.norm > 0]
    unit = params.unit if params.unit is not None else moved[0].unit if moved else 0
    pictures = unit_pictures(pair, cached_keys, unit)
    first = detail.cells[0] if detail.cells else None
    unchanged = detail.unchanged if named else 0
    before, after = neighbours(params, rows, tensor.name)
    is_by_unit = axis_of(pair, params.by) == axis_of(pair)
    in_place = unit if pictures and is_by_unit else None
    sides = side_words(pair)
    return {
        "name": tensor.name,
        "sentence": change_sentence(tensor.numbers, named, unchanged, pair.one.shape, first, sides),
        "sides": sides,
        "is_equal": tensor.status == "equal",
        "steps": [(before, "p", "previous difference"), (after, "n", "next difference")],
        "unit_page": params.address("compare.unit", tensor=tensor.name, unit=unit, axis=""),
        "is_most_moved": unit in named[:1],
        "map": None if is_vector else map_page(params, pair, cached_keys),
        "by_the_other": (params.address(axis=INPUT if is_by_unit else ""), sides[1 if is_by_unit else 0]),
        "units": None if is_vector else units_table(params, pair, detail.units, in_place),
        "cells": cells_table(params, pair, detail.cells),
        "pictures": pictures,
        "charts": _charts(params, keys, cached_keys),
    }


def neighbours(params: CompareQuery, rows: Iterable[TensorDiff], name: str) -> tuple[str, str]:
    """Return the addresses of the changed tensors before and after this one on the page, empty where there is none."""
    names = [tensor.name for tensor in rows if tensor.numbers is not None and tensor.status == "changed"]
    if name not in names:
        return "", ""
    place = names.index(name)
    before, after = names[place - 1 : place] if place else [], names[place + 1 : place + 2]
    one, two = (tensor_address(params, other[0]) if other else "" for other in (before, after))
    return one, two


def _charts(params: CompareQuery, keys: dict[str, Any], cached_keys: dict[str, Any]) -> list[Chart]:
    controls = params.given("bins", "log", "full")
    figures = {name: address(f"changes.{name}_figure", **cached_keys, **controls) for name in CHARTS}
    return [
        (name, title, figures[name], exports(f"changes.{name}", **keys, **controls)) for name, title in CHARTS.items()
    ]


def comparison_page(params: CompareQuery, listing: Listing) -> dict[str, Any]:
    """Return what the page of two versions shows, in detail of the query's tensor, or of the one to begin with."""
    diff = listing.diff
    ranked = most_changed(diff)
    first = opens_with(ranked)
    wanted = params.tensor or (first.name if first else "")
    chosen = next((tensor for tensor in diff.tensors if tensor.name == wanted and tensor.numbers is not None), None)
    tensors = tensors_table(params, diff, listing.sort, chosen.name if chosen else "")
    return {
        "sentence": _sentence(diff, ranked, listing.is_in_part),
        "pages": listing.pages,
        "in_part": params.address(draw=1, offset="") if listing.is_in_part and not diff.uncounted else "",
        "progress": params.address("compare.progress") if diff.uncounted else "",
        "stop": stop_address(params),
        "chip_list": _chips(diff),
        "notes": _notes(diff),
        "facts": [
            facts_table(params, diff, "metrics", params.hides_equal),
            facts_table(params, diff, "settings", params.hides_settings),
        ],
        "equal_settings": sum(fact.equal for fact in diff.settings),
        "other_data": other_data([diff.base, diff.other]),
        "why_opened": _why_opened(chosen) if chosen and not params.tensor else "",
        "tensors": replace(tensors, rows=listing.rows),
        "mix": _mix_address(diff),
        "equal": sum(tensor.status == "equal" for tensor in diff.tensors),
        "unmatched": unmatched(params, diff),
        "offers_shares": offers_shares(diff.base, diff.other),
        "selected": tensor_page(params, chosen, chosen.pair, listing.rows) if chosen and chosen.pair else None,
    }


def stop_address(params: CompareQuery) -> str:
    """Return the page without the cells of all tensors: in no order that needs them."""
    return params.address("compare.show", draw="", sort="", offset="")


def _mix_address(diff: VersionDiff) -> str:
    """Return the page that mixes the two versions; empty if their tensors are not of the same names and forms."""
    pairs = [(tensor.base, tensor.other) for tensor in diff.tensors]
    is_alike = all(
        base and other and (base.name, base.shape, base.dtype) == (other.name, other.shape, other.dtype)
        for base, other in pairs
    )
    if diff.identical or not is_alike:
        return ""
    mixed = {"change": "interpolate", "other": diff.other.reference}
    return address("children.show", name=diff.base.network, number=diff.base.number, **mixed)


def _notes(diff: VersionDiff) -> list[RepeatNote]:
    """Say on how few records the compared score rests, and how far it varies."""
    versions = [diff.base, diff.other]
    sides = [(get_network(workspace(), version.network), version) for version in versions]
    return compared_notes(sides, metric_name(None, diff.base.metrics))


def most_changed(diff: VersionDiff) -> list[TensorDiff]:
    """Return the changed tensors that have numbers, the most changed first.

    Matrices come before biases, whose first values are often 0.
    """
    changed = [tensor for tensor in diff.tensors if tensor.status == "changed" and tensor.numbers is not None]
    return sorted(changed, key=lambda tensor: (_is_vector(tensor), -(number_of(tensor, "relative") or 0.0)))


def opens_with(ranked: Sequence[TensorDiff]) -> TensorDiff | None:
    """Return the tensor that a comparison opens with: the one whose units are pictures, else the most changed one."""
    return next((tensor for tensor in ranked if _has_pictures(tensor)), ranked[0] if ranked else None)


def _has_pictures(tensor: TensorDiff) -> bool:
    return tensor.pair is not None and picture_shape(tensor.pair) is not None


def _why_opened(tensor: TensorDiff) -> str:
    """Say why a comparison opens with this tensor."""
    if _has_pictures(tensor):
        return "shown first: its units are pictures"
    return f"shown first: it changed most{'' if _is_vector(tensor) else ', biases aside'}"


def _is_vector(tensor: TensorDiff) -> bool:
    return tensor.base is None or len(tensor.base.shape) < 2


def _sentence(diff: VersionDiff, ranked: list[TensorDiff], is_in_part: bool) -> str:
    """Say what changed; if only one cell differs, which one."""
    one, two = diff.base.metrics, diff.other.metrics
    metric = metric_name(None, one)
    known = metric is not None and two.get(metric) is not None and not other_data([diff.base, diff.other])
    score = score_sentence(metric, one[metric], two[metric]) if metric is not None and known else ""
    counted = [tensor.numbers.changed for tensor in diff.tensors if tensor.numbers is not None]
    changed = next((tensor for tensor in diff.tensors if tensor.status == "changed"), None)
    if changed and changed.pair and sum(counted) == 1 and len(counted) == len(diff.tensors):
        (cell,) = top_cells(changed.pair, 1)
        return f"{one_cell_sentence(changed.pair.one, cell)}{' ' + score if score else ''}"
    shares = {tensor.name: share for tensor in ranked if (share := number_of(tensor, "relative")) is not None}
    most = max(shares, key=lambda name: shares[name], default=None)  # of equals the first
    unknown = sum(tensor.status == "changed" for tensor in diff.tensors) - len(shares)
    largest = None if most is None else (most, shares[most])
    return comparison_sentence([tensor.status for tensor in diff.tensors], largest, score, unknown, is_in_part)


def _chips(diff: VersionDiff) -> list[tuple[str, str, str]]:
    """Return how many settings differ, signs flipped and cells are not finite."""
    settings = sum(not fact.equal and fact.name not in {"epoch", "run"} for fact in diff.settings)
    flips = sum(tensor.numbers.sign_flips for tensor in diff.tensors if tensor.numbers is not None)
    odd = sum(tensor.numbers.not_comparable for tensor in diff.tensors if tensor.numbers is not None)
    chips = [("", plural(settings, "setting differs", "settings differ"), "#side")] if settings else []
    of_all = "at least " if diff.is_in_part else ""
    chips += [("", f"{of_all}{plural(flips, 'sign flipped', 'signs flipped')}", "")] if flips else []
    return chips + ([("bad", f"{of_all}{plural(odd, 'cell')} NaN or Inf", "")] if odd else [])
