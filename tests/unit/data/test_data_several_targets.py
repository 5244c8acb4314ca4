"""Several columns of numbers are predicted at once: each has an output, scaled by itself."""

import json

import numpy as np
import pytest
from data_files import choose, look, make

from dashboard.data.baseline import baseline_scores, constant_answer
from dashboard.data.preprocessing import Preprocessing, encode, errors_in_own_unit, fit
from dashboard.errors import Invalid
from dashboard.services.dataset_records import record_values

GYM = "waist,jumps,weight,name\n" + "".join(f"{30 + n},{n * n},{100 + 5 * n},{'ab'[n % 2]}\n" for n in range(12))
SEVERAL = {"target": "weight", "kinds": {"waist": "target"}}


def test_the_targets_are_in_the_order_of_the_file_and_no_inputs(tmp_path):
    arrays, about = make(tmp_path, GYM, **SEVERAL)
    assert (about["task"], about["target"], about["targets"]) == ("regression", "weight", ["waist", "weight"])
    assert about["inputs"] == ["jumps", "name=a", "name=b"]
    assert arrays.target[:2].tolist() == [[30, 100], [31, 105]]
    assert [column["mean"] for column in about["target_columns"]] == [35.5, 127.5]
    assert list(record_values(arrays, 0)) == ["jumps", "name"]


def test_each_target_is_scaled_by_itself(tmp_path):
    arrays, _ = make(tmp_path, GYM, **SEVERAL)
    preprocessing = fit(arrays, np.arange(12), "standard")
    targets = encode(arrays, preprocessing, np.dtype(float)).targets
    assert targets.mean(axis=0) == pytest.approx([0, 0])
    assert targets.std(axis=0) == pytest.approx([1, 1])
    assert preprocessing.in_own_unit(targets) == pytest.approx(arrays.target)
    assert preprocessing.units == pytest.approx(np.std(arrays.target, axis=0))
    assert Preprocessing.from_json(json.loads(json.dumps(preprocessing.to_json()))) == preprocessing


def test_the_errors_of_each_target_have_its_name(tmp_path):
    preprocessing = fit(make(tmp_path, GYM, **SEVERAL)[0], np.arange(12), "standard")
    metrics = {"mae": 3.0, "per_target": [{"mae": 1.0}, {"mae": 5.0}]}
    named = [{"target": "waist", "mae": 1.0}, {"target": "weight", "mae": 5.0}]
    assert errors_in_own_unit(metrics, preprocessing) == {"mae": 3.0, "per_target": named}


def test_the_baseline_answers_the_mean_of_each():
    target = np.array([[0.0, 10.0], [2.0, 30.0]])
    constant = constant_answer(target, 0)
    assert np.asarray(constant.answer).tolist() == [1.0, 20.0]
    assert baseline_scores(target, constant) == {"rmse": 5.5, "mae": 5.5, "r2": 0.0}


def test_other_data_have_their_targets_in_any_order(tmp_path):
    (tmp_path / "other").mkdir()
    preprocessing = fit(make(tmp_path, GYM, **SEVERAL)[0], np.arange(12), "none")
    text = "weight,name,waist,jumps\n1,a,2,3\n4,b,5,6\n7,a,8,9\n"
    other, _ = make(tmp_path / "other", text, target="weight", kinds={"waist": "target"})
    assert encode(other, preprocessing, np.dtype(float)).targets.tolist() == [[2, 1], [5, 4], [8, 7]]


@pytest.mark.parametrize(
    ("own", "other", "said"),
    [
        (SEVERAL, {"target": "weight", "kinds": {"waist": "ignore"}}, "The version predicts 'waist', 'weight', and"),
        ({"target": "weight", "kinds": {"waist": "ignore"}}, SEVERAL, "has 2 targets, 'waist', 'weight', and"),
    ],
)
def test_data_with_other_targets_are_refused_naming_them(tmp_path, own, other, said):
    (tmp_path / "other").mkdir()
    preprocessing = fit(make(tmp_path, GYM, **own)[0], np.arange(12), "none")
    with pytest.raises(Invalid, match=said):
        encode(make(tmp_path / "other", GYM, **other)[0], preprocessing, np.dtype(float))


@pytest.mark.parametrize(
    ("choices", "field", "said"),
    [
        (
            {"target": "weight", "kinds": {"name": "target"}},
            "target",
            "'weight' has numbers, and 'name' has classes",
        ),
        ({"target": "name", "kinds": {"weight": "target"}}, "target", "Several targets are either all numbers or all"),
        (
            {"target": "weight", "kinds": {"waist": "target", "jumps": "target", "name": "target"}},
            "kinds",
            "at least one",
        ),
        (SEVERAL | {"split": "grouped", "split_by": "waist"}, "split_by", "The target cannot split"),
    ],
)
def test_targets_that_cannot_be_predicted_together_are_refused_saying_what_is_possible(tmp_path, choices, field, said):
    with pytest.raises(Invalid) as refusal:
        choose(look(tmp_path, GYM), **choices)
    assert said in refusal.value.errors[field]


def test_a_gap_in_any_target_is_named(tmp_path):
    text = GYM.replace("33,9,115", ",9,115")
    with pytest.raises(Invalid, match="The target 'waist' is missing in 1 of"):
        make(tmp_path, text, **SEVERAL)
    assert make(tmp_path, text, **SEVERAL, odd={"waist": "drop"})[1]["dropped"] == 1
