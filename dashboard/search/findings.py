"""What a search has found, as numbers: best so far, the front of two goals, importance of settings, epochs saved."""

import importlib.util
import math
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import optuna
from optuna.samplers import RandomSampler
from optuna.trial import TrialState

from dashboard.errors import Invalid
from dashboard.search.scores import ranks
from dashboard.search.space import SearchSpace
from dashboard.search.studies import Past, build_study

if TYPE_CHECKING:
    from optuna.importance import BaseImportanceEvaluator

FEWEST_TRIALS = 8
FEWEST_GOOD = 5
IMPORTANCES = ("ped_anova", "fanova")

# With few trials this is always the case, and it only clutters the log. Set once: a context would not be thread-safe.
warnings.filterwarnings("ignore", "Some regimes for parameter", UserWarning)


class Importance(NamedTuple):
    """A setting and its share, from 0 to 1, of what distinguishes good candidates."""

    name: str
    share: float


class Epochs(NamedTuple):
    """Epochs that were trained, and those that stopping early spared."""

    trained: int
    saved: int


def importances(
    space: SearchSpace, directions: Sequence[str], past: Sequence[Past], way: str = "ped_anova"
) -> list[Importance]:
    """Return the settings by their importance, the highest first; nothing while fewer than FEWEST_TRIALS are finished.

    `ped_anova` (Watanabe et al. 2023) compares the distribution of the best candidates with that of all; it covers
    settings that are not always there, and several goals. `fanova` (Hutter et al. 2014) explains the first goal's
    variance by a forest; it needs scikit-learn, and sees only settings that every candidate has. Raises Invalid.
    """
    study = build_study(space, RandomSampler(0), directions, past)
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    varied = {name for name in space.distributions() if len({one.params.get(name) for one in done}) > 1}
    if len(done) < FEWEST_TRIALS or not varied:
        return []
    evaluator = _evaluator(way, len(done))
    if way == "fanova":
        varied = {name for name in varied if all(name in one.params for one in done)}
        first = study.directions[0]
        study = optuna.create_study(direction=first)
        study.add_trials(
            [
                optuna.trial.create_trial(params=one.params, distributions=one.distributions, value=one.values[0])
                for one in done
            ]
        )
    shares = optuna.importance.get_param_importances(study, evaluator=evaluator, params=sorted(varied))
    return [Importance(name, share) for name, share in shares.items() if math.isfinite(share)]


def rank_correlation(predicted: Sequence[float], real: Sequence[float]) -> float | None:
    """Return Spearman's correlation of what was predicted with what came of it; None if there is none to speak of."""
    pairs = np.array([predicted, real], np.float64)
    if pairs.shape[1] < 3 or np.any(np.ptp(pairs, axis=1) == 0.0):
        return None
    return float(np.corrcoef(ranks(pairs[0]), ranks(pairs[1]))[0, 1])


def pareto_front(values: Sequence[Sequence[float]], directions: Sequence[str]) -> list[int]:
    """Return the places of trials that no other beats in one goal without losing in another, by their first goal.

    `values` is (trials, goals). Of trials that are equal in all goals the first is named.
    """
    if not len(values):
        return []
    signs = np.array([-1.0 if one == "maximize" else 1.0 for one in directions])
    losses = np.asarray(values, np.float64) * signs
    front: list[int] = []
    for place in np.lexsort(losses.T[::-1]):
        if not any(np.all(losses[other] <= losses[place]) for other in front):
            front.append(int(place))
    return front


def epochs_of(past: Sequence[Past], full: int) -> Epochs:
    """Return the epochs that trials were trained for, and those that were left to the ones stopped early."""
    trained = sum(len(one.curve) for one in past)
    saved = sum(max(0, full - len(one.curve)) for one in past if one.state == "stopped")
    return Epochs(trained, saved)


def available_importances() -> list[str]:
    """Return the ways to weigh settings that can be chosen here."""
    return [way for way in IMPORTANCES if way != "fanova" or importlib.util.find_spec("sklearn") is not None]


def _evaluator(way: str, trials: int) -> "BaseImportanceEvaluator":
    # Where scikit-learn is installed this loads it, and pandas: a second and 100 MB that only this needs.
    from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator  # noqa: PLC0415

    if way not in available_importances():
        hint = " fanova needs scikit-learn: pip install scikit-learn." if way == "fanova" else ""
        raise Invalid({"importance": f"Choose one of: {', '.join(available_importances())}.{hint}"})
    if way == "fanova":
        return FanovaImportanceEvaluator(seed=0)
    return PedAnovaImportanceEvaluator(target_quantile=min(0.5, max(0.1, FEWEST_GOOD / trials)))
