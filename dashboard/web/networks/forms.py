"""The form in which a person defines a network: what is asked, and in which words."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from wtforms import Field, FieldList, Form, FormField, SelectField, StringField, TextAreaField

from dashboard.records.network import MOST_LAYERS, LayerSpec
from dashboard.records.training import (
    ACTIVATIONS,
    INITIALIZERS,
    LOSSES,
    OPTIMIZERS,
    SCALINGS,
    SCHEDULES,
    TRAINING_DTYPES,
    TrainingSpec,
)
from dashboard.web.kit.forms import PageForm, choice_field, number_field, tick_field

MOST_FREE_FIELDS = 50
HIDDEN_ACTIVATIONS = tuple(name for name in ACTIVATIONS if name != "softmax")
NEW_LAYER = dataclasses.asdict(LayerSpec(units=64))
OUTPUT = {"activation": "softmax", "bias": True, "frozen": False}
TRAINING = dataclasses.asdict(TrainingSpec())


class LayerForm(Form):
    """One hidden layer."""

    units = number_field("Units", whole=True)
    activation = choice_field("Activation", HIDDEN_ACTIVATIONS)
    bias = tick_field("Bias")
    dropout = number_field("Dropout")
    frozen = tick_field("Frozen")


class OutputForm(Form):
    """The output layer, whose units follow from the dataset."""

    activation = choice_field("Activation", ACTIVATIONS)
    bias = tick_field("Bias")
    frozen = tick_field("Frozen")


class FreeFieldForm(Form):
    """A key and a value that the person keeps with the network."""

    key = StringField("Key", render_kw={"maxlength": 64, "autocomplete": "off"})
    value = StringField("Value", render_kw={"autocomplete": "off"})


class TrainingForm(Form):
    """How the network is trained; the names are those of `TrainingSpec`."""

    loss = choice_field(
        "Loss", LOSSES, "What training makes small. Cross-entropy for classes, squared error for numbers."
    )
    optimizer = choice_field("Optimizer", OPTIMIZERS, "How a gradient becomes a step. Adam seldom disappoints.")
    learning_rate = number_field("Learning rate", "The size of a step: about 0.001 for Adam, 0.1 for SGD.")
    batch_size = number_field("Batch size", "Records per step. 1 is the book's way; 32 to 128 is quicker.", whole=True)
    epochs = number_field("Epochs", "How often all records are shown.", whole=True)
    scaling = choice_field("Scaling of inputs", SCALINGS, "Fitted on the training part only.")
    save = StringField(
        "Save a version",
        description="every, best, last, or a number: 5 saves every fifth epoch.",
        render_kw={"list": "save-choices", "size": 8, "autocomplete": "off"},
    )
    seed = number_field("Seed", "The same seed, data and settings give the same weights, bit for bit.", whole=True)
    initializer = choice_field("First weights", INITIALIZERS, "The distribution that untrained weights are drawn from.")
    dtype = choice_field("Precision", TRAINING_DTYPES, "float32 is quicker; float64 has 15 digits instead of 7.")
    schedule = choice_field("Learning-rate schedule", SCHEDULES, "How the rate changes from epoch to epoch.")
    warmup_epochs = number_field("Warm-up epochs", "The rate rises from 0 during these.", whole=True)
    decay = number_field("Decay", "Step and exponential schedules multiply the rate by this.")
    step_epochs = number_field("Epochs per step", "The step schedule decays after each so many.", whole=True)
    momentum = number_field("Momentum", "For SGD with momentum and Nesterov.")
    patience = number_field(
        "Patience", "Stop after so many epochs without a better validation loss; 0: never.", whole=True
    )
    restore_best = tick_field("Go back to the best epoch", "When training stops early, its best weights are kept.")
    weight_decay = number_field("Weight decay", "AdamW's; shrinks weights at each step.")
    l1 = number_field("L1 penalty", "Drives weights to exactly 0.")
    l2 = number_field("L2 penalty", "Keeps weights small.")
    clip_norm = number_field("Clip gradients at norm", "0: no clipping.")
    label_smoothing = number_field("Label smoothing", "For cross-entropy; 0.1 is usual, 0 is none.")
    class_weights = choice_field("Class weights", ("none", "balanced"), "Balanced gives rare classes more weight.")

    BASIC = ("loss", "optimizer", "learning_rate", "batch_size", "epochs", "scaling", "save", "seed")
    GROUPS = (
        ("Start and precision", ("initializer", "dtype")),
        ("Learning rate", ("schedule", "warmup_epochs", "decay", "step_epochs", "momentum")),
        ("Stopping early", ("patience", "restore_best")),
        ("Regularisation", ("weight_decay", "l1", "l2", "clip_norm", "label_smoothing", "class_weights")),
    )


class NetworkForm(PageForm):
    """A network's definition; `definition` says it as the JSON API would be told."""

    name = StringField(
        "Name", description="Letters, digits, spaces, points, hyphens.", render_kw={"autocomplete": "off"}
    )
    purpose = TextAreaField("Purpose", description="What it is for, in your words.", render_kw={"rows": 2})
    dataset = SelectField("Dataset", description="Its columns give inputs and outputs.")
    fields = FieldList(FormField(FreeFieldForm), max_entries=MOST_FREE_FIELDS + 1)
    layers = FieldList(FormField(LayerForm), max_entries=MOST_LAYERS + 1)
    output = FormField(OutputForm)
    training = FormField(TrainingForm)

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
        self.output.process(None, OUTPUT | definition["output"])
        self.training.process(None, TRAINING | definition["training"])
