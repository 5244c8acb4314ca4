"""The pages: each module is one noun, each view one verb; all meaning lies in the services."""

from flask import Flask
from jinja2 import StrictUndefined

from dashboard.web import (
    changes,
    compare,
    datasets,
    filters,
    health,
    help_page,
    history,
    networks,
    runs,
    searches,
    several,
    store,
    tensors,
    versions,
)
from dashboard.web.assets import serve_assets
from dashboard.web.common import workspace
from dashboard.web.compression import compress
from dashboard.web.errors import show_errors
from dashboard.web.frame import frame
from dashboard.web.security import secure


def register_pages(app: Flask) -> None:
    """Add every page to `app`, whose extensions hold the workspace, and the security of all its answers."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    with app.app_context():
        secure(app, workspace().settings)
    filters.install(app)
    serve_assets(app)
    for noun in (
        networks,
        versions,
        tensors,
        history,
        health,
        datasets,
        runs,
        searches,
        compare,
        changes,
        several,
        store,
        help_page,
    ):
        app.register_blueprint(noun.blueprint)
    app.context_processor(frame)
    show_errors(app)
    app.after_request(compress)
