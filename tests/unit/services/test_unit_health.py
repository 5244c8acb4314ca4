"""Dead units of a version whose records are not here, found from its stored tables, the rule named."""

import dataclasses

import numpy as np
import pytest
from saved_versions import new_network, save, without_records, zeros

from dashboard.data.preprocessing import CategoricalInput, NumericInput, Preprocessing
from dashboard.services.datasets import add_bundled
from dashboard.services.history.units import dead_units, input_range
from dashboard.services.versions.reading import get_detail
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings

RELU = {"units": 3, "activation": "relu"}


@pytest.fixture
def workspace(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path / "home")))
    yield opened
    opened.catalogue.close()


def found(workspace, tensors, layers=(RELU,), preprocessing=None):
    network = new_network(workspace, layers=layers)
    save(workspace, network, zeros(network) | tensors, preprocessing=preprocessing or {})
    without_records(workspace)
    detail = get_detail(workspace, "small", 1)
    return [(dead.layer, dead.unit, dead.rule) for dead in dead_units(workspace, detail.version, detail.tensors).units]


def iris_preprocessing(workspace, scale):
    names = [column["name"] for column in dataset_columns(workspace)]
    numeric = tuple(NumericInput(name, scale, 0.0, 0.0) for name in names)
    return Preprocessing("none", "classification", numeric, (), ("a", "b", "c"), 0.0, 1.0, 1.0, 0.0)


def dataset_columns(workspace):
    return add_bundled(workspace, "iris").description["columns"]


def test_a_unit_without_incoming_or_without_outgoing_weights_is_dead(workspace):
    weights, readers = np.ones((4, 3), np.float32), np.ones((3, 3), np.float32)
    weights[:, 0] = 0
    readers[2] = 0
    dead = found(workspace, {"layer_01.weight": weights, "layer_02.weight": readers}, [{**RELU, "activation": "tanh"}])
    assert dead == [(1, 0, "no_input"), (1, 2, "no_output")]


def test_a_relu_that_the_datasets_inputs_cannot_wake_is_silent(workspace):
    weights = np.array([[1, -1, 1]] * 4, np.float32)
    bias = np.array([0, 0, -100], np.float32)  # the measures of iris are all above 0, their sum is below 25
    tensors = {"layer_01.weight": weights, "layer_01.bias": bias, "layer_02.weight": np.ones((3, 3), np.float32)}
    made = iris_preprocessing(workspace, 1.0)
    assert found(workspace, tensors, preprocessing=made.to_json()) == [(1, 1, "never_active"), (1, 2, "never_active")]


def test_without_the_range_of_the_inputs_no_unit_is_called_silent(workspace):
    tensors = {"layer_01.weight": -np.ones((4, 3), np.float32), "layer_02.weight": np.ones((3, 3), np.float32)}
    assert found(workspace, tensors) == []


def test_the_range_of_the_inputs_is_that_of_the_scaled_columns(workspace):
    made = iris_preprocessing(workspace, 2.0)
    columns = dataset_columns(workspace)
    network = new_network(workspace)
    save(workspace, network, zeros(network), preprocessing=made.to_json())
    version = get_detail(workspace, "small", 1).version
    low, high = min(column["low"] for column in columns), max(column["high"] for column in columns)
    assert input_range(workspace, version) == (2 * low, 2 * high)
    mixed = dataclasses.replace(made, categorical=(CategoricalInput("colour", ("red", "blue"), "red"),))
    wider = dataclasses.replace(version, preprocessing=mixed.to_json())
    assert input_range(workspace, wider) == (0.0, 2 * high)


def test_the_range_goes_on_behind_each_layer(workspace):
    first, second = np.ones((4, 2), np.float32), np.ones((2, 3), np.float32)
    bias = np.array([-1.5, -2.5, 0.0], np.float32)  # two sigmoids give at most 2
    tensors = {
        "layer_01.weight": first,
        "layer_02.weight": second,
        "layer_02.bias": bias,
        "layer_03.weight": np.ones((3, 3), np.float32),
    }
    layers = [{"units": 2, "activation": "sigmoid"}, RELU]
    assert found(workspace, tensors, layers) == [(2, 1, "never_active")]
