"""Networks: defining them, listing, reading, deleting; and starting their runs."""

from urllib.parse import quote

from flask import Blueprint, Response

from dashboard.api.answers import json_answer
from dashboard.api.query import json_object, read_query
from dashboard.api.shapes import network_json, page_json, summary_json
from dashboard.http import own_path, workspace
from dashboard.records.network import FOREIGN
from dashboard.services import networks as service
from dashboard.services.imports import fitting
from dashboard.services.versions.outside import define_foreign

blueprint = Blueprint("networks", __name__)


@blueprint.get("/networks")
def list_networks() -> Response:
    """Answer a page of networks, the newest first."""
    limit, offset, search, kind = read_query("limit", "offset", "search", "kind")
    page = service.list_networks(workspace(), limit, offset, search, kind or "")
    return json_answer(page_json(page, [summary_json(summary) for summary in page.items]))


@blueprint.post("/networks")
def create_network() -> Response:
    """Define a network, or begin a foreign one, for weights from elsewhere."""
    body = json_object()
    create = define_foreign if body.get("kind") == FOREIGN else service.create_network
    network = create(workspace(), body)
    return json_answer(network_json(network), 201, {"Location": f"{own_path()}/{quote(network.name)}"})


@blueprint.get("/networks/<network>")
def get_network(network: str) -> Response:
    """Answer a network's definition."""
    return json_answer(network_json(service.get_network(workspace(), network)))


@blueprint.put("/networks/<network>/dataset")
def give_dataset(network: str) -> Response:
    """Let a dense network that was imported without a dataset train on one that fits, for good."""
    return json_answer(network_json(fitting.give_dataset(workspace(), network, json_object())))


@blueprint.delete("/networks/<network>")
def delete_network(network: str) -> Response:
    """Put a network into the trash, with its versions and runs."""
    service.delete_network(workspace(), network)
    return Response(status=204)
