"""Runs: the list, the live page of one, and stopping it."""

from typing import Any

from flask import Blueprint, Response, flash, jsonify, render_template, request, url_for

from dashboard.errors import Conflict
from dashboard.records import Epoch, Run
from dashboard.services import runs as service
from dashboard.services.overview import versions_of_runs
from dashboard.services.pictures import curves as curves_figure
from dashboard.services.runs import RunDetail
from dashboard.web.answers import Answer, see
from dashboard.web.common import LIST_LENGTH, is_beyond, last_page, neighbour_pages, query_number, workspace
from dashboard.web.numbers import Numbers, exports, numbers_at
from dashboard.web.store_words import action_sentence, action_title
from dashboard.web.words import folded_settings, run_sentence, runs_sentence

blueprint = Blueprint("runs", __name__)

EPOCHS_SHOWN = 12
MOST_RUNS = 100_000
LINES_SHOWN = 100
DIFFERENCE_COLUMNS = ("version", "tensor", "row", "column", "expected", "found", "problem")
EPOCH_COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds", "learning_rate")


@blueprint.get("/runs")
def index() -> Answer:
    """Show all runs, active ones first."""
    page, last = service.list_runs(workspace(), LIST_LENGTH, query_number("offset", 0, 0, 10**9))
    if is_beyond(page.items):
        return see(last_page(0))
    written = versions_of_runs(workspace(), [run.id for run in page.items])
    rows = [_row(run, last.get(run.id), written[run.id]) for run in page.items]
    return render_template(
        "runs/index.html",
        sentence=runs_sentence(page.items),
        rows=rows,
        exports=exports("runs.runs"),
        **neighbour_pages(page.next),
    )


@numbers_at(blueprint, "/runs")
def runs() -> Numbers:
    """Say what runs there are, and how far each has come."""
    page, last = service.list_runs(workspace(), MOST_RUNS)
    heads = [
        "run",
        "kind",
        "state",
        "done",
        "total",
        "network",
        "dataset",
        *EPOCH_COLUMNS,
        "created",
        "started",
        "ended",
    ]
    rows = [
        [run.id, run.kind, run.state, run.done, run.total, run.network or None, run.dataset or None]
        + [getattr(last.get(run.id), name, None) for name in EPOCH_COLUMNS]
        + [run.created, run.started, run.ended]
        for run in page.items
    ]
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
    """Send the live part of a run's page; nothing (204) if no epoch was added since and it still goes on."""
    detail = service.get_run(workspace(), run_id)
    known = query_number("since", -1, -1)
    same_state = request.args.get("state", "") == _state(detail.run)
    if known == detail.run.done and same_state:
        answer = Response(status=204)
    elif detail.run.is_training:
        answer = Response(render_template("runs/_run_progress.html", **_progress(detail)))
    else:
        answer = Response(render_template("runs/_action_progress.html", **_action(detail)))
    answer.headers["Cache-Control"] = "no-store"
    return answer


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
    try:
        service.cancel_run(workspace(), run_id)
    except Conflict as error:  # it ended before the button was pressed: the page shows how
        flash(error.message, "error")
    return see(url_for("runs.show", run_id=run_id))


@blueprint.post("/runs/<int:run_id>/restart")
def restart(run_id: int) -> Response:
    """Start a run anew, with the same settings."""
    return see(url_for("runs.show", run_id=service.restart_run(workspace(), run_id).id))


def _progress(detail: RunDetail) -> dict[str, Any]:
    epochs = detail.epochs
    return {
        "run": detail.run,
        "epochs": list(reversed(epochs[-EPOCHS_SHOWN:])),
        "done": epochs[-1].epoch if epochs else 0,
        "state_mark": _state(detail.run),
        "versions": detail.versions,
        "seconds_left": detail.seconds_left,
        "sentence": run_sentence(detail.run, epochs),
    }


def _action(detail: RunDetail) -> dict[str, Any]:
    run = detail.run
    again = ""
    if run.request.get("password"):  # it has to be typed once more
        again = url_for("store.show", to=run.request["to"], home=run.request["home"], _anchor="copy")
    return {
        "run": run,
        "title": action_title(run),
        "state_mark": _state(run),
        "seconds_left": detail.seconds_left,
        "sentence": action_sentence(run),
        "differences": run.result.get("differences", [])[:LINES_SHOWN],
        "left_out": run.result.get("left_out", [])[:LINES_SHOWN],
        "again": again,
        "facts": [("To", run.request["to"]), ("Home of the copy", run.request["home"])] if run.kind == "copy" else [],
    }


def _state(run: Run) -> str:
    return f"{run.state}{'-stopping' if run.cancel_requested else ''}"


def _row(run: Run, last: Epoch | None, written: list[int]) -> dict[str, Any]:
    end = run.ended or run.heartbeat
    seconds = (end - run.started).total_seconds() if run.started and end else None
    title = "" if run.is_training else action_title(run)
    return {"run": run, "title": title, "epoch": last, "versions": written, "seconds": seconds}
