import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.data.splitting import default_share, split

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
