"""Runs: starting, watching, cancelling, resuming and restarting them."""

from flask import Blueprint, Response, url_for

from dashboard.api.answers import json_answer
from dashboard.api.query import json_list, json_object, read_query
from dashboard.api.shapes import epoch_json, page_json, run_detail_json, run_json
from dashboard.http import sender, workspace
from dashboard.records.run import Run
from dashboard.records.run_kinds import EXTERNAL
from dashboard.services.networks import get_network
from dashboard.services.runs import external, repeats
from dashboard.services.runs import runs as service
from dashboard.services.runs.queue import STATE_FILTERS

blueprint = Blueprint("runs", __name__)


@blueprint.post("/networks/<network>/runs")
def start_run(network: str) -> Response:
    """Queue a training, whose body holds settings that differ from the network's; or begin one that runs elsewhere."""
    body = json_object(optional=True)
    if body.get("kind") != EXTERNAL:
        return _accepted(service.start_run(workspace(), network, body, sender("API")))
    run, is_new = external.start_external(workspace(), network, body, sender("API"))
    return json_answer(run_json(run), 201 if is_new else 200, {"Location": _address(run)})


@blueprint.post("/runs/<number:run_id>/epochs")
def add_epochs(run_id: int) -> Response:
    """Take epochs of a run elsewhere, again if need be; an empty list says that it lives. Answers whether to stop."""
    noted = external.note_epochs(workspace(), run_id, json_list())
    run = noted.run
    return json_answer(
        {"run": run.id, "state": run.state, "epoch": run.done, "added": noted.added, "cancel": run.cancel_requested}
    )


@blueprint.post("/runs/<number:run_id>/end")
def end_run(run_id: int) -> Response:
    """Give a run elsewhere its final state."""
    return json_answer(run_json(external.end_external(workspace(), run_id, json_object())))


@blueprint.post("/networks/<network>/repeats")
def start_repeats(network: str) -> Response:
    """Queue several trainings, in `folds` or with `seeds`; the body holds how many, and training settings."""
    return _accepted(repeats.start_repeats(workspace(), network, json_object(), sender("API")))


@blueprint.get("/networks/<network>/repeats")
def get_repeats(network: str) -> Response:
    """Answer the newest finished cross-validation and the newest repetition with other seeds."""
    runs = repeats.latest_runs(workspace(), get_network(workspace(), network))
    return json_answer({kind: run_json(run) if run else None for kind, run in runs.items()})


@blueprint.get("/runs")
def list_runs() -> Response:
    """Answer a page of runs: running ones first, then queued ones in order, then the newest that ended."""
    limit, offset, network, state = read_query("limit", "offset", "network", "state")
    if network:
        get_network(workspace(), network)
    page, last = service.list_runs(workspace(), limit, offset, network or None, STATE_FILTERS.get(state, ()))
    items = [run_json(run) | {"last_epoch": epoch_json(last[run.id]) if run.id in last else None} for run in page.items]
    return json_answer(page_json(page, items))


@blueprint.get("/runs/<number:run_id>")
def get_run(run_id: int) -> Response:
    """Answer a run with its epochs, or only those after `since`."""
    (since,) = read_query("since")
    detail = service.get_run(workspace(), run_id, since)
    return json_answer(run_detail_json(detail), headers={"Cache-Control": "no-store"})


@blueprint.post("/runs/<number:run_id>/cancel")
def cancel_run(run_id: int) -> Response:
    """Ask a run to stop; it does so between two batches."""
    return _accepted(service.cancel_run(workspace(), run_id))


@blueprint.post("/runs/<number:run_id>/restart")
def restart_run(run_id: int) -> Response:
    """Queue a new run with the settings of one that has ended."""
    return _accepted(service.restart_run(workspace(), run_id, sender("API")))


@blueprint.post("/runs/<number:run_id>/resume")
def resume_run(run_id: int) -> Response:
    """Resume a training that ended early from its checkpoint, as its next attempt."""
    return _accepted(service.resume_run(workspace(), run_id))


@blueprint.post("/runs/<number:run_id>/priority")
def set_priority(run_id: int) -> Response:
    """Give a queued run another priority: 1 (high), 0 (normal) or -1 (low)."""
    return json_answer(run_json(service.set_priority(workspace(), run_id, json_object())))


def _accepted(run: Run) -> Response:
    return json_answer(run_json(run), 202, {"Location": _address(run)})


def _address(run: Run) -> str:
    return url_for("api.runs.get_run", run_id=run.id)
