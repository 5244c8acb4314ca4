"""The form in which a person defines a network: what is asked, and in which words."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from wtforms import Field, FieldList, Form, FormField, SelectField, StringField

from dashboard.declarations import grouped
from dashboard.records.network import LAYER_SETTINGS, MOST_LAYERS, OUTPUT_SETTINGS, LayerSpec
from dashboard.records.training import TRAINING_SETTINGS, TrainingSpec
from dashboard.web.kit.forms import PageForm, form_of, name_field, purpose_field

MOST_FREE_FIELDS = 50
NEW_LAYER = asdict(LayerSpec(units=64))
NEW_OUTPUT = {name: setting.default for name, setting in OUTPUT_SETTINGS.items()}


class FreeFieldForm(Form):
    """A key and a value that the person keeps with the network."""

    key = StringField("Key", render_kw={"maxlength": 64, "autocomplete": "off"})
    value = StringField("Value", render_kw={"autocomplete": "off"})


class NetworkForm(PageForm):
    """A network's definition; `definition` says it as the JSON API would be told."""

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
        kept = [row for row in self.fields.data if row["key"] or row["value"]]
        return {
            "name": self.name.data or "",
            "purpose": self.purpose.data or "",
            "dataset": self.dataset.data or "",
            "fields": {(row["key"] or "").strip(): row["value"] or "" for row in kept},
            "layers": self.layers.data,
            "output": self.output.data,
            "training": self.training.data,
        }

    def field_at(self, path: str) -> Field | None:
        """Return the field at a path; a free field is found by its key."""
        if path == "fields" or path.startswith("fields."):
            key = path.removeprefix("fields").removeprefix(".")
            rows = [row for row in self.fields if key in ("", (row.form.key.data or "").strip())]
            return rows[0].form.key if rows else None
        return super().field_at(path)

    def has_no_key_twice(self) -> bool:
        """Tell whether the keys of the free fields differ, and say so beside the field if they do not."""
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
