"""Changes: child versions made of one version or of several, and what they would score."""

from typing import Any

from flask import Blueprint, Response, request

from dashboard.api.answers import json_answer
from dashboard.api.query import json_object, read_query
from dashboard.http import sender, workspace
from dashboard.records.change import parse_change
from dashboard.services.changes.between import get_between
from dashboard.services.changes.children import Preview, preview_child, save_child
from dashboard.services.versions.reading import get_version

blueprint = Blueprint("changes", __name__)


@blueprint.post("/networks/<network>/versions/<number:version>/children")
def create_child(network: str, version: int) -> Response:
    """Change a version's weights, measure the result, and save it as the network's next version."""
    child = save_child(workspace(), network, version, json_object(), sender("API"))
    if child.version is None:
        address = f"{request.script_root}/api/v1/runs/{child.run_id}"
        return json_answer({"run": child.run_id}, 202, {"Location": address})
    saved = child.version
    address = f"{request.script_root}/api/v1/networks/{network}/versions/{saved.number}"
    return json_answer({"version": saved.reference, "metrics": saved.metrics}, 201, {"Location": address})


@blueprint.post("/networks/<network>/versions/<number:version>/children/preview")
def preview(network: str, version: int) -> Response:
    """Answer what a change would do to the cells and the scores; nothing is saved."""
    change = parse_change(json_object(), f"{network}:{version}")
    return json_answer(preview_json(preview_child(workspace(), network, version, change)))


@blueprint.get("/networks/<network>/versions/<number:version>/between")
def get_scores_between(network: str, version: int) -> Response:
    """Answer the score at 21 mixes of a version and another, on up to 2,000 records; no points where none is known."""
    (other,) = read_query("other")
    between = get_between(workspace(), get_version(workspace(), network, version), other)
    points = zip(between.t, between.values, strict=True) if between else ()
    return json_answer(
        {
            "metric": between and between.metric,
            "part": between and between.part,
            "records": between.records if between else 0,
            "points": [{"t": t, "value": value} for t, value in points],
        }
    )


def preview_json(preview: Preview) -> dict[str, Any]:
    """Return what a change would do."""
    return {
        "changed": preview.changed,
        "cells": preview.cells,
        "scores": [score._asdict() for score in preview.scores.rows],
        "unmeasured": preview.scores.why_not,
        "of_one_origin": preview.made.of_one_origin,
        "taken_from_first": list(preview.made.taken),
    }
