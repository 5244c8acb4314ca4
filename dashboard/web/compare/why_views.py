"""Why the loss changed between two versions: the page, its tables as files, its figures."""

from typing import Any

from flask import Blueprint, Response, jsonify, render_template

from dashboard.errors import Conflict, UserError
from dashboard.http import sender, workspace
from dashboard.records.network import Version
from dashboard.records.why import WhyResult
from dashboard.services.why.offers import class_names, counting_run, runs_elsewhere, two_versions
from dashboard.services.why.results import known_why, known_with_cells, why_or_run
from dashboard.web.compare.stepping import version_steps
from dashboard.web.compare.why_page import FIGURES, why_page
from dashboard.web.compare.why_query import WhyQuery, why_query
from dashboard.web.compare.why_tables import TABLES
from dashboard.web.compare.words import pair_title, with_nearest
from dashboard.web.kit.answers import Answer, redirect_to
from dashboard.web.kit.tables import Table, numbers_at
from dashboard.web.kit.urls import address

blueprint = Blueprint("why", __name__, url_prefix="/compare/why")
NOT_COUNTED = "Which weights changed the loss is not counted yet: that takes longer than a second, so a run does it."


@blueprint.get("")
def show() -> Answer:
    """Show which weights changed the loss from `base` to `other`, or why that cannot be said here."""
    params = why_query()
    if not params.request.base or not params.request.other:
        return redirect_to(address("compare.show"))
    try:
        sides = two_versions(workspace(), params.request)
        shown = _shown(params, sides)
    except UserError as error:
        return _page(params, problem=with_nearest(error)), error.status
    return _page(params, title=pair_title(*sides), sides=sides, steps=version_steps(params.address, *sides), **shown)


def _shown(params: WhyQuery, sides: tuple[Version, Version]) -> dict[str, Any]:
    """Return what the page shows of two versions; of those without a common loss why not, and what can be done."""
    try:
        result, has_cells = known_with_cells(workspace(), params.request)
    except Conflict as error:
        if error.field not in {"base", "other"}:
            raise
        return {"reason": error.message, "elsewhere": runs_elsewhere(*sides)}
    if result is None:
        run_id = counting_run(workspace(), params.request)
        return {"sentence": NOT_COUNTED, "is_counted": False, "counting": run_id}
    return why_page(params, result, class_names(sides[1])) | {"has_cells": has_cells}


@blueprint.post("")
def count() -> Answer:
    """Queue the run that counts it, and go to its page; to the result if that is known by now."""
    params = why_query()
    answer = why_or_run(workspace(), params.request, sender("page"))
    if answer.run_id is None:
        return redirect_to(params.address())
    return redirect_to(address("runs.show", run_id=answer.run_id))


@numbers_at(blueprint, f"/<any({', '.join(TABLES)}):what>")
def numbers(what: str) -> Table:
    """Return one of the tables, all of it."""
    params = why_query()
    return TABLES[what](params, _result(params))


@blueprint.get(f"/<any({', '.join(FIGURES)}):what>.figure")
def figure(what: str) -> Response:
    """Send one of the charts as a figure."""
    return jsonify(FIGURES[what](_result(why_query())))


def _result(params: WhyQuery) -> WhyResult:
    result = known_why(workspace(), params.request)
    if result is None:
        raise Conflict(f"{NOT_COUNTED} Start it on the page of the comparison.", "base")
    return result


def _page(params: WhyQuery, **shown: Any) -> str:  # noqa: ANN401 - what `why_page` returns, or what is in its place
    base, other = params.request.base, params.request.other
    nothing: dict[str, Any] = {
        "title": f"{base} to {other}",
        "sides": None,
        "problem": "",
        "steps": [],
        "reason": "",
        "result": None,
        "is_counted": True,
        "counting": None,
    }
    return render_template("compare/why.html", base=base, other=other, params=params, **nothing | shown)
