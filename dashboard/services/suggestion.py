"""A definition that fits a dataset: its size, its task and its shape decide, as measured by `benchmarks/defaults.py`.

A small set has few steps an epoch. So epochs and patience are counted in steps: how long a training goes on, and how
long it waits for something better, does not depend on how many records there are.
"""

import math
from typing import Any

import numpy as np

from dashboard.data.dataset import open_arrays, split_of
from dashboard.data.few_records import Evidence, evidence
from dashboard.data.preprocessing import encode, fit
from dashboard.engine.activations import ACTIVATIONS
from dashboard.parsing import Fields
from dashboard.records.dataset import Dataset
from dashboard.records.network import LayerSpec
from dashboard.records.training import TrainingSpec
from dashboard.services.datasets import are_records_here
from dashboard.services.workspace import Workspace

FEWEST, FEW, SOME, MANY = 2, 50, 1_000, 20_000
"""Training records: fewer than FEW are too few for a hidden layer; from MANY on an epoch has steps enough."""
MOST_WEIGHTS = 4_000_000
"""A first layer of more weights is made narrower."""
MOST_EPOCHS, FEWEST_EPOCHS = 300, 20
VERSIONS = 20
L2_OF_FEW = 1.0
AT_THE_MEAN = {"learning_rate": 1e-9, "epochs": FEWEST_EPOCHS, "patience": 5, "save": "every", "l2": 10.0}
"""A network that begins with zeros answers the mean; so it goes on."""
MEAN_NOTE = (
    "These few records say nothing about the target: with each of them left out once, a linear model is worse than "
    "the mean. So this network stays at the mean. Add records or columns, or take another preset to try."
)


def suggested_for(workspace: Workspace, dataset: Dataset) -> dict[str, Any]:
    """Return what `suggested` does; for a regression of few records that say nothing, a network that stays at the mean.

    The records to train on and those for validation are asked, never those for the test.
    """
    definition = suggested(dataset)
    few = dataset.task == "regression" and FEWEST < dataset.description["split"]["train"] < FEW
    if few and are_records_here(workspace, dataset) and not _evidence(workspace, dataset).is_any:
        definition["training"] |= AT_THE_MEAN
    return definition


def note_on(definition: dict[str, Any]) -> str:
    """Return what is special about a definition that was suggested, as sentences; empty for a usual one."""
    return MEAN_NOTE if definition["training"].items() >= AT_THE_MEAN.items() else ""


def _evidence(workspace: Workspace, dataset: Dataset) -> Evidence:
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    parts = split_of(arrays, dataset.spec)
    rows = np.sort(np.concatenate([parts.train, parts.validation]))
    encoded = encode(arrays, fit(arrays, parts.train, "standard"), np.dtype("float64"))
    inputs = np.asarray(encoded.inputs[rows] * encoded.scale + encoded.offset, np.float64)
    return evidence(inputs, np.asarray(arrays.target[rows]), L2_OF_FEW)


def suggested(dataset: Dataset) -> dict[str, Any]:
    """Return layers, output and training settings that fit a dataset, in the form of the JSON API."""
    described = dataset.description
    split, inputs = described["split"], len(described["inputs"])
    return for_groups(suggest(dataset.task, split["train"], split["validation"], inputs), dataset)


def for_groups(definition: dict[str, Any], dataset: Dataset | None) -> dict[str, Any]:
    """Return a definition whose softmax, if it has one, is sigmoid for a dataset with several targets of classes."""
    if dataset is None or not dataset.has_groups or definition["output"]["activation"] != "softmax":
        return definition
    output = definition["output"] | {"activation": "sigmoid"}
    return definition | {"output": output, "training": definition["training"] | {"loss": "binary_cross_entropy"}}


def suggest(task: str, records: int, validation: int, inputs: int) -> dict[str, Any]:
    """Return the definition for so many records to train on and for validation, and so many inputs."""
    is_classes = task == "classification"
    units = _units(is_classes, records, inputs)
    dropout = 0.1 if is_classes and len(units) > 1 else 0.0
    hidden = [{"units": one, "activation": "relu", "bias": True, "dropout": dropout} for one in units]
    output = {"activation": "softmax" if is_classes else "identity", "bias": True}
    own = _training_of_few() if records < FEW else _training(is_classes, records)
    if not validation:
        own["patience"] = 0  # nothing says when to stop
    loss = "cross_entropy" if is_classes else "squared_error"
    return {"layers": hidden, "output": output, "training": {"loss": loss, "optimizer": "adam"} | own}


def _units(is_classes: bool, records: int, inputs: int) -> list[int]:
    if records < FEW:
        return []
    small, large = ([100], [256, 128]) if is_classes else ([64, 32], [128, 64])
    first, *rest = small if records < 5 * SOME else large
    return [max(8, min(first, MOST_WEIGHTS // max(inputs, 1))), *rest]


def _training_of_few() -> dict[str, Any]:
    """Return what leads from the mean, or from equal classes, only as far as the records bear out."""
    few = {"learning_rate": 0.002, "schedule": "constant", "batch_size": 16, "epochs": MOST_EPOCHS, "patience": 60}
    return few | {"save": str(MOST_EPOCHS // VERSIONS), "initializer": "zeros", "scaling": "standard", "l2": L2_OF_FEW}


def _training(is_classes: bool, records: int) -> dict[str, Any]:
    batch = 32 if records < MANY else 128
    steps = math.ceil(records / batch)
    wanted, patience = (3_000, 600) if records < SOME else (6_000, 600)
    epochs = min(max(math.ceil(wanted / steps), FEWEST_EPOCHS), MOST_EPOCHS)
    return {
        "learning_rate": 0.001 if records >= MANY else 0.002,
        "schedule": "cosine",
        "batch_size": batch,
        "epochs": epochs,
        "patience": min(max(math.ceil(patience / steps), 5), epochs),
        "save": "every" if epochs <= VERSIONS else str(math.ceil(epochs / VERSIONS)),
        "initializer": "glorot_uniform" if is_classes else "he_uniform",
        "scaling": "standard",
        "l2": (1e-3 if is_classes else 1e-2) if records < 5 * SOME else 1e-5,
    }


def check_reach(fields: Fields, name: str, output: LayerSpec, training: TrainingSpec, dataset: Dataset) -> None:
    """Refuse an output that cannot give the numbers of a regression's target as they are scaled, naming the remedy."""
    activation = ACTIVATIONS[output.activation]
    about = dataset.description.get("target_columns") or [dataset.description.get("target_statistics") or {}]
    ranges = [_scaled(training.scaling, one) for one in about]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    if dataset.task != "regression" or (activation.low <= low and high <= activation.high):
        return
    least = "any number" if activation.low == -math.inf else f"{activation.low:g}"
    gives = f"{least} or more" if activation.high == math.inf else f"{least} to {activation.high:g}"
    remedy = "Choose identity as the output activation" + (
        ", or the scaling minmax." if activation.low <= 0 and activation.high >= 1 else "."
    )
    target = f"with the scaling {training.scaling} the target goes from {low:.3g} to {high:.3g}"
    fields.refuse(name, f"The output activation {output.activation} gives {gives}, but {target}. {remedy}")


def _scaled(scaling: str, target: dict[str, Any]) -> tuple[float, float]:
    """Return from where to where a target goes once it is scaled; a standardised one reaches 1 on one side at least."""
    if scaling in {"minmax", "book"}:
        return 0.0, 1.0
    known = [target.get(name) for name in ("low", "high", "mean", "std")]
    if None in known:
        return (-1.0, 1.0) if scaling == "standard" else (-math.inf, math.inf)
    low, high, mean, std = (float(one or 0.0) for one in known)
    if scaling == "none":
        return low, high
    return ((low - mean) / std, (high - mean) / std) if std else (0.0, 0.0)
