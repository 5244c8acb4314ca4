"""Results of a search as numbers: its best, its history, the epochs saved by early stopping, the predictions.

All of it is computed from the current trials (`view.SearchView`); pages draw it, the API returns it.
"""

from typing import Any, NamedTuple

from dashboard.records.search import Trial
from dashboard.search.findings import FEWEST_TRIALS, importances, pareto_front, rank_correlation
from dashboard.search.space import SearchSpace
from dashboard.services.search.view import SearchView, directions

NEEDED_TRIALS = FEWEST_TRIALS
"""So many trials have to finish before it can be said which settings matter."""


class Step(NamedTuple):
    """A candidate with a score, and the best score up to it."""

    trial: int
    state: str
    score: float
    best: float | None


class Saved(NamedTuple):
    """What the trials cost, and what early stopping saved."""

    stopped: int
    epochs: int
    epochs_saved: int
    seconds: float
    seconds_saved: float


class Prediction(NamedTuple):
    """The prediction for a trial before it ran, and its score (None while it runs)."""

    trial: int
    mean: float
    sd: float
    score: float | None


class AgainstRandom(NamedTuple):
    """Proposals compared with the random trials at the beginning, the same number of each.

    `better` of all `proposed` beat the best of all `random` ones; of random proposals `expected` would.
    """

    each: int
    best_random: float
    best_proposed: float
    random: int
    proposed: int
    better: int
    expected: float


def best_trial(now: SearchView) -> Trial | None:
    """Return the winner, or the best candidate so far; None before the first has ended."""
    best = now.search.result.get("best")
    named = [trial for trial in now.finished if trial.number == best]
    return named[0] if named else now.finished[0] if now.finished else None


def history(now: SearchView) -> list[Step]:
    """Return every candidate with a score, and the best score so far, which stopped ones do not count for."""
    goal, steps = now.search.goal, list[Step]()
    best: float | None = None
    for trial in now.candidates:
        if trial.score is None:
            continue
        if trial.state == "finished" and (best is None or goal.better(trial.score, best)):
            best = trial.score
        steps.append(Step(trial.number, trial.state, trial.score, best))
    return steps


def saved(now: SearchView) -> Saved:
    """Return what the candidates cost, and what stopping some early saved at the pace that they had."""
    stopped = [trial for trial in now.candidates if trial.state == "stopped" and trial.epochs]
    epochs_saved = [max(now.search.budget.epochs - trial.epochs, 0) for trial in stopped]
    pace = [trial.seconds / trial.epochs for trial in stopped]
    return Saved(
        stopped=len(stopped),
        epochs=sum(trial.epochs for trial in now.trials),
        epochs_saved=sum(epochs_saved),
        seconds=sum(trial.seconds for trial in now.trials),
        seconds_saved=sum(epochs * each for epochs, each in zip(epochs_saved, pace, strict=True)),
    )


def predictions(now: SearchView) -> list[Prediction]:
    """Return what was predicted of each candidate of which something was."""
    return [
        Prediction(trial.number, trial.predicted["mean"], trial.predicted["sd"], trial.score)
        for trial in now.candidates
        if trial.predicted is not None
    ]


def correlation_of(made: list[Prediction]) -> float | None:
    """Return the rank correlation of predicted and real scores; None for too few, or without any difference."""
    ended = [(one.mean, one.score) for one in made if one.score is not None]
    return rank_correlation([mean for mean, _ in ended], [score for _, score in ended])


def against_random(now: SearchView) -> AgainstRandom | None:
    """Return the comparison of proposals with the random trials before them; None without both.

    If proposals were random draws, too, each would beat the best of n random ones with probability 1/(n + 1).
    """
    goal = now.search.goal
    ended = [trial for trial in now.candidates if trial.state == "finished" and trial.score is not None]
    random = [trial.score or 0.0 for trial in ended if trial.predicted is None]
    proposed = [trial.score or 0.0 for trial in ended if trial.predicted is not None]
    if not random or not proposed:
        return None
    each = min(len(random), len(proposed))
    best = min(random, key=goal.cost)
    return AgainstRandom(
        each=each,
        best_random=min(random[:each], key=goal.cost),
        best_proposed=min(proposed[:each], key=goal.cost),
        random=len(random),
        proposed=len(proposed),
        better=sum(goal.better(score, best) for score in proposed),
        expected=len(proposed) / (len(random) + 1),
    )


def front(now: SearchView) -> tuple[list[Trial], list[Trial]]:
    """Return the candidates that no other beats in both goals, by the second goal, and the others."""
    scored = [trial for trial in now.finished if trial.second is not None and trial.score is not None]
    best = pareto_front([(trial.score or 0.0, trial.second or 0.0) for trial in scored], directions(now.search.goal))
    others = [trial for place, trial in enumerate(scored) if place not in set(best)]
    return sorted((scored[place] for place in best), key=lambda trial: (trial.second, trial.score)), others


def varied(now: SearchView) -> list[str]:
    """Return the settings that the search varies, in their order."""
    return list(SearchSpace.from_json(now.search.space).distributions())


def believed_settings(now: SearchView) -> list[str]:
    """Return the settings for which the proposer has, or will have, a prediction."""
    varied = SearchSpace.from_json(now.search.space).distributions()
    return list(now.search.beliefs.get("settings", [name for name, one in varied.items() if not one.single()]))


def belief(now: SearchView, name: str) -> dict[str, Any] | None:
    """Return the mean prediction at each value of one setting; None before there is any."""
    numbers: dict[str, Any] | None = now.search.beliefs.get("settings", {}).get(name)
    return numbers


def importance(now: SearchView) -> dict[str, float]:
    """Return the importance of each setting as a share of 1; empty for too few trials."""
    space = SearchSpace.from_json(now.search.space)
    return {one.name: one.share for one in importances(space, directions(now.search.goal), now.past())}


def finished(now: SearchView) -> int:
    """Return how many trials have finished with a score, on which the importance rests."""
    return sum(one.score is not None and one.state == "finished" for one in now.candidates)


def random_search(now: SearchView) -> dict[str, Any] | None:
    """Return the estimated best of a random search after 1, 2 … trials; None before there is any.

    {"mean", "low", "high"}, each a list; low and high hold eight searches of ten between them.
    """
    numbers: dict[str, Any] | None = now.search.beliefs.get("random")
    return numbers
