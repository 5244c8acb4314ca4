"""The measurement of a network equals scikit-learn's, record for record and tie for tie."""

import warnings

import numpy as np
import pytest
from engine_examples import a_line, make_network, three_blobs
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as theirs

from dashboard.engine import measuring, metrics
from dashboard.engine.samples import Samples
from dashboard.errors import Invalid


def test_a_classification_is_measured_as_scikit_learn_does():
    blobs = three_blobs(1300)  # more than two blocks
    network = make_network(seed=4)
    found = metrics.evaluate(network, blobs, "classification")
    scores, truth = network.predict(blobs.inputs), blobs.targets
    answers = scores.argmax(axis=1)
    precision, recall, f1, support = theirs.precision_recall_fscore_support(truth, answers, zero_division=0)
    assert found["accuracy"] == theirs.accuracy_score(truth, answers)
    assert found["confusion"] == theirs.confusion_matrix(truth, answers).tolist()
    assert found["log_loss"] == pytest.approx(theirs.log_loss(truth, scores))
    assert found["loss"] == pytest.approx(theirs.log_loss(truth, scores))
    assert found["top_2"] == pytest.approx(theirs.top_k_accuracy_score(truth, scores, k=2))
    assert found["roc_auc"] == pytest.approx(theirs.roc_auc_score(truth, scores, multi_class="ovr"))
    assert [c["precision"] for c in found["per_class"]] == pytest.approx(precision)
    assert [c["recall"] for c in found["per_class"]] == pytest.approx(recall)
    assert [c["f1"] for c in found["per_class"]] == pytest.approx(f1)
    assert [c["support"] for c in found["per_class"]] == support.tolist()
    assert found["f1"] == pytest.approx(f1.mean())
    assert "top_3" not in found


def test_two_classes_on_one_output_are_measured_like_scikit_learn_does():
    blobs = three_blobs(300)
    kept = np.flatnonzero(blobs.targets < 2)
    samples = Samples(blobs.inputs[kept], blobs.targets[kept])
    network = make_network((("tanh", 4), ("sigmoid", 1)), loss="binary_cross_entropy", seed=8)
    found = metrics.evaluate(network, samples, "classification")
    scores = network.predict(samples.inputs)[:, 0]
    assert found["accuracy"] == theirs.accuracy_score(samples.targets, scores > 0.5)
    assert found["per_class"][1]["auc"] == pytest.approx(theirs.roc_auc_score(samples.targets, scores))
    assert found["log_loss"] == pytest.approx(theirs.log_loss(samples.targets, scores))
    assert found["loss"] == pytest.approx(theirs.log_loss(samples.targets, scores))


def test_a_regression_is_measured_as_scikit_learn_does():
    line = a_line(1300)
    samples = Samples(line.inputs, np.hstack([line.targets, 3.0 * line.targets + 1e6]))
    network = make_network((("tanh", 4), ("identity", 2)), inputs=2, loss="huber")
    found = metrics.evaluate(network, samples, "regression")
    outputs = network.predict(samples.inputs)
    assert found["mae"] == pytest.approx(theirs.mean_absolute_error(samples.targets, outputs))
    assert found["rmse"] == pytest.approx(theirs.root_mean_squared_error(samples.targets, outputs))
    each = theirs.root_mean_squared_error(samples.targets, outputs, multioutput="raw_values")
    assert [one["rmse"] for one in found["per_target"]] == pytest.approx(each)
    assert found["r2"] == pytest.approx(theirs.r2_score(samples.targets, outputs), rel=1e-6)


def test_the_errors_of_several_outputs_are_measured_in_their_own_units():
    samples = Samples(np.zeros((2, 4)), np.array([[0.0, 1.0], [2.0, 5.0]]), units=np.array([10.0, 0.5]))
    network = make_network((("identity", 2),), loss="squared_error")
    network.load({name: np.zeros_like(tensor) for name, tensor in network.tensors().items()})
    found = metrics.evaluate(network, samples, "regression")
    assert [one["mae"] for one in found["per_target"]] == [10.0, 1.5]
    assert (found["mae"], found["rmse"]) == (5.75, pytest.approx((10 * 2**0.5 + 0.5 * 13**0.5) / 2))
    assert [one["r2"] for one in found["per_target"]] == [-1.0, -2.25]


def test_the_blocks_do_not_change_the_errors():
    rng = np.random.default_rng(0)
    outputs, targets = rng.normal(size=(2, 1000, 3))
    whole, pieces = measuring.Errors((3,)), measuring.Errors((3,))
    whole.add(outputs, targets)
    for rows in np.array_split(np.arange(1000), 7):
        pieces.add(outputs[rows], targets[rows])
    assert pieces.metrics() == pytest.approx(whole.metrics())


def test_targets_that_are_all_equal_have_no_r2():
    samples = Samples(np.zeros((5, 4)), np.full((5, 1), 2.0))
    network = make_network((("identity", 1),), loss="squared_error")
    assert metrics.evaluate(network, samples, "regression")["r2"] is None


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=60))
def test_the_auc_equals_scikit_learns_with_ties(pairs):
    scores = np.array([score for score, _ in pairs], float)
    positive = np.array([flag for _, flag in pairs])
    found = metrics.roc_auc(scores, positive)
    if positive.all() or not positive.any():
        assert found is None
    else:
        assert found == pytest.approx(theirs.roc_auc_score(positive, scores))


def test_top_k_counts_ties_against_the_answer():
    scores = np.array([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5], [0.0, 0.0, 0.0]])
    codes = np.array([0, 1, 2])
    assert metrics.top_k(scores, codes, 1) == 0.0
    assert metrics.top_k(scores, codes, 2) == pytest.approx(2 / 3)


def test_a_class_without_records_has_no_scores_and_is_left_out_of_the_means():
    samples = Samples(np.zeros((4, 4)), np.array([0, 0, 1, 1]))
    found = metrics.evaluate(make_network(), samples, "classification")
    assert found["per_class"][2] == {"precision": None, "recall": None, "f1": None, "support": 0, "auc": None}
    assert found["roc_auc"] == 0.5
    assert found["recall"] == found["balanced_accuracy"] == found["accuracy"]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_macro_means_equal_scikit_learns_over_the_classes_that_have_records(pairs):
    truth, answers = np.array(pairs).T
    found = metrics._per_class(metrics.confusion_matrix(answers, truth, 5), np.eye(5)[answers], truth)
    macro = theirs.precision_recall_fscore_support(
        truth, answers, labels=np.unique(truth), average="macro", zero_division=0
    )
    assert [found["precision"], found["recall"], found["f1"]] == pytest.approx(macro[:3])
    with warnings.catch_warnings(action="ignore"):  # scikit-learn warns of answers without records
        assert found["balanced_accuracy"] == pytest.approx(theirs.balanced_accuracy_score(truth, answers))
    assert [one["recall"] is None for one in found["per_class"]] == [code not in truth for code in range(5)]


@pytest.mark.parametrize("layers", [(("tanh", 4), ("softmax", 3)), (("tanh", 4), ("sigmoid", 1))])
def test_what_each_epoch_measures_is_what_the_evaluation_says(layers):
    blobs = three_blobs(1300)
    kept = np.flatnonzero(blobs.targets < max(2, layers[-1][1]))
    samples = Samples(blobs.inputs[kept], blobs.targets[kept])
    loss = "cross_entropy" if layers[-1][0] == "softmax" else "binary_cross_entropy"
    network = make_network(layers, loss=loss, seed=3)
    further = measuring.measure(network, samples, "classification").further
    found = metrics.evaluate(network, samples, "classification")
    assert set(further) == {"balanced_accuracy", "f1", "log_loss"}
    for name, value in further.items():
        assert float(value) == pytest.approx(found[name], rel=1e-12), name


def test_log_loss_is_told_only_for_outputs_that_are_probabilities():
    network = make_network((("tanh", 4), ("identity", 3)), loss="squared_error")
    assert metrics.evaluate(network, three_blobs(30), "classification")["log_loss"] is None


def test_weights_that_are_not_numbers_give_none_instead_of_nan():
    network = make_network()
    network.vector[...] = np.nan
    found = metrics.evaluate(network, three_blobs(30), "classification")
    assert found["loss"] is None


def test_samples_that_do_not_fit_are_refused():
    with pytest.raises(Invalid, match="takes 4 inputs"):
        metrics.evaluate(make_network(), three_blobs(30, inputs=5), "classification")
