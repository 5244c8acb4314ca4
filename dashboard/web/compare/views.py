"""The comparison of two versions, base on the left, other on the right: from a sentence to a tensor, unit and cell."""

from flask import Blueprint, render_template

from dashboard.errors import Conflict, UserError
from dashboard.http import workspace
from dashboard.records.units import other_axis
from dashboard.services.compare import detail as details
from dashboard.services.compare.choices import other_side
from dashboard.services.compare.pictures import pixel_cell
from dashboard.services.compare.versions import PAIRED
from dashboard.services.first_steps import note_comparison
from dashboard.web.compare.bits import bit_boards, flips_sentence, step_sentence
from dashboard.web.compare.change_map import map_around
from dashboard.web.compare.choosing import LIST, SIDES, choosing_page, only_one_words, pickers, remember_pair
from dashboard.web.compare.listing import Listing, compared, continue_comparing
from dashboard.web.compare.page import comparison_page, stop_address, unit_pictures
from dashboard.web.compare.query import SHADES, CompareQuery, compare_query
from dashboard.web.compare.stepping import version_steps
from dashboard.web.compare.tables import (
    TENSOR_COLUMNS,
    cell_page,
    other_table,
    sides_table,
    unit_cells_table,
    unit_over_versions,
)
from dashboard.web.compare.words import (
    axis_words,
    cell_sentence,
    pair_title,
    side_words,
    unit_sentence,
)
from dashboard.web.kit.answers import Answer, redirect_to, same_as_before
from dashboard.web.kit.query import Query, query
from dashboard.web.kit.tables import chosen_order
from dashboard.web.kit.urls import address, api_address
from dashboard.web.kit.words import cell_reference

blueprint = Blueprint("compare", __name__, url_prefix="/compare")

CELLS_OF_UNIT = 20
PAIRING = ("pair_base", "pair_other")


@blueprint.get("")
def show() -> Answer:
    """Show what changed from `base` to `other`, and in detail in the tensor `tensor` (the most changed one)."""
    if picked := query().args.getlist("version"):
        return _of_ticked(picked)
    if all(query().args.get(name) for name in PAIRING):
        return redirect_to(_with_pair(query()))
    params = compare_query()
    base, other, _ = params.versions
    if not base or not other or LIST in {base, other}:
        side = "base" if base in {"", LIST} else "other"
        return _choose(side, {"base": base, "other": other} | {side: ""})
    sort = chosen_order(query(), TENSOR_COLUMNS)
    try:
        listing = compared(params, sort)
    except UserError as error:
        side = error.field if error.field in SIDES else "other"
        return _choose(side, {"base": base, "other": other}, error), error.status
    return _shown(params, listing)


def _of_ticked(picked: list[str]) -> Answer:
    """Compare versions that were ticked in a list, newest first: one with its parent or the best, many in columns."""
    if len(picked) > 2:
        return redirect_to(address("several.show", version=picked))
    if len(picked) == 2:
        older, newer = _older_first(picked)
        return redirect_to(address("compare.show", base=older, other=newer))
    try:
        other = other_side(workspace(), picked[0])
    except UserError as error:
        return _choose("base", {"base": picked[0], "other": ""}, error), error.status
    if other is None:
        return _choose("other", {"base": picked[0], "other": ""}, UserError(only_one_words(picked[0])))
    older, newer = _older_first([picked[0], other])  # the parent in another network is the base
    return redirect_to(address("compare.show", base=older, other=newer))


def _older_first(picked: list[str]) -> list[str]:
    """Return two versions, the older one first; a list may be sorted by anything, two networks are as they come."""
    parts = [one.rpartition(":") for one in picked]
    if parts[0][0] == parts[1][0] and all(number.isdecimal() and len(number) < 19 for *_, number in parts):
        return sorted(picked, key=lambda one: int(one.rpartition(":")[2]))
    return picked[::-1]


@blueprint.get("/choose")
def choose() -> str:
    """Show the versions of a network, one of which becomes a side of the comparison."""
    side = query().word("side", SIDES, "base")
    return _choose(side, {name: query().text(name) for name in SIDES})


def _choose(side: str, chosen: dict[str, str], problem: UserError | None = None) -> str:
    return render_template("compare/choose.html", **choosing_page(query(), side, chosen, problem))


def _shown(params: CompareQuery, listing: Listing) -> Answer:
    """Show a comparison; one whose map is to show shares that are not counted leads to where they can be."""
    try:
        shown = comparison_page(params, listing)
    except Conflict:
        if params.shade == SHADES[0]:
            raise
        return redirect_to(params.why)
    sides = (listing.diff.base, listing.diff.other)
    remember_pair(params)
    note_comparison(workspace(), *sides)
    page = render_template(
        "compare/show.html",
        params=params,
        base=params.versions.base,
        other=params.versions.other,
        sides=sides,
        title=pair_title(*sides),
        steps=version_steps(params.address, *sides),
        pickers=pickers(*sides),
        json=api_address("compare", base=params.versions.base, other=params.versions.other),
        **shown,
    )
    return same_as_before(page)


@blueprint.get("/progress")
def progress() -> str:
    """Go on comparing the cells of many tensors for about a second, and show how far it is."""
    params = compare_query()
    poll, stop = params.address("compare.progress"), stop_address(params)
    return render_template("history/_progress.html", done=continue_comparing(params), poll=poll, stop=stop)


@blueprint.get("/unit")
def unit() -> str:
    """Show how one unit (or with axis=input an input, with column or row one of these) has changed."""
    params = compare_query()
    number, pair = params.unit or 0, params.pair()
    axis = details.axis_of(pair, params.by)
    is_unit = axis == details.axis_of(pair)
    detail = details.unit_detail(pair, axis, number, CELLS_OF_UNIT)
    keys = params.keys | {"tensor": params.tensor}
    return render_template(
        "compare/unit.html",
        detail=detail,
        name=axis_words(detail.pair, axis)[0],
        sentence=unit_sentence(detail, axis),
        cells=unit_cells_table(params, detail, detail.largest),
        pictures=unit_pictures(detail.pair, keys, number) if is_unit else None,
        table=other_table(detail.pair, **{axis: number}),
        film=unit_over_versions(detail.pair, number) if is_unit else "",
        back=params.address(unit=number if is_unit else ""),
        steps=[
            (params.address("compare.unit", unit=to) if to is not None else "", key, words)
            for to, key, words in ((detail.before, "p", "moved more"), (detail.after, "n", "moved less"))
        ],
    )


@blueprint.get("/pixel")
def pixel() -> Answer:
    """Go to the page of the cell that a pixel of the map shows (`x`, `y`)."""
    params = compare_query()
    pair = params.pair()
    shown = pixel_cell(pair, params.map, params.query.number("x"), params.query.number("y"))
    return redirect_to(params.address("compare.cell", row=shown.row, column=shown.column, x="", y=""))


@blueprint.get("/cell")
def cell() -> str:
    """Show how one cell has changed, down to its bits."""
    params = compare_query()
    row, column = params.query.number("row"), params.query.number("column")
    detail = details.cell_detail(params.pair(), row, column)
    steps = ((detail.rank.before, "p", "larger change"), (detail.rank.after, "n", "smaller change"))
    is_vector = len(detail.pair.one.shape) < 2
    words, axis = side_words(detail.pair), details.axis_of(detail.pair)
    places = (column, row) if axis == "column" else (row, column)
    unit, along = (
        (word, place, params.address("compare.unit", axis=by, unit=place, row="", column=""))
        for word, place, by in zip(words, places, (details.UNIT, details.INPUT), strict=True)
    )
    return render_template(
        "compare/cell.html",
        detail=detail,
        sentence=cell_sentence(detail),
        sides=sides_table(detail),
        boards=(boards := bit_boards(detail)),
        flips=flips_sentence(boards),
        step_words=step_sentence(detail),
        cite=cell_reference(detail.pair.other.version, detail.pair.two, row, column),
        around=None if is_vector else map_around(params, detail.pair, row, column),
        unit=unit,
        along=None if is_vector else along,
        along_is=f"the {other_axis(axis)} of the table",
        back=params.address(row="", column=""),
        steps=[(cell_page(params, detail.pair, *to) if to else "", key, words) for to, key, words in steps],
    )


def _with_pair(source: Query) -> str:
    """Return this page's address with the pair that a person chose in the form."""
    pair = PAIRED.join(source.args[name] for name in PAIRING)
    others = [text for text in source.args.getlist("pair") if text != pair]
    return source.address(pair=[*others, pair], pair_base="", pair_other="")
