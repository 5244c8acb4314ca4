"""The form of a change; which of its fields are shown follows from the kind of change."""

from collections.abc import Sequence
from typing import Any

from wtforms import FieldList, Form, FormField, SelectField, StringField, TextAreaField

from dashboard.records.change import CHANGE_SETTINGS
from dashboard.web.kit.forms import PageForm, form_field, options

INTERPOLATE, AVERAGE, PRUNE, ROUND = (CHANGE_SETTINGS[name] for name in ("interpolate", "average", "prune", "round"))
VALUE_HELP = "Such as 0.25, 1e-3 or nan."
PLACE: dict[str, Any] = {"render_kw": {"inputmode": "numeric", "size": 7, "autocomplete": "off"}}
VERSIONS_HELP = "Written as name:number, one a line. This version is always one of them."


class CellForm(Form):
    """A cell, and its new value."""

    tensor = SelectField("Tensor")
    row = StringField("Row", **PLACE)
    column = StringField("Column", **PLACE)
    value = StringField("New value", description=VALUE_HELP, render_kw={"size": 24, "autocomplete": "off"})


class LinesField(TextAreaField):
    """A text of one thing a line; several values of a form, such as ticked boxes, are a line each."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what was sent."""
        self.data = "\n".join(valuelist)


class ChangeForm(PageForm):
    """Everything that a change of some kind asks for."""

    cells = FieldList(FormField(CellForm), "Cells", min_entries=1)
    other = StringField("Other version", description="Written as name:number.", render_kw={"list": "references"})
    t = StringField(
        INTERPOLATE["t"].label,
        description=INTERPOLATE["t"].help,
        default="0.5",
        render_kw={"type": "range", "min": 0, "max": 1, "step": 0.05, "data-slider": True},
    )
    versions = TextAreaField("Versions", description=VERSIONS_HELP, render_kw={"rows": 3})
    shares = TextAreaField(
        "Shares", description="One a line, in the same order, this version first; left empty: equal.",
        render_kw={"rows": 3},
    )  # fmt: skip
    match_units = form_field(AVERAGE["match_units"])
    share = form_field(PRUNE["share"])
    scope = form_field(PRUNE["scope"])
    to = form_field(ROUND["to"])
    base = StringField(
        "Version with the old values", description="Written as name:number.", render_kw={"list": "references"}
    )
    units = LinesField(
        "Units",
        description="One a line, as layer.unit: 2.7 is unit 7 of layer 2, its weights and its bias.",
        render_kw={"rows": 3},
    )
    tensors = TextAreaField("Tensors", description="Whole tensors, one name a line.", render_kw={"rows": 3})

    def offer(self, tensors: Sequence[str]) -> None:
        """Set the tensors that can be chosen."""
        for entry in self.cells:
            entry.form.tensor.choices = options((name, name) for name in tensors)

    def choices(self, change: str) -> dict[str, Any]:
        """Return what was filled in for a kind of change, in the words of the JSON API."""
        own = {name: self[name].data for name in FIELDS[change] if name != "cells"}
        if change == "edit":
            own["cells"] = [dict(entry.data) for entry in self.cells]
        lists = {name: lines(own[name]) for name in ("versions", "shares", "units", "tensors") if name in own}
        return {"change": change} | own | lists


FIELDS = {
    "edit": ("cells",),
    "interpolate": ("other", "t", "match_units"),
    "average": ("versions", "shares", "match_units"),
    "prune": ("share", "scope"),
    "round": ("to",),
    "put_back": ("base", "units", "tensors"),
}
"""The fields of each kind of change, in the order of the page."""


def lines(text: str | None) -> list[str]:
    """Return the lines of a text that are not empty; a comma separates, too."""
    return [part.strip() for part in (text or "").replace(",", "\n").splitlines() if part.strip()]
