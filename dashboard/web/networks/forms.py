"""The form in which a person defines a network, and what its buttons other than Create do.

Each button works without JavaScript, by sending the form; its value is the action: add-layer, remove-layer-2,
move-up-2, move-down-2, add-field, remove-field-0, preset-book (preset-suggested
is of the views: it looks at the dataset). All that was typed stays; an index that does not exist
does nothing.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from wtforms import Field, FieldList, Form, FormField, SelectField, StringField

from dashboard.declarations import grouped
from dashboard.parsing import LONGEST_NAME, MOST_FREE_FIELDS
from dashboard.records.network import LAYER_SETTINGS, MOST_LAYERS, OUTPUT_SETTINGS, LayerSpec
from dashboard.records.training import TRAINING_SETTINGS, TrainingSpec
from dashboard.web.kit.forms import PageForm, form_of, name_field, purpose_field
from dashboard.web.networks.presets import PRESETS, preset

NEW_LAYER = asdict(LayerSpec(units=64))
NEW_OUTPUT = {name: setting.default for name, setting in OUTPUT_SETTINGS.items()}


class FreeFieldForm(Form):
    """A key and a value that the person keeps with the network."""

    key = StringField("Key", render_kw={"maxlength": LONGEST_NAME, "autocomplete": "off"})
    value = StringField("Value", render_kw={"autocomplete": "off"})


class NetworkForm(PageForm):
    """A network's definition; `definition` returns it in the form of the JSON API."""

    name = name_field()
    purpose = purpose_field()
    dataset = SelectField("Dataset", description="Its columns give inputs and outputs.")
    fields = FieldList(FormField(FreeFieldForm), max_entries=MOST_FREE_FIELDS + 1)
    layers = FieldList(FormField(form_of(LAYER_SETTINGS)), max_entries=MOST_LAYERS + 1)
    output = FormField(form_of(OUTPUT_SETTINGS))
    training = FormField(form_of(TRAINING_SETTINGS))

    GROUPS = grouped(TRAINING_SETTINGS)

    def definition(self) -> dict[str, Any]:
        """Return what was typed in the shape of the JSON API, unchecked; rows of free fields left empty are dropped."""
        free = [row for row in self.fields.data if row["key"] or row["value"]]
        return {
            "name": self.name.data or "",
            "purpose": self.purpose.data or "",
            "dataset": self.dataset.data or "",
            "fields": {(row["key"] or "").strip(): row["value"] or "" for row in free},
            "layers": self.layers.data,
            "output": self.output.data,
            "training": self.training.data,
        }

    @property
    def has_advanced_errors(self) -> bool:
        """Whether a field that is folded away has an error."""
        return any(field.errors and field.short_name not in self.GROUPS[""] for field in self.training.form)

    def field_at(self, path: str) -> Field | None:
        """Return the field at a path; that of a free field names its key."""
        if path == "fields" or path.startswith("fields."):
            key = path.removeprefix("fields").removeprefix(".")
            rows = [row for row in self.fields if key in ("", (row.form.key.data or "").strip())]
            return rows[0].form.key if rows else None
        return super().field_at(path)

    def has_no_key_twice(self) -> bool:
        """Return whether the keys of the free fields differ; if not, the field gets an error."""
        seen: set[str] = set()
        for row in self.fields:
            key = (row.form.key.data or "").strip()
            if key and key in seen:
                row.form.key.errors = [f"The key {key} is given twice; rename one."]
                return False
            seen.add(key)
        return True

    def fill(self, definition: Mapping[str, Any]) -> None:
        """Take over layers, output and training settings; what they do not name goes back to its default."""
        self.layers.process(None, [NEW_LAYER | layer for layer in definition["layers"]])
        self.output.process(None, NEW_OUTPUT | definition["output"])
        self.training.process(None, asdict(TrainingSpec()) | definition["training"])


def apply_action(form: NetworkForm, action: str) -> bool:
    """Do what a button asks for; False if the action is none of these (Create, say)."""
    match = re.fullmatch(r"(\w+(?:-(?:layer|field|up|down))?)(?:-([a-z]+|\d{1,4}))?", action)
    if match is None or match[1] not in ACTIONS:
        return False
    ACTIONS[match[1]](form, match[2] or "")
    return True


def _add_layer(form: NetworkForm, _: str) -> None:
    if len(form.layers) >= MOST_LAYERS:
        form.form_errors.append(f"A network has at most {MOST_LAYERS} hidden layers.")
        return
    last = form.layers[-1].data if len(form.layers) else {}
    alike = {name: last[name] for name in ("activation", "bias", "dropout") if name in last}
    form.layers.append_entry(NEW_LAYER | alike)


def _add_field(form: NetworkForm, _: str) -> None:
    if len(form.fields) >= MOST_FREE_FIELDS:
        form.form_errors.append(f"A network has at most {MOST_FREE_FIELDS} free fields.")
        return
    form.fields.append_entry()


def _remove_layer(form: NetworkForm, what: str) -> None:
    layers = form.layers.data
    if _is_in(layers, what):
        del layers[int(what)]
        form.layers.process(None, layers)


def _remove_field(form: NetworkForm, what: str) -> None:
    rows = form.fields.data
    if _is_in(rows, what):
        del rows[int(what)]
        form.fields.process(None, rows)


def _move(form: NetworkForm, what: str, by: int) -> None:
    layers = form.layers.data
    if _is_in(layers, what):
        layer = layers.pop(int(what))
        layers.insert(max(int(what) + by, 0), layer)
        form.layers.process(None, layers)


def _preset(form: NetworkForm, what: str) -> None:
    if what in PRESETS:
        form.fill(preset(what))


def _is_in(rows: Sequence[object], what: str) -> bool:
    return what.isdigit() and int(what) < len(rows)


ACTIONS: dict[str, Callable[[NetworkForm, str], None]] = {
    "add-layer": _add_layer,
    "remove-layer": _remove_layer,
    "move-up": lambda form, what: _move(form, what, -1),
    "move-down": lambda form, what: _move(form, what, +1),
    "add-field": _add_field,
    "remove-field": _remove_field,
    "preset": _preset,
}
