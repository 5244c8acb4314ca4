"""Early stopping of trials, decided from their learning curves alone.

A curve is a trial's validation score after each epoch; what it is worth is the best of it. `curve` learns from full
curves how a score at this epoch went on to the end; `asha` and `hyperband` are Optuna's (Li et al., *A system for
massively parallel hyperparameter tuning*, 2020; Li et al., *Hyperband*, 2018): at certain epochs, *rungs*, only the
best third continues.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import optuna
from optuna.pruners import BasePruner, HyperbandPruner, SuccessiveHalvingPruner
from optuna.study import StudyDirection

from dashboard.errors import Invalid
from dashboard.search.encoding import Array
from dashboard.search.studies import Past

FEWEST_CURVES = 8
LEAST_CHANCE = 0.05
FEWEST_EPOCHS = 2
REDUCTION = 3
RUNGS_FROM = 10
DEFAULT_STOPPING = "curve"
_DIRECTIONS = {True: StudyDirection.MAXIMIZE, False: StudyDirection.MINIMIZE}


class Case(NamedTuple):
    """A running trial's curve so far (one value an epoch), the other trials in order, and the length of a full one."""

    so_far: Sequence[float]
    others: Sequence[Past]
    maximize: bool
    epochs: int
    number: int


@dataclass(frozen=True)
class StoppingRule:
    """A stopping rule with its name and help text."""

    name: str
    title: str
    help: str
    gives_up: Callable[[Case], bool]


def should_stop(
    rule: str, so_far: Sequence[float], others: Sequence[Past], direction: str, epochs: int, number: int = 0
) -> bool:
    """Return whether a running trial should end now.

    `so_far` is its curve, `others` are all other trials of the search in order, `direction` is maximize or
    minimize, `epochs` the length of a full curve, `number` the trial's own (it decides on its bracket in Hyperband).
    Raises Invalid if there is no such rule.
    """
    if rule not in STOPPING:
        raise Invalid({"stopping": f"Choose one of: {', '.join(STOPPING)}."})
    if not FEWEST_EPOCHS <= len(so_far) < epochs:
        return False
    return STOPPING[rule].gives_up(Case(so_far, others, direction == "maximize", epochs, number))


def chance_of_best(so_far: Sequence[float], full: Sequence[Sequence[float]], maximize: bool = True) -> float | None:
    """Return the probability that a curve will end above the best of the full curves; None if these are too few.

    Over full curves of which more epochs are known than so far, the gain until the end is regressed on the best value
    now and on how much of it came in the second half until now. The prediction is Student's t of that regression, its
    slopes held towards 0 as if by one more curve (Bishop, *Pattern Recognition and Machine Learning*, 2006, ch. 3.3).
    """
    sign = 1.0 if maximize else -1.0
    now = len(so_far)
    longer = [sign * np.asarray(curve, np.float64) for curve in full if len(curve) > now]
    if len(longer) < FEWEST_CURVES:
        return None
    rows = np.array([_summary(curve[:now]) for curve in longer])
    ends = np.array([curve.max() for curve in longer])
    own = _summary(sign * np.asarray(so_far, np.float64))
    if not np.all(np.isfinite(own)):
        return 0.0
    mean, spread, freedom = _predict(rows, ends, own)
    best = max(float((sign * np.asarray(curve, np.float64)).max()) for curve in full)
    return 1.0 - student_cdf((best - mean) / spread, freedom)


def student_cdf(t: float, freedom: float) -> float:
    """Return the probability that Student's t of some degrees of freedom is below t, right to about six digits.

    Simpson's rule over the density from 0 to t with t = √freedom·tan θ, where it is cos θ to the power freedom − 1.
    """
    angle = math.atan(abs(t) / math.sqrt(freedom))
    places = np.linspace(0.0, angle, 201)
    heights = np.cos(places) ** (freedom - 1.0)
    area = (heights[0] + heights[-1] + 4.0 * heights[1::2].sum() + 2.0 * heights[2:-1:2].sum()) * angle / 600.0
    share = math.exp(math.lgamma((freedom + 1.0) / 2.0) - math.lgamma(freedom / 2.0)) / math.sqrt(math.pi) * float(area)
    return min(1.0, 0.5 + share) if t > 0.0 else max(0.0, 0.5 - share)


def _never(case: Case) -> bool:
    return False


def _by_curve(case: Case) -> bool:
    full = [one.curve for one in case.others if one.state == "finished" and one.curve]
    chance = chance_of_best(case.so_far, full, case.maximize)
    return chance is not None and chance < LEAST_CHANCE


def _by_halving(case: Case) -> bool:
    return _pruned(case, SuccessiveHalvingPruner(min_resource=_first_rung(case), reduction_factor=REDUCTION))


def _by_hyperband(case: Case) -> bool:
    return _pruned(case, HyperbandPruner(_first_rung(case), case.epochs, REDUCTION))


def _first_rung(case: Case) -> int:
    return max(1, case.epochs // RUNGS_FROM)


def _pruned(case: Case, pruner: BasePruner) -> bool:
    """Return the decision of a pruner that has seen all curves so far, in a study of its own.

    The trial takes its own number in that study, for Hyperband chooses its bracket by it.
    """
    study = optuna.create_study(direction=_DIRECTIONS[case.maximize], pruner=pruner, study_name="search")
    curves = [one.curve for one in case.others]
    place = min(case.number, len(curves))
    trials = [study.ask() for _ in range(len(curves) + 1)]
    own = trials.pop(place)
    for trial, curve in zip(trials, curves, strict=True):
        _show(trial, curve, case)
    return _show(own, case.so_far, case)


def _show(trial: optuna.Trial, curve: Sequence[float], case: Case) -> bool:
    """Report the best of a curve at each rung that it has reached; return whether its trial should end at the last."""
    rung, ends = _first_rung(case), False
    while rung <= len(curve) and rung < case.epochs:
        trial.report(max(curve[:rung]) if case.maximize else min(curve[:rung]), rung)
        ends = trial.should_prune()
        rung *= REDUCTION
    return ends


def _summary(curve: Array) -> Array:
    """Return what a curve so far says of its end: the best value, and how much of it came in its second half."""
    best = np.maximum.accumulate(curve)
    return np.array([best[-1], best[-1] - best[(len(curve) - 1) // 2]])


def _predict(rows: Array, ends: Array, own: Array) -> tuple[float, float, float]:
    """Return the mean, scale and degrees of freedom of what a curve of this summary ends with.

    Regressed is the gain from now to the end, on centred summaries scaled to a spread of 1.
    """
    centre, scale = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-9)
    design = np.column_stack([np.ones(len(rows)), (rows - centre) / scale])
    own_row = np.array([1.0, *((own - centre) / scale)])
    gains = ends - rows[:, 0]
    precision = design.T @ design + np.diag([0.0, 1.0, 1.0])
    weights = np.linalg.solve(precision, design.T @ gains)
    freedom = len(rows) - 1.0
    misfit = float(gains @ gains - weights @ precision @ weights)
    spread = math.sqrt(max(misfit, 1e-12) / freedom * (1.0 + own_row @ np.linalg.solve(precision, own_row)))
    return float(own[0] + own_row @ weights), spread, freedom


KINDS = (
    StoppingRule(
        "curve",
        "By its learning curve",
        f"After {FEWEST_CURVES} full trials, a trial ends when its chance of becoming the best is below "
        f"{LEAST_CHANCE:.0%}, extrapolated from the other curves.",
        _by_curve,
    ),
    StoppingRule(
        "asha",
        "Successive halving (ASHA)",
        "Optuna's: after 1, 3, 9 … shares of the epochs only the best third so far continues. The fastest; it may "
        "stop a trial that would have improved late.",
        _by_halving,
    ),
    StoppingRule(
        "hyperband",
        "Hyperband",
        "Optuna's: successive halving in several groups, some of which stop trials only late.",
        _by_hyperband,
    ),
    StoppingRule("none", "Never", "Every trial is trained to its last epoch.", _never),
)
STOPPING = {rule.name: rule for rule in KINDS}
