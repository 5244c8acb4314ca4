"""The help: a tour, the keyboard, the JSON API, the settings."""

from flask import Blueprint, current_app, render_template

from dashboard.web.kit.query import workspace

blueprint = Blueprint("help", __name__)


@blueprint.get("/help")
def show() -> str:
    """Show the help."""
    return render_template("help/show.html", settings=workspace().settings.shown(), operations=_operations())


def _operations() -> list[dict[str, str]]:
    """Return every address of the JSON API with what its view says of itself."""
    found = []
    for rule in current_app.url_map.iter_rules():
        view = current_app.view_functions[rule.endpoint]
        if (rule.rule.startswith("/api/v1/") or rule.rule == "/healthy") and view.__doc__:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                summary = view.__doc__.strip().split("\n")[0]
                found.append({"method": method, "path": rule.rule, "summary": summary})
    return sorted(found, key=lambda operation: (operation["path"], operation["method"]))
