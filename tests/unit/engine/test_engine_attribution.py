"""Integrated gradients: complete, exact where the network is linear, and the gradient that finite differences see."""

import numpy as np
import pytest

from dashboard.engine.attribution import fired_units, integrated_gradients
from dashboard.engine.network import Network
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import ACTIVATIONS, TrainingSpec

HIDDEN = sorted(name for name in ACTIVATIONS if name != "softmax")


def network_of(*layers, inputs=6):
    spec = NetworkSpec(inputs, tuple(LayerSpec(*one) for one in layers), TrainingSpec(loss="squared_error"))
    network = Network(spec)
    network.initialize(3)
    rng = np.random.default_rng(5)
    for layer in network.layers:
        layer.weight[...] = rng.normal(size=layer.weight.shape)
        if layer.bias is not None:
            layer.bias[...] = rng.normal(size=layer.bias.shape)
    return network


@pytest.mark.parametrize("activation", HIDDEN)
def test_shares_sum_to_the_change_of_the_output_units_sum(activation):
    network = network_of((9, activation), (5, activation, False), (3, "sigmoid"))
    rng = np.random.default_rng(1)
    for record, baseline in rng.normal(size=(4, 2, 6)):
        shares = integrated_gradients(network, record, baseline, 1)
        sums = network.sums(np.array([baseline, record], np.float32))[:, 1]
        assert shares.output - shares.baseline == pytest.approx(float(sums[1] - sums[0]), abs=1e-4)
        assert abs(shares.residual) <= 1e-3 * abs(shares.output - shares.baseline)


def test_shares_of_a_linear_network_are_weight_times_distance():
    network = network_of((2, "softmax"))
    record, baseline = np.arange(6.0), np.full(6, 0.5)
    shares = integrated_gradients(network, record, baseline, 1)
    assert np.allclose(shares.shares, (record - baseline) * network.layers[0].weight[:, 1])
    assert integrated_gradients(network, baseline, baseline, 0).shares.tolist() == [0.0] * 6
    assert fired_units(network, record, 0) == []


def test_the_effect_of_a_unit_is_its_output_times_the_slope_that_a_small_change_sees():
    network = network_of((4, "tanh"), (3, "gelu"), (2, "softmax"))
    record = np.random.default_rng(2).normal(size=6)
    units = fired_units(network, record, 1)
    assert [(one.layer, one.unit) for one in units] == [
        *((1, place) for place in range(4)),
        *((2, place) for place in range(3)),
    ]
    last = network.layers[-1]
    for one in units[4:]:
        assert one.effect == pytest.approx(one.output * float(last.weight[one.unit, 1]), rel=1e-6)
    outputs = [value[0] for _, value in network.by_layer(record[np.newaxis].astype(np.float32))]
    assert [one.output for one in units] == pytest.approx([*outputs[0].tolist(), *outputs[1].tolist()], abs=1e-5)
