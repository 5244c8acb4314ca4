"""Searches: starting them, watching, pausing, stopping, changing their budget, and opening trials as networks."""

from typing import Any

from flask import Blueprint, Response, url_for

from dashboard.api.answers import json_answer
from dashboard.api.query import json_object, read_query
from dashboard.api.shapes import findings_json, network_json, page_json, run_json, search_json, trial_json
from dashboard.http import workspace
from dashboard.parsing import Fields
from dashboard.records.page import Page
from dashboard.records.search import Search
from dashboard.services.search import requests as service
from dashboard.services.search.trials import get_trial as find_trial
from dashboard.services.search.trials import promote
from dashboard.services.search.view import brief_view, view

blueprint = Blueprint("searches", __name__)


@blueprint.get("/searches")
def list_searches() -> Response:
    """Answer a page of searches, the newest first."""
    limit, offset = read_query("limit", "offset")
    page, _ = service.list_searches(workspace(), limit, offset)
    items = [search_json(brief_view(workspace(), search.id)) for search in page.items]
    return json_answer(page_json(page, items))


@blueprint.post("/searches")
def create_search() -> Response:
    """Define a search and start it."""
    search = service.create_search(workspace(), json_object())
    place = url_for("api.searches.get_search", search_id=search.id)
    return json_answer(search_json(brief_view(workspace(), search.id)), 201, {"Location": place})


@blueprint.get("/searches/<number:search_id>")
def get_search(search_id: int) -> Response:
    """Answer a search: its goal, its progress, and its best."""
    return _answer(search_id)


@blueprint.patch("/searches/<number:search_id>")
def change_search(search_id: int) -> Response:
    """Give a search another budget or space; what is not given stays."""
    service.change_search(workspace(), search_id, json_object())
    return _answer(search_id)


@blueprint.delete("/searches/<number:search_id>")
def delete_search(search_id: int) -> Response:
    """Remove a search with its trials and their runs; networks that were made of them stay."""
    service.delete_search(workspace(), search_id)
    return Response(status=204)


@blueprint.post("/searches/<number:search_id>/pause")
def pause_search(search_id: int) -> Response:
    """Start no further trial; those that run may end."""
    return _accepted(service.pause_search(workspace(), search_id))


@blueprint.post("/searches/<number:search_id>/resume")
def resume_search(search_id: int) -> Response:
    """Let a search go on; no trial that has ended runs again."""
    return _accepted(service.resume_search(workspace(), search_id))


@blueprint.post("/searches/<number:search_id>/stop")
def stop_search(search_id: int) -> Response:
    """Start no further trial, and cancel those that run."""
    return _accepted(service.stop_search(workspace(), search_id))


@blueprint.get("/searches/<number:search_id>/trials")
def list_trials(search_id: int) -> Response:
    """Answer a page of a search's trials in order, those that confirm another included."""
    limit, offset = read_query("limit", "offset")
    trials = brief_view(workspace(), search_id).trials
    end = offset + limit
    page = Page(trials[offset:end], end if end < len(trials) else None)
    return json_answer(page_json(page, [trial_json(trial) for trial in page.items]))


@blueprint.get("/searches/<number:search_id>/trials/<number:trial>")
def get_trial(search_id: int, trial: int) -> Response:
    """Answer a trial with the definition that it trained and the checksum of its weights."""
    _, details, run = find_trial(workspace(), search_id, trial)
    more: dict[str, Any] = {"spec": run.spec.to_json(), "result": run.result, "error": run.error}
    return json_answer(trial_json(details) | more, headers={"Cache-Control": "no-store"})


@blueprint.post("/searches/<number:search_id>/trials/<number:trial>/network")
def open_trial(search_id: int, trial: int) -> Response:
    """Make a network of a trial and start its training; of a finished candidate it ends with the trial's weights."""
    fields = Fields(json_object(optional=True))
    fields.known({"name"})
    name = fields.name() if fields.data.get("name") is not None else ""
    fields.done()
    network, run = promote(workspace(), search_id, trial, name)
    place = url_for("api.networks.get_network", network=network.name)
    return json_answer({"network": network_json(network), "run": run_json(run)}, 202, {"Location": place})


@blueprint.get("/searches/<number:search_id>/findings")
def get_findings(search_id: int) -> Response:
    """Answer the results of a search: history, importance, predictions, and epochs saved."""
    return json_answer(findings_json(view(workspace(), search_id)), headers={"Cache-Control": "no-store"})


def _answer(search_id: int) -> Response:
    return json_answer(search_json(brief_view(workspace(), search_id)), headers={"Cache-Control": "no-store"})


def _accepted(search: Search) -> Response:
    return json_answer(search_json(brief_view(workspace(), search.id)), 202)
