"""A unit that was damaged on purpose: it is the first one that Why lists, and putting it back restores every digit."""

import numpy as np
import pytest

from dashboard.jobs.coordinator import coordinator_lock
from dashboard.records.why import WhyRequest
from dashboard.services.changes.children import save_child
from dashboard.services.datasets import add_bundled
from dashboard.services.networks import create_network, get_network
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.saving import Draft, save_version
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.why.results import why
from tests.unit.services.carry_out import train

KINDS = ("scaled", "negated", "zeroed", "swapped")
UNITS = (24, 12, 10)
CASES = 40


def damaged(tensors, kind, layer, one, other):
    """Copies of the tensors with a unit of a layer (from 1) damaged, or swapped with another one."""
    copies = {name: array.copy() for name, array in tensors.items()}
    for part in ("weight", "bias"):
        units = copies[f"layer_{layer:02d}.{part}"]
        if kind == "swapped":
            units[..., [one, other]] = units[..., [other, one]]
        else:
            units[..., one] *= {"scaled": 3, "negated": -1, "zeroed": 0}[kind]
    return copies


@pytest.mark.soak
def test_a_planted_fault_is_listed_first_in_at_least_38_of_40_cases_and_is_restored_to_the_last_digit(workspace):
    add_bundled(workspace, "digits")
    layers = [{"units": UNITS[0], "activation": "relu"}, {"units": UNITS[1], "activation": "tanh"}]
    create_network(workspace, {"name": "digits", "dataset": "digits", "layers": layers, "training": {"epochs": 5}})
    with coordinator_lock(workspace.settings.home_folder):  # the training is carried out here
        train(workspace, "digits", {"save": "last"})
    network = get_network(workspace, "digits")
    good = get_version(workspace, "digits", network.last_version)
    tensors, rng = read_tensors(workspace, good), np.random.default_rng(1)
    firsts = 0
    for case in range(CASES):
        layer, kind = 1 + case % len(UNITS), KINDS[case % len(KINDS)]
        one, other = rng.choice(UNITS[layer - 1], 2, replace=False).tolist()
        bad = damaged(tensors, kind, layer, one, other)
        draft = Draft(bad, good.spec, 1, good.preprocessing, {}, {})
        number = save_version(workspace, network, draft)
        result = why(workspace, WhyRequest(good.reference, f"digits:{number}"))
        planted = {(layer, one), *([(layer, other)] if kind == "swapped" else [])}
        firsts += (result.units[0].layer, result.units[0].unit) in planted
        assert {(unit.layer, unit.unit) for unit in result.units} == planted
        assert result.is_complete
        assert result.curve[-1].back == result.base_score
        units = [{"layer": layer, "unit": unit} for _, unit in planted]
        child = save_child(workspace, "digits", number, {"change": "put_back", "base": good.reference, "units": units})
        assert child.version is not None
        assert child.version.sha256 == good.sha256
    assert firsts >= 38
