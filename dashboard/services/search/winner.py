"""The winner: the best of many scores is partly luck, so the leaders are trained again before one is called best.

The leading candidate is trained again with three other seeds; if their mean falls behind the score of the next one,
that one is, too, and so on, three candidates at most, all different ones. The best mean wins; one that failed with
another seed cannot.
Only confirmations are evaluated on the test part, which influences no choice.
"""

from collections.abc import Hashable, Mapping
from statistics import fmean
from typing import Any

from dashboard.records.search import Trial
from dashboard.services.search.view import SearchView

SEEDS = 3
MOST_CONFIRMED = 3


def next_to_confirm(now: SearchView, weights: Mapping[int, Hashable]) -> Trial | None:
    """Return the candidate that has to be trained again now; None if the winner is known, or there is none.

    `weights` has equal values for trials that trained to the same weights: of these only the first is a leader. One of
    whose seeds a person cancelled some is first.
    """
    goal, again = now.search.goal, now.confirmations
    different: dict[Hashable, Trial] = {}
    for trial in now.finished:
        different.setdefault(weights[trial.number], trial)
    leaders = list(different.values())[:MOST_CONFIRMED]
    left = [trial for trial in leaders if len(again.get(trial.number, ())) < SEEDS]
    begun = [trial for trial in left if trial.number in again]
    if begun or not left:
        return begun[0] if begun else None
    leader, means = left[0], now.confirmed
    if not means:
        return leader
    best = min(means.values(), key=goal.cost)
    return leader if goal.better(leader.score or 0.0, best) else None


def winner(now: SearchView, results: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """Return {"best": its number or None, "mean", "scores", "test": mean of each test metric, "unsteady"}.

    `results` are those of the runs that confirm, by run id; `unsteady` are candidates that failed with another seed.
    """
    means = now.confirmed
    unsteady = [number for number in now.confirmations if number not in means]
    if not means:
        return {"best": None, "unsteady": unsteady}
    best = min(means, key=lambda number: now.search.goal.cost(means[number]))
    again = now.confirmations[best]
    tests = [results[trial.run_id].get("metrics", {}) for trial in again]
    names = [name for name in tests[0] if name.startswith("test_")]
    return {
        "best": best,
        "mean": means[best],
        "scores": [trial.score for trial in again],
        "test": {name: fmean(test[name] for test in tests if name in test) for name in names},
        "unsteady": unsteady,
    }
