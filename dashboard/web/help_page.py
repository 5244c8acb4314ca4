"""The help: where to begin, the keyboard, every word with its meaning, the JSON API, the settings."""

from functools import lru_cache
from typing import NamedTuple

from flask import Blueprint, Flask, current_app, render_template

from dashboard.http import workspace
from dashboard.web.kit.explanations import everything, glossary
from dashboard.web.kit.tables import Column, Table

WORDS = ("Network", "Version", "Tensor", "Table", "Store", "Run", "Search", "Trial")
"""What has one word, everywhere."""

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
    operations = _operations(current_app._get_current_object())  # type: ignore[attr-defined]  # what the proxy stands for
    return render_template(
        "help/show.html",
        words=[(word, everything()[word.casefold()]) for word in WORDS],
        glossary=glossary(),
        settings=Table("settings", SETTING_COLUMNS, workspace().settings.shown(), "Settings"),
        operations=Table("operations", OPERATION_COLUMNS, operations, "The API's addresses", empty="none"),
    )


@lru_cache(maxsize=1)
def _operations(app: Flask) -> list[Operation]:
    """Return the addresses of an app, in order; they are the same for as long as it runs."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/") or rule.rule == "/healthy"]
    documented = [(rule, summary) for rule in rules if (summary := _summary(app, rule.endpoint))]
    return sorted(
        Operation(rule.rule, method, summary)
        for rule, summary in documented
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    )


def _summary(app: Flask, endpoint: str) -> str:
    return (app.view_functions[endpoint].__doc__ or "").strip().split("\n")[0]
