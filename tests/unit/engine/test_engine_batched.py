"""A stack of networks ends where its networks would have ended alone."""

import numpy as np
import pytest
from engine_examples import a_line, make_network, three_blobs

from dashboard.engine.batched import StackTraining
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.engine.training import Training
from dashboard.errors import Invalid

SEEDS = [3, 4, 5]
RATES = [0.01, 0.02, 0.003]
SPECS = {
    "adam": {"optimizer": "adam"},
    "momentum, dropout": {"optimizer": "momentum", "dropout": 0.3, "schedule": "cosine", "warmup_epochs": 1},
    "sgd, penalties, clipping": {"optimizer": "sgd", "l1": 0.001, "l2": 0.01, "clip_norm": 0.2},
    "adamw, decay, class weights": {"optimizer": "adamw", "weight_decay": 0.1, "class_weights": "balanced"},
    "nesterov, decay, smoothing": {"optimizer": "nesterov", "weight_decay": 0.01, "label_smoothing": 0.1},
    "rmsprop, frozen": {"optimizer": "rmsprop", "frozen": (0,)},
    "no bias": {"bias": False},
    "one record at a time": {"optimizer": "sgd", "batch_size": 1},
    "a batch of all": {"batch_size": 1000},
    "patience": {"patience": 1, "epochs": 30},
    "single output": {"layers": (("tanh", 4), ("sigmoid", 1)), "loss": "binary_cross_entropy"},
}


def alone(stack, number, train, validation, task):
    """The same network trained by itself, with the results of its epochs."""
    network = Network(stack.specs[number])
    network.initialize(stack.specs[number].training.seed)
    return network, list(Training(network, train, validation, task).epochs())


def two_or_three_classes(spec):
    blobs = three_blobs(107)
    return blobs if spec.get("loss") is None else blobs.take(np.flatnonzero(blobs.targets < 2))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("options", SPECS.values(), ids=SPECS.keys())
def test_every_network_of_a_stack_ends_as_if_it_were_trained_alone(options, dtype):
    spec = make_network(**{"epochs": 4, "batch_size": 16, "dtype": dtype} | options).spec
    samples = two_or_three_classes(options)
    train, validation = samples.take(np.arange(0, 60)), samples.take(np.arange(60, len(samples)))
    stack = StackTraining(spec, SEEDS, RATES, train, validation, "classification")
    together = list(stack.epochs())
    tolerance = {"float64": 1e-9, "float32": 1e-4}[dtype]
    for number in range(3):
        network, results = alone(stack, number, train, validation, "classification")
        mine = [epoch[number] for epoch in together if epoch[number] is not None]
        np.testing.assert_allclose(stack.network(number).vector, network.vector, rtol=tolerance, atol=tolerance)
        assert [r.loss for r in mine] == pytest.approx([r.loss for r in results], rel=tolerance, abs=tolerance)
        assert [r.val_loss for r in mine] == pytest.approx([r.val_loss for r in results], rel=tolerance, abs=tolerance)
        assert [r.learning_rate for r in mine] == [r.learning_rate for r in results]
        assert [r.epoch for r in mine] == [r.epoch for r in results]
        if dtype == "float64":
            assert [r.accuracy for r in mine] == [r.accuracy for r in results]
            assert [r.val_accuracy for r in mine] == [r.val_accuracy for r in results]


def test_a_stack_of_regressions_tells_each_networks_errors():
    line = a_line(90)
    spec = make_network((("relu", 6), ("identity", 1)), inputs=2, loss="huber", epochs=2).spec
    train, validation = line.take(np.arange(60)), line.take(np.arange(60, 90))
    stack = StackTraining(spec, SEEDS, RATES, train, validation, "regression")
    together = list(stack.epochs())
    for number in range(3):
        _, results = alone(stack, number, train, validation, "regression")
        assert together[-1][number].metrics == pytest.approx(results[-1].metrics, rel=1e-9)
        assert set(results[-1].metrics) == {"val_mae", "val_rmse", "val_r2"}


def test_one_that_runs_away_stops_and_the_others_go_on():
    line = a_line(64)
    wild = Samples(line.inputs, line.targets, scale=3.0)
    spec = make_network(
        (("identity", 8), ("identity", 1)), inputs=2, loss="squared_error", optimizer="sgd", epochs=60, batch_size=8
    ).spec
    stack = StackTraining(spec, [1, 1, 1], [0.005, 0.5, 0.004], wild, None, "regression")
    together = list(stack.epochs())
    assert stack.diverged == {1}
    assert together[-1][1] is None
    assert together[-1][0].loss < 0.01
    assert np.isfinite(stack.stack.vector).all()
    network, _ = alone(stack, 2, wild, None, "regression")
    np.testing.assert_allclose(stack.network(2).vector, network.vector, rtol=1e-9, atol=1e-12)


def test_seeds_and_rates_must_pair_up():
    spec = make_network().spec
    for seeds, rates in (([1, 2], [0.1]), ([], [])):
        with pytest.raises(Invalid, match="as many seeds"):
            StackTraining(spec, seeds, rates, three_blobs(30), None, "classification")


def test_the_tick_comes_in_a_stack_too():
    ticks = []
    spec = make_network(epochs=1).spec
    list(StackTraining(spec, SEEDS, RATES, three_blobs(30), None, "classification").epochs(lambda: ticks.append(1)))
    assert ticks
