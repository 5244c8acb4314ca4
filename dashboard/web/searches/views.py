"""Searches: the list, the form that defines one, its live page, and what is asked of it there."""

from collections.abc import Callable
from typing import Any
from zlib import crc32

from flask import Blueprint, Response, flash, jsonify, render_template, request, url_for

from dashboard.errors import Conflict, UserError
from dashboard.metrics import metric_words
from dashboard.records.search import Search, Trial
from dashboard.services.datasets import list_datasets
from dashboard.services.runs.runs import get_run
from dashboard.services.search import drawings, findings
from dashboard.services.search import requests as service
from dashboard.services.search.trials import get_trial, network_name, network_of, promote
from dashboard.services.search.view import SearchView, brief_view, view
from dashboard.web.kit.answers import Answer, confirm_by_name, redirect_to
from dashboard.web.kit.formats import plural
from dashboard.web.kit.forms import attach_errors, options, problems
from dashboard.web.kit.paging import LIST_LENGTH, is_beyond, last_page, neighbour_pages
from dashboard.web.kit.query import query_number, workspace
from dashboard.web.kit.tables import Numbers, exports, numbers_at
from dashboard.web.kit.urls import address
from dashboard.web.searches.forms import SearchForm, WidenForm
from dashboard.web.searches.page import chart_size, leaderboard, on_the_front, search_row, trial_columns, trial_values
from dashboard.web.searches.words import (
    SECOND_WORDS,
    against_random_sentence,
    candidate_words,
    name_words,
    opened_sentence,
    parameter_words,
    random_search_sentence,
    saved_sentence,
    search_sentence,
    searches_sentence,
    trial_state,
)

blueprint = Blueprint("searches", __name__)
blueprint.add_app_template_filter(trial_state, "trial_words")

SHOWN = 20
MOST = 100_000
"""So many trials of the leaderboard are shown until a person asks for all of them."""


@blueprint.get("/searches")
def index() -> Answer:
    """Show all searches, the newest first."""
    page, counts = service.list_searches(workspace(), LIST_LENGTH, query_number("offset", 0, 0, 10**9))
    if is_beyond(page.items):
        return redirect_to(last_page(0))
    rows = [search_row(brief_view(workspace(), search.id), counts[search.id]) for search in page.items]
    running = sum(search.is_driven for search in page.items)
    return render_template(
        "searches/index.html",
        sentence=searches_sentence(len(page.items), running),
        rows=rows,
        exports=exports("searches.searches"),
        **neighbour_pages(page.next),
    )


@numbers_at(blueprint, "/searches")
def searches() -> Numbers:
    """Say what searches there are, and the best that each has found."""
    heads = ["search", "name", "dataset", "state", "trials", "budget", "metric", "best", "score", "sampler", "created"]
    page, counts = service.list_searches(workspace(), MOST)
    rows = [search_row(brief_view(workspace(), search.id), counts[search.id])["numbers"] for search in page.items]
    return Numbers(heads, rows, "searches")


@blueprint.get("/searches/new")
def new() -> str:
    """Show the form, filled with what suits most."""
    form = SearchForm(data={"dataset": request.args.get("dataset", "")})
    form.fill()
    return _form_page(form)


@blueprint.post("/searches/new")
def create() -> Answer:
    """Start the search."""
    form = SearchForm(request.form)
    try:
        search = service.create_search(workspace(), form.definition())
    except UserError as error:
        attach_errors(form, error)
        return _form_page(form), error.status
    return redirect_to(url_for("searches.show", search_id=search.id))


@blueprint.get("/searches/<int:search_id>")
def show(search_id: int) -> Answer:
    """Show a search, live."""
    now = brief_view(workspace(), search_id)
    form = WidenForm()
    form.fill(now.search)
    return _page(now, form)


@blueprint.get("/searches/<int:search_id>/progress")
def progress(search_id: int) -> Response:
    """Send a live part of a search's page, its head or (part=trials) its tables; 204 if nothing has changed since."""
    now = brief_view(workspace(), search_id)
    part = "_trials" if request.args.get("part") == "trials" else "_progress"
    if request.args.get("mark", "") == _mark(now):
        answer = Response(status=204)
    else:
        answer = Response(render_template(f"searches/{part}.html", **_progress(now)))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/searches/<int:search_id>/<any(pause, resume, stop):verb>")
def ask(search_id: int, verb: str) -> Response:
    """Pause a search, let it go on, or stop it."""
    verbs = {"pause": service.pause_search, "resume": service.resume_search, "stop": service.stop_search}
    try:
        verbs[verb](workspace(), search_id)
    except Conflict as error:  # it has gone on or ended before the button was pressed: the page shows how
        flash(error.message, "error")
    return redirect_to(url_for("searches.show", search_id=search_id))


@blueprint.post("/searches/<int:search_id>/change")
def change(search_id: int) -> Answer:
    """Give a search another budget or space."""
    form = WidenForm(request.form)
    try:
        search = service.change_search(workspace(), search_id, form.changes())
    except UserError as error:
        attach_errors(form, error)
        return _page(brief_view(workspace(), search_id), form), error.status
    left = brief_view(workspace(), search_id).nothing_left[0] if search.state == "finished" else ""
    flash("Changed." if search.is_driven else f"Changed. {left or 'Resume the search to use it.'}")
    return redirect_to(url_for("searches.show", search_id=search_id))


@blueprint.route("/searches/<int:search_id>/delete", methods=["GET", "POST"])
def delete(search_id: int) -> Answer:
    """Ask for the name, then delete the search with its trials."""
    now = brief_view(workspace(), search_id)
    name = now.search.name
    what = [
        f"{name} goes with its {plural(len(now.trials), 'trial')} and their runs; this cannot be undone.",
        "The networks that were made of its trials, its proposer's network and the dataset stay.",
    ]
    answer = confirm_by_name(name, f"Delete {name}", what, url_for("searches.show", search_id=search_id))
    if answer is not None:
        return answer
    service.delete_search(workspace(), search_id)
    flash(f"{name} is deleted.")
    return redirect_to(url_for("searches.index"))


@blueprint.post("/searches/<int:search_id>/trials/<int:number>/network")
def open_as_network(search_id: int, number: int) -> Response:
    """Make a network of a trial and start its training; if that was done before, show the network."""
    search = service.get_search(workspace(), search_id)
    made = network_of(workspace(), search, number)
    if made is not None:
        return redirect_to(url_for("networks.show", name=made.name))
    network, run = promote(workspace(), search_id, number)
    flash(opened_sentence(network.name, get_trial(workspace(), search_id, number)[1]))
    return redirect_to(url_for("runs.show", run_id=run.id))


@numbers_at(blueprint, "/searches/<int:search_id>/trials")
def trials(search_id: int) -> Numbers:
    """Say what was tried, with every setting and what came of it; behind it the trials that confirm one."""
    now = brief_view(workspace(), search_id)
    again = [trial for trial in now.trials if trial.confirms is not None]
    rows = [trial_values(now, trial) for trial in [*leaderboard(now, request.args.get("sort", "")), *again]]
    return Numbers(trial_columns(now), rows, f"{now.search.name}_trials")


@blueprint.get("/searches/<int:search_id>/trials/<int:number>")
def trial(search_id: int, number: int) -> Response:
    """Lead to the run of a trial."""
    return redirect_to(url_for("runs.show", run_id=get_trial(workspace(), search_id, number)[2].id))


@numbers_at(blueprint, "/searches/<int:search_id>/history")
def history(search_id: int) -> Numbers:
    """Say each score in its order, and the best so far."""
    now = brief_view(workspace(), search_id)
    return Numbers(findings.Step._fields, findings.history(now), f"{now.search.name}_history")


@numbers_at(blueprint, "/searches/<int:search_id>/curves")
def curves(search_id: int) -> Numbers:
    """Say the score after each epoch of every trial."""
    now = view(workspace(), search_id)
    rows = [[number, epoch, score] for number, found in now.curves.items() for epoch, score in enumerate(found, 1)]
    return Numbers(["trial", "epoch", now.search.goal.metric], rows, f"{now.search.name}_curves")


@numbers_at(blueprint, "/searches/<int:search_id>/front")
def front(search_id: int) -> Numbers:
    """Say which trials no other beats in both goals."""
    now = brief_view(workspace(), search_id)
    best, others = findings.front(now)
    rows = [[point.trial, point.y, point.x, point in best] for point in best + others]
    heads = ["trial", now.search.goal.metric, now.search.goal.second or "second", "on_the_front"]
    return Numbers(heads, rows, f"{now.search.name}_front")


@numbers_at(blueprint, "/searches/<int:search_id>/importance")
def importance(search_id: int) -> Numbers:
    """Say how much of the scores' differences each setting accounts for."""
    now = brief_view(workspace(), search_id)
    return Numbers(["setting", "share"], findings.importance(now).items(), f"{now.search.name}_importance")


@numbers_at(blueprint, "/searches/<int:search_id>/predictions")
def predictions(search_id: int) -> Numbers:
    """Say what the proposer expected of each trial, and what came of it."""
    now = brief_view(workspace(), search_id)
    return Numbers(findings.Prediction._fields, findings.predictions(now), f"{now.search.name}_predictions")


@numbers_at(blueprint, "/searches/<int:search_id>/beliefs")
def beliefs(search_id: int) -> Numbers:
    """Say what the proposer expects on average at each value of each setting."""
    now = brief_view(workspace(), search_id)
    rows = [[name, *row] for name in now.search.beliefs.get("settings", {}) for row in _belief_rows(now, name)]
    return Numbers(["setting", "value", "mean", "sd"], rows, f"{now.search.name}_beliefs")


@blueprint.get("/searches/<int:search_id>/<any(history, curves, front, importance, predictions, belief):what>.figure")
def figure(search_id: int, what: str) -> Response:
    """Send one of the charts of a search; 304, and nothing is counted, if it would be the one that the page has."""
    mark = figure_mark(brief_view(workspace(), search_id), what)
    if request.if_none_match.contains_weak(mark):
        answer = Response(status=304)
    else:
        answer = jsonify(_leading_to_trials(FIGURES[what](view(workspace(), search_id)), search_id))
    answer.set_etag(mark, weak=True)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def figure_mark(now: SearchView, what: str) -> str:
    """Return what changes with all that a chart is drawn from; that settings matter changes with ended trials only."""
    if what == "curves":
        return _mark(now)
    ended = [(one.number, one.state, one.score, one.second) for one in now.candidates if one.state != "running"]
    search = now.search
    more = search.space if what in {"importance", "front"} else (len(now.candidates), search.changed)
    return f"{crc32(repr((ended, more, request.args.get('setting'))).encode()):x}"


def _leading_to_trials(figure: dict[str, Any], search_id: int) -> dict[str, Any]:
    """Return a figure whose points lead to their trials: `customdata` of a point takes the place of {}."""
    trials = url_for("searches.trial", search_id=search_id, number=0).removesuffix("0")
    return figure | {"layout": figure["layout"] | {"meta": {"leads": trials + "{}"}}}


def _belief_rows(now: SearchView, name: str) -> list[list[Any]]:
    found = findings.belief(now, name) or {"values": [], "mean": [], "sd": []}
    return [list(row) for row in zip(found["values"], found["mean"], found["sd"], strict=True)]


def _belief_figure(now: SearchView) -> dict[str, Any]:
    names = list(now.search.beliefs.get("settings", {}))
    name = request.args.get("setting", "")
    return drawings.belief(now, name if name in names else names[0] if names else "", name_words)


FIGURES: dict[str, Callable[[SearchView], dict[str, Any]]] = {
    "history": lambda now: drawings.history(now, name_words),
    "curves": lambda now: drawings.curves(now, name_words),
    "front": lambda now: drawings.front(now, name_words),
    "importance": lambda now: drawings.importance(now, name_words),
    "predictions": lambda now: drawings.predictions(now, name_words),
    "belief": _belief_figure,
}


def _form_page(form: SearchForm) -> str:
    names = [dataset.name for dataset in list_datasets(workspace())]
    form.dataset.choices = options((name, name) for name in names)
    return render_template(
        "searches/new.html",
        form=form,
        problems=problems(form),
        datasets=len(names),
        samplers=service.SAMPLER_KINDS,
        rules=service.STOPPING_KINDS,
    )


def _page(now: SearchView, form: WidenForm) -> str:
    search = now.search
    names = ("history", "curves", "front", "importance", "predictions", "beliefs")
    return render_template(
        "searches/show.html",
        **_progress(now),
        form=form,
        problems=problems(form),
        numbers={name: exports(f"searches.{name}", search_id=search.id) for name in names},
        figures={name: url_for("searches.figure", search_id=search.id, what=name) for name in FIGURES},
        importance_size=chart_size(len(findings.varied(now))),
        settings=[(name, parameter_words(name)) for name in findings.believed_settings(now)],
        tells=search.sampler == "neural" and not search.goal.second,  # with two goals it expects of a mixture
        titles={kind.name: kind.title for kind in service.SAMPLER_KINDS}
        | {kind.name: kind.title for kind in service.STOPPING_KINDS},
    )


def _progress(now: SearchView) -> dict[str, Any]:
    search, best = now.search, findings.best_trial(now)
    sort = request.args.get("sort", "")
    shown = leaderboard(now, sort)
    is_all = request.args.get("all", "") == "1"
    random, found = findings.against_random(now), findings.predictions(now)
    driver = get_run(workspace(), search.run_id).run if search.run_id is not None else None
    labels = {name: parameter_words(name) for name in now.search.space} | _axis_words(now)
    return {
        "search": search,
        "mark": _mark(now),
        "sentence": search_sentence(now),
        "done": sum(trial.state not in {"running", "cancelled"} for trial in now.candidates),
        "nothing_left": now.nothing_left[0] if now.search.state == "finished" else "",
        "error": driver.error if driver is not None and not search.is_driven and search.state == "running" else None,
        "best": _best(now, best) if best is not None else None,
        "running": [_running(now, trial) for trial in now.running],
        "trials": [_line(now, trial) for trial in (shown if is_all else shown[:SHOWN])],
        "count": len(shown),
        "front": on_the_front(now),
        "is_all": is_all,
        "sort": sort,
        "sorted_by": lambda order: _with(search, order, is_all),
        "all_address": _with(search, sort, True),
        "metric": metric_words(search.goal.metric),
        "second": SECOND_WORDS.get(search.goal.second, ""),
        "saved": saved_sentence(findings.saved(now)),
        "correlation": findings.correlation_of(found),
        "predicted": len(found),
        "against_random": against_random_sentence(random, search) if random is not None else "",
        "random_search": random_search_sentence(now),
        "parallel": findings.parallel_drawing(now, labels),
        "parallel_count": min(len(now.finished), findings.PARALLEL),
        "exports": {"trials": exports("searches.trials", search_id=search.id, sort=sort or None)},
    }


def _axis_words(now: SearchView) -> dict[str, str]:
    names = {name for trial in now.candidates for name in trial.params} | {"score"}
    return {name: parameter_words(name) for name in names} | {"score": metric_words(now.search.goal.metric)}


def _with(search: Search, sort: str, is_all: bool) -> str:
    values = {"search_id": search.id, "sort": sort or None, "all": "1" if is_all else None}
    return address("searches.show", **values, _anchor="trials")


def _mark(now: SearchView) -> str:
    """Return what a poll compares: it differs whenever the live part does."""
    states = "".join(trial.state[0] + trial.run_state[0] for trial in now.trials)
    epochs = sum(len(found) for found in now.curves.values())
    text = f"{states} {epochs} {now.search.changed.isoformat()} {now.search.run_id}"
    return f"{now.search.shown_state}-{len(now.trials)}-{crc32(text.encode())}"


def _best(now: SearchView, trial: Trial) -> dict[str, Any]:
    network = network_of(workspace(), now.search, trial.number)
    return {
        "trial": trial,
        "words": candidate_words(trial.params, now.search.space),
        "network": network.name if network is not None else "",
        "name": network_name(now.search, trial.number),
        "is_winner": now.search.result.get("best") == trial.number,
        "result": now.search.result,
        "again": now.confirmations.get(trial.number, []),
    }


def _running(now: SearchView, trial: Trial) -> dict[str, Any]:
    curve = now.curves.get(trial.number, ())
    return _line(now, trial) | {"epoch": len(curve), "latest": curve[-1] if curve else None}


def _line(now: SearchView, trial: Trial) -> dict[str, Any]:
    return {"trial": trial, "words": candidate_words(trial.params, now.search.space)}
