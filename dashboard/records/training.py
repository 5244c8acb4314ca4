"""How a network is trained: every setting, and reading it from untrusted input."""

import dataclasses
import re
from dataclasses import dataclass

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

    @property
    def ends_with_best(self) -> bool:
        """Whether the weights of the best epoch are what a training ends with, instead of the last one's."""
        return self.save == "best" or (self.patience > 0 and self.restore_best)


def deciding_loss(loss: float, val_loss: float | None) -> float:
    """Return the loss by which epochs are compared: of the validation part, or of training where there is none."""
    return loss if val_loss is None else val_loss


TRAINING_FIELDS = frozenset(f.name for f in dataclasses.fields(TrainingSpec))


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
