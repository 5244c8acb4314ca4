"""Exports: the formats in which a version can be exported, its file in each of them, and the proof of a file."""

from flask import Blueprint, Response, request

from dashboard.api.answers import file_answer, is_known, json_answer, unchanged
from dashboard.api.descriptions import BYTES
from dashboard.api.query import json_object
from dashboard.api.shapes import export_proof_json, offer_json
from dashboard.http import etag_of, sender, workspace
from dashboard.parsing import Fields
from dashboard.services.exports.by_runs import made_export, request_export
from dashboard.services.exports.offers import FORMATS, format_of, offers
from dashboard.services.versions.reading import get_version

blueprint = Blueprint("exports", __name__)

VERSION = "/networks/<network>/versions/<number:version>"


@blueprint.get(f"{VERSION}/exports")
def list_exports(network: str, version: int) -> Response:
    """Answer every format with what it holds and lacks, why it is refused for the version, and the last proof."""
    return json_answer([offer_json(one) for one in offers(workspace(), network, version)])


@blueprint.get(f"{VERSION}.<suffix:suffix>")
def get_export(network: str, version: int, suffix: str) -> Response:
    """Answer a version as a file of a format, which was read back and compared before its first byte is sent."""
    owner = get_version(workspace(), network, version)
    etag = etag_of(owner.sha256, owner.id)
    if is_known(etag):
        return unchanged(etag)
    made = made_export(workspace(), network, version, format_of(f".{suffix}"), sender("API"))
    return file_answer(made.file, BYTES, made.name, etag)


@blueprint.post(f"{VERSION}/prove")
def prove_format(network: str, version: int) -> Response:
    """Make a version's file of a format again, read it back, and compare its tensors and outputs with the store's."""
    fields = Fields(json_object())
    fields.known({"format"})
    format_name = fields.choice("format", "", FORMATS)
    if not format_name:
        fields.refuse("format", f"Choose one of: {', '.join(FORMATS)}.")
    fields.done()
    requested = request_export(workspace(), network, version, format_name, sender("API"))
    if requested.proof is None:
        address = f"{request.script_root}/api/v1/runs/{requested.run_id}"
        return json_answer({"run": requested.run_id}, 202, {"Location": address})
    return json_answer({"version": f"{network}:{version}"} | export_proof_json(requested.proof))
