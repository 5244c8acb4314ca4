"""A search's trials as a study of Optuna's, which is built again for each proposal.

The catalogue is the truth about trials; a study in memory only passes them to Optuna's samplers. A proposal
depends on space, seed and the trials before it alone, so a search that was killed continues as if it had not been.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import optuna
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from dashboard.search.samplers import make_sampler
from dashboard.search.space import SearchSpace

optuna.logging.set_verbosity(optuna.logging.WARNING)  # it prints a line a trial otherwise

STATES = {
    "running": TrialState.RUNNING,
    "finished": TrialState.COMPLETE,
    "stopped": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


class Past(NamedTuple):
    """A trial as a search knows it: `state` is running, finished, stopped (early) or failed.

    `values` holds a number for each goal and is empty unless the trial is finished or stopped (then what it had
    reached). `curve` is the first goal's value after each epoch.
    """

    params: dict[str, Any]
    state: str
    values: tuple[float, ...] = ()
    curve: tuple[float, ...] = ()


class Proposal(NamedTuple):
    """A candidate to try, and the sampler that chose it; a `NeuralSampler` also has a prediction."""

    params: dict[str, Any]
    sampler: BaseSampler


def propose(space: SearchSpace, sampler: str, seed: int, directions: Sequence[str], past: Sequence[Past]) -> Proposal:
    """Return the candidate of trial number len(past), from all trials before it, in order.

    `directions` has maximize or minimize for each goal. The same arguments give the same candidate.
    """
    chosen = make_sampler(sampler, space, seed, len(past))
    study = build_study(space, chosen, directions, past)
    return Proposal(space.suggest(study.ask()), chosen)


def build_study(space: SearchSpace, sampler: BaseSampler, directions: Sequence[str], past: Sequence[Past]) -> Study:
    """Return a study in memory with these trials under the numbers 0, 1, 2 ...

    A trial that a changed space no longer holds stays under its number, but as a failed one: it cannot be learnt from.
    """
    study = optuna.create_study(directions=[StudyDirection[one.upper()] for one in directions], sampler=sampler)
    study.add_trials([_frozen(space, one, len(directions)) for one in past])
    return study


def _frozen(space: SearchSpace, past: Past, goals: int) -> FrozenTrial:
    state = STATES[past.state]
    has_values = len(past.values) == goals and all(map(math.isfinite, past.values))
    is_known = space.holds(past.params) and (state is TrialState.RUNNING or has_values)
    if state is TrialState.FAIL or not is_known:
        return optuna.trial.create_trial(state=TrialState.FAIL)
    known = space.distributions()
    curve = past.curve or past.values[:1]
    return optuna.trial.create_trial(
        state=state,
        params=past.params,
        distributions={name: known[name] for name in past.params},
        values=list(past.values) if state is TrialState.COMPLETE else None,
        intermediate_values=dict(enumerate(curve, start=1)),
        user_attrs={"values": list(past.values)},
    )
