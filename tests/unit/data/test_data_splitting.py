import numpy as np
import pytest
from data_files import make
from hypothesis import assume, given
from hypothesis import strategies as st

from dashboard.data.dataset import split_of
from dashboard.data.splitting import default_share, grouped_split, ordered_split, split
from dashboard.errors import Invalid

TARGETS = st.lists(st.integers(0, 5), min_size=1, max_size=200).map(np.array)
SHARES = st.floats(0, 0.45)


@given(TARGETS, SHARES, SHARES, st.integers(0, 1000), st.sampled_from(["classification", "regression"]))
def test_the_parts_are_all_rows_once_and_never_leave_training_empty(target, validation, test, seed, task):
    parts = split(target, validation, test, seed, task)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(target)))
    assert len(parts.train) >= 1
    assert all((np.diff(part) > 0).all() for part in parts)


@given(TARGETS, SHARES, SHARES)
def test_every_class_keeps_a_row_for_training(target, validation, test):
    parts = split(target, validation, test, 1, "classification")
    assert set(target[parts.train].tolist()) == set(target.tolist())


def test_a_class_of_a_single_row_goes_to_training():
    target = np.array([0] * 10 + [1] + [0] * 9)
    parts = split(target, 0.3, 0.3, 5, "classification")
    assert 10 in parts.train


def test_classes_are_spread_alike_over_the_parts():
    target = np.repeat([0, 1, 2], [600, 300, 100])
    parts = split(target, 0.1, 0.2, 7, "classification")
    assert np.bincount(target[parts.validation]).tolist() == [60, 30, 10]
    assert np.bincount(target[parts.test]).tolist() == [120, 60, 20]


def test_many_small_classes_together_give_the_share_that_was_asked_for():
    target = np.repeat(np.arange(50), 4)
    parts = split(target, 0.1, 0.1, 3, "classification")
    assert (len(parts.validation), len(parts.test)) == (20, 20)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_same_seed_gives_the_same_parts_and_another_seed_others(task):
    target = np.arange(100) % 3
    first, again, other = (split(target, 0.2, 0.2, seed, task) for seed in (4, 4, 5))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first.test, other.test)


def test_shares_of_nothing_leave_all_to_training():
    assert [len(part) for part in split(np.zeros(9), 0, 0, 1, "regression")] == [9, 0, 0]


@pytest.mark.parametrize(("rows", "held_back"), [(100, 10), (20_000, 2000), (60_000, 2000)])
def test_a_tenth_is_held_back_by_default_and_at_most_two_thousand_rows(rows, held_back):
    assert round(default_share(rows) * rows) == held_back


def test_an_ordered_split_measures_on_the_last_rows():
    parts = ordered_split(np.array([5, 1, 4, 2, 3, 0, 9, 8, 7, 6]), 0.2, 0.3)
    order = [5, 1, 3, 4, 2, 0, 9, 8, 7, 6]
    assert [part.tolist() for part in parts] == [sorted(order[:5]), sorted(order[5:7]), sorted(order[7:])]


@given(st.lists(st.integers(0, 9), min_size=3, max_size=60), st.sampled_from([0.0, 0.1, 0.3]), st.integers(0, 5))
def test_a_grouped_split_parts_no_group_and_leaves_some_to_train(groups, share, seed):
    groups = np.array(groups)
    assume(len(np.unique(groups)) >= 1 + 2 * bool(share))
    parts = grouped_split(groups, share, share, seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(groups)))
    own = [set(groups[part].tolist()) for part in parts]
    assert sum(map(len, own)) == len(np.unique(groups))
    assert len(parts.train)
    assert bool(len(parts.validation)) == bool(len(parts.test)) == bool(share)
    again = grouped_split(groups, share, share, seed)
    assert all(np.array_equal(one, other) for one, other in zip(parts, again, strict=True))


def test_the_parts_of_many_groups_are_near_their_shares():
    groups = np.repeat(np.arange(100), 7)
    parts = grouped_split(groups, 0.2, 0.1, 1)
    assert [len(part) for part in parts] == pytest.approx([490, 140, 70], abs=7)


DAYS = ["day,person,gap,one,x,y"] + [
    f"2026-01-{31 - row:02d},p{row % 6},{'' if row == 1 else row},1,{row},{'ab'[row % 2]}" for row in range(30)
]
IGNORED = {"day": "ignore", "person": "ignore", "gap": "ignore", "one": "ignore"}


def split_days(folder, **choices):
    choices = {"validation": 0.1, "test": 0.2, "kinds": IGNORED, "missing": "impute", "target": "y"} | choices
    return make(folder, "\n".join(DAYS) + "\n", **choices)


def test_a_dataset_is_split_in_the_order_of_a_column_that_is_no_input(tmp_path):
    arrays, about = split_days(tmp_path, split="ordered", split_by="day")
    assert (arrays.numeric, arrays.categorical) == (["x"], [])
    assert about["split"] == {"train": 21, "validation": 3, "test": 6}
    parts = split_of(arrays, {})
    assert [arrays.inputs[part, 0].tolist() for part in parts[1:]] == [[6, 7, 8], [0, 1, 2, 3, 4, 5]]


def test_a_split_is_in_the_order_of_dates_however_they_are_written(tmp_path):
    lines = [f"{place % 28 + 1}/{place // 28 + 1}/2024,{place},{'ab'[place % 2]}" for place in range(60)]
    text = "\n".join(["day,x,y", *lines[::-1]]) + "\n"
    arrays, _ = make(tmp_path, text, split="ordered", split_by="day", validation=0.1, test=0.2, target="y")
    assert sorted(arrays.inputs[split_of(arrays, {}).test, 0].tolist()) == list(range(48, 60))


def test_a_dataset_is_split_in_whole_groups(tmp_path):
    arrays, about = split_days(tmp_path, split="grouped", split_by="person", validation=0.2)
    persons = [set((arrays.inputs[part, 0] % 6).tolist()) for part in split_of(arrays, {})]
    assert [len(one) for one in persons] == [4, 1, 1]
    assert about["split"] == {"train": 20, "validation": 5, "test": 5}


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"split": "grouped"}, "Choose the column"),
        ({"split_by": "day"}, "A random split is by no column"),
        ({"split": "ordered", "split_by": "week"}, "There is no column 'week'"),
        ({"split": "ordered", "split_by": "y"}, "The target cannot split"),
        ({"split": "ordered", "split_by": "person"}, "holds 'p0', which has no order"),
        ({"split": "grouped", "split_by": "one"}, "has 1 groups, and the parts need 3"),
        ({"split": "grouped", "split_by": "gap"}, "'gap' is missing in line 3"),
    ],
)
def test_a_split_by_a_column_that_cannot_serve_is_refused_at_its_field(tmp_path, choices, said):
    with pytest.raises(Invalid) as refusal:
        split_days(tmp_path, **choices)
    assert said in refusal.value.errors["split_by"]
