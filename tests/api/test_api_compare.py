"""The comparison of two versions through the API."""

import math

import numpy as np
import pytest

from tests.api.examples import save

COMPARE = "/api/v1/compare"

pytestmark = pytest.mark.usefixtures("kept")


def test_the_one_changed_weight_is_found(client):
    diff = client.get(f"{COMPARE}?base=iris-net:1&other=iris-net:2")
    weight, bias = diff["tensors"]
    assert (diff["identical"], weight["status"], bias["status"]) == (False, "changed", "equal")
    assert (weight["max_cell"], weight["max_abs"]) == ([2, 5], 3.125)
    assert (weight["base_value"], weight["other_value"]) == (2.625, -0.5)
    assert (weight["changed"], weight["sign_flips"], weight["count"]) == (1, 1, 32)
    base = np.arange(32) / 8
    assert weight["mean_abs"] == 3.125 / 32
    assert weight["relative"] == pytest.approx(3.125 / math.sqrt(float((base**2).sum())))
    assert {fact["name"]: (fact["base"], fact["other"]) for fact in diff["metrics"]} == {"loss": (0.75, 0.5)}
    epoch = next(fact for fact in diff["settings"] if fact["name"] == "epoch")
    assert (epoch["base"], epoch["other"], epoch["equal"]) == (1, 2, False)


def test_a_version_is_identical_to_itself_nan_included(client):
    diff = client.get(f"{COMPARE}?base=iris-net:3&other=iris-net:3")
    assert diff["identical"]
    assert {tensor["status"] for tensor in diff["tensors"]} == {"equal"}


def test_added_removed_and_reshaped_tensors_are_listed_without_numbers(client, kept):
    save(kept, {"layer_01.weight": np.ones((3, 3), np.float32), "extra": np.ones(2)})
    diff = client.get(f"{COMPARE}?base=iris-net:1&other=iris-net:4")
    states = {tensor["name"]: tensor["status"] for tensor in diff["tensors"]}
    assert "added" in states.values()
    assert "removed" in states.values()
    assert all(tensor["max_abs"] is None for tensor in diff["tensors"])


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("", 400, "base"),
        ("base=iris-net:1", 400, "other"),
        ("base=iris-net&other=iris-net:1", 400, "base"),
        ("base=iris-net:1&other=iris-net:x", 400, "other"),
        ("base=iris-net:1&other=iris-net:9", 404, "other"),
        ("base=nothing:1&other=iris-net:1", 404, "base"),
        ("base=iris-net:1&other=iris-net:99999999999999999999999", 404, "other"),
        ("base=iris-net:1&other=iris-net:2&tensor=x", 422, "tensor"),
    ],
)
def test_a_bad_comparison_is_refused_at_its_side(client, query, status, field):
    assert client.fails("GET", f"{COMPARE}?{query}", status)["field"] == field
