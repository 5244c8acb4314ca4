"""Runs: the queue, the live page of one, stopping it, resuming it, and starting it again."""

from collections.abc import Callable

from flask import Blueprint, Response, flash, jsonify, render_template, request, url_for

from dashboard.charts.figures import saying, training_curves
from dashboard.errors import Conflict
from dashboard.http import sender, workspace
from dashboard.records.run import Run
from dashboard.services.runs import runs as service
from dashboard.services.runs.queue import STATE_FILTERS, queue_mark, run_mark
from dashboard.web.kit.answers import Answer, redirect_to
from dashboard.web.kit.live import live_answer
from dashboard.web.kit.tables import Table, exports, numbers_at
from dashboard.web.kit.words import folded_settings
from dashboard.web.runs.page import (
    ALL,
    EPOCHS_SHOWN,
    METRICS_DRAWN,
    differences_table,
    epochs_table,
    measured,
    queue_page,
    requested_state,
    run_page,
    runs_table,
    spreads_table,
    trainings_table,
    wants_all_epochs,
    wants_all_metrics,
)
from dashboard.web.runs.words import no_curves_words

blueprint = Blueprint("runs", __name__)


@blueprint.get("/runs")
def index() -> Answer:
    """Show the queue: what runs, what is queued, what has ended, or one of these (`state`)."""
    page = queue_page(requested_state(), queue_mark(workspace()))
    return render_template("runs/index.html", page=page)


@blueprint.get("/runs/queue")
def queue() -> Response:
    """Send the live part of the queue's page; nothing (204) if it still looks as it did at `mark`."""
    state = requested_state()

    def render(mark: str) -> str:
        return render_template("runs/_queue.html", page=queue_page(state, mark))

    return live_answer(lambda: queue_mark(workspace()), render)


@numbers_at(blueprint, "/runs")
def runs() -> Table:
    """Return what runs there are (in a state), and how far each has come."""
    return runs_table(requested_state())


@blueprint.get("/runs/<int:run_id>")
def show(run_id: int) -> str:
    """Show a run: a training, several of them, or an action on the store."""
    page = run_page(service.get_run(workspace(), run_id))
    if page.run.repeats:
        return render_template("runs/repeats.html", page=page, settings=folded_settings(page.run.spec))
    if not page.run.has_curves:
        return render_template("runs/action.html", page=page)
    return render_template(
        "runs/show.html",
        page=page,
        curves=url_for("runs.epochs_figure", run_id=run_id, metrics=ALL if wants_all_metrics() else None),
        exports=exports("runs.epochs", run_id=run_id),
        settings=folded_settings(page.run.spec),
    )


@blueprint.get("/runs/<int:run_id>/progress")
def progress(run_id: int) -> Response:
    """Send the live part of a run's page; nothing (204) if it still looks as it did at `mark`."""

    def render(_: str) -> str:
        if wants_all_epochs():
            page = run_page(service.get_run(workspace(), run_id))
        else:
            page = run_page(service.watch_run(workspace(), run_id, EPOCHS_SHOWN))
        return render_template("runs/_progress.html", page=page)

    return live_answer(lambda: run_mark(workspace(), run_id), render)


@blueprint.get("/runs/<int:run_id>/epochs.figure")
def epochs_figure(run_id: int) -> Response:
    """Send loss and accuracy of all epochs as a figure."""
    detail = service.get_run(workspace(), run_id)
    most = None if wants_all_metrics() else METRICS_DRAWN
    figure = training_curves(measured(detail.run, detail.epochs), most=most)
    answer = jsonify(saying(figure, no_curves_words(detail.run)))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@numbers_at(blueprint, "/runs/<int:run_id>/epochs")
def epochs(run_id: int) -> Table:
    """Return loss and accuracy of all epochs."""
    return epochs_table(run_id, service.get_run(workspace(), run_id).epochs)


@numbers_at(blueprint, "/runs/<int:run_id>/differences")
def differences(run_id: int) -> Table:
    """Return where an action on the store found something else than what was saved."""
    return differences_table(service.get_run(workspace(), run_id).run)


@numbers_at(blueprint, "/runs/<int:run_id>/trainings")
def trainings(run_id: int) -> Table:
    """Return the scores of each of several trainings."""
    return trainings_table(service.get_run(workspace(), run_id).run)


@numbers_at(blueprint, "/runs/<int:run_id>/spreads")
def spreads(run_id: int) -> Table:
    """Return how far the scores of several trainings vary."""
    return spreads_table(service.get_run(workspace(), run_id).run)


CHANGES: dict[str, Callable[[int], Run]] = {
    "cancel": lambda run_id: service.cancel_run(workspace(), run_id),
    "priority": lambda run_id: service.set_priority(
        workspace(), run_id, {"priority": request.form.get("priority", "")}
    ),
    "resume": lambda run_id: service.resume_run(workspace(), run_id),
    "restart": lambda run_id: service.restart_run(workspace(), run_id, sender("page")),
}


@blueprint.post("/runs/<int:run_id>/<any(cancel, priority, resume, restart):what>")
def change(run_id: int, what: str) -> Response:
    """Do what a button requests, and show the page that it is on: the queue, or the run that was changed (or made)."""
    try:
        run_id = CHANGES[what](run_id).id
    except Conflict as error:  # it has ended, say, before the button was pressed: the page shows how it is now
        flash(error.message, "error")
    state = request.form.get("queue")
    if state is None:
        return redirect_to(url_for("runs.show", run_id=run_id))
    return redirect_to(url_for("runs.index", state=state if state in STATE_FILTERS else None))
