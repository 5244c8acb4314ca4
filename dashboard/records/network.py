"""What a network is: its layers, its definition, and its immutable versions."""

import dataclasses
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dashboard.declarations import declared, read, setting
from dashboard.kinds import Choice, Flag, Number, Whole
from dashboard.metrics import METRICS, deciders, metric_words
from dashboard.parsing import Fields
from dashboard.records.training import ACTIVATIONS, NUMBER_LOSSES, OUTPUT_OF_LOSS, TrainingSpec

MOST_LAYERS = 200
HIDDEN_ACTIVATIONS = {name: words for name, words in ACTIVATIONS.items() if name != "softmax"}
DROPOUT = Number(0, 0.95)


@dataclass(frozen=True)
class LayerSpec:
    """One dense layer: `units` outputs, an activation, and what is done to its weights while training."""

    units: int = setting(Whole(1, 100_000), label="Units", help="How many neurons the layer has, and numbers it gives.")
    activation: str = setting(
        Choice(HIDDEN_ACTIVATIONS), "relu", "Activation", "What bends each unit's sum. ReLU is a good default."
    )
    bias: bool = setting(Flag(), True, "Bias", "Whether each unit adds a number of its own to its sum.")
    dropout: float = setting(DROPOUT, 0.0, "Dropout", "The share of outputs that training sets to 0, others each time.")
    frozen: bool = setting(Flag(), False, "Frozen", "Whether training leaves the layer's weights as they are.")


LAYER_SETTINGS = declared(LayerSpec)
OUTPUT_SETTINGS = {
    "activation": dataclasses.replace(LAYER_SETTINGS["activation"], kind=Choice(ACTIVATIONS), default="softmax"),
    "bias": LAYER_SETTINGS["bias"],
    "frozen": LAYER_SETTINGS["frozen"],
}
"""The settings of the output layer, whose units follow from the dataset."""


@dataclass(frozen=True)
class NetworkSpec:
    """An architecture and its training: `inputs` numbers go in, the last layer's units come out."""

    inputs: int
    layers: tuple[LayerSpec, ...]
    training: TrainingSpec = field(default_factory=TrainingSpec)

    @property
    def tensor_shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        """The tensors in their order: (``layer_01.weight``, (inputs, units)), (``layer_01.bias``, (units,)), ..."""
        shapes: list[tuple[str, tuple[int, ...]]] = []
        before = self.inputs
        for number, layer in enumerate(self.layers, start=1):
            shapes.append((f"layer_{number:02d}.weight", (before, layer.units)))
            if layer.bias:
                shapes.append((f"layer_{number:02d}.bias", (layer.units,)))
            before = layer.units
        return shapes

    @property
    def parameters(self) -> int:
        """How many weights and biases there are."""
        units = [self.inputs, *(layer.units for layer in self.layers)]
        return sum(a * b for a, b in itertools.pairwise(units)) + sum(
            layer.units for layer in self.layers if layer.bias
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain lists, dicts, numbers and texts; `from_json` reads them back."""
        return dataclasses.asdict(self) | {"layers": [dataclasses.asdict(layer) for layer in self.layers]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "NetworkSpec":
        """Return the spec that `to_json` wrote (trusted data; `parse_definition` reads a person's)."""
        return cls(
            data["inputs"],
            tuple(LayerSpec(**layer) for layer in data["layers"]),
            TrainingSpec(**data["training"]),
        )


def parse_layer(fields: Fields, output: bool = False) -> LayerSpec:
    """Read one layer; the output layer gets 0 units, since they follow from the dataset."""
    settings = OUTPUT_SETTINGS if output else LAYER_SETTINGS
    fields.known(settings)
    if not output and fields.data.get("units") in (None, ""):
        fields.refuse("units", "Say how many units the layer has.")
    return LayerSpec(**{"units": 0} | read(fields, settings, {} if output else {"units": 1}))


def check_combination(
    fields: Fields,
    output: LayerSpec,
    training: TrainingSpec,
    task: str,
    has_validation: bool,
    has_groups: bool = False,
) -> None:
    """Refuse losses, output activations and what "best" means that do not belong together, naming the remedy.

    `has_groups` says that there are several targets of classes, each with a group of outputs.
    """
    if has_groups:
        _check_groups(fields, output, training)
    _check_best(fields, output, training, task, has_validation)
    if task == "regression" and training.loss not in NUMBER_LOSSES:
        fields.refuse("training.loss", f"A regression needs one of {', '.join(NUMBER_LOSSES)}.")
    if task == "regression" and output.activation == "softmax":
        fields.refuse("output.activation", "softmax is for classes; a regression's output is usually identity.")
    needed = OUTPUT_OF_LOSS.get(training.loss, output.activation)
    if output.activation != needed:
        fields.refuse("output.activation", f"The loss {training.loss} needs the output activation {needed}.")
    if training.warmup_epochs >= training.epochs > 0 and training.warmup_epochs:
        fields.refuse("training.warmup_epochs", "The warm-up must be shorter than the training.")


def _check_groups(fields: Fields, output: LayerSpec, training: TrainingSpec) -> None:
    """Refuse what is for one target's classes: several targets share the outputs."""
    remedy = "choose sigmoid, with the loss binary_cross_entropy"
    if output.activation == "softmax":
        fields.refuse("output.activation", f"softmax is over one target's classes, and these are several: {remedy}.")
    if training.loss == "cross_entropy":
        fields.refuse("training.loss", f"cross_entropy needs softmax, which is over one target's classes: {remedy}.")
    if training.class_weights == "balanced":
        fields.refuse("training.class_weights", "Balanced is for one target's classes: choose none.")


def _check_best(fields: Fields, output: LayerSpec, training: TrainingSpec, task: str, has_validation: bool) -> None:
    """Refuse a metric that this training would not measure."""
    best_by, field = training.best_by, "training.best_by"
    words = metric_words(best_by)
    if best_by not in deciders(task):
        fields.refuse(field, f"A {task} does not measure the {words}: choose one of {', '.join(deciders(task))}.")
    elif best_by not in {"loss", "accuracy"} and not has_validation:
        fields.refuse(field, f"The {words} is measured on validation, and the dataset has no such part: choose loss.")
    elif METRICS[best_by].of_probabilities and output.activation not in {"softmax", "sigmoid"}:
        fields.refuse(field, f"The {words} needs outputs that are probabilities: softmax or sigmoid.")


DENSE, FOREIGN = "dense", "foreign"
NETWORK_KINDS = (DENSE, FOREIGN)
"""A dense network has a definition, and can be run and trained here; a foreign one has any tensors from elsewhere."""
CANNOT_RUN = "{} has weights from elsewhere without layers of this dashboard: it can be neither run nor trained here."
NO_SPEC = NetworkSpec(0, ())
"""What stands as the spec of a foreign network, and of a run that trains nothing."""


@dataclass(frozen=True)
class Network:
    """A network with a name; `slug` is the safe name that we made for tables and folders.

    A foreign one has no definition (NO_SPEC), no task and no dataset; a dense one may lack the dataset. All are "".
    """

    id: int
    name: str
    slug: str
    purpose: str
    task: str
    dataset: str
    fields: dict[str, str]
    spec: NetworkSpec
    last_version: int
    created: datetime
    kind: str = DENSE

    @property
    def is_foreign(self) -> bool:
        """Whether its weights came from elsewhere and have no layers of ours."""
        return self.kind == FOREIGN

    @property
    def why_not_trained(self) -> str:
        """Why it cannot be trained whatever records there are, in a sentence; empty if it can."""
        if self.is_foreign or not self.spec.layers:
            return CANNOT_RUN.format(self.name)
        without = f"{self.name} came from elsewhere without a dataset. Choose one that fits, and it can be trained."
        return "" if self.dataset else without

    @property
    def parameters(self) -> int | None:
        """How many weights its definition has; None without a definition."""
        return self.spec.parameters if self.spec.layers else None


@dataclass(frozen=True)
class ListedVersion:
    """What a list says of an immutable, numbered state of a network's weights.

    `kind` is its network's. `dataset` is "" where none is known.
    """

    network: str
    slug: str
    number: int
    epoch: int
    run_id: int | None
    parent: str | None
    dataset: str
    metrics: dict[str, Any]
    sha256: str
    bytes: int
    created: datetime
    changed: float | None  # how far all weights moved since the version before, as a share of its norm
    changed_since: int | None  # the number of that version; unknown, as is `changed`, where it is deleted
    kind: str

    @property
    def reference(self) -> str:
        """The version as people write it, such as mnist-digits:3."""
        return f"{self.network}:{self.number}"


@dataclass(frozen=True)
class Version(ListedVersion):
    """A version with what it was made from: its definition, and how records become its inputs."""

    id: int
    state: str
    spec: NetworkSpec
    preprocessing: dict[str, Any]

    @property
    def can_run(self) -> bool:
        """Whether it has layers of ours: records can be put through it, and it can be trained on."""
        return not self.why_not_run

    @property
    def why_not_run(self) -> str:
        """Why it can be neither run nor trained here, in a sentence; empty if it can."""
        return "" if self.spec.layers else CANNOT_RUN.format(self.reference)
