"""Several targets of classes in one network: a group of outputs for each, and no softmax over all of them."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from dashboard.engine.batched import StackTraining
from dashboard.engine.groups import GroupTable, group_answers
from dashboard.engine.measuring import measure
from dashboard.engine.metrics import evaluate
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.engine.training import Training
from dashboard.errors import Invalid
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec

GROUPS = (2, 3)
CODES = np.array([[0, 2], [1, 1], [1, 0], [0, 2], [1, 2], [0, 1]], np.int32)


def spec_of(output="sigmoid", loss="binary_cross_entropy", **training):
    own: dict[str, Any] = {"learning_rate": 0.05, "epochs": 3, "batch_size": 2, "dtype": "float64"} | training
    return NetworkSpec(4, (LayerSpec(6, "tanh"), LayerSpec(5, output)), TrainingSpec(loss=loss, **own))


def samples_of(low=0.0, high=1.0):
    inputs = np.random.default_rng(3).normal(size=(6, 4))
    return Samples(inputs, CODES, low=low, high=high, groups=GROUPS)


def network_of(spec):
    network = Network(spec)
    network.initialize(1)
    return network


def one_hot(codes, low=0.0, high=1.0):
    """Return what each output should say, counted output by output."""
    names = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]
    return np.array([[high if row[target] == name else low for target, name in names] for row in codes])


def test_the_answer_of_a_group_is_its_own_largest_output():
    scores = np.array([[0.1, 0.2, 0.9, 0.3, 0.8], [0.6, 0.5, 0.1, 0.2, 0.1]])
    assert group_answers(scores, GROUPS).tolist() == [[1, 0], [0, 1]]


def test_label_smoothing_moves_each_output_to_the_mean_of_its_group():
    table = GroupTable(GROUPS, 0.01, 0.99, 0.1, np.dtype(float))
    plain = one_hot(CODES, 0.01, 0.99)
    means = np.array([plain[0, :2].mean()] * 2 + [plain[0, 2:].mean()] * 3)
    assert table[CODES] == pytest.approx(0.9 * plain + 0.1 * means)
    assert table[np.stack([CODES, CODES])].shape == (2, 6, 5)


@pytest.mark.parametrize(("output", "loss"), [("sigmoid", "binary_cross_entropy"), ("tanh", "squared_error")])
@pytest.mark.parametrize("batch", [1, 2])
def test_a_training_is_that_of_a_regression_on_the_same_zeros_and_ones(output, loss, batch):
    spec = spec_of(output, loss, batch_size=batch, optimizer="sgd")
    own, other = network_of(spec), network_of(spec)
    numbers = dataclasses.replace(samples_of(), targets=one_hot(CODES), groups=())
    losses = [epoch.loss for epoch in Training(own, samples_of(), samples_of(), "classification").epochs()]
    assert losses == pytest.approx([epoch.loss for epoch in Training(other, numbers, numbers, "regression").epochs()])
    assert own.vector.tolist() == other.vector.tolist()


def test_a_stack_trains_and_measures_each_network_as_if_it_were_alone():
    spec, samples = spec_of(label_smoothing=0.1), samples_of()
    stack = StackTraining(spec, [1, 2], [0.05, 0.05], samples, samples, "classification")
    *_, last = stack.epochs()
    for place, seed in enumerate((1, 2)):
        alone = Network(dataclasses.replace(spec, training=dataclasses.replace(spec.training, seed=seed)))
        alone.initialize(seed)
        *_, result = Training(alone, samples, samples, "classification").epochs()
        assert stack.network(place).vector == pytest.approx(alone.vector, abs=1e-9)
        assert (last[place].accuracy, last[place].val_accuracy) == (result.accuracy, result.val_accuracy)
        assert last[place].loss == pytest.approx(result.loss)
        assert last[place].metrics == pytest.approx(result.metrics)


def test_the_metrics_are_the_means_over_the_targets_of_what_each_has_alone():
    network, samples = network_of(spec_of()), samples_of()
    measured, outputs = evaluate(network, samples, "classification"), network.predict(samples.inputs)
    first, second = measured["per_target"]
    right = np.array([outputs[:, :2].argmax(axis=1) == CODES[:, 0], outputs[:, 2:].argmax(axis=1) == CODES[:, 1]])
    assert [first["accuracy"], second["accuracy"]] == right.mean(axis=1).tolist()
    assert measured["accuracy"] == pytest.approx(right.mean())
    assert measured["all_right"] == pytest.approx(right.all(axis=0).mean())
    shares = outputs[:, 2:] / outputs[:, 2:].sum(axis=1, keepdims=True)
    assert second["log_loss"] == pytest.approx(-np.log(shares[np.arange(6), CODES[:, 1]]).mean())
    assert measured["log_loss"] == pytest.approx((first["log_loss"] + second["log_loss"]) / 2)
    said, true = outputs[:, 2:].argmax(axis=1), CODES[:, 1]
    assert second["confusion"] == [[int(np.sum((true == t) & (said == s))) for s in range(3)] for t in range(3)]
    assert [one["support"] for one in measured["per_class"]] == [3, 3, 1, 2, 3]
    during = measure(network, samples, "classification")
    for name in ("balanced_accuracy", "f1", "log_loss"):
        assert during.further[name] == pytest.approx(measured[name])
    assert during.accuracy == pytest.approx(measured["accuracy"])


@pytest.mark.parametrize(
    ("spec", "samples", "said"),
    [
        (spec_of("softmax", "cross_entropy"), samples_of(), "softmax is over one target's classes"),
        (spec_of(), dataclasses.replace(samples_of(), groups=(2, 4)), "5 outputs, the targets have 6 classes"),
        (spec_of(), dataclasses.replace(samples_of(), targets=CODES + 1), "whole numbers from 0, below the number"),
        (spec_of(class_weights="balanced"), samples_of(), "Balanced class weights are for one target"),
    ],
)
def test_what_does_not_fit_is_refused(spec, samples, said):
    with pytest.raises(Invalid, match=said):
        Training(network_of(spec), samples, None, "classification")
