"""The comparison of two versions, base on the left, other on the right: from a sentence to a tensor, unit and cell."""

from typing import Any

from flask import Blueprint, render_template

from dashboard.errors import Conflict, UserError
from dashboard.http import workspace
from dashboard.records.units import other_axis
from dashboard.services.compare import detail as details
from dashboard.services.compare.versions import PAIRED
from dashboard.services.versions import reading
from dashboard.web.compare.change_map import map_around
from dashboard.web.compare.listing import Listing, compared, continue_comparing
from dashboard.web.compare.page import comparison_page, stop_address, unit_pictures
from dashboard.web.compare.query import SHADES, CompareQuery, compare_query
from dashboard.web.compare.stepping import version_steps
from dashboard.web.compare.tables import TENSOR_COLUMNS, cell_page, other_table, sides_table, unit_cells_table
from dashboard.web.compare.words import axis_words, cell_sentence, side_words, unit_sentence, with_nearest
from dashboard.web.kit.answers import Answer, redirect_to
from dashboard.web.kit.query import Query, query
from dashboard.web.kit.tables import chosen_order
from dashboard.web.kit.urls import address, api_address

blueprint = Blueprint("compare", __name__, url_prefix="/compare")

CELLS_OF_UNIT = 20
PAIRING = ("pair_base", "pair_other")


@blueprint.get("")
def show() -> Answer:
    """Show what changed from `base` to `other`, and in detail in the tensor `tensor` (the most changed one)."""
    picked = query().args.getlist("version")
    if len(picked) == 2:  # ticked in a list of versions: the newest comes first there
        return redirect_to(address("compare.show", base=picked[1], other=picked[0]))
    if picked:
        base, other, *_ = [*picked, ""]
        return _page(base, other, f"Choose two versions; {len(picked)} chosen."), 422
    if all(query().args.get(name) for name in PAIRING):
        return redirect_to(_with_pair(query()))
    params = compare_query()
    base, other, _ = params.versions
    if not base and not other:
        return _page("", "", "")
    sort = chosen_order(query(), TENSOR_COLUMNS)
    try:
        listing = compared(params, sort)
    except UserError as error:
        return _page(base, other, with_nearest(error)), error.status
    return _shown(params, listing)


def _shown(params: CompareQuery, listing: Listing) -> Answer:
    """Show a comparison; one whose map is to show shares that are not counted leads to where they can be."""
    try:
        shown = comparison_page(params, listing)
    except Conflict:
        if params.shade == SHADES[0]:
            raise
        return redirect_to(params.why)
    base, other, _ = params.versions
    steps = version_steps(params.address, listing.diff.base, listing.diff.other)
    return _page(base, other, "", params=params, steps=steps, **shown)


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
        back=params.address(unit=number if is_unit else ""),
        steps=[
            (params.address("compare.unit", unit=to) if to is not None else "", key, words)
            for to, key, words in ((detail.before, "p", "moved more"), (detail.after, "n", "moved less"))
        ],
    )


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


def _page(
    base: str,
    other: str,
    problem: str,
    params: CompareQuery | None = None,
    **shown: Any,  # noqa: ANN401 - what `comparison_page` returns
) -> str:
    return render_template(
        "compare/show.html",
        base=base,
        other=other,
        references=reading.references(workspace()),
        problem=problem,
        params=params,
        json=api_address("compare", base=base, other=other),
        **shown,
    )
