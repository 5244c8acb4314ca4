"""Several columns of classes are predicted at once: each is a group of outputs, one for each of its classes."""

import json

import numpy as np
import pytest
from data_files import choose, look, make

from dashboard.data.baseline import baseline_scores, constant_answer
from dashboard.data.folds import make_folds
from dashboard.data.preprocessing import Preprocessing, encode, errors_in_own_unit, fit
from dashboard.data.splitting import sizes_of_split, split
from dashboard.errors import Invalid

FLOAT = np.dtype(float)
PETS = "age,kind,home,weight\n" + "".join(
    f"{n},{['cat', 'dog'][n % 2]},{['house', 'flat', 'boat'][n % 3]},{n * 1.5 + 1}\n" for n in range(12)
)
SEVERAL = {"target": "home", "kinds": {"kind": "target"}}


def test_the_groups_are_in_the_order_of_the_file_with_the_classes_of_each(tmp_path):
    arrays, about = make(tmp_path, PETS, **SEVERAL)
    assert (about["task"], about["target"], about["targets"]) == ("classification", "home", ["kind", "home"])
    assert about["groups"] == [["cat", "dog"], ["boat", "flat", "house"]]
    assert about["classes"] == ["kind=cat", "kind=dog", "home=boat", "home=flat", "home=house"]
    assert about["balance"] == dict(zip(about["classes"], [6, 6, 4, 4, 4], strict=True))
    assert about["inputs"] == ["age", "weight"]
    assert arrays.target[:3].tolist() == [[0, 2], [1, 1], [0, 0]]


def test_the_preprocessing_knows_the_groups_and_that_of_a_single_target_is_stored_as_before(tmp_path):
    arrays, _ = make(tmp_path, PETS, **SEVERAL)
    known = fit(arrays, np.arange(12), "standard")
    assert (known.several, known.group_sizes) == (["kind", "home"], (2, 3))
    assert encode(arrays, known, FLOAT).targets.tolist() == arrays.target.tolist()
    assert Preprocessing.from_json(json.loads(json.dumps(known.to_json()))) == known
    measured = errors_in_own_unit({"accuracy": 0.5, "per_target": [{"f1": 0.4}, {"f1": 0.6}]}, known)
    assert measured["per_target"] == [{"target": "kind", "f1": 0.4}, {"target": "home", "f1": 0.6}]
    single, _ = make(tmp_path, PETS, target="home", kinds={"kind": "ignore"})
    assert "groups" not in fit(single, np.arange(12), "standard").to_json()


def test_other_data_have_their_targets_and_classes_in_any_order(tmp_path):
    (tmp_path / "other").mkdir()
    known = fit(make(tmp_path, PETS, **SEVERAL)[0], np.arange(12), "none")
    text = "weight,home,kind,age\n1,flat,dog,3\n4,house,cat,6\n7.5,flat,dog,9\n"
    other, about = make(tmp_path / "other", text, target="kind", kinds={"home": "target"})
    assert about["classes"] == ["home=flat", "home=house", "kind=cat", "kind=dog"]
    assert encode(other, known, FLOAT).targets.tolist() == [[1, 1], [0, 2], [1, 1]]


def test_classes_that_are_numbers_are_the_same_whether_a_file_was_read_as_numbers_or_as_classes(tmp_path):
    (tmp_path / "other").mkdir()
    text = "a,x,y\n" + "".join(f"{n * 1.5},{n % 2},{n % 3}\n" for n in range(12))
    chosen = {"target": "x", "kinds": {"y": "target"}}
    classes, about = make(tmp_path, text, **chosen, task="classification")
    numbers, _ = make(tmp_path / "other", text, **chosen)
    assert (numbers.task, about["groups"]) == ("regression", [["0", "1"], ["0", "1", "2"]])
    as_classes, as_numbers = (fit(one, np.arange(12), "none") for one in (classes, numbers))
    assert encode(numbers, as_classes, FLOAT).targets.tolist() == classes.target.tolist()
    assert encode(classes, as_numbers, FLOAT).targets.tolist() == numbers.target.tolist()


def test_the_baseline_answers_the_most_frequent_class_of_each():
    target = np.array([[0, 1], [0, 2], [1, 2], [0, 0]])
    constant = constant_answer(target, 5, [2, 3])
    assert np.asarray(constant.answer).tolist() == [0, 2]
    scores = baseline_scores(target, constant)
    assert (scores["accuracy"], scores["all_right"]) == ((0.75 + 0.5) / 2, 0.25)
    assert scores["balanced_accuracy"] == pytest.approx((1 / 2 + 1 / 3) / 2)
    logs = [np.log([0.75, 0.75, 0.25, 0.75]), np.log([0.25, 0.5, 0.5, 0.25])]
    assert scores["log_loss"] == pytest.approx(-np.mean(logs))


def test_the_split_and_the_folds_keep_the_shares_of_the_first_target(tmp_path):
    arrays, about = make(tmp_path, PETS, **SEVERAL, validation=0.2, test=0.2)
    alone = np.asarray(arrays.target)[:, 0]
    parts = split(np.asarray(arrays.target), 0.2, 0.2, 1, "classification")
    for one, other in zip(parts, split(alone, 0.2, 0.2, 1, "classification"), strict=True):
        assert one.tolist() == other.tolist()
    assert about["split"] == sizes_of_split([6, 6], 0.2, 0.2)
    folds = make_folds(arrays, "random", np.arange(12), 3, 1, 0.0)
    held = [alone[folds.parts(fold).test] for fold in range(3)]
    assert [np.bincount(one).tolist() for one in held] == [[2, 2]] * 3


@pytest.mark.parametrize(
    ("choices", "field", "said"),
    [
        ({"target": "weight", "kinds": {"kind": "target"}}, "target", "'weight' has numbers, and 'kind' has classes"),
        ({"target": "kind", "kinds": {"weight": "target"}}, "target", "make a dataset for each kind"),
        (
            {"target": "weight", "kinds": {"kind": "target"}, "task": "regression"},
            "target",
            "'kind' is not a number everywhere",
        ),
    ],
)
def test_numbers_and_classes_together_are_refused_saying_what_is_possible(tmp_path, choices, field, said):
    with pytest.raises(Invalid) as refusal:
        choose(look(tmp_path, PETS), **choices)
    assert said in refusal.value.errors[field]
    assert refusal.value.errors[field].startswith("Several targets are either all numbers or all classes")


def test_a_target_of_one_class_and_outputs_of_one_name_are_refused(tmp_path):
    with pytest.raises(Invalid, match="'home' has one class only"):
        text = PETS.replace("house", "flat").replace("boat", "flat")
        make(tmp_path, text, target="kind", kinds={"home": "target"})
    text = "x,a,a=b\n" + "".join(f"{n}.5,{['b=c', 'd'][n % 2]},{['c', 'e'][n % 2]}\n" for n in range(6))
    with pytest.raises(Invalid, match="Two outputs would have the same name"):
        make(tmp_path, text, target="a", kinds={"a=b": "target", "x": "numeric"})
