"""The help: a tour, the keyboard, the JSON API, the settings."""

from collections.abc import Iterator
from typing import NamedTuple

from flask import Blueprint, current_app, render_template

from dashboard.http import workspace
from dashboard.web.kit.tables import Column, Table

blueprint = Blueprint("help", __name__)


class Operation(NamedTuple):
    """An address of the JSON API, with what its view says of itself."""

    path: str
    method: str
    summary: str


OPERATION_COLUMNS = (
    Column("path", "Address", css="mono"),
    Column("method", "Method", css="mono"),
    Column("summary", "Does", css="wide"),
)
SETTING_COLUMNS = (
    Column("name", "Name", lambda row: row[0], css="mono"),
    Column("value", "Now", lambda row: row[1], css="mono"),
    Column("meaning", "Meaning", lambda row: row[2], css="wide"),
)


@blueprint.get("/help")
def show() -> str:
    """Show the help."""
    return render_template(
        "help/show.html",
        settings=Table("settings", SETTING_COLUMNS, workspace().settings.shown(), "Settings"),
        operations=Table("operations", OPERATION_COLUMNS, sorted(_operations()), "The API's addresses", empty="none"),
    )


def _operations() -> Iterator[Operation]:
    for rule in current_app.url_map.iter_rules():
        view = current_app.view_functions[rule.endpoint]
        if (rule.rule.startswith("/api/v1/") or rule.rule == "/healthy") and view.__doc__:
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield Operation(rule.rule, method, view.__doc__.strip().split("\n")[0])
