"""The pages: each package is one noun, each view one verb; all meaning is in the services."""

from flask import Flask
from jinja2 import StrictUndefined
from jinja2.runtime import Macro

from dashboard.http import workspace
from dashboard.web import style_page
from dashboard.web.changes.views import blueprint as changes_pages
from dashboard.web.compare.exports import blueprint as compare_exports_pages
from dashboard.web.compare.several_views import blueprint as several_pages
from dashboard.web.compare.views import blueprint as compare_pages
from dashboard.web.compare.why_views import blueprint as why_pages
from dashboard.web.datasets.views import blueprint as datasets_pages
from dashboard.web.errors import show_errors
from dashboard.web.evaluate.views import blueprint as evaluate_pages
from dashboard.web.exports.views import blueprint as exports_pages
from dashboard.web.frame import frame, inert
from dashboard.web.history.health import blueprint as health_pages
from dashboard.web.history.steps import blueprint as steps_pages
from dashboard.web.history.views import blueprint as history_pages
from dashboard.web.imports.views import blueprint as imports_pages
from dashboard.web.kit import formats
from dashboard.web.kit.assets import serve_assets
from dashboard.web.kit.compression import compress
from dashboard.web.kit.drawings import drawn, serve_drawings
from dashboard.web.kit.explanations import explanation, explanation_id, setting_explanation
from dashboard.web.kit.live import LiveParts
from dashboard.web.kit.urls import NameConverter
from dashboard.web.networks.first_steps import blueprint as networks_pages
from dashboard.web.networks.first_steps import first_steps
from dashboard.web.networks.lineage import blueprint as lineage_pages
from dashboard.web.runs.views import blueprint as runs_pages
from dashboard.web.searches.views import blueprint as searches_pages
from dashboard.web.security import secure
from dashboard.web.store.backups import blueprint as backup_pages
from dashboard.web.store.views import blueprint as store_pages
from dashboard.web.use.views import blueprint as use_pages
from dashboard.web.versions.tensor import blueprint as versions_tensor_pages
from dashboard.web.versions.views import blueprint as versions_pages


def register_pages(app: Flask) -> None:
    """Add every page to `app`, whose extensions hold the workspace, and the security of all its answers."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    with app.app_context():
        secure(app, workspace().settings)
    formats.install(app)
    app.extensions["live"] = LiveParts()
    serve_assets(app)
    app.jinja_env.globals |= {"inert": inert, "drawn": drawn, "first_steps": first_steps}
    app.jinja_env.globals |= {"explanation": explanation, "explanation_id": explanation_id}
    app.jinja_env.globals["setting_explanation"] = setting_explanation
    _share_components(app)
    app.url_map.converters["tensor_name"] = NameConverter
    for pages in (
        networks_pages,
        lineage_pages,
        versions_pages,
        versions_tensor_pages,
        evaluate_pages,
        use_pages,
        changes_pages,
        exports_pages,
        history_pages,
        health_pages,
        steps_pages,
        datasets_pages,
        imports_pages,
        runs_pages,
        searches_pages,
        compare_pages,
        why_pages,
        compare_exports_pages,
        several_pages,
        store_pages,
        backup_pages,
        style_page.blueprint,
    ):
        app.register_blueprint(pages)
    serve_drawings(app)
    app.context_processor(frame)
    show_errors(app)
    app.after_request(compress)


def _share_components(app: Flask) -> None:
    """Let every template call the macros of components/ without an import; those of cells.html are named as formats.

    Macros see those of the components before them: explanations come first, since tables, forms and facts have them.
    """
    paths = app.jinja_env.list_templates(filter_func=lambda path: path.startswith("components/"))
    for path in sorted(paths, key=lambda path: path != "components/explain.html"):
        if path != "components/cells.html":
            macros = vars(app.jinja_env.get_template(path).module)
            app.jinja_env.globals |= {name: macro for name, macro in macros.items() if isinstance(macro, Macro)}
