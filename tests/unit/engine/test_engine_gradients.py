"""Each part of the engine has the gradient that its own loss has, by central differences in float64, on both paths."""

from dataclasses import replace

import numpy as np
import pytest
from engine_examples import WHY_NOT, make_network

from dashboard.engine.activations import ACTIVATIONS
from dashboard.engine.compiled.steps import CompiledSteps
from dashboard.engine.feed import Feed
from dashboard.engine.initializers import INITIALIZERS
from dashboard.engine.losses import LOSSES
from dashboard.engine.network import Network
from dashboard.engine.optimizers import OPTIMIZERS, Optimizer
from dashboard.engine.samples import Samples
from dashboard.engine.schedules import SCHEDULES
from dashboard.engine.steps import BatchSteps
from dashboard.records import training as records

ROWS = 7
STEP = 1e-6
TOLERANCE = 1e-6

PAIRS = [(loss, output) for loss in LOSSES for output in ACTIVATIONS if LOSSES[loss].fused_with in (None, output)]
COMMON_PAIRS = [("squared_error", "sigmoid"), PAIRS[-1]]
# Each hidden activation before two outputs, and each output behind two activations; all others are for `make soak`.
COMBINATIONS = [
    (hidden, *pair)
    if hidden in {"tanh", "gelu"} or pair in COMMON_PAIRS
    else pytest.param(hidden, *pair, marks=pytest.mark.soak)
    for hidden in ACTIVATIONS
    for pair in PAIRS
]
OPTIONS = {
    "no bias": {"bias": False},
    "l1": {"l1": 0.03},
    "l2": {"l2": 0.2},
    "l1 and l2": {"l1": 0.03, "l2": 0.2},
    "label smoothing": {"label_smoothing": 0.15},
    "class weights": {"class_weights": "balanced"},
    "dropout": {"dropout": 0.4},
    "all at once": {"l1": 0.03, "l2": 0.2, "label_smoothing": 0.1, "class_weights": "balanced", "dropout": 0.3},
}


def drawn_samples(classes=3, inputs=4):
    rng = np.random.default_rng(5)
    return Samples(rng.normal(size=(ROWS, inputs)), np.arange(ROWS) % classes, low=0.1, high=0.9)


def class_weights(network):
    weighted = network.spec.training.class_weights == "balanced"
    return np.array([1.7, 0.6, 0.9]) if weighted else None


def objective(network, steps, chunk):
    """The mean over the batch of weight · loss, plus l1·Σ|w| + ½·l2·Σw², with the dropped units as they were."""
    steps.passes[ROWS].forward(chunk.inputs, chunk.record, None)
    shares = np.ones(ROWS) if steps.class_weights is None else steps.class_weights[chunk.codes]
    training = network.spec.training
    penalty = sum(
        training.l1 * np.abs(layer.weight).sum() + 0.5 * training.l2 * (layer.weight**2).sum()
        for layer in network.layers
    )
    return float(np.mean(shares * network.loss.value(chunk.record, chunk.targets)) + penalty)


def gradients(network, samples):
    """The engine's gradient, and the one by central differences."""
    feed = Feed(network, samples, ROWS, network.spec.training.label_smoothing)
    (chunk,) = feed.chunks(np.arange(ROWS))
    steps = BatchSteps(network, Optimizer(network), class_weights(network))
    steps.begin(np.random.default_rng(11))
    steps.differentiate(chunk, slice(0, ROWS))
    numeric = np.empty_like(network.vector)
    for place, value in enumerate(network.vector.copy()):
        network.vector[place] = value + STEP
        above = objective(network, steps, chunk)
        network.vector[place] = value - STEP
        below = objective(network, steps, chunk)
        network.vector[place] = value
        numeric[place] = (above - below) / (2 * STEP)
    return steps.optimizer.gradient, numeric


def compiled_gradient(network, samples):
    """What a step of plain SGD at the rate 1 takes from the weights, by the compiled library."""
    training = replace(network.spec.training, optimizer="sgd")
    other = Network(replace(network.spec, training=training))
    other.vector[...] = network.vector
    (chunk,) = Feed(other, samples, ROWS, training.label_smoothing).chunks(np.arange(ROWS))
    steps = CompiledSteps(other, Optimizer(other), class_weights(network), ROWS)
    steps.begin(np.random.default_rng(11))
    steps.run(chunk, 1.0, lambda: None)
    steps.finish()
    return network.vector - other.vector


def relative_error(one, other):
    return np.linalg.norm(one - other) / (np.linalg.norm(one) + np.linalg.norm(other))


def assert_right_gradient(network, samples):
    found, numeric = gradients(network, samples)
    assert np.linalg.norm(numeric) > 1e-4
    assert relative_error(found, numeric) <= TOLERANCE
    if not WHY_NOT:
        assert relative_error(compiled_gradient(network, samples), numeric) <= TOLERANCE


@pytest.mark.parametrize(("hidden", "loss", "output"), COMBINATIONS)
def test_the_gradient_of_every_activation_and_loss(hidden, loss, output):
    network = make_network(((hidden, 5), (output, 3)), loss=loss, batch_size=ROWS)
    assert_right_gradient(network, drawn_samples())


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
@pytest.mark.parametrize(("loss", "output"), [("squared_error", "sigmoid"), *PAIRS[-2:], ("huber", "identity")])
@pytest.mark.parametrize("hidden", ["sigmoid", "relu", "gelu", "softmax"])
def test_the_gradient_of_every_option(hidden, loss, output, options):
    network = make_network(((hidden, 5), ("tanh", 4), (output, 3)), loss=loss, batch_size=ROWS, **options)
    assert_right_gradient(network, drawn_samples())


@pytest.mark.parametrize(("loss", "output"), [("binary_cross_entropy", "sigmoid"), ("squared_error", "tanh")])
def test_the_gradient_with_a_single_output(loss, output):
    network = make_network((("silu", 5), (output, 1)), loss=loss, batch_size=ROWS, label_smoothing=0.2)
    assert_right_gradient(network, drawn_samples(classes=2))


@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_the_gradient_without_a_hidden_layer(loss, output):
    network = make_network(((output, 3),), loss=loss, batch_size=ROWS)
    assert_right_gradient(network, drawn_samples())


@pytest.mark.parametrize("frozen", [(0,), (1,), (2,), (0, 2)])
def test_a_frozen_layer_has_no_gradient_and_the_others_have_theirs(frozen):
    network = make_network((("tanh", 5), ("relu", 4), ("softmax", 3)), frozen=frozen, l2=0.1, batch_size=ROWS)
    network_without = make_network((("tanh", 5), ("relu", 4), ("softmax", 3)), l2=0.1, batch_size=ROWS)
    found, _ = gradients(network, drawn_samples())
    whole, _ = gradients(network_without, drawn_samples())
    for number, layer in enumerate(network.layers):
        expected = np.zeros_like(whole[layer.span]) if number in frozen else whole[layer.span]
        np.testing.assert_array_equal(found[layer.span], expected)
    if not WHY_NOT:
        np.testing.assert_allclose(compiled_gradient(network, drawn_samples()), found, atol=1e-15)


def test_a_regression_has_the_right_gradient():
    rng = np.random.default_rng(2)
    samples = Samples(rng.normal(size=(ROWS, 4)), rng.normal(size=(ROWS, 3)))
    for loss in ("squared_error", "absolute_error", "huber"):
        network = make_network((("elu", 5), ("identity", 3)), loss=loss, batch_size=ROWS)
        assert_right_gradient(network, samples)


def test_clipping_scales_the_gradient_to_the_norm_and_leaves_a_shorter_one_alone():
    free, _ = gradients(make_network(batch_size=ROWS), drawn_samples())
    norm = float(np.linalg.norm(free))
    clipped, _ = gradients(make_network(batch_size=ROWS, clip_norm=norm / 4), drawn_samples())
    untouched, _ = gradients(make_network(batch_size=ROWS, clip_norm=norm * 4), drawn_samples())
    np.testing.assert_allclose(clipped, free / 4, rtol=1e-12)
    np.testing.assert_array_equal(untouched, free)
    if not WHY_NOT:
        network = make_network(batch_size=ROWS, clip_norm=norm / 4)
        np.testing.assert_allclose(compiled_gradient(network, drawn_samples()), clipped, atol=1e-15)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_a_factor_multiplies_the_whole_gradient_penalties_and_clipping_included(options):
    whole, tenth = (
        differentiated(make_network(batch_size=ROWS, clip_norm=0.1, **options), factor) for factor in (1.0, 0.1)
    )
    np.testing.assert_allclose(tenth, 0.1 * whole, rtol=1e-12, atol=1e-18)


def differentiated(network, factor):
    (chunk,) = Feed(network, drawn_samples(), ROWS).chunks(np.arange(ROWS))
    steps = BatchSteps(network, Optimizer(network), class_weights(network))
    steps.begin(np.random.default_rng(11))
    steps.differentiate(chunk, slice(0, ROWS), factor)
    return steps.optimizer.gradient


def test_the_registries_hold_exactly_the_names_of_the_records():
    assert list(ACTIVATIONS) == list(records.ACTIVATIONS)
    assert list(LOSSES) == list(records.LOSSES)
    assert list(OPTIMIZERS) == list(records.OPTIMIZERS)
    assert list(SCHEDULES) == list(records.SCHEDULES)
    assert list(INITIALIZERS) == list(records.INITIALIZERS)
