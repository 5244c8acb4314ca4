"""The proposer compared with random search at equal budget: an estimate of what random search would find.

No such random search was run: the ensemble predicts the scores of random candidates, noise included, and is only as
accurate there as it is elsewhere.
"""

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


def believed_random_search(belief: Belief, trials: int, seed: int = 0) -> RandomSearch:
    """Return what the ensemble expects a random search of so many trials to find, from SEARCHES simulated ones."""
    rng = np.random.default_rng(seed)
    expected = belief.predict(random_candidates(belief.encoding, SEARCHES * trials, rng))
    spread = np.hypot(expected.spread, belief.ensemble.noise)
    normal = expected.mean + spread * rng.standard_normal(len(spread))
    best = np.maximum.accumulate(normal.reshape(SEARCHES, trials), axis=1)
    low, high = np.quantile(best, (0.1, 0.9), axis=0)
    return RandomSearch(belief.own(best).mean(axis=0), belief.own(low), belief.own(high))
