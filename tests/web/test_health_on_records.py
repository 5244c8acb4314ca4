"""The health of units against an independent count on the records, for every activation, wherever a page shows it."""

import json
import math

import numpy as np
import pytest
from scipy import special

from dashboard import create_app
from dashboard.data.bundled import BUNDLED
from dashboard.records.training import ACTIVATIONS
from dashboard.services.datasets import add_bundled, get_dataset
from dashboard.services.networks import create_network, get_network
from dashboard.services.versions.saving import Draft, save_version
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.saved_versions import iris_preprocessing
from tests.web.page_check import Browser

TENSOR = "layer_01.weight"
UNITS = 24
IRIS = next(sample.path for sample in BUNDLED if sample.name == "iris")

FORMULAS = {
    "identity": lambda z: z,
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.where(z > 0, z, z / 100),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "gelu": lambda z: z / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))),
    "silu": lambda z: z * special.expit(z),
    "softplus": lambda z: np.logaddexp(0, z),
}
"""What each activation is, written once more and without the engine."""
HIDDEN = sorted(set(ACTIVATIONS) - {"softmax"})


def weights():
    """Return a first layer (4, UNITS) and its biases: some units are far below 0, some far above, some have no weights.

    Unit 23 has a NaN.
    """
    random = np.random.default_rng(3)
    weight = random.normal(0, 0.4, (4, UNITS)).astype(np.float32)
    weight[:, 0] = 0
    weight[:, 1:5] = -np.abs(weight[:, 1:5])
    weight[:, 5:8] = np.abs(weight[:, 5:8]) + 2
    weight[2, 23] = np.nan
    bias = random.normal(0, 1, UNITS).astype(np.float32)
    bias[1:5] = [0, -1, -40, -200]
    return weight, bias


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser of an app with a network for each activation; unit 9 of each is not read by the output layer."""
    workspace = open_workspace(Settings(home=str(tmp_path_factory.mktemp("healthy"))))
    add_bundled(workspace, "iris")
    dataset = get_dataset(workspace, "iris")
    made = iris_preprocessing(workspace)
    weight, bias = weights()
    after = np.random.default_rng(4).normal(0, 1, (UNITS, 3)).astype(np.float32)
    after[9] = 0
    tensors = {TENSOR: weight, "layer_01.bias": bias, "layer_02.weight": after, "layer_02.bias": np.ones(3, np.float32)}
    for name in HIDDEN:
        layers = [{"units": UNITS, "activation": name}]
        create_network(workspace, {"name": name, "dataset": "iris", "layers": layers})
        network = get_network(workspace, name)
        save_version(workspace, network, Draft(tensors, network.spec, dataset.id, made, {}, {}))
    yield Browser(create_app(workspace=workspace).test_client())
    workspace.catalogue.close()


def independent(activation):
    """Return (dead, saturated, unknown) units, counted from the file of the records by the formulas above."""
    records = np.loadtxt(IRIS, delimiter=",", skiprows=1, usecols=range(4))
    weight, bias = weights()
    sums = records.astype(np.float32) @ weight + bias
    with np.errstate(invalid="ignore", over="ignore"):
        outputs = FORMULAS[activation](sums).astype(np.float32)  # in the dtype of the network, as it runs
    unknown = ~np.isfinite(outputs).all(axis=0)
    dead = np.ptp(outputs, axis=0) <= (0 if activation in {"identity", "relu", "leaky_relu"} else 1e-6)
    dead[9] = True  # nothing reads it
    if activation == "relu":
        dead |= (outputs <= 0).all(axis=0)
    flat = (np.abs(sums) > 4).mean(axis=0) >= 0.95 if activation in {"sigmoid", "tanh"} else np.zeros(UNITS, bool)
    return tuple(np.flatnonzero(flags & ~unknown).tolist() for flags in (dead, flat)), np.flatnonzero(unknown).tolist()


@pytest.mark.parametrize("activation", HIDDEN)
def test_every_page_and_file_has_the_units_that_an_independent_count_finds(browser, activation):
    (dead, flat), unknown = independent(activation)
    assert {0, 9} <= set(dead) < set(range(UNITS)), "a case of each kind"
    assert unknown == [23]
    (item,) = browser.raw(f"/api/v1/networks/{activation}/health?tensor={TENSOR}").json["items"]
    assert (item["dead"], item["saturating"], item["undefined"]) == (len(dead), len(flat), 1)
    assert {name: item["findings"][name] for name in ("dead", "saturating", "undefined", "records")} == {
        "dead": dead,
        "saturating": flat,
        "undefined": [23],
        "records": 150,
    }
    (row,) = browser.raw(f"/networks/{activation}/health.json?tensor={TENSOR}").json["items"]
    assert (row["dead"], row["saturating"], row["records"]) == (len(dead), len(flat), 150)
    rows = browser.raw(f"/networks/{activation}/health/units.json?tensor={TENSOR}").json["items"]
    assert [row["unit"] for row in rows if row["finding"] == "dead"] == dead
    listed = browser.raw(f"/networks/{activation}/versions/1/dead-units.json").json["items"]
    assert [row["unit"] for row in listed if row["layer"] == 1] == dead
    words = f"{len(dead)} units dead in layer 1"
    assert all(words in browser.get(f"/networks/{activation}{page}").text for page in ("", "/versions/1"))
    assert f"{len(dead)} units of {UNITS} dead from the first" in browser.get(f"/networks/{activation}/health").sentence


@pytest.mark.parametrize("activation", HIDDEN)
def test_the_page_of_each_unit_agrees_with_the_list(browser, activation):
    (dead, flat), _ = independent(activation)
    for unit in range(0, UNITS, 4):
        line = json.loads(browser.raw(f"/api/v1/networks/{activation}/timeline?tensor={TENSOR}&unit={unit}").data)
        assert (line["dead_since"] is not None) == (unit in dead)
        assert (line["saturated_since"] is not None) == (unit in flat)


def test_layers_behind_a_nan_are_of_unknown_health_and_not_dead(browser):
    (item,) = browser.raw("/api/v1/networks/relu/health?tensor=layer_02.weight").json["items"]
    assert (item["dead"], item["findings"]["undefined"]) == (0, [0, 1, 2])
