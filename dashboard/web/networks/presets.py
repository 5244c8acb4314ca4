"""Ready-made definitions that a person can start from whatever the dataset; in the form of the JSON API.

What fits a dataset is `services.suggestion`.
"""

from copy import deepcopy
from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "book": {
        "title": "Book",
        "help": "Rashid's “Make Your Own Neural Network”: sigmoid everywhere, no biases, squared error, one record "
        "at a time, weights from N(0, 1/√n).",
        "layers": [{"units": 200, "activation": "sigmoid", "bias": False}],
        "output": {"activation": "sigmoid", "bias": False},
        "training": {
            "loss": "squared_error",
            "optimizer": "sgd",
            "learning_rate": 0.1,
            "batch_size": 1,
            "epochs": 5,
            "initializer": "normal_sqrt",
            "scaling": "book",
        },
    },
    "modern": {
        "title": "Modern classifier",
        "help": "Two relu layers with some dropout, softmax and cross-entropy, Adam with a cosine schedule; stops "
        "early and keeps the best epoch.",
        "layers": [
            {"units": 256, "activation": "relu", "bias": True, "dropout": 0.1},
            {"units": 128, "activation": "relu", "bias": True, "dropout": 0.1},
        ],
        "output": {"activation": "softmax", "bias": True},
        "training": {
            "loss": "cross_entropy",
            "optimizer": "adam",
            "learning_rate": 0.001,
            "schedule": "cosine",
            "batch_size": 32,
            "epochs": 20,
            "patience": 5,
            "initializer": "he_uniform",
            "scaling": "standard",
        },
    },
    "regression": {
        "title": "Regression",
        "help": "Two relu layers and one plain output for numbers rather than classes, squared error, Adam.",
        "layers": [
            {"units": 64, "activation": "relu", "bias": True},
            {"units": 32, "activation": "relu", "bias": True},
        ],
        "output": {"activation": "identity", "bias": True},
        "training": {
            "loss": "squared_error",
            "optimizer": "adam",
            "learning_rate": 0.003,
            "batch_size": 32,
            "epochs": 60,
            "patience": 15,
            "initializer": "he_uniform",
            "scaling": "standard",
        },
    },
}


def preset(name: str) -> dict[str, Any]:
    """Return the layers, output and training settings of a preset, free to change; raises KeyError."""
    return deepcopy({part: PRESETS[name][part] for part in ("layers", "output", "training")})
