"""Training steps worked by hand, the rules of the optimizers written out plainly, and scikit-learn's own gradients."""

import math
from typing import Any

import numpy as np
import pytest
from engine_examples import PATHS, make_network, needs_library, three_blobs
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import LabelBinarizer

from dashboard.engine.feed import Feed
from dashboard.engine.network import Network
from dashboard.engine.optimizers import OPTIMIZERS, Optimizer
from dashboard.engine.paths import compiled_path
from dashboard.engine.samples import Samples
from dashboard.engine.steps import BatchSteps
from dashboard.engine.training import SHUFFLE_STREAM, Training, random_stream
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec

BOOK: dict[str, Any] = {"loss": "squared_error", "optimizer": "sgd", "learning_rate": 0.1, "batch_size": 1, "epochs": 1}


def sigmoid(z):
    return 1.0 / (1.0 + math.exp(-z))


@pytest.mark.parametrize("path", PATHS)
def test_the_books_worked_example_ends_at_its_printed_weight(path):
    # Rashid 2016, "Weight Update Worked Example": 0.4 and 0.5 arrive over the weights 2 and 3, target - output is 0.8.
    spec = NetworkSpec(2, (LayerSpec(1, "sigmoid", bias=False),), TrainingSpec(**BOOK, dtype="float64"))
    network = Network(spec)
    network.load({"layer_01.weight": np.array([[2.0], [3.0]])})
    target = sigmoid(2.0 * 0.4 + 3.0 * 0.5) + 0.8
    samples = Samples(np.array([[0.4, 0.5]]), np.array([[target]]))
    list(Training(network, samples, None, "regression", path).epochs())
    assert network.vector[0] == pytest.approx(2.00265, abs=5e-6)


@pytest.mark.parametrize("path", PATHS)
def test_one_step_of_two_layers_worked_by_hand(path):
    # inputs (1, 2); hidden: one tanh unit, weights 0.5 and -0.25, bias 0.1; output: identity, weight 2, bias -0.5.
    hidden = math.tanh(1.0 * 0.5 + 2.0 * -0.25 + 0.1)  # tanh(0.1)
    output = 2.0 * hidden - 0.5
    error = output - 0.3  # the target is 0.3
    back = error * 2.0 * (1.0 - hidden**2)
    expected = [0.5 - 0.2 * back, -0.25 - 0.2 * back * 2.0, 0.1 - 0.2 * back, 2.0 - 0.2 * error * hidden]
    expected.append(-0.5 - 0.2 * error)
    training = TrainingSpec(**(BOOK | {"learning_rate": 0.2}), dtype="float64")
    network = Network(NetworkSpec(2, (LayerSpec(1, "tanh"), LayerSpec(1, "identity")), training))
    network.vector[...] = [0.5, -0.25, 0.1, 2.0, -0.5]
    samples = Samples(np.array([[1.0, 2.0]]), np.array([[0.3]]))
    results = list(Training(network, samples, None, "regression", path).epochs())
    np.testing.assert_allclose(network.vector, expected, rtol=1e-14)
    assert results[0].loss == pytest.approx(0.5 * error**2)


def plain_rule(name, weights, gradients, rate, mu):
    """The published rules, written as in the papers, without any saving."""
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step, g in enumerate(gradients, start=1):
        if name == "sgd":
            weights = weights - rate * g
        elif name == "momentum":
            first = mu * first - rate * g
            weights = weights + first
        elif name == "nesterov":
            first = mu * first - rate * g
            weights = weights + mu * first - rate * g
        elif name == "rmsprop":
            second = 0.9 * second + 0.1 * g**2
            weights = weights - rate * g / (np.sqrt(second) + 1e-8)
        else:
            first = 0.9 * first + 0.1 * g
            second = 0.999 * second + 0.001 * g**2
            mean, square = first / (1 - 0.9**step), second / (1 - 0.999**step)
            weights = weights - rate * mean / (np.sqrt(square) + 1e-8)
    return weights


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_takes_the_published_steps(name):
    rng = np.random.default_rng(3)
    network = make_network(optimizer=name, momentum=0.8)
    gradients = [rng.normal(size=network.vector.shape) * 0.1**power for power in range(6)]
    expected = plain_rule(name, network.vector.copy(), gradients, 0.05, 0.8)
    optimizer = Optimizer(network)
    for gradient in gradients:
        optimizer.gradient[...] = optimizer.factor(0.05) * gradient
        optimizer.step(0.05)
    np.testing.assert_allclose(network.vector, expected, rtol=1e-12)


@pytest.mark.parametrize("rows", [1, 9])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_takes_the_published_steps_down_the_slope_of_a_plane(name, path, rows):
    # One layer without an activation: the mean of ½·(xW − t)² has the gradient xᵀ(xW − t)/rows. An input is often 0.
    rng = np.random.default_rng(8)
    inputs, targets = rng.normal(size=(9, 4)) * (rng.random((9, 4)) < 0.6), rng.normal(size=(9, 3))
    spec: dict[str, Any] = {"loss": "squared_error", "optimizer": name, "momentum": 0.8, "learning_rate": 0.05}
    network = make_network((("identity", 3),), bias=False, epochs=4, batch_size=rows, **spec)
    start, gradients = network.vector.copy(), []
    for epoch in range(1, 5):
        order = random_stream(1, SHUFFLE_STREAM, epoch).permutation(9)
        for batch in order.reshape(-1, rows):
            weights = plain_rule(name, start, gradients, 0.05, 0.8).reshape(4, 3)
            x, t = inputs[batch], targets[batch]
            gradients.append((x.T @ (x @ weights - t) / rows).ravel())
    list(Training(network, Samples(inputs, targets), None, "regression", path).epochs())
    np.testing.assert_allclose(network.vector, plain_rule(name, start, gradients, 0.05, 0.8), rtol=1e-10)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weight_decay_joins_the_gradient_but_for_adamw_and_never_touches_biases(name):
    rng = np.random.default_rng(4)
    network = make_network(optimizer=name, momentum=0.8, weight_decay=0.1)
    gradient = rng.normal(size=network.vector.shape)
    is_weight = np.zeros(network.vector.shape, bool)
    for layer in network.layers:
        is_weight[layer.span] = np.arange(layer.block.size) < layer.weight.size
    start = network.vector.copy()
    if name == "adamw":
        expected = plain_rule(name, np.where(is_weight, start * (1 - 0.05 * 0.1), start), [gradient], 0.05, 0.8)
    else:
        expected = plain_rule(name, start, [gradient + np.where(is_weight, 0.1 * start, 0.0)], 0.05, 0.8)
    optimizer = Optimizer(network)
    optimizer.gradient[...] = optimizer.factor(0.05) * gradient
    optimizer.step(0.05)
    np.testing.assert_allclose(network.vector, expected, rtol=1e-12)


def of_scikit_learn(network, samples, activation, alpha):
    """Loss and gradients of scikit-learn's MLPClassifier with our weights."""
    model = MLPClassifier((6, 5), activation=activation, alpha=alpha, max_iter=1, batch_size=len(samples))
    model.partial_fit(samples.inputs, samples.targets, classes=np.unique(samples.targets))
    model.coefs_ = [layer.weight.copy() for layer in network.layers]
    model.intercepts_ = [layer.bias.copy() for layer in network.layers]
    activations = [samples.inputs, *(np.empty((len(samples), layer.spec.units)) for layer in network.layers)]
    wanted = LabelBinarizer().fit_transform(samples.targets)
    loss, slopes, intercepts = model._backprop(
        samples.inputs, wanted, None, activations, [None] * 3, [None] * 3, [None] * 3
    )
    return loss, slopes, intercepts


@pytest.mark.parametrize(("activation", "theirs"), [("tanh", "tanh"), ("relu", "relu"), ("sigmoid", "logistic")])
@pytest.mark.parametrize(
    ("classes", "loss", "output"), [(3, "cross_entropy", "softmax"), (2, "binary_cross_entropy", "sigmoid")]
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_loss_and_gradients_equal_those_of_scikit_learn(activation, theirs, classes, loss, output):
    blobs = three_blobs(90)
    kept = np.flatnonzero(blobs.targets < classes)
    samples = Samples(blobs.inputs[kept], blobs.targets[kept])
    alpha, rows = 0.7, len(kept)
    units = 3 if classes == 3 else 1
    network = make_network(
        ((activation, 6), (activation, 5), (output, units)), loss=loss, l2=alpha / rows, batch_size=rows
    )
    their_loss, slopes, intercepts = of_scikit_learn(network, samples, theirs, alpha)
    (chunk,) = Feed(network, samples, rows).chunks(np.arange(rows))
    steps = BatchSteps(network, Optimizer(network), None)
    steps.differentiate(chunk, slice(0, rows))
    penalty = 0.5 * alpha / rows * sum((layer.weight**2).sum() for layer in network.layers)
    assert network.loss.value(chunk.record, chunk.targets).mean() + penalty == pytest.approx(their_loss, rel=1e-12)
    ours = np.concatenate([np.vstack([w, b]).ravel() for w, b in zip(slopes, intercepts, strict=True)])
    np.testing.assert_allclose(steps.optimizer.gradient, ours, rtol=1e-9, atol=1e-14)


@needs_library
@pytest.mark.parametrize(("activation", "theirs"), [("tanh", "tanh"), ("relu", "relu"), ("sigmoid", "logistic")])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_step_of_the_compiled_library_is_the_gradient_of_scikit_learn(activation, theirs):
    samples, alpha = three_blobs(90), 0.7
    layers = ((activation, 6), (activation, 5), ("softmax", 3))
    network = make_network(layers, l2=alpha / 90, batch_size=90, optimizer="sgd", learning_rate=1.0, epochs=1)
    start = network.vector.copy()
    _, slopes, intercepts = of_scikit_learn(network, samples, theirs, alpha)
    list(Training(network, samples, None, "classification", compiled_path()).epochs())
    ours = np.concatenate([np.vstack([w, b]).ravel() for w, b in zip(slopes, intercepts, strict=True)])
    np.testing.assert_allclose(start - network.vector, ours, rtol=1e-9, atol=1e-14)
