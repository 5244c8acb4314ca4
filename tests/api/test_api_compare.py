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


SIDES = "base=iris-net:1&other=iris-net:2&tensor=layer_01.weight"


def test_units_and_cells_are_told_the_most_changed_first_in_pages(client):
    units = client.get(f"{COMPARE}/units?{SIDES}&limit=3")
    assert units["items"][0] == {"unit": 5, "norm": 3.125, "max_abs": 3.125, "changed": 1}
    assert units["next"] == 3
    inputs = client.get(f"{COMPARE}/units?{SIDES}&axis=row")
    assert [unit["unit"] for unit in inputs["items"]] == [2, 0, 1, 3]
    assert inputs["next"] is None
    cells = client.get(f"{COMPARE}/cells?{SIDES}")
    assert cells == {"items": [{"row": 2, "column": 5, "base": 2.625, "other": -0.5, "change": -3.125}], "next": None}
    assert client.get(f"{COMPARE}/cells?{SIDES}&offset=1")["items"] == []


def test_a_cell_is_told_down_to_its_bits(client):
    cell = client.get(f"{COMPARE}/cell?{SIDES}&row=2&column=5")
    assert (cell["base_bits"], cell["other_bits"], cell["place"]) == ("40280000", "bf000000", 1)
    assert cell["ulps"] == 0x40280000 + 0x3F000000  # down to zero, and on to the other side of it
    same = client.get(f"{COMPARE}/cell?{SIDES}&row=0&column=0")
    assert (same["change"], same["ulps"], same["place"]) == (0.0, 0.0, None)


def test_tensors_are_paired_by_the_query(client, kept):
    save(kept, {"w": np.ones((4, 8), np.float32), "layer_01.weight": np.zeros(8)})
    diff = client.get(f"{COMPARE}?base=iris-net:1&other=iris-net:4&pair=layer_01.weight..w")
    paired = diff["tensors"][0]
    assert (paired["by_hand"], paired["other"]["name"], paired["changed"]) == (True, "w", 31)
    assert client.fails("GET", f"{COMPARE}?base=iris-net:1&other=iris-net:4&pair=a..b", 404)["field"] == "pair"


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        (f"units?{SIDES}&axis=depth", 422, "axis"),
        (f"units?{SIDES}&limit=0", 422, "limit"),
        (f"cells?{SIDES}x", 404, "tensor"),
        (f"cell?{SIDES}&row=4", 404, "row"),
        (f"cell?{SIDES}&column=8", 404, "column"),
        (f"cell?{SIDES}&row=-1", 422, "row"),
        ("cells?base=iris-net:1&other=iris-net:2", 404, "tensor"),
    ],
)
def test_what_a_tensor_does_not_have_is_refused(client, query, status, field):
    assert client.fails("GET", f"{COMPARE}/{query}", status)["field"] == field


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
