"""Searches: the list, the form that defines one, its live page and its numbers, and the buttons of it."""

from dataclasses import replace
from functools import cache, partial

from flask import Blueprint, Response, flash, jsonify, render_template, request, url_for

from dashboard.errors import Conflict, UserError
from dashboard.http import workspace
from dashboard.services.datasets import training_datasets
from dashboard.services.search import findings
from dashboard.services.search import requests as service
from dashboard.services.search.trials import get_trial, network_of, promote
from dashboard.services.search.view import SearchView, brief_view, view
from dashboard.web.kit.answers import Answer, confirm_by_name, redirect_to
from dashboard.web.kit.formats import plural
from dashboard.web.kit.forms import attach_errors, options, problems
from dashboard.web.kit.lists import listed
from dashboard.web.kit.live import live_answer
from dashboard.web.kit.query import query
from dashboard.web.kit.tables import Numbers, Table, exports, numbers_at
from dashboard.web.searches.figures import FIGURES, chart_size, drawn_figure, figure_mark, search_mark
from dashboard.web.searches.forms import SearchForm, WidenForm
from dashboard.web.searches.page import head_of, searches_table, trials_of, trials_table
from dashboard.web.searches.words import opened_sentence, parameter_words, searches_sentence

blueprint = Blueprint("searches", __name__)

MOST = 100_000
CHART_NUMBERS = ("history", "curves", "front", "importance", "predictions", "beliefs")


@blueprint.get("/searches")
def index() -> Answer:
    """Show all searches, the newest first."""
    sentence = searches_sentence(*service.count_searches(workspace()))
    return render_template("searches/index.html", sentence=sentence, found=listed(searches()))


@numbers_at(blueprint, "/searches")
def searches() -> Table:
    """Return what searches there are, and the best trial of each."""
    page, counts = service.list_searches(workspace(), MOST)
    return searches_table(page.items, counts)


@blueprint.get("/searches/new")
def new() -> str:
    """Show the form, filled with what suits most."""
    form = SearchForm(data={"dataset": query().text("dataset")})
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
    is_head = query().word("part", ("head", "trials"), "head") == "head"
    now = cache(partial(brief_view, workspace(), search_id))

    def render(_: str) -> str:
        if is_head:
            return render_template("searches/_progress.html", head=head_of(now()))
        return render_template("searches/_trials.html", trials=trials_of(now()))

    return live_answer(lambda: search_mark(now()), render)


@blueprint.post("/searches/<int:search_id>/<any(pause, resume, stop):verb>")
def control(search_id: int, verb: str) -> Response:
    """Pause, resume or stop a search."""
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
    confirm_by_name(name, f"Delete {name}", what, url_for("searches.show", search_id=search_id))
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
def trials(search_id: int) -> Table:
    """Return what was tried, with every setting and its result; after it the trials that confirm one."""
    now = brief_view(workspace(), search_id)
    table = trials_table(now, query())
    again = [trial for trial in now.trials if trial.confirms is not None]
    return replace(table, rows=[*table.rows, *again])


@blueprint.get("/searches/<int:search_id>/trials/<int:number>")
def trial(search_id: int, number: int) -> Response:
    """Lead to the run of a trial."""
    return redirect_to(url_for("runs.show", run_id=get_trial(workspace(), search_id, number)[2].id))


@numbers_at(blueprint, "/searches/<int:search_id>/history")
def history(search_id: int) -> Numbers:
    """Return each score in its order, and the best so far."""
    now = brief_view(workspace(), search_id)
    return Numbers(findings.Step._fields, findings.history(now), f"{now.search.name}_history")


@numbers_at(blueprint, "/searches/<int:search_id>/curves")
def curves(search_id: int) -> Numbers:
    """Return the score after each epoch of every trial."""
    now = view(workspace(), search_id)
    rows = [[number, epoch, score] for number, curve in now.curves.items() for epoch, score in enumerate(curve, 1)]
    return Numbers(["trial", "epoch", now.search.goal.metric], rows, f"{now.search.name}_curves")


@numbers_at(blueprint, "/searches/<int:search_id>/front")
def front(search_id: int) -> Numbers:
    """Return which trials no other beats in both goals."""
    now = brief_view(workspace(), search_id)
    best, others = findings.front(now)
    rows = [[trial.number, trial.score, trial.second, trial in best] for trial in best + others]
    heads = ["trial", now.search.goal.metric, now.search.goal.second or "second", "on_the_front"]
    return Numbers(heads, rows, f"{now.search.name}_front")


@numbers_at(blueprint, "/searches/<int:search_id>/importance")
def importance(search_id: int) -> Numbers:
    """Return how much of the scores' differences each setting accounts for."""
    now = brief_view(workspace(), search_id)
    trials = findings.finished(now)
    rows = [(name, share, trials) for name, share in findings.importance(now).items()]
    return Numbers(["setting", "share", "trials"], rows, f"{now.search.name}_importance")


@numbers_at(blueprint, "/searches/<int:search_id>/predictions")
def predictions(search_id: int) -> Numbers:
    """Return what the sampler expected of each trial, and its score."""
    now = brief_view(workspace(), search_id)
    return Numbers(findings.Prediction._fields, findings.predictions(now), f"{now.search.name}_predictions")


@numbers_at(blueprint, "/searches/<int:search_id>/beliefs")
def beliefs(search_id: int) -> Numbers:
    """Return what the sampler expects on average at each value of each setting."""
    search = brief_view(workspace(), search_id).search
    rows = [
        [name, *row]
        for name, one in search.beliefs.get("settings", {}).items()
        for row in zip(one["values"], one["mean"], one["sd"], strict=True)
    ]
    return Numbers(["setting", "value", "mean", "sd"], rows, f"{search.name}_beliefs")


@blueprint.get("/searches/<int:search_id>/<any(history, curves, front, importance, predictions, belief):what>.figure")
def figure(search_id: int, what: str) -> Response:
    """Send one of the charts of a search; 304, and nothing is counted, if it would be the one that the page has.

    Its points lead to their trials: `customdata` of a point takes the place of {} in `leads`.
    """
    setting = query().text("setting")
    mark = figure_mark(brief_view(workspace(), search_id), what, setting)
    if request.if_none_match.contains_weak(mark):
        answer = Response(status=304)
    else:
        drawn = drawn_figure(view(workspace(), search_id), what, setting)
        leads = url_for("searches.trial", search_id=search_id, number=0).removesuffix("0") + "{}"
        answer = jsonify(drawn | {"layout": drawn["layout"] | {"meta": {"leads": leads}}})
    answer.set_etag(mark, weak=True)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _form_page(form: SearchForm) -> str:
    names = [dataset.name for dataset in training_datasets(workspace())]
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
    return render_template(
        "searches/show.html",
        search=search,
        head=head_of(now),
        trials=trials_of(now),
        form=form,
        problems=problems(form),
        numbers={name: exports(f"searches.{name}", search_id=search.id) for name in CHART_NUMBERS},
        figures={name: url_for("searches.figure", search_id=search.id, what=name) for name in FIGURES},
        importance_size=chart_size(len(findings.varied(now))),
        settings=[(name, parameter_words(name)) for name in findings.believed_settings(now)],
        predicts=search.sampler == "neural" and not search.goal.second,  # with two goals it expects of a mixture
        titles={one.name: one.title for one in service.SAMPLER_KINDS}
        | {one.name: one.title for one in service.STOPPING_KINDS},
    )
