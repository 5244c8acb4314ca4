"""Small networks and data that the engine's tests share, and the paths by which a training may compute its steps."""

import numpy as np
import pytest

from dashboard.engine.compiled.build import build
from dashboard.engine.network import Network
from dashboard.engine.paths import NUMPY, compiled_path
from dashboard.engine.samples import Samples
from dashboard.engine.training import Training
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec

try:
    build()
    WHY_NOT = "" if compiled_path() else "this processor cannot run the compiled library"
except FileNotFoundError as error:
    raise FileNotFoundError(f"{error}. Type: apt-get install -y gcc libc6-dev") from error
except OSError as error:  # the library is not for this machine, and nothing that can be installed changes that
    WHY_NOT = str(error)
needs_library = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
PATHS = [NUMPY, pytest.param(compiled_path() or "compiled", marks=needs_library, id="compiled")]


def make_network(layers=(("tanh", 5), ("softmax", 3)), inputs=4, seed=1, bias=True, dropout=0.0, frozen=(), **training):
    """A network of (activation, units) layers with drawn weights and biases, float64 unless said."""
    specs = [
        LayerSpec(units, activation, bias, dropout if number < len(layers) - 1 else 0.0, number in frozen)
        for number, (activation, units) in enumerate(layers)
    ]
    training = {"dtype": "float64", "seed": seed} | training
    network = Network(NetworkSpec(inputs, tuple(specs), TrainingSpec(**training)))
    rng = np.random.default_rng(seed)
    network.vector[...] = rng.normal(0.0, 0.6, network.vector.shape)
    return network


def three_blobs(rows=150, inputs=4, seed=0):
    """Three clouds of points, one a class."""
    rng = np.random.default_rng(seed)
    codes = np.arange(rows) % 3
    centres = rng.normal(0.0, 2.0, (3, inputs))
    return Samples(centres[codes] + rng.normal(0.0, 0.7, (rows, inputs)), codes)


def a_line(rows=200, seed=0):
    """Two inputs, one output that is a plane with a little noise."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(rows, 2))
    targets = inputs @ np.array([[1.5], [-0.5]]) + 0.25 + rng.normal(0.0, 0.05, (rows, 1))
    return Samples(inputs, targets)


def train(network, samples, validation=None, task="classification", path=NUMPY):
    """Train to the end and return the training and its epochs."""
    training = Training(network, samples, validation, task, path)
    return training, list(training.epochs())
