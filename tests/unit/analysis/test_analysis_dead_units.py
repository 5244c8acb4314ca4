"""Dead units: each rule by hand, the order of the rules, and that no unit that fires on some record is called silent."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dashboard.analysis.dead_units import DeadUnit, Layer, Range, dead_units

OUT = Layer(np.ones((3, 2)), None, "softmax")
UNIT_RANGE = Range(np.zeros(2), np.ones(2))
SMALL = st.floats(-2, 2, width=32)


def test_a_unit_whose_weights_and_bias_are_zero_is_dead():
    hidden = Layer(np.array([[0.0, 0.0, 1.0], [0.0, -0.0, 0.0]]), np.array([0.0, 1.0, 0.0]), "tanh")
    assert dead_units([hidden, OUT]) == [DeadUnit(1, 0, "zero")]


def test_without_a_bias_zero_weights_are_enough():
    hidden = Layer(np.array([[0.0, 0.0, 1.0], [0.0, 2.0, 0.0]]), None, "sigmoid")
    assert dead_units([hidden, OUT]) == [DeadUnit(1, 0, "zero")]


def test_a_unit_that_nothing_reads_is_dead():
    readers = Layer(np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 3.0]]), None, "softmax")
    assert dead_units([Layer(np.ones((2, 3)), None, "tanh"), readers]) == [DeadUnit(1, 1, "unread")]


def test_a_relu_that_no_input_of_the_range_can_wake_is_silent():
    hidden = Layer(np.array([[1.0, 1.0, -1.0], [1.0, -5.0, -1.0]]), np.array([-2.0, -0.5, 0.0]), "relu")
    assert dead_units([hidden, OUT], UNIT_RANGE) == [DeadUnit(1, 0, "silent"), DeadUnit(1, 2, "silent")]
    assert dead_units([hidden, OUT]) == []
    assert dead_units([hidden._replace(activation="leaky_relu"), OUT], UNIT_RANGE) == []


def test_the_range_goes_on_through_the_layers():
    first = Layer(np.array([[1.0], [1.0]]), None, "sigmoid")  # gives 0 to 1
    second = Layer(np.array([[1.0, 1.0, 1.0]]), np.array([-1.5, -0.5, 1.0]), "relu")
    assert dead_units([first, second, OUT]) == [DeadUnit(2, 0, "silent")]


def test_what_follows_an_activation_of_unknown_range_is_not_called_silent():
    first = Layer(np.array([[1.0], [1.0]]), None, "gelu")
    second = Layer(np.array([[1.0, 1.0, 1.0]]), np.array([-1e9, -1e9, -1e9]), "relu")
    assert dead_units([first, second, OUT], UNIT_RANGE) == []


def test_units_of_the_last_layer_are_never_named():
    assert dead_units([Layer(np.zeros((2, 2)), np.zeros(2), "softmax")], UNIT_RANGE) == []


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_every_float_type_is_read(dtype):
    hidden = Layer(np.array([[1, -1, 0], [1, -1, 0]], dtype=dtype), np.zeros(3, dtype=dtype), "relu")
    assert dead_units([hidden, OUT], UNIT_RANGE) == [DeadUnit(1, 1, "silent"), DeadUnit(1, 2, "zero")]


@given(
    arrays(np.float64, (3, 4), elements=SMALL),
    arrays(np.float64, (4,), elements=SMALL),
    arrays(np.float64, (20, 3), elements=st.floats(-1, 1)),
)
def test_a_silent_unit_fires_on_no_record_of_the_range(weights, bias, records):
    hidden, readers = Layer(weights, bias, "relu"), Layer(np.ones((4, 1)), None, "identity")
    found = dead_units([hidden, readers], Range(np.full(3, -1.0), np.ones(3)))
    silent = [dead.unit for dead in found if dead.rule == "silent"]
    assert ((records @ weights + bias)[:, silent] <= 1e-12).all()
