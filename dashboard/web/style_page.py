"""The page of the design: the tokens of the stylesheet, and every component of templates/components in its states.

What it shows is made up here and in its template, so that the page is the same on every home.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from flask import Response, current_app, jsonify, render_template, url_for
from wtforms import BooleanField, FileField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.widgets import CheckboxInput, ListWidget

from dashboard.web.docs_page import blueprint
from dashboard.web.kit.forms import PageForm, options
from dashboard.web.kit.paging import Pager
from dashboard.web.kit.tables import Column, Note, Numbers, Table, exports, numbers_at

__all__ = ["blueprint"]  # that of the help, to which this page belongs

LONG = "a name that is as long as names may be, and goes on after it should have ended"
NUMBERS = (1234567.0, 0.9679, 3.2e-5, -0.002, 0.0, float("nan"), float("-inf"), None)
EXAMPLE = [(epoch, 1.5 / epoch) for epoch in range(1, 9)]
CELLS = (
    Column("text", "Text", lambda row: LONG if row == 2 else f"row {row}", link=lambda _: "#tables", sortable=True),
    Column("number", "Number", lambda row: NUMBERS[row], "number", help="four digits, all of them on hover"),
    Column("change", "Change", lambda row: NUMBERS[row], "change"),
    Column("percent", "Percent", lambda row: None if row == 7 else row / 7, "percent"),
    Column("size", "Size", lambda row: 10 ** (row + 1), "size"),
    Column("duration", "Time", lambda row: 4.0**row, "duration"),
    Column("count", "Count", lambda row: 12**row, "count"),
    Column("when", "When", lambda row: datetime.now(UTC) - timedelta(hours=row**3), "when"),
    Column("state", "State", lambda row: ("running", "queued", "finished", "failed")[row % 4], "state"),
    Column("bar", "Share", lambda row: row / 7, "bar"),
    Column("balance", "Balance", lambda row: row / 3.5 - 1, "balance"),
    Column("setting", "Setting", lambda row: bool(row % 2), "setting"),
)
MARKUP = (
    Column("tick", "Selected", lambda row: f"mnist:{row + 1}", "tick", quiet=True, css="tick"),
    Column("muted", "Muted", lambda _: "less important", "muted"),
    Column("code", "Code", lambda _: "layer_01.weight", "code"),
    Column("digest", "Checksum", lambda _: "0123456789abcdef", "digest"),
    Column("copied", "Copied", lambda _: ("mnist:3", "the reference"), "copied"),
    Column("cut", "Cut", lambda _: LONG, "cut", css="cut"),
    Column("links", "Links", lambda _: [("v1", "#tables"), ("v2", "")], "links"),
    Column("chip_links", "Chips", lambda _: [("good", "best", ""), ("warn", "7 units dead", "#chips")], "chip_links"),
)
OPTIMIZERS, KINDS = (options((word, word) for word in words) for words in (("Adam", "SGD"), ("numbers", "dates")))


class ExampleForm(PageForm):
    """One field of every kind."""

    name = StringField("Name", description="Letters, digits and hyphens.")
    epochs = StringField("Epochs", description="Passes over the training data.", render_kw={"placeholder": "6"})
    optimizer = SelectField("Optimizer", choices=OPTIMIZERS, description="How a step is made.")
    purpose = TextAreaField("Purpose", description="What it is for.", render_kw={"rows": 2})
    file = FileField("File", description="A CSV, at most 200 MB.")
    bias = BooleanField("Bias", description="A unit adds a number of its own.")
    kinds = SelectMultipleField(
        "Kinds", choices=KINDS, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )


@blueprint.get("/help/style")
def style() -> str:
    """Show the tokens and all components."""
    form = ExampleForm(data={"name": "mnist", "kinds": ["dates"], "bias": True})
    form.epochs.data, form.epochs.errors = "many", ("Give a whole number from 1 to 100,000.",)
    return render_template(
        "help/style.html",
        tokens=tokens(Path(str(current_app.static_folder)) / "weightbase.css"),
        cells=Table("cells", CELLS, range(8), "Cells"),
        markup=Table("markup", MARKUP, range(3), "Cells with markup", header="code"),
        nothing=Table("nothing", CELLS[:3], [], "A table without rows", empty="Nothing matches."),
        noted=Table("noted", CELLS[:4], [1, 2], "A row with a note", note=_note),
        form=form,
        pages=Pager(50, 120, 50, lambda _: "#navigation"),
        numbers=exports("help.example"),
        figure=url_for("help.example_figure"),
        long=LONG,
    )


def _note(row: int) -> Note | None:
    return Note("It cannot be read at present.", 1, "What to do", "#tables") if row == 2 else None


@numbers_at(blueprint, "/help/style/example")
def example() -> Numbers:
    """Return the numbers of the example of a chart."""
    return Numbers(("epoch", "loss"), EXAMPLE, "example")


@blueprint.get("/help/style/example.figure")
def example_figure() -> Response:
    """Send them as a figure."""
    epochs, losses = zip(*EXAMPLE, strict=True)
    return jsonify({"data": [{"type": "scatter", "x": epochs, "y": losses}], "layout": {}})


@lru_cache(maxsize=1)
def tokens(stylesheet: Path) -> dict[str, list[tuple[str, str]]]:
    """Return kind -> (name, value) of the tokens that the stylesheet declares."""
    first_rule = stylesheet.read_text().partition("}")[0]
    declared = re.findall(r"--([\w-]+): (.+?);", first_rule)
    kinds = {"colours": r"light-dark|rgb", "space": "space", "text": "text", "radius": "radius"}
    chosen: dict[str, list[tuple[str, str]]] = {kind: [] for kind in [*kinds, "others"]}
    for name, value in declared:
        looked_at = {"colours": value}
        kind = next((kind for kind, sign in kinds.items() if re.match(sign, looked_at.get(kind, name))), "others")
        chosen[kind].append((name, value))
    return chosen
