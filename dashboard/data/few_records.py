"""Whether a few records say anything about a target: a linear model next to the mean, each record left out once.

Of so few records a validation part of two or three says nothing; leaving out one after the other uses all of them.
"""

from typing import NamedTuple

import numpy as np

from dashboard.data.dataset import Array


class Evidence(NamedTuple):
    """Mean squared errors on records that were left out, of a linear model and of the mean, in variances."""

    linear: float
    mean: float

    @property
    def is_any(self) -> bool:
        """Whether the linear model is better than the mean."""
        return self.linear < self.mean


def evidence(inputs: Array, target: Array, penalty: float) -> Evidence:
    """Return what records (records, inputs) say about targets (records,) or (records, targets), of these the clearest.

    The linear model has an intercept and ½·penalty·Σw² added to half its mean squared error. Two records at least.
    """
    centred = inputs - inputs.mean(axis=0)
    spread = centred.std(axis=0)
    scaled = np.asarray(centred / np.where(spread > 0, spread, 1.0), np.float64)
    records, width = scaled.shape
    within = scaled.T @ scaled / records + penalty * np.eye(width)
    answers = scaled @ np.linalg.solve(within, scaled.T) / records + 1 / records  # of each record on each answer
    errors = [_left_out(answers, one) for one in np.atleast_2d(np.asarray(target, np.float64).T)]
    return min(errors, key=lambda one: one.linear - one.mean)


def _left_out(answers: Array, target: Array) -> Evidence:
    centred = target - target.mean()
    variance = float(np.mean(centred**2)) or 1.0
    own = np.minimum(np.diag(answers), 1 - 1e-9)
    linear = (centred - answers @ centred) / (1 - own)
    mean = centred * len(target) / (len(target) - 1)
    return Evidence(float(np.mean(linear**2)) / variance, float(np.mean(mean**2)) / variance)
