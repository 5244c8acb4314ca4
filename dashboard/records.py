"""What travels between the layers: frozen records, and the reading of definitions from untrusted input.

A `NetworkSpec` says everything that training needs to know; two runs of one spec on one
dataset give the same bits. Specs are stored as JSON with each version.
"""

import dataclasses
import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from dashboard.parsing import Fields

ACTIVATIONS = (
    "identity",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "gelu",
    "silu",
    "softplus",
    "softmax",
)
LOSSES = ("squared_error", "absolute_error", "huber", "binary_cross_entropy", "cross_entropy")
OPTIMIZERS = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw")
SCHEDULES = ("constant", "step", "exponential", "cosine")
INITIALIZERS = (
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "normal_sqrt",
    "zeros",
)
SCALINGS = ("none", "book", "minmax", "standard")
TRAINING_DTYPES = ("float32", "float64")
TASKS = ("classification", "regression")
RUN_STATES = ("queued", "running", "finished", "failed", "cancelled", "interrupted")
ENDED_STATES = ("finished", "failed", "cancelled", "interrupted")
RESUMABLE_STATES = ("failed", "cancelled", "interrupted")
"""Those in which a run ended before its goal: it can go on from its checkpoint."""
RUN_KINDS = ("training", "trial", "search", "verify", "copy", "empty")
TRAINING_KINDS = ("training", "trial")
"""The kinds of runs that train, epoch by epoch; the others drive searches, or are actions on the store."""
PRIORITIES = (-1, 0, 1)
"""Later than others, in turn, sooner than others."""
STARTED_BY_LENGTH = 120
SEARCH_STATES = ("running", "paused", "stopped", "finished")
TRIAL_STATES = ("running", "finished", "stopped", "failed", "cancelled")
SECOND_GOALS = ("parameters", "prediction_seconds")
GOAL_METRICS = {
    "classification": ("val_accuracy", "val_loss"),
    "regression": ("val_loss", "val_rmse", "val_mae", "val_r2"),
}
"""What a search can look for, by task, the usual one first."""
HIGHER_IS_BETTER = frozenset({"val_accuracy", "val_r2"})

T = TypeVar("T")

MOST_LAYERS = 200
MOST_UNITS = 100_000


@dataclass(frozen=True)
class LayerSpec:
    """One dense layer: `units` outputs, an activation, and what is done to its weights while training."""

    units: int
    activation: str = "relu"
    bias: bool = True
    dropout: float = 0.0
    frozen: bool = False


@dataclass(frozen=True)
class TrainingSpec:
    """How a network is trained; the field names are those of the JSON API.

    `learning_rate` is per step, the loss being the mean over a batch and the sum over outputs, so that the
    book's rule is squared_error with batch_size 1. `patience` counts epochs without a better validation
    loss (0: no early stopping). `step_epochs` and `decay` shape the step and exponential schedules.
    `save` is every, best, last or a number of epochs as text.
    """

    loss: str = "cross_entropy"
    optimizer: str = "adam"
    learning_rate: float = 0.001
    schedule: str = "constant"
    warmup_epochs: int = 0
    decay: float = 0.5
    step_epochs: int = 10
    momentum: float = 0.9
    batch_size: int = 32
    epochs: int = 10
    patience: int = 0
    restore_best: bool = True
    weight_decay: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    clip_norm: float = 0.0
    label_smoothing: float = 0.0
    class_weights: str = "none"
    seed: int = 1
    initializer: str = "glorot_uniform"
    dtype: str = "float32"
    scaling: str = "standard"
    save: str = "every"

    def saves(self, epoch: int) -> bool:
        """Tell whether the version of this epoch (from 1) is kept whatever its score."""
        if self.save in {"every", "best", "last"}:
            return self.save == "every"
        return epoch % int(self.save) == 0


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


@dataclass(frozen=True)
class TensorKey:
    """All that a store needs to find a tensor's table: whose it is, and what lies in it.

    `network` is the slug that we made ([a-z0-9_], at most 24 characters), never the user's name. `sha256` is
    the hexadecimal SHA-256 of the array's bytes (C order, little-endian).
    """

    network: str
    version: int
    tensor: str
    dtype: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def rows(self) -> int:
        """Rows of the table: the first axis (1 for a scalar)."""
        return self.shape[0] if self.shape else 1

    @property
    def columns(self) -> int:
        """Columns of the table: the other axes flattened (1 for a vector)."""
        count = 1
        for length in self.shape[1:]:
            count *= length
        return count


@dataclass(frozen=True)
class TableInfo:
    """A table as it lies in a store: its name, shape, size, and the versions (network slug, number) that use it."""

    name: str
    rows: int
    columns: int
    bytes: int
    versions: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list; `next` is the offset of the following page, or None on the last."""

    items: list[T]
    next: int | None


TRAINING_FIELDS = frozenset(f.name for f in dataclasses.fields(TrainingSpec))


def parse_layer(fields: Fields, output: bool = False) -> LayerSpec:
    """Read one layer; the output layer's units follow from the dataset (0 here)."""
    fields.known({"activation", "bias", "frozen"} | (set() if output else {"units", "dropout"}))
    hidden_choices = tuple(a for a in ACTIVATIONS if a != "softmax")
    if not output and fields.data.get("units") in (None, ""):
        fields.refuse("units", "Say how many units the layer has.")
    return LayerSpec(
        units=0 if output else fields.integer("units", 1, 1, MOST_UNITS),
        activation=fields.choice(
            "activation", "softmax" if output else "relu", ACTIVATIONS if output else hidden_choices
        ),
        bias=fields.boolean("bias", True),
        dropout=0.0 if output else fields.number("dropout", 0.0, 0.0, 0.95),
        frozen=fields.boolean("frozen", False),
    )


def parse_training(fields: Fields, base: TrainingSpec | None = None) -> TrainingSpec:
    """Read training settings; what is not given keeps the value of `base`."""
    base = base or TrainingSpec()
    fields.known(TRAINING_FIELDS)
    return TrainingSpec(
        loss=fields.choice("loss", base.loss, LOSSES),
        optimizer=fields.choice("optimizer", base.optimizer, OPTIMIZERS),
        learning_rate=fields.number("learning_rate", base.learning_rate, 0.0, 1000.0, above=True),
        schedule=fields.choice("schedule", base.schedule, SCHEDULES),
        warmup_epochs=fields.integer("warmup_epochs", base.warmup_epochs, 0, 10_000),
        decay=fields.number("decay", base.decay, 0.0, 1.0, above=True),
        step_epochs=fields.integer("step_epochs", base.step_epochs, 1, 10_000),
        momentum=fields.number("momentum", base.momentum, 0.0, 0.9999),
        batch_size=fields.integer("batch_size", base.batch_size, 1, 1_000_000),
        epochs=fields.integer("epochs", base.epochs, 1, 100_000),
        patience=fields.integer("patience", base.patience, 0, 100_000),
        restore_best=fields.boolean("restore_best", base.restore_best),
        weight_decay=fields.number("weight_decay", base.weight_decay, 0.0, 1.0),
        l1=fields.number("l1", base.l1, 0.0, 10.0),
        l2=fields.number("l2", base.l2, 0.0, 10.0),
        clip_norm=fields.number("clip_norm", base.clip_norm, 0.0, 1e6),
        label_smoothing=fields.number("label_smoothing", base.label_smoothing, 0.0, 0.5),
        class_weights=fields.choice("class_weights", base.class_weights, ("none", "balanced")),
        seed=fields.integer("seed", base.seed, 0, 2**31 - 1),
        initializer=fields.choice("initializer", base.initializer, INITIALIZERS),
        dtype=fields.choice("dtype", base.dtype, TRAINING_DTYPES),
        scaling=fields.choice("scaling", base.scaling, SCALINGS),
        save=_save(fields, base.save),
    )


def _save(fields: Fields, default: str) -> str:
    value = fields.data.get("save")
    if value is None or value == "" or isinstance(value, bool):
        return default
    word = str(value).strip()
    if word in {"every", "best", "last"} or (re.fullmatch("[0-9]{1,6}", word) and 1 <= int(word) <= 100_000):
        return word
    fields.refuse("save", "Choose every, best, last, or a number of epochs from 1 to 100,000.")
    return default


def check_combination(fields: Fields, output: LayerSpec, training: TrainingSpec, task: str) -> None:
    """Refuse losses and output activations that do not belong together, naming the remedy."""
    losses = {"squared_error", "absolute_error", "huber"}
    if task == "regression" and training.loss not in losses:
        fields.refuse("training.loss", "A regression needs squared_error, absolute_error or huber.")
    if task == "regression" and output.activation == "softmax":
        fields.refuse("output.activation", "softmax is for classes; a regression's output is usually identity.")
    if training.loss == "cross_entropy" and output.activation != "softmax":
        fields.refuse("output.activation", "The loss cross_entropy needs the output activation softmax.")
    if training.loss == "binary_cross_entropy" and output.activation != "sigmoid":
        fields.refuse("output.activation", "The loss binary_cross_entropy needs the output activation sigmoid.")
    if training.warmup_epochs >= training.epochs > 0 and training.warmup_epochs:
        fields.refuse("training.warmup_epochs", "The warm-up must be shorter than the training.")


@dataclass(frozen=True)
class Dataset:
    """A CSV with its typed columns, target and split; `folder` is where its arrays lie, named by content."""

    id: int
    name: str
    folder: str
    sha256: str
    rows: int
    bytes: int
    task: str
    source: str
    licence: str
    spec: dict[str, Any]
    description: dict[str, Any]
    created: datetime

    @property
    def has_records(self) -> bool:
        """Whether its records are here; of a dataset that only copied versions tell of they are not."""
        return self.folder != ""


@dataclass(frozen=True)
class Network:
    """A definition with a name; `slug` is the safe name that we made for tables and folders."""

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


@dataclass(frozen=True)
class TensorInfo:
    """One tensor of a version: where it lies, and its numbers taken when it was saved."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    sha256: str
    bytes: int
    table_name: str
    statistics: dict[str, Any]

    @property
    def content(self) -> str:
        """What tensors share that are one table in a store: SHA-256, type and shape."""
        return f"{self.sha256}-{self.dtype}-{'x'.join(str(length) for length in self.shape) or 'scalar'}"

    @property
    def rows(self) -> int:
        """Rows of the table: the first axis (1 for a scalar)."""
        return self.shape[0] if self.shape else 1

    @property
    def columns(self) -> int:
        """Columns of the table: the other axes flattened (1 for a vector)."""
        return math.prod(self.shape[1:])

    def key(self, network_slug: str, version: int) -> TensorKey:
        """Return the key under which the store knows this tensor."""
        return TensorKey(network_slug, version, self.name, self.dtype, self.shape, self.sha256)


@dataclass(frozen=True)
class Version:
    """An immutable, numbered state of a network's weights, and what it was made from."""

    id: int
    network: str
    slug: str
    number: int
    state: str
    epoch: int
    run_id: int | None
    parent: str | None
    dataset: str
    spec: NetworkSpec
    preprocessing: dict[str, Any]
    metrics: dict[str, Any]
    sha256: str
    bytes: int
    created: datetime
    changed: float | None  # how far all weights moved since the version before, as a share of its norm

    @property
    def reference(self) -> str:
        """The version as people write it, such as mnist-digits:3."""
        return f"{self.network}:{self.number}"


NO_SPEC = NetworkSpec(0, ())
"""What stands as the spec of a run that trains nothing."""


@dataclass(frozen=True)
class Run:
    """One job: its state is the truth, wherever it executes.

    Its `kind` is training; trial (a training for a search, which has no network); search (which drives one); or a
    long action on the store: verify, copy, empty (the trash). Searches and actions have no network, no dataset ("")
    and NO_SPEC; `request` is what was asked for, `result` what came of it. `done` of `total` counts epochs, trials or
    versions; `note` says what is being done at the moment. `checkpoint` is the epoch after which it goes on when it is
    taken up again, 0 for its beginning; `started_by` who asked for it, as far as that is known.
    """

    id: int
    kind: str
    network: str
    dataset: str
    state: str
    spec: NetworkSpec
    parent: str | None
    attempt: int
    cancel_requested: bool
    priority: int
    started_by: str
    checkpoint: int
    error: str | None
    request: dict[str, Any]
    done: int
    total: int
    note: str
    result: dict[str, Any]
    created: datetime
    started: datetime | None
    ended: datetime | None
    heartbeat: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing will be added to this run any more."""
        return self.state in ENDED_STATES

    @property
    def can_resume(self) -> bool:
        """Whether it ended before its goal and left something to go on from."""
        return self.checkpoint > 0 and self.state in RESUMABLE_STATES and not self.is_of_search

    @property
    def is_of_search(self) -> bool:
        """Whether it drives a search or is one of its trials: the search sees to it then."""
        return self.kind in {"search", "trial"}

    @property
    def is_training(self) -> bool:
        """Whether this run trains (else it drives a search, or is an action on the store)."""
        return self.kind in TRAINING_KINDS


@dataclass(frozen=True)
class TrashItem:
    """A version or a network in the trash; `name` is what a person types to delete it for good."""

    kind: str
    id: int
    name: str
    versions: int
    bytes: int
    trashed: datetime

    @property
    def key(self) -> str:
        """What stands for it in addresses, such as version-12."""
        return f"{self.kind}-{self.id}"


@dataclass(frozen=True)
class Freed:
    """What a deletion for good frees: tables that nothing else uses, the bytes of their weights; and what stays."""

    tables: int
    bytes: int
    shared: int
    shared_with: tuple[str, ...]


@dataclass(frozen=True)
class Epoch:
    """What one epoch of a run measured; the accuracies are None for regressions."""

    epoch: int
    loss: float
    accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None
    seconds: float
    learning_rate: float
    metrics: dict[str, float]


@dataclass(frozen=True)
class Goal:
    """What a search looks for: a validation metric, and perhaps a `second` number of SECOND_GOALS to keep small."""

    metric: str
    second: str = ""

    @property
    def is_higher_better(self) -> bool:
        """Whether a larger score is the better one."""
        return self.metric in HIGHER_IS_BETTER

    def better(self, one: float, other: float) -> bool:
        """Tell whether the first score is better than the second."""
        return one > other if self.is_higher_better else one < other

    def cost(self, score: float) -> float:
        """Return the score as something to make small."""
        return -score if self.is_higher_better else score


@dataclass(frozen=True)
class Budget:
    """How much a search may spend: trials, epochs of each, and seconds of the clock in all (0: no limit)."""

    trials: int = 40
    epochs: int = 10
    seconds: float = 0.0


@dataclass(frozen=True)
class Search:
    """A search for the best network on a dataset, driven by a run.

    `state` is what is wanted (running, paused, stopped), or finished; `run_id` is the run that drives it, or did last,
    in `run_state`. `space` is in the words of the form and the API, `network` the name of its proposer's network and
    `beliefs` what that expects of each setting. `result` holds what was found in the end (`services.winner`).
    """

    id: int
    name: str
    purpose: str
    dataset: str
    task: str
    space: dict[str, Any]
    goal: Goal
    budget: Budget
    sampler: str
    stopping: str
    seed: int
    state: str
    run_id: int | None
    run_state: str | None
    network: str
    beliefs: dict[str, Any]
    result: dict[str, Any]
    created: datetime
    changed: datetime

    @property
    def is_driven(self) -> bool:
        """Whether a run drives it now, or will soon."""
        return self.run_state in {"queued", "running"}

    @property
    def shown_state(self) -> str:
        """What a person is told: what is wanted, unless it is still on its way there, or its run ended unasked."""
        if self.is_driven:
            return {"paused": "pausing", "stopped": "stopping"}.get(self.state, "running")
        return "interrupted" if self.state == "running" else self.state


@dataclass(frozen=True)
class Trial:
    """One candidate of a search and the run that trains it.

    Its `state` is running (or waiting to), finished, stopped (early, by the rule), failed, or cancelled by a person.
    `score` is its goal's metric and `second` the second goal's number, None before it has ended; `predicted` is what
    the proposer expected ({"mean", "sd"} of the score). `stopped_at` is the epoch after which it was stopped early.
    `confirms` is the number of the trial whose candidate this one only trains again, with another seed.
    """

    number: int
    run_id: int
    run_state: str
    confirms: int | None
    state: str
    params: dict[str, Any]
    predicted: dict[str, float] | None
    parameters: int
    score: float | None
    second: float | None
    stopped_at: int | None
    epochs: int
    seconds: float
    created: datetime
    ended: datetime | None
