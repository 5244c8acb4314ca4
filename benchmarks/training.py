"""Training speed: the engine on both of its paths against its peers and the limit.

These are PyTorch (eager), scikit-learn, the book's own loop, and the bare matrix products. "ours" is what a run takes
here (`engine.paths`): by the compiled library, if it is here and serves the batch; then numpy's path is a peer, too.

One thread, CPU time, the candidates alternating, medians of RUNS; ratios above 1 mean that ours is quicker.

    python benchmarks/training.py [folder with MNIST]
"""

import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

import itertools
import statistics
import sys
import time
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import _mnist

from benchmarks._summary import note
from dashboard.engine.batched import StackTraining
from dashboard.engine.book import book_spec
from dashboard.engine.network import Network
from dashboard.engine.paths import NUMPY, compiled_path, path_of
from dashboard.engine.samples import Samples
from dashboard.engine.training import Training
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec

try:
    import torch
except ImportError:
    torch = None
try:
    from sklearn.neural_network import MLPClassifier
except ImportError:
    MLPClassifier = None

RUNS = 5
GOALS = {
    "784-200-10, batch 1,": {"PyTorch": 15.0},
    "784-200-10, batch 32,": {"PyTorch": 3.0},
    "784-200-10, batch 128,": {"PyTorch": 2.0},
    "64-32-10, batch 32,": {"PyTorch": 25.0, "products": 0.5},
    "30-16-1, batch 32,": {"PyTorch": 25.0, "products": 0.5},
    "784-200-10, the book's way": {"the book": 15.0},
}
SCIKIT_LEARN = 2.0
RATES = {"momentum": 0.01, "adam": 0.001}


def spec_of(sizes, batch, optimizer):
    hidden = [LayerSpec(units, "relu") for units in sizes[1:-1]]
    output = LayerSpec(sizes[-1], "softmax" if sizes[-1] > 1 else "sigmoid")
    training = TrainingSpec(
        loss="cross_entropy" if sizes[-1] > 1 else "binary_cross_entropy",
        optimizer=optimizer,
        learning_rate=RATES[optimizer],
        batch_size=batch,
        epochs=1_000,
    )
    return NetworkSpec(sizes[0], (*hidden, output), training)


def paths(spec):
    """Return the paths to measure: what a run takes here, and numpy."""
    return {"ours": path_of(spec), "ours by numpy": NUMPY} if path_of(spec) != NUMPY else {"ours": NUMPY}


def ours(sizes, batch, optimizer, inputs, codes, path=NUMPY):
    """Train an epoch of ours: uint8 pixels, loss and accuracy measured on the way."""
    network = Network(spec_of(sizes, batch, optimizer))
    network.initialize(1)
    epochs = Training(network, Samples(inputs, codes, scale=1 / 255), None, "classification", path).epochs()
    return lambda: next(epochs)


def with_torch(sizes, batch, optimizer, inputs, codes):
    """Train an epoch in PyTorch as its tutorials write it, without the DataLoader: floats in memory, no loss read."""
    torch.set_num_threads(1)
    layers = []
    for before, after in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(before, after), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    loss_of = torch.nn.CrossEntropyLoss() if sizes[-1] > 1 else torch.nn.BCEWithLogitsLoss()
    parameters = model.parameters()
    rate = RATES[optimizer]
    stepper = (
        torch.optim.Adam(parameters, lr=rate)
        if optimizer == "adam"
        else torch.optim.SGD(parameters, lr=rate, momentum=0.9)
    )
    x = torch.tensor(inputs, dtype=torch.float32) / 255
    y = torch.tensor(codes) if sizes[-1] > 1 else torch.tensor(codes, dtype=torch.float32)[:, None]

    def epoch():
        order = torch.randperm(len(x))
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            stepper.zero_grad()
            loss_of(model(x[rows]), y[rows]).backward()
            stepper.step()

    return epoch


def with_scikit_learn(sizes, batch, optimizer, inputs, codes):
    """Train an epoch by MLPClassifier.partial_fit on float32."""
    solver = {"momentum": "sgd", "adam": "adam"}[optimizer]
    model = MLPClassifier(
        sizes[1:-1], solver=solver, batch_size=batch, learning_rate_init=RATES[optimizer], alpha=0.0,
        momentum=0.9, nesterovs_momentum=False,
    )  # fmt: skip
    x = inputs.astype(np.float32) / 255
    known = np.unique(codes)
    return lambda: model.partial_fit(x, codes, classes=known)


def products(sizes, batch, inputs):
    """Compute the matrix products alone: forward, weight gradients and, above the first layer, input gradients."""
    rng = np.random.default_rng(0)
    values = [rng.random((batch, size), dtype=np.float32) for size in sizes]
    weights = [rng.random(pair, dtype=np.float32) for pair in itertools.pairwise(sizes)]
    slopes = [np.empty_like(weight) for weight in weights]
    outs = [np.empty_like(value) for value in values]

    def epoch():
        for _ in range(-(-len(inputs) // batch)):
            for layer, weight in enumerate(weights):
                values[layer].dot(weight, outs[layer + 1])
            for layer in range(len(weights) - 1, -1, -1):
                values[layer].T.dot(values[layer + 1], slopes[layer])
                if layer:
                    values[layer + 1].dot(weights[layer].T, outs[layer])

    return epoch


class Printed:
    """The book's own class and loop, float64, a record at a time (numpy only: its sigmoid as a formula)."""

    def __init__(self, inputs, hidden, outputs, rate):
        self.wih = np.random.normal(0.0, pow(hidden, -0.5), (hidden, inputs))
        self.who = np.random.normal(0.0, pow(outputs, -0.5), (outputs, hidden))
        self.lr = rate

    def train(self, inputs_list, targets_list):
        """Learn one record."""
        inputs = np.array(inputs_list, ndmin=2).T
        targets = np.array(targets_list, ndmin=2).T
        hidden = 1.0 / (1.0 + np.exp(-np.dot(self.wih, inputs)))
        outputs = 1.0 / (1.0 + np.exp(-np.dot(self.who, hidden)))
        errors = targets - outputs
        hidden_errors = np.dot(self.who.T, errors)
        self.who += self.lr * np.dot(errors * outputs * (1.0 - outputs), hidden.T)
        self.wih += self.lr * np.dot(hidden_errors * hidden * (1.0 - hidden), inputs.T)


def printed(inputs, codes):
    network = Printed(784, 200, 10, 0.1)
    scaled = inputs / 255.0 * 0.99 + 0.01
    wanted = np.eye(10)[codes] * 0.98 + 0.01

    def epoch():
        for record, target in zip(scaled, wanted, strict=True):
            network.train(record, target)

    return epoch


def the_books_spec():
    """Return the book's network in the default float32."""
    spec = book_spec(784, 200, 10, epochs=1_000)
    return NetworkSpec.from_json(spec.to_json() | {"training": spec.to_json()["training"] | {"dtype": "float32"}})


def books_way(inputs, codes, path=NUMPY):
    """Train the book's network through the engine."""
    network = Network(the_books_spec())
    network.initialize(1)
    samples = Samples(inputs, codes, 0.99 / 255, 0.01, low=0.01, high=0.99)
    epochs = Training(network, samples, None, "classification", path).epochs()
    return lambda: next(epochs)


def as_a_stack(count, inputs, codes):
    """Train an epoch of many networks 30-16-1 at once."""
    spec = spec_of((30, 16, 1), 32, "adam")
    samples = Samples(inputs, codes, scale=1 / 255)
    seeds = list(range(count))
    epochs = StackTraining(spec, seeds, [0.001] * count, samples, None, "classification").epochs()
    return lambda: next(epochs)


def one_after_another(count, inputs, codes, path=NUMPY):
    """Train an epoch of as many networks, each by itself."""
    alone = [ours((30, 16, 1), 32, "adam", inputs, codes, path) for _ in range(count)]

    def epoch():
        for train in alone:
            train()

    return epoch


def compare_stack(inputs, codes, count=64, rows=1_600):
    inputs, codes = small(inputs, 30)[:rows], codes[:rows] % 2
    candidates = {
        "ours": as_a_stack(count, inputs, codes),
        "one after another": one_after_another(count, inputs, codes),
    }
    if compiled_path():
        candidates["one after another, compiled"] = one_after_another(count, inputs, codes, compiled_path())
    found = medians(candidates)
    line(f"{count} networks 30-16-1 at once", rows * count, found)


def medians(candidates):
    """Run the candidates alternately, RUNS times after a warm-up; return the median CPU seconds of each."""
    times = {name: [] for name in candidates}
    for run in range(RUNS + 1):
        for name, epoch in candidates.items():
            began = time.process_time()
            epoch()
            if run:
                times[name].append(time.process_time() - began)
    return {name: statistics.median(taken) for name, taken in times.items()}


def line(label, rows, found):
    ours_taken = found["ours"]
    ratios = "   ".join(f"{name} {taken / ours_taken:6.2f}" for name, taken in found.items() if name != "ours")
    goals = {"scikit-learn": SCIKIT_LEARN}
    goals |= next((goals for start, goals in GOALS.items() if label.startswith(start)), {})
    for name, taken in found.items():
        if name != "ours":
            note("training", label, name, taken / ours_taken, goal=goals.get(name))
    print(f"{label:34} {rows / ours_taken:11,.0f} records/s   ours is quicker than: {ratios}", flush=True)


def candidates_of(sizes, batch, optimizer, inputs, codes):
    by = paths(spec_of(sizes, batch, optimizer))
    candidates = {name: ours(sizes, batch, optimizer, inputs, codes, path) for name, path in by.items()}
    if torch is not None:
        candidates["PyTorch"] = with_torch(sizes, batch, optimizer, inputs, codes)
    if MLPClassifier is not None:
        candidates["scikit-learn"] = with_scikit_learn(sizes, batch, optimizer, inputs, codes)
    candidates["products"] = products(sizes, batch, inputs)
    return candidates


def compare(sizes, batch, optimizer, inputs, codes, rows):
    inputs, codes = inputs[:rows], codes[:rows] % max(2, sizes[-1])
    found = medians(candidates_of(sizes, batch, optimizer, inputs, codes))
    line(f"{'-'.join(map(str, sizes))}, batch {batch}, {optimizer}", rows, found)


def small(inputs, columns):
    return np.ascontiguousarray(inputs[:, 300 : 300 + columns])


def main():
    print("Ours by the compiled library where a run takes it:", compiled_path() or "there is none here")
    warnings.simplefilter("ignore")  # scikit-learn's ConvergenceWarning at every single epoch
    if torch is None:
        print("Without PyTorch. To compare: make an environment of its own, pip install torch==2.13.0 numpy there.")
    loaded = _mnist.load("train", 15_000)
    if loaded is None:
        print(_mnist.HELP, "\nMeasured on drawn data of the same shape instead.")
    inputs, codes = loaded or _mnist.look_alike(15_000)
    for optimizer in ("momentum", "adam"):
        for batch, rows in ((1, 300), (32, 5_000), (128, 10_000), (512, 15_000)):
            compare((784, 200, 10), batch, optimizer, inputs, codes, rows)
            compare((784, 512, 256, 10), batch, optimizer, inputs, codes, max(200, rows // 3))
        compare((64, 32, 10), 32, optimizer, small(inputs, 64), codes, 6_400)
        compare((30, 16, 1), 32, optimizer, small(inputs, 30), codes, 6_400)
    compare_stack(inputs, codes)
    rows = 1_500
    inputs, codes = inputs[:rows], codes[:rows]
    by = paths(the_books_spec())
    candidates = {name: books_way(inputs, codes, path) for name, path in by.items()}
    found = medians(candidates | {"the book": printed(inputs, codes)})
    line("784-200-10, the book's way", rows, found)


if __name__ == "__main__":
    main()
