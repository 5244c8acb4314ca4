"""The JSON API /api/v1 over the same services as the pages; each module is one noun, each view one verb."""

from flask import Blueprint, Flask

from dashboard.api.addresses import NumberConverter, SuffixConverter, TensorConverter, refuse_unknown_addresses
from dashboard.api.answers import OrjsonProvider
from dashboard.api.changes import blueprint as changes
from dashboard.api.comparison import blueprint as comparison
from dashboard.api.contents import blueprint as contents
from dashboard.api.datasets import blueprint as datasets
from dashboard.api.errors import answer_errors
from dashboard.api.exports import blueprint as exports
from dashboard.api.health import blueprint as health
from dashboard.api.history import blueprint as history
from dashboard.api.imports import blueprint as imports
from dashboard.api.networks import blueprint as networks
from dashboard.api.openapi import blueprint as openapi
from dashboard.api.runs import blueprint as runs
from dashboard.api.searches import blueprint as searches
from dashboard.api.store import blueprint as store
from dashboard.api.tensors import blueprint as tensors
from dashboard.api.use import blueprint as use
from dashboard.api.versions import blueprint as versions
from dashboard.api.why import blueprint as why

PREFIX = "/api/v1"


def register_api(app: Flask) -> None:
    """Add /healthy and every address under /api/v1 to `app`, whose extensions hold the workspace."""
    app.json = OrjsonProvider(app)
    app.url_map.converters |= {"number": NumberConverter, "tensor": TensorConverter, "suffix": SuffixConverter}
    api = Blueprint("api", __name__)
    answer_errors(api)
    api.register_blueprint(health)
    nouns = (
        openapi,
        datasets,
        imports,
        changes,
        networks,
        runs,
        versions,
        use,
        exports,
        tensors,
        history,
        comparison,
        why,
        store,
        searches,
        contents,
    )
    for noun in nouns:
        api.register_blueprint(noun, url_prefix=PREFIX)
    app.register_blueprint(api)
    refuse_unknown_addresses(app, PREFIX)
