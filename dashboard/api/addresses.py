"""Addresses: how numbers and tensors' names stand in them, and what is said of an address that does not exist."""

import re
from contextlib import suppress
from functools import cache

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import NotFound as UnknownAddress
from werkzeug.routing import BaseConverter, Map, MapAdapter

from dashboard.api.errors import answer_errors
from dashboard.errors import NotFound
from dashboard.services.exports.offers import SUFFIXES

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class NumberConverter(BaseConverter):
    """A version's number or a run's id; 18 digits at most, so that every database can look for it."""

    regex = r"\d{1,18}"

    def to_python(self, value: str) -> int:
        """Return the number."""
        return int(value)


class TensorConverter(BaseConverter):
    """A tensor's name, in which points and slashes may stand: what follows its last point is the format."""

    regex = r".+?"
    part_isolating = False


class SuffixConverter(BaseConverter):
    """The ending of an exported file, such as safetensors or pt.zip."""

    regex = "(?:" + "|".join(re.escape(suffix[1:]) for suffix in SUFFIXES) + ")"


def refuse_unknown_addresses(app: Flask, prefix: str) -> None:
    """Answer addresses under `prefix` that match no view in the API's own shape: 405 with the methods, or 404.

    Without this the pages' handler would answer them, in HTML: Flask knows a blueprint only by a view that matched.
    """
    blueprint = Blueprint("api_unknown", __name__, url_prefix=prefix)
    answer_errors(blueprint)

    @cache  # at the first such address: a start need not wait for it
    def known() -> MapAdapter:
        rules = [rule.empty() for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api.")]
        return Map(rules, converters=app.url_map.converters, merge_slashes=False).bind("", "/")

    def unknown(rest: str) -> Response:
        with suppress(UnknownAddress):
            known().match(f"{prefix}/{rest}", request.method)  # raises MethodNotAllowed, which names those that are
        message = f"There is no address {request.path}. {prefix}/openapi.json lists the ones that there are."
        raise NotFound(message, None, [f"{prefix}/openapi.json"])

    blueprint.add_url_rule("/", "unknown", unknown, methods=METHODS, defaults={"rest": ""})
    blueprint.add_url_rule("/<path:rest>", "unknown", unknown, methods=METHODS)
    app.register_blueprint(blueprint)
