"""Runs: the queue, the live page of one, stopping it, letting it go on, and starting it again."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, jsonify, render_template, request, url_for

from dashboard.errors import Conflict
from dashboard.records.run import Run
from dashboard.services.runs import runs as service
from dashboard.services.runs.queue import STATE_FILTERS, is_at_work, mark_text, queue_mark, run_mark
from dashboard.services.runs.runs import RunDetail
from dashboard.services.versions.pictures import curves as curves_figure
from dashboard.web.kit.answers import Answer, redirect_to
from dashboard.web.kit.live import SharedParts
from dashboard.web.kit.paging import is_beyond
from dashboard.web.kit.query import asked_by, workspace
from dashboard.web.kit.tables import Numbers, exports, numbers_at
from dashboard.web.kit.words import folded_settings
from dashboard.web.runs.page import asked_state, queue_page
from dashboard.web.runs.words import attempts_words, neglect_words, run_sentence
from dashboard.web.store.words import action_sentence, action_title

blueprint = Blueprint("runs", __name__)

PARTS = SharedParts()

EPOCHS_SHOWN = 12
MOST_RUNS = 100_000
LINES_SHOWN = 100
DIFFERENCE_COLUMNS = ("version", "tensor", "row", "column", "expected", "found", "problem")
EPOCH_COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds", "learning_rate")
QUEUE_COLUMNS = ("created", "started", "ended", "priority", "started_by", "attempt", "checkpoint")


@blueprint.get("/runs")
def index() -> Answer:
    """Show the queue: what runs, what waits in its turn, what has ended, or one of these (`state`)."""
    state, mark = asked_state(), queue_mark(workspace())
    shown = queue_page(state, mark)
    if is_beyond(shown["rows"]):
        return redirect_to(url_for("runs.index", state=state or None))
    return render_template("runs/index.html", **shown)


@blueprint.get("/runs/queue")
def queue() -> Response:
    """Send the live part of the queue's page; nothing (204) if it still looks as it did at `mark`."""
    state, mark = asked_state(), PARTS.mark(lambda: queue_mark(workspace()))
    return _live(mark, lambda: render_template("runs/_queue.html", **queue_page(state, mark)))


@numbers_at(blueprint, "/runs")
def runs() -> Numbers:
    """Say what runs there are (in a state), and how far each has come."""
    page, last = service.list_runs(workspace(), MOST_RUNS, states=STATE_FILTERS.get(asked_state(), ()))
    rows = [
        [run.id, run.kind, run.state, run.done, run.total, run.network or None, run.dataset or None]
        + [getattr(last.get(run.id), name, None) for name in EPOCH_COLUMNS]
        + [getattr(run, name) for name in QUEUE_COLUMNS]
        for run in page.items
    ]
    heads = ("run", "kind", "state", "done", "total", "network", "dataset", *EPOCH_COLUMNS, *QUEUE_COLUMNS)
    return Numbers(heads, rows, "runs")


@blueprint.get("/runs/<int:run_id>")
def show(run_id: int) -> str:
    """Show a run: a training, or an action on the store."""
    detail = service.get_run(workspace(), run_id)
    if not detail.run.is_training:
        return render_template("runs/action.html", **_action(detail))
    return render_template(
        "runs/show.html",
        **_progress(detail),
        curves=url_for("runs.epochs_figure", run_id=run_id),
        exports=exports("runs.epochs", run_id=run_id),
        settings=folded_settings(detail.run.spec),
    )


@blueprint.get("/runs/<int:run_id>/progress")
def progress(run_id: int) -> Response:
    """Send the live part of a run's page; nothing (204) if it still looks as it did at `mark`."""
    mark = PARTS.mark(lambda: run_mark(workspace(), run_id))
    return _live(mark, lambda: _part(service.watch_run(workspace(), run_id, EPOCHS_SHOWN)))


@blueprint.get("/runs/<int:run_id>/epochs.figure")
def epochs_figure(run_id: int) -> Response:
    """Send loss and score of all epochs as a figure."""
    answer = jsonify(curves_figure(service.get_run(workspace(), run_id).epochs))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@numbers_at(blueprint, "/runs/<int:run_id>/epochs")
def epochs(run_id: int) -> Numbers:
    """Say loss and score of all epochs."""
    found = service.get_run(workspace(), run_id).epochs
    rows = [[getattr(epoch, name) for name in EPOCH_COLUMNS] for epoch in found]
    return Numbers(EPOCH_COLUMNS, rows, f"run_{run_id}_epochs")


@numbers_at(blueprint, "/runs/<int:run_id>/differences")
def differences(run_id: int) -> Numbers:
    """Say where an action on the store found something else than what was saved."""
    lines = service.get_run(workspace(), run_id).run.result.get("differences", [])
    rows = [[line[name] for name in DIFFERENCE_COLUMNS] for line in lines]
    return Numbers(DIFFERENCE_COLUMNS, rows, f"run_{run_id}_differences")


@blueprint.post("/runs/<int:run_id>/cancel")
def cancel(run_id: int) -> Response:
    """Ask a run to stop."""
    return _done(run_id, lambda: service.cancel_run(workspace(), run_id))


@blueprint.post("/runs/<int:run_id>/priority")
def set_priority(run_id: int) -> Response:
    """Let a queued run come sooner or later than others."""
    wanted = {"priority": request.form.get("priority", "")}
    return _done(run_id, lambda: service.set_priority(workspace(), run_id, wanted))


@blueprint.post("/runs/<int:run_id>/resume")
def resume(run_id: int) -> Response:
    """Let a run that ended before its goal go on."""
    return _done(run_id, lambda: service.resume_run(workspace(), run_id))


@blueprint.post("/runs/<int:run_id>/restart")
def restart(run_id: int) -> Response:
    """Start a run anew, with the same settings."""
    return _done(run_id, lambda: service.restart_run(workspace(), run_id, asked_by()))


def _done(run_id: int, act: Callable[[], Run]) -> Response:
    """Do what a button asks for, and show the queue if it stood there, else the run that it was done to (or made)."""
    try:
        run_id = act().id
    except Conflict as error:  # it has ended, say, before the button was pressed: the page shows how it is now
        flash(error.message, "error")
    shown = request.form.get("queue")
    if shown is None:
        return redirect_to(url_for("runs.show", run_id=run_id))
    return redirect_to(url_for("runs.index", state=shown if shown in STATE_FILTERS else None))


def _live(mark: str, render: Callable[[], str]) -> Response:
    """Answer a poll with 204 if the tab has what belongs to this mark, else with the new part."""
    is_known = request.args.get("mark") == mark
    answer = Response(status=204) if is_known else Response(PARTS.part(mark, render))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _part(detail: RunDetail) -> str:
    if detail.run.is_training:
        return render_template("runs/_run_progress.html", **_progress(detail))
    return render_template("runs/_action_progress.html", **_action(detail))


def _progress(detail: RunDetail) -> dict[str, Any]:
    epochs = detail.epochs
    return _head(detail) | {
        "epochs": list(reversed(epochs[-EPOCHS_SHOWN:])),
        "done": epochs[-1].epoch if epochs else 0,
        "versions": detail.versions,
        "sentence": run_sentence(detail.run, epochs, detail.turn),
        "title": f"of {detail.run.network}" if detail.run.network else action_title(detail.run),
    }


def _action(detail: RunDetail) -> dict[str, Any]:
    run = detail.run
    again = ""
    if run.request.get("password"):  # it has to be typed once more
        again = url_for("store.show", to=run.request["to"], home=run.request["home"], _anchor="copy")
    return _head(detail) | {
        "title": action_title(run),
        "sentence": action_sentence(run, detail.turn),
        "differences": run.result.get("differences", [])[:LINES_SHOWN],
        "left_out": run.result.get("left_out", [])[:LINES_SHOWN],
        "again": again,
        "facts": [("To", run.request["to"]), ("Home of the copy", run.request["home"])] if run.kind == "copy" else [],
        "search_id": run.request.get("search_id"),
    }


def _head(detail: RunDetail) -> dict[str, Any]:
    """Return what the live parts of all kinds of runs begin with."""
    run, at_work = detail.run, is_at_work(workspace())
    return {
        "run": run,
        "poll": "" if run.has_ended else url_for("runs.progress", run_id=run.id, mark=mark_text(detail.mark, at_work)),
        "attempts": attempts_words(run),
        "neglect": neglect_words(run, at_work),
        "seconds_left": detail.seconds_left,
    }
