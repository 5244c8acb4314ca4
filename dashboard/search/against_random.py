"""The proposer compared with random search at equal budget: two estimates of what random search would find.

No such random search was run, so both are estimates. *Draws* takes only the trials that were random (Sobol's points,
before anything was learnt) and gives the expected best of n of them, drawn with replacement: it needs no model, but
cannot exceed the best of these few, so beyond their number it favours the proposer. *Belief* lets the ensemble predict
the scores of n random candidates, noise included: it has no such limit, but is only as accurate as the ensemble.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dashboard.search.belief import Belief
from dashboard.search.encoding import Array
from dashboard.search.moves import random_candidates

SEARCHES = 200


class RandomSearch(NamedTuple):
    """Best scores after 1, 2, 3 ... trials of a random search (trials,): the mean, and the middle eight of ten."""

    mean: Array
    low: Array
    high: Array


def best_of_draws(scores: Sequence[float], trials: int, direction: str) -> Array:
    """Return the expected best of 1, 2, ... `trials` draws with replacement from random trials' scores (trials,).

    With m scores in ascending order, the best of n is the i-th with the chance (i/m)ⁿ − ((i − 1)/m)ⁿ.
    """
    sign = 1.0 if direction == "maximize" else -1.0
    ordered = np.sort(sign * np.asarray(scores, np.float64))
    shares = np.arange(len(ordered) + 1) / max(1, len(ordered))
    draws = np.arange(1, trials + 1)[:, None]
    expected: Array = np.diff(shares**draws, axis=1) @ ordered
    return sign * expected


def believed_random_search(belief: Belief, trials: int, seed: int = 0) -> RandomSearch:
    """Return what the ensemble expects a random search of so many trials to find, from SEARCHES simulated ones."""
    rng = np.random.default_rng(seed)
    expected = belief.predict(random_candidates(belief.encoding, SEARCHES * trials, rng))
    spread = np.hypot(expected.spread, belief.ensemble.noise)
    normal = expected.mean + spread * rng.standard_normal(len(spread))
    best = np.maximum.accumulate(normal.reshape(SEARCHES, trials), axis=1)
    low, high = np.quantile(best, (0.1, 0.9), axis=0)
    return RandomSearch(belief.own(best).mean(axis=0), belief.own(low), belief.own(high))
