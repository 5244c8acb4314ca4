"""A network and versions of it that API tests keep."""

import ml_dtypes
import numpy as np

from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec
from dashboard.services.datasets import add_bundled
from dashboard.services.networks import create_network, get_network
from dashboard.services.versions.saving import Draft, save_version

IRIS_NETWORK = {
    "name": "iris-net",
    "purpose": "Tells three kinds of iris apart.",
    "dataset": "iris",
    "fields": {"author": "Anderson"},
    "layers": [{"units": 8, "activation": "tanh"}],
    "output": {"activation": "softmax"},
    "training": {"optimizer": "adam", "learning_rate": 0.01, "epochs": 3, "batch_size": 16, "seed": 5},
}


def special_tensors():
    """Tensors whose cells and names are hard to bring through text, JSON and addresses."""
    return {
        "special.float32": np.array([[np.nan, np.inf], [-np.inf, -0.0], [1e-45, np.float32(0.1)]], np.float32),
        "float64": np.array([5e-324, 1.7976931348623157e308, 0.1, 1 / 3]),
        "model/encoder.0.bfloat16": np.array([[1.5, np.nan], [-0.0078125, 3.0]], ml_dtypes.bfloat16),
        "counts.csv": np.array([[2**63 - 1, -(2**63)]], np.int64),
        "mask": np.array([True, False]),
        "scalar": np.array(7, np.uint8),
    }


def save(workspace, tensors, epoch=1, **metrics):
    network = get_network(workspace, "iris-net")
    spec = NetworkSpec(4, (LayerSpec(8, "tanh"), LayerSpec(3, "softmax")), TrainingSpec())
    return save_version(workspace, network, Draft(tensors, spec, 1, {}, metrics, {}, epoch))


def make_iris_network(workspace):
    """A network without versions."""
    add_bundled(workspace, "iris")
    create_network(workspace, IRIS_NETWORK)


def make_kept(workspace):
    """Versions 1 to 3 of iris-net: 2 differs from 1 in one cell, 3 holds every special value and dtype."""
    make_iris_network(workspace)
    first = {"layer_01.weight": np.arange(32, dtype=np.float32).reshape(4, 8) / 8, "layer_01.bias": np.zeros(8)}
    second = first | {"layer_01.weight": first["layer_01.weight"].copy()}
    second["layer_01.weight"][2, 5] = -0.5
    save(workspace, first, epoch=1, loss=0.75)
    save(workspace, second, epoch=2, loss=0.5)
    save(workspace, special_tensors(), epoch=3, loss=0.25)
