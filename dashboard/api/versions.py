"""Versions: listing, reading, proving, measuring on other data, taking away as a ZIP, deleting."""

import re

from flask import Blueprint, Response, url_for

from dashboard.api.answers import file_answer, is_known, json_answer, unchanged
from dashboard.api.query import json_object, read_query
from dashboard.api.shapes import page_json, proof_json, version_detail_json, version_json
from dashboard.http import etag_of, own_path, sender, user_name, workspace
from dashboard.parsing import Fields
from dashboard.services.push.manifest import MOST_BYTES as MOST_MANIFEST_BYTES
from dashboard.services.push.saving import push_version
from dashboard.services.versions import reading as service
from dashboard.services.versions.evaluation import evaluate_version
from dashboard.services.versions.tensors import version_zip
from dashboard.services.versions.verification import verify_version

blueprint = Blueprint("versions", __name__)


@blueprint.get("/networks/<network>/versions")
def list_versions(network: str) -> Response:
    """Answer a page of a network's versions, the newest first."""
    listed = service.list_versions(workspace(), network, *read_query("limit", "offset"))
    return json_answer(page_json(listed, [version_json(version) for version in listed.items]))


@blueprint.post("/networks/<network>/versions")
def push(network: str) -> Response:
    """Save a version that was trained elsewhere, once for its key: the manifest of what was sent before."""
    body = json_object(most=MOST_MANIFEST_BYTES)
    outcome = push_version(workspace(), network, body, user_name(), sender("API"))
    if outcome.version is not None:
        address = f"{own_path()}/{outcome.version.number}"
        return json_answer(version_json(outcome.version), 201 if outcome.is_new else 200, {"Location": address})
    if outcome.run_id is not None:
        return json_answer(
            {"run": outcome.run_id}, 202, {"Location": url_for("api.runs.get_run", run_id=outcome.run_id)}
        )
    return json_answer({"missing": outcome.missing}, 202, {} if outcome.missing else {"Retry-After": "1"})


@blueprint.get("/networks/<network>/versions/<number:version>")
def get_version(network: str, version: int) -> Response:
    """Answer a version with its tensors, their statistics, its metrics, spec and preprocessing."""
    return json_answer(version_detail_json(service.get_detail(workspace(), network, version)))


@blueprint.delete("/networks/<network>/versions/<number:version>")
def delete_version(network: str, version: int) -> Response:
    """Put a version into the trash."""
    service.delete_version(workspace(), network, version)
    return Response(status=204)


@blueprint.get("/networks/<network>/versions/<number:version>.zip")
def get_version_zip(network: str, version: int) -> Response:
    """Answer a version as a ZIP: a CSV for each tensor, and version.json with all that belongs to it."""
    detail = service.get_detail(workspace(), network, version)
    etag = etag_of(detail.version.sha256, detail.version.id)
    if is_known(etag):
        return unchanged(etag)
    about = version_detail_json(detail)
    name = f"{re.sub('[^A-Za-z0-9.-]+', '_', network)}_v{version:04d}.zip"
    return file_answer(version_zip(workspace(), detail.version, about), "application/zip", name, etag)


@blueprint.post("/networks/<network>/versions/<number:version>/verify")
def verify(network: str, version: int) -> Response:
    """Read a version back from the store and compare it with what was in memory when it was saved."""
    return json_answer(proof_json(verify_version(workspace(), network, version)))


@blueprint.post("/networks/<network>/versions/<number:version>/evaluate")
def evaluate(network: str, version: int) -> Response:
    """Measure a version on all records of a dataset."""
    fields = Fields(json_object())
    fields.known({"dataset"})
    dataset = fields.text("dataset")
    if not dataset:
        fields.refuse("dataset", "Name the dataset to measure on.")
    fields.done()
    measured = evaluate_version(workspace(), network, version, dataset)
    return json_answer({"version": f"{network}:{version}", "dataset": dataset} | measured)
