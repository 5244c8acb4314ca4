"""Stored JSON is numbered when it is written, brought to the newest form when it is read, and refused if unknown."""

from dataclasses import fields

import pytest

from dashboard.analysis.statistics import TensorStatistics
from dashboard.errors import NewerForm
from dashboard.records.statistics import NAMES
from dashboard.records.stored import FORM, numbered, unnumbered, upgraded

STEPS = {
    ("metrics", 0): lambda data: {"loss": data["cost"]},
    ("metrics", 2): lambda data: data | {"rmse": data["loss"] ** 0.5},
}


def test_what_is_stored_carries_the_number_of_its_form_and_is_read_without_it():
    assert numbered({"loss": 4.0}) == {"form": FORM, "loss": 4.0}
    assert unnumbered("metrics", numbered({"loss": 4.0})) == {"loss": 4.0}


def test_what_carries_no_number_is_of_the_first_form():
    assert unnumbered("metrics", {"loss": 4.0}) == {"loss": 4.0}


@pytest.mark.parametrize(
    ("form", "data"), [(0, {"cost": 4.0}), (1, {"loss": 4.0}), (2, {"loss": 4.0}), (3, {"loss": 4.0, "rmse": 2.0})]
)
def test_every_earlier_form_is_brought_to_the_newest_step_by_step(form, data):
    assert upgraded("metrics", data, form, STEPS, 3) == {"loss": 4.0, "rmse": 2.0}


def test_the_parts_of_a_manifest_have_its_form():
    manifest = {"metrics": {"cost": 4.0}, "network": {"spec": {"inputs": 4}}, "spec": {"inputs": 4}, "number": 3}
    steps = STEPS | {("network", 0): lambda data: {"width": data["inputs"]}}
    found = upgraded("manifest", manifest, 0, steps, 3)
    assert found["metrics"] == {"loss": 4.0, "rmse": 2.0}
    assert found["spec"] == found["network"]["spec"] == {"width": 4}
    assert found["number"] == 3


def test_a_form_that_only_a_newer_weightbase_knows_is_refused_with_the_remedy():
    with pytest.raises(NewerForm, match="Update Weightbase"):
        unnumbered("metrics", {"form": FORM + 1, "loss": 4.0})


def test_a_statistic_that_was_not_known_when_it_was_stored_is_none():
    found = unnumbered("statistics", {"count": 3, "norm": 2.0})
    assert (found["count"], found["norm"], found["q05"]) == (3, 2.0, None)
    assert set(found) == set(NAMES)


def test_a_column_that_was_described_before_a_statistic_was_known_has_none():
    stored = {"columns": [{"name": "size", "low": 1.0}], "target_statistics": None}
    found = unnumbered("description", stored)
    unknown = dict.fromkeys(("missing", "distinct", "high", "mean", "std"))
    assert found == {"columns": [{"name": "size", "low": 1.0} | unknown], "target_statistics": None}


def test_the_names_of_statistics_are_those_that_are_counted():
    assert {field.name for field in fields(TensorStatistics)} == set(NAMES)
