"""What a few records say about a target, next to the same found the long way: each record left out, the rest learnt."""

import numpy as np
import pytest

from dashboard.data.few_records import evidence

RANDOM = np.random.default_rng(5)
INPUTS = RANDOM.normal(3, 2, (18, 3))
LEARNT = INPUTS @ [1.0, -2.0, 0.5] + RANDOM.normal(0, 0.5, 18)
NOISE = RANDOM.normal(10, 4, 18)


def left_out(inputs, target, penalty):
    """Return the mean squared error of a ridge regression, with its intercept, on records left out, in variances."""
    scaled = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    errors = []
    for record in range(len(target)):
        kept = np.arange(len(target)) != record
        own, answers = np.column_stack([np.ones(kept.sum()), scaled[kept]]), target[kept]
        held = np.diag([0.0, *[penalty * len(target)] * inputs.shape[1]])
        weights = np.linalg.solve(own.T @ own + held, own.T @ answers)
        errors.append(target[record] - weights @ [1.0, *scaled[record]])
    return np.mean(np.square(errors)) / target.var()


@pytest.mark.parametrize("target", [LEARNT, NOISE])
@pytest.mark.parametrize("penalty", [0.1, 1.0])
def test_the_errors_are_those_of_records_that_are_really_left_out(target, penalty):
    found = evidence(INPUTS, target, penalty)
    assert found.linear == pytest.approx(left_out(INPUTS, target, penalty))
    means = [target[np.arange(18) != record].mean() for record in range(18)]
    assert found.mean == pytest.approx(np.mean((target - means) ** 2) / target.var())


def test_a_target_that_the_inputs_say_something_about_is_told_from_noise():
    assert evidence(INPUTS, LEARNT, 1.0).is_any
    assert not evidence(INPUTS, NOISE, 1.0).is_any
    assert evidence(INPUTS, np.column_stack([NOISE, LEARNT]), 1.0).is_any


def test_columns_and_targets_that_never_change_say_nothing():
    flat = np.full((18, 2), 7.0)
    assert not evidence(flat, NOISE, 1.0).is_any
    assert not evidence(INPUTS, np.full(18, 7.0), 1.0).is_any
