"""A training gives the same bits every time, resumed or not; it stops, keeps the best, and survives what runs away."""

import time
from typing import Any

import numpy as np
import pytest
from engine_examples import PATHS, a_line, make_network, three_blobs, train

from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.engine.steps import LONG_BATCH
from dashboard.engine.training import Diverged, Training
from dashboard.errors import Invalid

SPECS = [
    {"optimizer": "adam", "batch_size": 32},
    {"optimizer": "momentum", "batch_size": 16, "dropout": 0.3, "schedule": "cosine", "warmup_epochs": 1},
    {"optimizer": "sgd", "batch_size": 1, "learning_rate": 0.05},
    {"optimizer": "nesterov", "batch_size": 7, "l2": 0.001, "clip_norm": 0.5, "label_smoothing": 0.1},
    {"optimizer": "adamw", "batch_size": 64, "weight_decay": 0.01, "class_weights": "balanced", "dtype": "float32"},
    {"optimizer": "rmsprop", "batch_size": 20, "patience": 2, "save": "best"},
]


def blobs() -> tuple[Samples, Samples]:
    samples = three_blobs(150)
    return samples.take(np.arange(120)), samples.take(np.arange(120, 150))


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec["optimizer"])
@pytest.mark.parametrize("path", PATHS)
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(spec, path):
    def weights(seed):
        network = make_network(epochs=3, **spec | {"seed": seed})
        network.initialize(7)
        train(network, *blobs(), path=path)
        return network.vector.tobytes()

    assert weights(1) == weights(1)
    assert weights(1) != weights(2)


@pytest.mark.parametrize("stop", [1, 2, 4])
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec["optimizer"])
@pytest.mark.parametrize("path", PATHS)
def test_a_resumed_training_ends_in_the_same_bits_as_an_undisturbed_one(spec, stop, path):
    whole, whole_epochs = train(make_network(epochs=5, **spec), *blobs(), path=path)
    interrupted = Training(make_network(epochs=5, **spec), *blobs(), "classification", path)
    going = interrupted.epochs()
    for _ in range(stop):
        next(going)
    state = interrupted.state()
    next(going, None)  # what happens after the checkpoint must not reach into it
    other = make_network(epochs=5, seed=99, **spec)
    other = Network(whole.network.spec)
    resumed = Training(other, *blobs(), "classification", path)
    resumed.restore(state)
    rest = list(resumed.epochs())
    assert other.vector.tobytes() == whole.network.vector.tobytes()
    assert [e.loss for e in rest] == [e.loss for e in whole_epochs[stop:]]
    assert resumed.best.epoch == whole.best.epoch
    assert resumed.state()["vector"].tobytes() == whole.state()["vector"].tobytes()


def test_a_state_of_another_network_or_optimizer_is_refused():
    training, _ = train(make_network(epochs=1), *blobs())
    wider = Training(make_network((("tanh", 6), ("softmax", 3)), epochs=1), *blobs(), "classification")
    other = Training(make_network(epochs=1, optimizer="momentum"), *blobs(), "classification")
    for stranger in (wider, other):
        with pytest.raises(Invalid, match="another network or optimizer"):
            stranger.restore(training.state())


def test_blobs_are_told_apart():
    _, epochs = train(make_network(epochs=30, batch_size=16, learning_rate=0.02), *blobs())
    assert epochs[-1].val_accuracy == 1.0
    assert epochs[-1].val_loss < epochs[0].val_loss < 2.0
    assert [e.epoch for e in epochs] == list(range(1, 31))


def test_a_plane_is_fitted_with_its_errors_told():
    samples = a_line()
    network = make_network((("identity", 1),), inputs=2, loss="squared_error", epochs=40, learning_rate=0.02)
    _, epochs = train(network, samples.take(np.arange(150)), samples.take(np.arange(150, 200)), "regression")
    last = epochs[-1]
    assert last.accuracy is None
    assert last.val_accuracy is None
    assert set(last.metrics) == {"val_mae", "val_rmse", "val_r2"}
    assert last.metrics["val_r2"] > 0.99
    assert last.metrics["val_rmse"] == pytest.approx(np.sqrt(2 * last.val_loss))
    np.testing.assert_allclose(network.tensors()["layer_01.weight"], [[1.5], [-0.5]], atol=0.05)


def test_the_loss_shown_is_that_of_the_batches_as_they_pass():
    samples = three_blobs(90)
    network = make_network(epochs=1, optimizer="sgd", learning_rate=1e-30, batch_size=40)
    outputs = network.predict(samples.inputs)
    expected = -np.log(outputs[np.arange(90), samples.targets]).mean()
    _, (epoch,) = train(network, samples, samples)
    assert epoch.loss == pytest.approx(expected, rel=1e-12)
    assert epoch.val_loss == pytest.approx(expected, rel=1e-12)
    assert epoch.accuracy == epoch.val_accuracy == np.mean(outputs.argmax(axis=1) == samples.targets)


def test_smoothing_weights_and_penalties_shape_the_training_but_not_the_loss_that_is_shown():
    options = {"label_smoothing": 0.2, "class_weights": "balanced", "l1": 0.1, "l2": 0.1}
    still = {"optimizer": "sgd", "learning_rate": 1e-30, "epochs": 1}
    _, (plain,) = train(make_network(**still), *blobs())
    _, (shaped,) = train(make_network(**still, **options), *blobs())
    assert shaped.loss == pytest.approx(plain.loss, rel=1e-12)
    assert shaped.val_loss == plain.val_loss


def test_balanced_class_weights_count_a_rare_class_as_much_as_a_common_one():
    blobs = three_blobs(150)
    kept = np.concatenate([np.flatnonzero(blobs.targets != 2), np.flatnonzero(blobs.targets == 2)[:5]])
    samples = Samples(blobs.inputs[kept], blobs.targets[kept])
    training = Training(make_network(class_weights="balanced"), samples, None, "classification")
    counts = np.bincount(samples.targets)
    steps: Any = training.steps
    np.testing.assert_allclose(steps.class_weights * counts, len(kept) / 3)


def test_patience_stops_and_the_best_weights_are_back():
    rng = np.random.default_rng(0)
    noise = Samples(rng.normal(size=(60, 4)), rng.integers(0, 3, 60))
    network = make_network((("tanh", 40), ("softmax", 3)), epochs=200, batch_size=8, learning_rate=0.05, patience=3)
    training, epochs = train(network, noise.take(np.arange(40)), noise.take(np.arange(40, 60)))
    losses = [e.val_loss for e in epochs]
    assert len(epochs) < 200
    assert training.best.epoch == int(np.argmin(losses)) + 1 == len(epochs) - 3
    outputs = network.predict(noise.inputs[40:])
    assert -np.log(outputs[np.arange(20), noise.targets[40:]]).mean() == pytest.approx(min(losses), rel=1e-9)
    np.testing.assert_array_equal(training.best.vector, network.vector)


def test_without_restore_best_the_last_weights_stay_and_the_best_can_be_had():
    rng = np.random.default_rng(0)
    noise = Samples(rng.normal(size=(60, 4)), rng.integers(0, 3, 60))
    network = make_network((("tanh", 40), ("softmax", 3)), epochs=30, learning_rate=0.05, save="best")
    training, _ = train(network, noise.take(np.arange(40)), noise.take(np.arange(40, 60)))
    assert training.best.epoch < 30
    assert not np.array_equal(training.best.vector, network.vector)


@pytest.mark.parametrize("batch_size", [1, 16])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_runs_away_is_stopped_with_the_last_good_epochs_weights(dtype, batch_size):
    spec = {"loss": "squared_error", "optimizer": "sgd", "epochs": 50, "batch_size": batch_size, "dtype": dtype}
    network = make_network((("identity", 8), ("identity", 1)), inputs=2, learning_rate=0.3, schedule="constant", **spec)
    samples = a_line()
    wild = Samples(samples.inputs, samples.targets, scale=3.0)
    training = Training(network, wild, None, "regression")
    good = [network.vector.copy()]
    with pytest.raises(Diverged, match="smaller learning rate") as caught:
        good.extend(network.vector.copy() for _ in training.epochs())
    assert caught.value.epoch == training.epoch + 1
    np.testing.assert_array_equal(network.vector, good[-1])
    assert np.isfinite(network.vector).all()


@pytest.mark.parametrize("batch_size", [1, 16])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_frozen_layer_stays_bit_identical_while_the_others_learn(optimizer, batch_size):
    layers = (("tanh", 5), ("tanh", 4), ("softmax", 3))
    for frozen in ((0,), (1,), (0, 1), (2,)):
        network = make_network(layers, frozen=frozen, optimizer=optimizer, batch_size=batch_size, epochs=2, l2=0.01)
        before = {name: tensor.copy() for name, tensor in network.tensors().items()}
        train(network, *blobs())
        for name, tensor in network.tensors().items():
            stands = int(name[6:8]) - 1 in frozen
            assert np.array_equal(before[name], tensor) == stands


def test_everything_frozen_trains_nothing_and_fails_nothing():
    network = make_network(frozen=(0, 1), epochs=2)
    before = network.vector.copy()
    _, epochs = train(network, *blobs())
    np.testing.assert_array_equal(network.vector, before)
    assert epochs[0].val_loss == epochs[1].val_loss


def test_the_tick_comes_between_batches_and_stops_the_training_when_it_raises():
    rows = 200_000
    samples = Samples(np.zeros((rows, 4), np.uint8), np.zeros(rows, np.int64))
    training = Training(make_network(epochs=1, batch_size=4), samples, None, "classification")
    ticks = []

    class Stopped(Exception):
        pass

    def tick():
        ticks.append(time.perf_counter())
        if len(ticks) == 4:
            raise Stopped

    with pytest.raises(Stopped):
        list(training.epochs(tick))
    assert training.epoch == 0
    assert min(np.diff(ticks)) >= 0.02  # not more often than needed


def test_the_tick_comes_within_a_batch_that_takes_long():
    rows = 12_000
    samples = Samples(np.zeros((rows, 4), np.uint8), np.zeros(rows, np.int64))
    network = make_network((("tanh", 300), ("tanh", 300), ("softmax", 3)), epochs=1, batch_size=rows)
    assert rows * network.spec.parameters > LONG_BATCH

    class Stopped(Exception):
        pass

    def tick():
        raise Stopped

    training = Training(network, samples, None, "classification")
    before = network.vector.copy()
    with pytest.raises(Stopped):
        list(training.epochs(tick))
    np.testing.assert_array_equal(network.vector, before)  # not even the first step was taken


@pytest.mark.parametrize(
    ("samples", "task", "words"),
    [
        (Samples(np.zeros((5, 3)), np.zeros(5, int)), "classification", "takes 4 inputs"),
        (Samples(np.zeros((0, 4)), np.zeros(0, int)), "classification", "no rows"),
        (Samples(np.zeros((5, 4)), np.full(5, 3)), "classification", "from 0 to 2"),
        (Samples(np.zeros((5, 4)), np.full(5, -1)), "classification", "from 0 to 2"),
        (Samples(np.zeros((5, 4)), np.zeros(5)), "classification", "whole numbers"),
        (Samples(np.zeros((5, 4)), np.zeros((5, 1))), "regression", "has 3 outputs"),
    ],
)
def test_samples_that_do_not_fit_are_refused_in_words(samples, task, words):
    with pytest.raises(Invalid, match=words):
        Training(make_network(), samples, None, task)


def test_the_schedule_and_warm_up_set_each_epochs_rate():
    def rates(**spec):
        _, epochs = train(make_network(epochs=6, learning_rate=0.08, optimizer="sgd", **spec), *blobs())
        return [round(e.learning_rate, 6) for e in epochs]

    assert rates() == [0.08] * 6
    assert rates(schedule="step", step_epochs=2, decay=0.5) == [0.08, 0.08, 0.04, 0.04, 0.02, 0.02]
    assert rates(schedule="exponential", decay=0.5) == [0.08, 0.04, 0.02, 0.01, 0.005, 0.0025]
    assert rates(schedule="cosine") == [0.08, 0.074641, 0.06, 0.04, 0.02, 0.005359]
    assert rates(warmup_epochs=3) == [0.02, 0.04, 0.06, 0.08, 0.08, 0.08]
    assert rates(schedule="cosine", warmup_epochs=2) == [0.026667, 0.053333, 0.08, 0.068284, 0.04, 0.011716]
