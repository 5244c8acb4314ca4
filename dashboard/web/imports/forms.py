"""Forms of imports: the files, and what they are to become."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from wtforms import FieldList, FileField, RadioField, SelectField, SelectMultipleField, TextAreaField
from wtforms.widgets import CheckboxInput, ListWidget

from dashboard.records.network import DENSE, FOREIGN
from dashboard.records.training import ACTIVATIONS
from dashboard.services.imports.plan import IMPORT_SETTINGS as SETTINGS
from dashboard.web.kit.forms import PageForm, form_field, options

KINDS = {
    DENSE: "dense: layers that can be run and trained here",
    FOREIGN: "foreign: tensors as they are, to browse, chart, compare and export",
}
FILES_HELP = (
    "One checkpoint or several, also as a ZIP. Several become versions in the order of the numbers in their names."
)
FOLDER_HELP = "Of checkpoints, of CSV files, of a model hub's repository, or the artifacts of an MLflow run."


class FilesForm(PageForm):
    """Files of weights, or a folder of them."""

    file = FileField("Files", description=FILES_HELP, render_kw={"multiple": True})
    folder = FileField("Folder", description=FOLDER_HELP, render_kw={"webkitdirectory": True})


def _ticks(label: str, description: str = "") -> SelectMultipleField:
    widgets: dict[str, Any] = {"widget": ListWidget(prefix_label=False), "option_widget": CheckboxInput()}
    return SelectMultipleField(label, description=description, **widgets)


class ImportForm(PageForm):
    """What an import is to become; `as` of the JSON API is `kind` here, since it is a word of Python's."""

    network = form_field(SETTINGS["network"], list="networks")
    purpose = form_field(SETTINGS["purpose"])
    kind = RadioField("Kind of network", choices=options(KINDS.items()))
    proposal = SelectField("Layers", description="How the tensors follow one another; the best reading stands first.")
    activations = FieldList(
        SelectField("Activation", choices=options([("", "choose …"), *ACTIVATIONS.items()])), "Activations"
    )
    task = form_field(SETTINGS["task"])
    classes = TextAreaField(
        "Classes", description="One a line, in the order of the outputs. Left empty: 0, 1, 2 …", render_kw={"rows": 2}
    )
    dataset = SelectField(SETTINGS["dataset"].label, description=SETTINGS["dataset"].help)
    scaling = form_field(SETTINGS["scaling"])
    stated = form_field(SETTINGS["stated"])
    checkpoints = _ticks("Checkpoints")
    metrics = _ticks("Metrics", "Stated by the names or within the files; those that are ticked are saved.")
    unnamed = form_field(SETTINGS["unnamed"])
    leave_out = _ticks("Leave out", "Of a foreign network: the tensors that are ticked are not saved.")
    optimizer = form_field(SETTINGS["optimizer"])
    accept_changes = form_field(SETTINGS["accept_changes"])

    def offer(
        self, proposals: Iterable[str], checkpoints: Sequence[str], metrics: Iterable[str], datasets: Iterable[str]
    ) -> None:
        """Set what can be chosen."""
        self.proposal.choices = options([("", "choose …"), *((str(i), words) for i, words in enumerate(proposals))])
        self.checkpoints.choices = options((str(index), name) for index, name in enumerate(checkpoints))
        self.metrics.choices = options((name, name) for name in metrics)
        self.dataset.choices = options([("", "none"), *((name, name) for name in datasets)])

    def field_at(self, path: str) -> Any:  # noqa: ANN401 - a field, or None
        """Return the field at a path of the JSON API."""
        return super().field_at("kind" if path == "as" else path)

    def choices(self) -> dict[str, Any]:
        """Return what was chosen, in the words of the JSON API; what is of the other kind of network is left out."""
        chosen: dict[str, Any] = {
            "as": self.kind.data or FOREIGN,
            "leave_out": list(self.leave_out.data or ()),
            "checkpoints": [place(index) for index in self.checkpoints.data or ()],
            "metrics": list(self.metrics.data or ()),
        }
        chosen |= {name: self[name].data for name in ("network", "purpose", "unnamed", "optimizer", "accept_changes")}
        if self.kind.data == DENSE:
            chosen |= {name: self[name].data for name in ("dataset", "proposal", "stated")}
            chosen |= {"activations": [one.data for one in self.activations] or None}
            if not self.stated.data:
                chosen |= {"task": self.task.data, "scaling": self.scaling.data, "classes": _lines(self.classes.data)}
        return chosen


def place(text: str | None) -> int | str | None:
    """Return a place in a list as a number; what is none stays, and the domain refuses it."""
    return int(text) if text and re.fullmatch("[0-9]{1,9}", text) else text


def _lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]
