"""Runs: the list, the live page of one, and stopping it."""

from typing import Any

from flask import Blueprint, Response, flash, jsonify, render_template, request, url_for

from dashboard.errors import Conflict
from dashboard.records import Epoch, Run
from dashboard.services import runs as service
from dashboard.services.overview import versions_of_runs
from dashboard.services.pictures import curves as curves_figure
from dashboard.services.runs import RunDetail
from dashboard.web.answers import see
from dashboard.web.common import LIST_LENGTH, neighbour_pages, query_number, workspace
from dashboard.web.numbers import Numbers, exports, numbers_at
from dashboard.web.words import run_sentence, runs_sentence, training_settings

blueprint = Blueprint("runs", __name__)

EPOCHS_SHOWN = 12
MOST_RUNS = 100_000
EPOCH_COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds", "learning_rate")


@blueprint.get("/runs")
def index() -> str:
    """Show all runs, active ones first."""
    page, last = service.list_runs(workspace(), LIST_LENGTH, query_number("offset", 0, 0, 10**9))
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
    heads = ["run", "state", "network", "dataset", *EPOCH_COLUMNS, "created", "started", "ended"]
    rows = [
        [run.id, run.state, run.network, run.dataset]
        + [getattr(last.get(run.id), name, None) for name in EPOCH_COLUMNS]
        + [run.created, run.started, run.ended]
        for run in page.items
    ]
    return Numbers(heads, rows, "runs")


@blueprint.get("/runs/<int:run_id>")
def show(run_id: int) -> str:
    """Show a run."""
    detail = service.get_run(workspace(), run_id)
    return render_template(
        "runs/show.html",
        **_progress(detail),
        curves=url_for("runs.epochs_figure", run_id=run_id),
        exports=exports("runs.epochs", run_id=run_id),
        settings=training_settings(detail.run.spec),
    )


@blueprint.get("/runs/<int:run_id>/progress")
def progress(run_id: int) -> Response:
    """Send the live part of a run's page; nothing (204) if no epoch was added since and it still goes on."""
    detail = service.get_run(workspace(), run_id)
    known = query_number("since", -1, -1)
    done = detail.epochs[-1].epoch if detail.epochs else 0
    same_state = request.args.get("state", "") == _state(detail.run)
    if known == done and same_state:
        answer = Response(status=204)
    else:
        answer = Response(render_template("runs/_run_progress.html", **_progress(detail)))
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


def _state(run: Run) -> str:
    return f"{run.state}{'-stopping' if run.cancel_requested else ''}"


def _row(run: Run, last: Epoch | None, written: list[int]) -> dict[str, Any]:
    end = run.ended or run.heartbeat
    seconds = (end - run.started).total_seconds() if run.started and end else None
    return {"run": run, "epoch": last, "versions": written, "seconds": seconds}
