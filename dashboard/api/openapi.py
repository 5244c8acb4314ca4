"""The OpenAPI 3.1 document, made from the views that are registered and what `descriptions.py` says of them."""

import re
from collections.abc import Iterator
from dataclasses import MISSING
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.routing import Rule

from dashboard import __version__
from dashboard.api.answers import json_answer
from dashboard.api.descriptions import JSON, OPERATIONS, PATH, Operation
from dashboard.api.query import OWN_PARAMETERS, PARAMETERS
from dashboard.api.schemas import SCHEMAS, Schema, ref
from dashboard.http import own_path

blueprint = Blueprint("openapi", __name__)

ABOUT = (
    "Everything that the pages do, for programs. Lists come in pages: ask again with `offset` set to `next` until it "
    "is null. Every failure has one shape, `Error`, whose message says how to fix it. NaN and infinities are null, "
    'except in the cells of a table, where they are the texts "nan", "inf" and "-inf". Times are UTC.'
)


@blueprint.get("/")
def index() -> Response:
    """Answer where the description of the API is."""
    document = f"{own_path()}openapi.json"
    return json_answer(
        {"name": "Weightbase", "version": __version__, "openapi": document, "help": f"{request.script_root}/help"}
    )


@blueprint.get("/openapi.json")
def document() -> Response:
    """Answer this document."""
    servers = {"servers": [{"url": request.script_root}]} if request.script_root else {}
    return json_answer(servers | openapi_document(current_app._get_current_object()))  # type: ignore[attr-defined]


def openapi_document(app: Flask) -> dict[str, Any]:
    """Return the description of every view of the API; raises KeyError for a view that nobody has described."""
    paths: dict[str, Any] = {}
    for rule in api_rules(app):
        view, method = rule.endpoint.removeprefix("api."), _method(rule)
        about = app.view_functions[rule.endpoint].__doc__ or ""
        paths.setdefault(_path(rule), {})[method.lower()] = _operation(view, about, sorted(rule.arguments))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Weightbase", "version": __version__, "description": ABOUT},
        "paths": paths,
        "components": {"schemas": SCHEMAS},
    }


def api_rules(app: Flask) -> Iterator[Rule]:
    """Yield the routing rules of the API's views."""
    return (rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api."))


def _method(rule: Rule) -> str:
    """Return a rule's one method (HEAD and OPTIONS come by themselves)."""
    (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
    return method


def _path(rule: Rule) -> str:
    return re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r"{\1}", rule.rule)


def _operation(view: str, about: str, arguments: list[str]) -> dict[str, Any]:
    operation = OPERATIONS[view]
    noun, _, name = view.partition(".")
    query = PARAMETERS | OWN_PARAMETERS.get(view, {})
    described: dict[str, Any] = {
        "operationId": name,
        "tags": [noun],
        "summary": about.splitlines()[0],
        "parameters": [_parameter("path", argument, PATH[argument], True) for argument in arguments]
        + [
            _parameter("query", field, query[field].schema, query[field].default is MISSING)
            for field in operation.query
        ],
        "responses": _responses(operation),
    }
    if operation.bodies:
        content = {media_type: {"schema": ref(schema)} for media_type, schema in operation.bodies}
        described["requestBody"] = {"required": operation.body_required, "content": content}
    return described


def _parameter(place: str, name: str, schema: Schema, required: bool) -> dict[str, Any]:
    return {"in": place, "name": name, "required": required, "schema": schema}


def _responses(operation: Operation) -> dict[str, Any]:
    good: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase}
    if operation.status != HTTPStatus.NO_CONTENT:
        good["content"] = {operation.media_type: {"schema": operation.answer} if operation.answer is not None else {}}
    if operation.conditional:
        good["headers"] = {"ETag": {"description": "Send it as If-None-Match.", "schema": {"type": "string"}}}
    same = {str(status): good | {"description": HTTPStatus(status).phrase} for status in operation.also}
    if operation.accepted is not None:
        same["202"] = {"description": "Accepted", "content": {JSON: {"schema": operation.accepted}}}
    failures = {str(status): _failure(HTTPStatus(status).phrase) for status in operation.fails}
    unchanged = {"304": {"description": "What the client has is still right."}} if operation.conditional else {}
    return {str(operation.status): good} | same | unchanged | failures | {"default": _failure("Any other failure")}


def _failure(description: str) -> dict[str, Any]:
    return {"description": description, "content": {JSON: {"schema": ref("Error")}}}
