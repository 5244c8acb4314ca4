"""Keras' model (.keras): a ZIP of its config, and of the file of weights."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dashboard.formats.description import Description
from dashboard.formats.types import PIECE, Array
from dashboard.formats.writer import Writer
from dashboard.formats.writers import keras_weights
from dashboard.formats.writers.keras_weights import layer_name
from dashboard.formats.zip_writing import add_member, add_text, new_zip

WEIGHTS = "model.weights.h5"
ACTIVATIONS = {
    **{"identity": "linear", "sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "elu": "elu", "silu": "silu"},
    **{"softplus": "softplus", "softmax": "softmax"},
}
"""Activation -> Keras' name of the same function; leaky_relu is a layer of its own."""
METADATA = {"keras_version": "3.15.1", "date_saved": "1980-01-01@00:00:00"}
LEAK = 0.01


def write(description: Description, arrays: Iterator[Array], path: Path) -> None:
    """Write the model of a version."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, new_zip(path) as archive:
        weights = Path(folder) / WEIGHTS
        keras_weights.write(description, arrays, weights)
        add_text(archive, "metadata.json", json.dumps(METADATA))
        add_text(archive, "config.json", json.dumps(config_of(description)))
        with weights.open("rb") as file:
            add_member(archive, WEIGHTS, weights.stat().st_size, iter(lambda: file.read(PIECE), b""))


def config_of(description: Description) -> dict[str, Any]:
    """Return the config of a Sequential model; layers are named as they are here."""
    inputs = description.spec["inputs"] if description.spec else 0
    policy = _policy(next(iter(description.dtypes)))
    config = {"name": "weightbase", "trainable": True, "dtype": policy, "layers": _layers(description, inputs)}
    shape = [None, inputs]
    whole = _object("keras", "Sequential", config | {"build_input_shape": shape})
    return whole | {"build_config": {"input_shape": shape}}


def _layers(description: Description, inputs: int) -> list[dict[str, Any]]:
    dtype = next(iter(description.dtypes))
    batch = {"batch_shape": [None, inputs], "dtype": dtype, "sparse": False, "name": "inputs"}
    layers = [_object("keras.layers", "InputLayer", batch)]
    for place, layer in enumerate(description.layers):
        own = {"name": layer_name(place), "trainable": True, "dtype": _policy(dtype), "units": layer["units"]}
        activation = ACTIVATIONS.get(layer["activation"], "linear")
        dense = own | {"activation": activation, "use_bias": layer["bias"]}
        layers.append(_object("keras.layers", "Dense", dense) | {"build_config": {"input_shape": [None, inputs]}})
        inputs = layer["units"]
        if layer["activation"] not in ACTIVATIONS:
            name = f"activation_{place + 1:02d}"
            leaky = {"name": name, "trainable": True, "dtype": _policy(dtype), "negative_slope": LEAK}
            built = {"build_config": {"input_shape": [None, inputs]}}
            layers.append(_object("keras.layers", "LeakyReLU", leaky) | built)
    return layers


def _object(module: str, class_name: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


def _policy(dtype: str) -> dict[str, Any]:
    return _object("keras", "DTypePolicy", {"name": dtype})


def _why_not(description: Description) -> str:
    if reason := keras_weights.why_not_dense(description):
        return reason
    if any(layer["activation"] == "gelu" for layer in description.layers):
        return "Its gelu is the tanh form, and a config of Keras can name the exact form only: take Keras' weights."
    return ""


WRITER = Writer(
    "keras",
    "Keras model",
    ".keras",
    "The Sequential model with its dense layers, activations and weights, for keras.models.load_model.",
    "Preprocessing is there as JSON only: the model takes inputs that are scaled already.",
    write,
    _why_not,
    libraries=("h5py",),
)
