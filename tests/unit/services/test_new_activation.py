"""An activation that is added to the engine with its traits is known to the health of units and to firing."""

import dataclasses

import numpy as np
import pytest

from dashboard.data.preprocessing import NumericInput, Preprocessing
from dashboard.engine.activations import ACTIVATIONS, Activation, relu_backward, tanh_backward
from dashboard.records.network import LayerSpec
from dashboard.services.datasets import add_bundled
from dashboard.services.history.units import dead_units, findings
from dashboard.services.versions.reading import get_detail
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.saved_versions import new_network, save, without_records, zeros

WEIGHTS = np.array([[1, -1, 1]] * 4, np.float32)
BIAS = np.array([0, 0, -100], np.float32)  # the measures of iris are all above 0, their sum is below 25
READERS = np.ones((3, 3), np.float32)


def half_relu(values, scratch):
    np.maximum(values * 0.5, scratch, out=values)


def steep(values, scratch):
    np.tanh(3.0 * values, out=values)


@pytest.fixture
def workspace(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path / "home")))
    yield opened
    opened.catalogue.close()


def saved(workspace, activation, layers=1, **tensors):
    """Save a version of a network whose hidden layers have the activation; return it with its tensors."""
    network = new_network(workspace, layers=[{"units": 3, "activation": "relu"}] * layers)
    hidden = [dataclasses.replace(layer, activation=activation) for layer in network.spec.layers[:-1]]
    spec = dataclasses.replace(network.spec, layers=(*hidden, LayerSpec(3, "softmax")))
    network = dataclasses.replace(network, spec=spec)
    names = [column["name"] for column in add_bundled(workspace, "iris").description["columns"]]
    numeric = tuple(NumericInput(name, 1.0, 0.0, 0.0) for name in names)
    made = Preprocessing("none", "classification", numeric, (), ("a", "b", "c"), 0.0, 1.0, 1.0, 0.0)
    save(workspace, network, zeros(network) | tensors, preprocessing=made.to_json())
    return get_detail(workspace, "small", 1)


def test_a_new_rectifier_is_known_to_be_silent_by_its_tables_and_on_records(workspace, monkeypatch):
    made = Activation(half_relu, relu_backward, low=0.0, is_rectifier=True, cuts_off=True)
    monkeypatch.setitem(ACTIVATIONS, "half_relu", made)
    about = {"layer_01.weight": WEIGHTS, "layer_01.bias": BIAS, "layer_02.weight": READERS}
    detail = saved(workspace, "half_relu", **about)
    for forget_records in (False, True):
        if forget_records:
            without_records(workspace)
        found = dead_units(workspace, detail.version, detail.tensors)
        assert [(one.unit, one.rule) for one in found.units if one.layer == 1] == [
            (1, "never_active"),
            (2, "never_active"),
        ]
        assert found.records == (0 if forget_records else 150)


def test_the_range_behind_a_new_rectifier_is_that_of_its_outputs(workspace, monkeypatch):
    """Inputs are below 8, the sums of the first layer so below 32; the outputs of half a relu are below 16."""
    made = Activation(half_relu, relu_backward, low=0.0, is_rectifier=True, cuts_off=True)
    monkeypatch.setitem(ACTIVATIONS, "half_relu", made)
    second = np.eye(3, dtype=np.float32)
    bias = np.array([-16, -15, 0], np.float32)
    about = {"layer_01.weight": np.ones((4, 3), np.float32), "layer_02.weight": second, "layer_02.bias": bias}
    detail = saved(workspace, "half_relu", layers=2, **about, **{"layer_03.weight": READERS})
    without_records(workspace)
    found = dead_units(workspace, detail.version, detail.tensors)
    assert [(one.layer, one.unit, one.rule) for one in found.units] == [(2, 0, "never_active")]


def test_a_new_activation_that_saturates_is_seen_to_do_so(workspace, monkeypatch):
    monkeypatch.setitem(ACTIVATIONS, "steep", Activation(steep, tanh_backward, low=-1.0, high=1.0, saturates=True))
    weights = np.array([[0.01, 2.0, 0.1]] * 4, np.float32)
    detail = saved(workspace, "steep", **{"layer_01.weight": weights, "layer_02.weight": READERS})
    found = findings(workspace, detail.version, detail.tensors)["layer_01.weight"]
    assert (found["never_active"], found["saturating"], found["records"]) == ((), (1,), 150)
