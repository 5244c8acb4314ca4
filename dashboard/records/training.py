"""How a network is trained: every setting, and reading it from untrusted input."""

import re
from dataclasses import asdict, dataclass

from dashboard.declarations import declared, read, setting
from dashboard.kinds import Choice, Flag, Number, Schema, Whole
from dashboard.metrics import deciders, metric_words
from dashboard.parsing import Fields

ACTIVATIONS = {
    name: name.replace("_", " ")
    for name in ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "softmax")
}
LOSSES = {
    "squared_error": "squared error",
    "absolute_error": "absolute error",
    "huber": "Huber",
    "binary_cross_entropy": "binary cross-entropy",
    "cross_entropy": "cross-entropy",
}
NUMBER_LOSSES = ("squared_error", "absolute_error", "huber")
"""The losses of regressions; a classification can have them, too."""
OUTPUT_OF_LOSS = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}
"""The losses that need a certain output activation."""
OPTIMIZERS = {
    "sgd": "SGD",
    "momentum": "SGD with momentum",
    "nesterov": "Nesterov",
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "adamw": "AdamW",
}
SCHEDULES = {"constant": "constant", "step": "step", "exponential": "exponential", "cosine": "cosine"}
INITIALIZERS = {
    "glorot_uniform": "Glorot, uniform",
    "glorot_normal": "Glorot, normal",
    "he_uniform": "He, uniform",
    "he_normal": "He, normal",
    "lecun_uniform": "LeCun, uniform",
    "lecun_normal": "LeCun, normal",
    "normal_sqrt": "N(0, 1/√n), the book's",
    "zeros": "zeros",
}
SCALINGS = {
    "none": "none",
    "book": "the book's: 0.01 to 1",
    "minmax": "minimum to maximum: 0 to 1",
    "standard": "standard: mean 0, deviation 1",
}
DTYPES = {"float32": "float32", "float64": "float64"}
CLASS_WEIGHTS = {"none": "none", "balanced": "balanced"}
START, RATE, EARLY, REGULAR = "Start and precision", "Learning rate", "Early stopping", "Regularisation"


class SaveRule:
    """Which epochs become versions: every, best, last, or a number of epochs as text."""

    schema: Schema = {"type": "string", "pattern": r"^(every|best|last|\d+)$"}  # noqa: RUF012 - never changed

    def read(self, fields: Fields, name: str, default: str) -> str:
        """Return the rule in a field."""
        value = fields.data.get(name)
        if value is None or value == "" or isinstance(value, bool):
            return default
        word = str(value).strip()
        if word in {"every", "best", "last"} or (re.fullmatch("[0-9]{1,6}", word) and 1 <= int(word) <= 100_000):
            return word
        fields.refuse(name, "Choose every, best, last, or a number of epochs from 1 to 100,000.")
        return default


@dataclass(frozen=True)
class TrainingSpec:
    """How a network is trained; the field names are those of the JSON API.

    The loss is the mean over a batch and the sum over outputs, so that the book's rule is squared_error with
    batch_size 1.
    """

    loss: str = setting(
        Choice(LOSSES),
        "cross_entropy",
        "Loss",
        "To be minimised: cross-entropy for classes, squared error for numbers.",
    )
    optimizer: str = setting(
        Choice(OPTIMIZERS), "adam", "Optimizer", "How a gradient becomes a step. Adam is a good default."
    )
    learning_rate: float = setting(
        Number(0, 1000, above=True), 0.001, "Learning rate", "The size of a step: about 0.001 for Adam, 0.1 for SGD."
    )
    batch_size: int = setting(
        Whole(1, 1_000_000), 32, "Batch size", "Records per step. 1 is the book's way; 32 to 128 is quicker."
    )
    epochs: int = setting(Whole(1, 100_000), 10, "Epochs", "Passes over the training data.")
    scaling: str = setting(Choice(SCALINGS), "standard", "Scaling of inputs", "Fitted on the training part only.")
    save: str = setting(
        SaveRule(), "every", "Save a version", "every, best, last, or a number: 5 saves every fifth epoch."
    )
    seed: int = setting(
        Whole(0, 2**31 - 1), 1, "Seed", "The same seed, data and settings give the same weights, bit for bit."
    )
    initializer: str = setting(
        Choice(INITIALIZERS), "glorot_uniform", "Weight initialisation", "How the first weights are drawn.", START
    )
    dtype: str = setting(
        Choice(DTYPES), "float32", "Precision", "float32 is quicker; float64 has 15 digits instead of 7.", START
    )
    schedule: str = setting(
        Choice(SCHEDULES), "constant", "Learning-rate schedule", "How the rate changes from epoch to epoch.", RATE
    )
    warmup_epochs: int = setting(Whole(0, 10_000), 0, "Warm-up epochs", "The rate rises from 0 during these.", RATE)
    decay: float = setting(
        Number(0, 1, above=True), 0.5, "Decay", "Step and exponential schedules multiply the rate by this.", RATE
    )
    step_epochs: int = setting(
        Whole(1, 10_000), 10, "Epochs per step", "The step schedule decays after each so many.", RATE
    )
    momentum: float = setting(Number(0, 0.9999), 0.9, "Momentum", "For SGD with momentum and Nesterov.", RATE)
    best_by: str = setting(
        Choice({name: metric_words(name) for name in deciders()}),
        "loss",
        "Best means",
        "The metric of validation that decides which epoch is best: for early stopping, saving, and on pages.",
        EARLY,
    )
    patience: int = setting(
        Whole(0, 100_000), 0, "Patience", "Stop after so many epochs without a better one; 0: never.", EARLY
    )
    restore_best: bool = setting(
        Flag(), True, "Restore the best epoch", "After an early stop, go back to the best epoch's weights.", EARLY
    )
    weight_decay: float = setting(Number(0, 1), 0.0, "Weight decay", "AdamW's; shrinks weights at each step.", REGULAR)
    l1: float = setting(Number(0, 10), 0.0, "L1 penalty", "Drives weights to exactly 0.", REGULAR)
    l2: float = setting(Number(0, 10), 0.0, "L2 penalty", "Keeps weights small.", REGULAR)
    clip_norm: float = setting(Number(0, 1e6), 0.0, "Clip gradients at norm", "0: no clipping.", REGULAR)
    label_smoothing: float = setting(
        Number(0, 0.5), 0.0, "Label smoothing", "For cross-entropy; 0.1 is usual, 0 is none.", REGULAR
    )
    class_weights: str = setting(
        Choice(CLASS_WEIGHTS), "none", "Class weights", "Balanced gives rare classes more weight.", REGULAR
    )

    def saves(self, epoch: int) -> bool:
        """Return whether the version of this epoch (from 1) is saved whatever its metrics."""
        if self.save in {"every", "best", "last"}:
            return self.save == "every"
        return epoch % int(self.save) == 0

    @property
    def ends_with_best(self) -> bool:
        """Whether the weights of the best epoch are what a training ends with, instead of the last one's."""
        return self.save == "best" or (self.patience > 0 and self.restore_best)


TRAINING_SETTINGS = declared(TrainingSpec)


def parse_training(fields: Fields, base: TrainingSpec | None = None) -> TrainingSpec:
    """Read training settings; what is not given keeps the value of `base`."""
    fields.known(TRAINING_SETTINGS)
    return TrainingSpec(**read(fields, TRAINING_SETTINGS, asdict(base or TrainingSpec())))
