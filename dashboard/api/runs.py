"""Runs: starting, watching, cancelling, resuming and restarting them."""

from flask import Blueprint, Response, url_for

from dashboard.api.answers import json_answer
from dashboard.api.query import json_object, read_query
from dashboard.api.shapes import epoch_json, page_json, run_detail_json, run_json
from dashboard.http import sender, workspace
from dashboard.records.run import Run
from dashboard.services.networks import get_network
from dashboard.services.runs import repeats
from dashboard.services.runs import runs as service
from dashboard.services.runs.queue import STATE_FILTERS

blueprint = Blueprint("runs", __name__)


@blueprint.post("/networks/<network>/runs")
def start_run(network: str) -> Response:
    """Queue a training; the body holds training settings that differ from the network's, and `parent`."""
    return _accepted(service.start_run(workspace(), network, json_object(optional=True), sender("API")))


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
    return json_answer(run_json(run), 202, {"Location": url_for("api.runs.get_run", run_id=run.id)})
