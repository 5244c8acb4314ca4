"""Trials' values as one number each, higher ones better, also where there are two goals.

With several goals each proposal looks in another direction of the front: the goals' ranks are weighed by weights drawn
for it, and a candidate counts as its worst weighed goal says (augmented Chebyshev scalarization as in ParEGO, Knowles
2006).
"""

from collections.abc import Sequence

import numpy as np
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from dashboard.search.encoding import Array
from dashboard.search.scores import ranks

SHARE_OF_SUM = 0.05


def values_of(trial: FrozenTrial) -> Sequence[float]:
    """Return a trial's value for each goal; of one that was stopped early what it had reached, or nothing."""
    if trial.state is TrialState.COMPLETE:
        return trial.values or ()
    if trial.state is not TrialState.PRUNED:
        return ()
    reached: Sequence[float] = trial.user_attrs.get("values", ())
    step = trial.last_step
    return reached or (() if step is None else (trial.intermediate_values[step],))


def is_usable(trial: FrozenTrial) -> bool:
    """Return whether a trial can be learnt from: it has a number for its goals."""
    values = values_of(trial)
    return len(values) > 0 and bool(np.all(np.isfinite(values)))


def one_number(directions: Sequence[StudyDirection], trials: Sequence[FrozenTrial], rng: np.random.Generator) -> Array:
    """Return a number for each usable trial (trials,), higher ones better; with one goal its value or its negative."""
    signs = np.array([1.0 if one is StudyDirection.MAXIMIZE else -1.0 for one in directions])
    values = np.array([values_of(one) for one in trials], np.float64) * signs
    if len(directions) == 1:
        single: Array = values[:, 0]
        return single
    weights = rng.dirichlet(np.ones(len(directions)))
    losses = weights * (1.0 - np.column_stack([ranks(column) for column in values.T]) / len(values))
    weighed: Array = losses.max(axis=1) + SHARE_OF_SUM * losses.sum(axis=1)
    return -weighed
