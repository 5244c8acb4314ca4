"""Inputs that are 0 in every record are left out of a training, which changes nothing but the time that it takes."""

from dataclasses import replace

import numpy as np
import pytest

from dashboard.engine import training as training_module
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.engine.training import Training
from dashboard.engine.zero_inputs import Reduced, without_zero_inputs
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec

WIDTH, ROWS = 12, 80
ZERO = [0, 1, 5, 11]


def samples(dtype=np.float32):
    rng = np.random.default_rng(2)
    inputs = rng.integers(1, 200, (ROWS, WIDTH)).astype(dtype)
    inputs[:, ZERO] = 0
    inputs[-20:, 5] = 3  # in the validation part it is not 0
    return Samples(inputs, rng.integers(0, 3, ROWS), scale=1 / 255)


def parts(whole) -> tuple[Samples, Samples]:
    return whole.take(np.arange(ROWS - 20)), whole.take(np.arange(ROWS - 20, ROWS))


def spec(**training):
    settings = TrainingSpec(epochs=4, batch_size=16, learning_rate=0.01, **training)
    return NetworkSpec(WIDTH, (LayerSpec(5, "tanh", dropout=0.2), LayerSpec(3, "softmax")), settings)


def trained(spec, whole, epochs=None):
    network = Network(spec)
    network.initialize(1)
    training = Training(network, *parts(whole), "classification")
    results = training.epochs()
    return training, [next(results) for _ in range(epochs or spec.training.epochs)]


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_a_training_without_them_learns_what_it_learns_with_them(optimizer, dtype, monkeypatch):
    settings = spec(optimizer=optimizer, dtype="float64", clip_norm=1.0, save="best")
    without, found = trained(settings, samples(dtype))
    assert without.core.spec.inputs == WIDTH - len(ZERO)
    monkeypatch.setattr(
        training_module, "without_zero_inputs", lambda network, train: Reduced(network, train, slice(None))
    )
    whole, wanted = trained(settings, samples(dtype))
    assert whole.core is whole.network
    np.testing.assert_allclose(without.network.vector, whole.network.vector, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(without.best.vector, whole.best.vector, rtol=1e-9, atol=1e-12)
    for one, other in zip(found, wanted, strict=True):
        numbers = ("loss", "accuracy", "val_loss", "val_accuracy")
        np.testing.assert_allclose([getattr(one, n) for n in numbers], [getattr(other, n) for n in numbers], rtol=1e-9)


def test_their_weights_stay_as_they_were_drawn_to_the_bit():
    network = Network(spec())
    network.initialize(1)
    drawn = network.tensors()["layer_01.weight"].copy()
    training, _ = trained(spec(), samples())
    moved = (training.network.tensors()["layer_01.weight"] != drawn).any(axis=1)
    assert np.flatnonzero(~moved).tolist() == ZERO


def test_a_training_that_goes_on_from_a_checkpoint_ends_in_the_same_bits():
    whole, _ = trained(spec(optimizer="adam"), samples())
    half, _ = trained(spec(optimizer="adam"), samples(), epochs=2)
    network = Network(spec(optimizer="adam"))
    resumed = Training(network, *parts(samples()), "classification")
    resumed.restore(half.state())
    list(resumed.epochs())
    wanted, found = whole.state(), resumed.state()
    assert {name: np.shape(found[name]) for name in ("vector", "slot_mean", "slot_square")} == {
        name: (spec().parameters,) for name in ("vector", "slot_mean", "slot_square")
    }
    for name in ("vector", "slot_mean", "slot_square"):
        assert found[name].tobytes() == wanted[name].tobytes()


@pytest.mark.parametrize("training", [{"weight_decay": 0.01}, {"l1": 0.01}, {"l2": 0.01}])
def test_penalties_move_every_weight_so_nothing_is_left_out(training):
    network, train = Network(spec(**training)), samples()
    assert without_zero_inputs(network, train).network is network


@pytest.mark.parametrize("change", [{"offset": 0.01}, {"inputs": np.full((ROWS, WIDTH), np.nan)}])
def test_what_is_not_zero_once_it_is_scaled_is_used(change):
    network, train = Network(spec()), replace(samples(), **change)
    assert without_zero_inputs(network, train).network is network


def test_what_scaling_turns_into_zero_is_left_out():
    inputs = np.random.default_rng(1).normal(size=(ROWS, WIDTH))
    inputs[:, 3] = 7.0
    offset = np.zeros(WIDTH)
    offset[3] = -7.0
    train = Samples(inputs, np.zeros(ROWS, int), 1.0, offset)
    reduced = without_zero_inputs(Network(spec()), train)
    assert reduced.samples.inputs.shape == (ROWS, WIDTH - 1)
    np.testing.assert_array_equal(reduced.samples.inputs, np.delete(inputs, 3, axis=1))
    assert np.ndim(reduced.samples.offset) == 1
