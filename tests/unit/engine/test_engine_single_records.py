"""Training record by record, deferred or not, follows the plain rule."""

import numpy as np
import pytest
from engine_examples import a_line, make_network, three_blobs

from dashboard.engine.activations import ACTIVATIONS
from dashboard.engine.feed import Feed
from dashboard.engine.losses import LOSSES
from dashboard.engine.optimizers import Optimizer
from dashboard.engine.single_records import BLOCK_ROWS, RecordSteps
from dashboard.engine.steps import BatchSteps

PAIRS = [(loss, output) for loss in LOSSES for output in ACTIVATIONS if LOSSES[loss].fused_with in (None, output)]
ROWS = 2 * BLOCK_ROWS + 5


def nothing():
    pass


def both_ways(layers, samples, dtype="float64", class_weights=None, **spec):
    """The weights and what was recorded: by RecordSteps, and by BatchSteps with batches of one."""
    results = []
    for in_turn in (True, False):
        network = make_network(layers, dtype=dtype, optimizer="sgd", batch_size=1, learning_rate=0.1, **spec)
        (chunk,) = Feed(network, samples, ROWS).chunks(np.arange(ROWS))
        steps: RecordSteps | BatchSteps
        if in_turn:
            steps = RecordSteps(network, class_weights)
        else:
            steps = BatchSteps(network, Optimizer(network), class_weights)
        steps.run(chunk, 0.1, nothing)
        results.append((network.vector, chunk.record))
    return results


def assert_equal_ways(results, tolerance):
    (turned, turned_record), (plain, plain_record) = results
    np.testing.assert_allclose(turned, plain, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(turned_record, plain_record, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_every_loss_is_trained_as_by_the_plain_rule(loss, output):
    assert_equal_ways(both_ways((("sigmoid", 6), (output, 3)), three_blobs(ROWS), loss=loss), 1e-9)


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("bias", [True, False])
def test_every_activation_is_trained_as_by_the_plain_rule(hidden, bias):
    assert_equal_ways(both_ways(((hidden, 6), ("tanh", 4), ("softmax", 3)), three_blobs(ROWS), bias=bias), 1e-9)


@pytest.mark.parametrize("frozen", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)])
def test_frozen_layers_stand_still_in_both_ways(frozen):
    layers = (("tanh", 6), ("tanh", 4), ("softmax", 3))
    assert_equal_ways(both_ways(layers, three_blobs(ROWS), frozen=frozen), 1e-9)


@pytest.mark.parametrize("frozen", [(), (0,)])
def test_a_network_without_hidden_layers_is_trained_as_by_the_plain_rule(frozen):
    assert_equal_ways(both_ways((("softmax", 3),), three_blobs(ROWS), frozen=frozen), 1e-9)


def test_class_weights_count_as_by_the_plain_rule():
    weights = np.array([0.5, 1.0, 3.0])
    assert_equal_ways(both_ways((("tanh", 6), ("softmax", 3)), three_blobs(ROWS), class_weights=weights), 1e-9)


def test_a_regression_on_one_output_is_trained_as_by_the_plain_rule():
    layers = (("tanh", 6), ("identity", 1))
    assert_equal_ways(both_ways(layers, a_line(ROWS), inputs=2, loss="huber"), 1e-9)


def test_float32_stays_within_its_rounding_of_the_plain_rule():
    assert_equal_ways(both_ways((("sigmoid", 6), ("softmax", 3)), three_blobs(ROWS), dtype="float32"), 2e-5)


@pytest.mark.parametrize(
    "spec",
    [
        {"batch_size": 2},
        {"optimizer": "momentum"},
        {"l1": 0.1},
        {"l2": 0.1},
        {"weight_decay": 0.1},
        {"clip_norm": 1.0},
        {"dropout": 0.5},
    ],
)
def test_what_is_not_the_books_way_is_left_to_the_batches(spec):
    book = {"optimizer": "sgd", "batch_size": 1}
    assert RecordSteps.serves(make_network(**book))
    assert not RecordSteps.serves(make_network(**book | spec))


def test_the_printed_rule_is_deferred_as_exactly_as_the_gradient():
    network = make_network((("sigmoid", 6), ("sigmoid", 3)), bias=False, loss="squared_error")
    samples = three_blobs(ROWS)
    wih, who = (network.tensors()[name].copy() for name in ("layer_01.weight", "layer_02.weight"))
    for x, code in zip(samples.inputs, samples.targets, strict=True):
        hidden = 1 / (1 + np.exp(-x @ wih))
        outputs = 1 / (1 + np.exp(-hidden @ who))
        errors = np.eye(3)[code] - outputs
        hidden_errors = who @ errors
        who = who + 0.1 * np.outer(hidden, errors * outputs * (1 - outputs))
        wih = wih + 0.1 * np.outer(x, hidden_errors * hidden * (1 - hidden))
    (chunk,) = Feed(network, samples, ROWS).chunks(np.arange(ROWS))
    RecordSteps(network, None, as_printed=True).run(chunk, 0.1, nothing)
    np.testing.assert_allclose(network.tensors()["layer_01.weight"], wih, rtol=1e-10)
    np.testing.assert_allclose(network.tensors()["layer_02.weight"], who, rtol=1e-10)
