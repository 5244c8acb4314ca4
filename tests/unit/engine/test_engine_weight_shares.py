"""Each weight's share of a change of loss: complete, exact where nothing changed, and what finite differences see."""

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dashboard.engine.line import Line, Records
from dashboard.engine.putting_back import Unit, score_put_back, units_mix
from dashboard.engine.samples import Samples
from dashboard.engine.weight_shares import weight_shares
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import ACTIVATIONS, LOSSES, OUTPUT_OF_LOSS, TrainingSpec

HIDDEN = sorted(name for name in ACTIVATIONS if name != "softmax")
DTYPES = (np.float32, np.float64)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


FORMULAS: dict[str, Callable[..., Any]] = {
    "identity": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.where(z > 0.0, z, 0.0),
    "leaky_relu": lambda z: np.where(z > 0.0, z, 0.01 * z),
    "elu": lambda z: np.where(z > 0.0, z, np.exp(np.minimum(z, 0.0)) - 1.0),
    "gelu": lambda z: 0.5 * z * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (z + 0.044715 * z**3))),
    "silu": lambda z: z * sigmoid(z),
    "softplus": lambda z: np.log(1.0 + np.exp(z)),
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
}
LOSS_FORMULAS: dict[str, Callable[..., Any]] = {
    "squared_error": lambda o, t: 0.5 * (o - t) ** 2,
    "absolute_error": lambda o, t: np.abs(o - t),
    "huber": lambda o, t: np.where(np.abs(o - t) <= 1.0, 0.5 * (o - t) ** 2, np.abs(o - t) - 0.5),
    "binary_cross_entropy": lambda o, t: -(t * np.log(o) + (1.0 - t) * np.log(1.0 - o)),
    "cross_entropy": lambda o, t: -t * np.log(o),
}


def spec_of(hidden=("tanh",), output="softmax", loss="cross_entropy", units=(6, 5), bias=True):
    layers = [LayerSpec(*one, bias) for one in zip(units, itertools.cycle(hidden))]
    return NetworkSpec(4, (*layers, LayerSpec(3, output)), TrainingSpec(loss=loss))


def weights(spec, seed, dtype=np.float32):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0.0, 0.6, shape).astype(dtype) for name, shape in spec.tensor_shapes}


def records_of(rows=120, seed=0, block=50):
    rng = np.random.default_rng(seed)
    samples = Samples(rng.normal(size=(rows, 4)), rng.integers(0, 3, rows))

    def blocks():
        return (samples.take(np.arange(start, min(start + block, rows))) for start in range(0, rows, block))

    return samples, Records(blocks, samples, "classification", rows, "accuracy")


def mean_loss(spec, tensors, samples):
    """The mean loss, written as it is published, in float64."""
    values = np.asarray(samples.inputs, np.float64)
    for number, layer in enumerate(spec.layers, start=1):
        values = values @ tensors[f"layer_{number:02d}.weight"].astype(np.float64)
        if layer.bias:
            values = values + tensors[f"layer_{number:02d}.bias"].astype(np.float64)
        values = FORMULAS[layer.activation](values)
    wanted = np.eye(3)[samples.targets]
    return float(LOSS_FORMULAS[spec.training.loss](values, wanted).sum(axis=1).mean())


def tensors_of(line, vector):
    names = [name for name, _ in line.spec.tensor_shapes]
    shapes = [shape for _, shape in line.spec.tensor_shapes]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    return {
        name: part.reshape(shape) for name, part, shape in zip(names, np.split(vector, ends[:-1]), shapes, strict=True)
    }


def require_complete(hidden, output, loss, dtype, seed):
    output = OUTPUT_OF_LOSS.get(loss, output)
    spec = spec_of(hidden, output, loss, bias=seed % 3 != 0)
    base, other = (weights(spec, (seed, side), dtype) for side in (0, 1))
    samples, records = records_of(seed=seed)
    shares = weight_shares(Line(spec, base, other), records)
    change = mean_loss(spec, other, samples) - mean_loss(spec, base, samples)
    assert shares.change == pytest.approx(change, rel=1e-6)
    assert abs(float(shares.vector.sum()) - change) <= 1e-3 * abs(change)
    return shares


def test_the_shares_sum_to_a_change_that_is_computed_apart():
    for seed, (loss, dtype) in enumerate(zip(LOSSES, itertools.cycle(DTYPES))):
        require_complete(("tanh", "softplus"), "sigmoid", loss, dtype, seed)


@pytest.mark.soak
def test_the_shares_sum_to_the_change_on_every_activation_loss_and_dtype():
    losses = itertools.cycle(LOSSES)
    outputs = itertools.cycle(["softmax", "identity", "sigmoid", "tanh", "relu", "softplus"])
    cases = [(hidden, dtype) for hidden in HIDDEN for dtype in DTYPES] * 2
    for seed, ((hidden, dtype), loss, output) in enumerate(zip(cases, losses, outputs, strict=False)):
        require_complete((hidden, HIDDEN[seed % len(HIDDEN)]), output, loss, dtype, seed)
    assert len(cases) >= 30


def test_a_kink_gets_points_of_its_own_until_one_record_sums_up():
    spec = spec_of(("relu",))
    _, records = records_of(1)
    shares = weight_shares(Line(spec, weights(spec, 1), weights(spec, 2)), records)
    assert shares.points > 8
    assert shares.error <= 1e-3 * abs(shares.change)
    assert [t for t, _, _ in shares.path] == sorted(t for t, _, _ in shares.path)


def test_a_cell_that_has_not_changed_has_exactly_no_share_and_swapping_the_sides_negates():
    spec = spec_of(("relu", "gelu"))
    base, other = weights(spec, 1), weights(spec, 2)
    other["layer_01.weight"][:, 2] = base["layer_01.weight"][:, 2]
    other["layer_02.bias"] = base["layer_02.bias"]
    _, records = records_of()
    there = weight_shares(Line(spec, base, other), records)
    parts = tensors_of(Line(spec, base, other), there.vector)
    assert parts["layer_01.weight"][:, 2].tolist() == [0.0] * 4
    assert parts["layer_02.bias"].tolist() == [0.0] * 5
    back = weight_shares(Line(spec, other, base), records)
    assert np.allclose(there.vector, -back.vector, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("hidden", ["tanh", "silu"])
def test_shares_of_a_small_change_are_slopes_that_finite_differences_see(hidden):
    spec = dataclasses.replace(spec_of((hidden,)), training=TrainingSpec(dtype="float64"))
    base = weights(spec, 3, np.float64)
    other = {name: array + 1e-5 for name, array in base.items()}
    samples, records = records_of()
    line = Line(spec, base, other)
    slopes = {name: part / 1e-5 for name, part in tensors_of(line, weight_shares(line, records).vector).items()}
    rng = np.random.default_rng(4)
    for name, array in base.items():
        place = tuple(int(rng.integers(length)) for length in array.shape)
        sides = []
        for step in (1e-5, -1e-5):
            moved = {one: values + 0.5e-5 for one, values in base.items()}
            moved[name][place] += step
            sides.append(mean_loss(spec, moved, samples))
        assert slopes[name][place] == pytest.approx((sides[0] - sides[1]) / 2e-5, rel=1e-5, abs=1e-8)


def test_what_is_put_back_scores_as_a_network_with_these_weights():
    spec = spec_of(("relu", "tanh"))
    base, other = weights(spec, 5), weights(spec, 6)
    samples, records = records_of()
    line = Line(spec, base, other)
    units = [Unit(layer, 1) for layer in range(3)]
    put = score_put_back(line, records, units, [units_mix(line, units)])
    mixed = [{name: array.copy() for name, array in other.items()} for _ in range(4)]
    for number, unit in enumerate(units):
        for part in ("weight", "bias"):
            name = f"layer_{unit.layer + 1:02d}.{part}"
            for tensors in (mixed[number], mixed[3]):
                tensors[name][..., 1] = base[name][..., 1]
    scores = [score.loss for score in (*put.units, *put.mixes)]
    assert scores == pytest.approx([mean_loss(spec, tensors, samples) for tensors in mixed], rel=1e-12)
