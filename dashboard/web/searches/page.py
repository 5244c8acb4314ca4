"""A search as one line of the list, and its trials in the order that a person asked for."""

from collections.abc import Callable, Mapping
from typing import Any

from dashboard.metrics import metric_words
from dashboard.records.search import Trial
from dashboard.services.search.findings import best_trial, front, varied
from dashboard.services.search.view import SearchView

ABOUT = ("run_id", "confirms", "state", "score", "second")
COSTS = ("parameters", "stopped_at", "epochs", "seconds", "created", "ended")

SIZES = ((7, "low"), (12, ""), (18, "tall"))

SORTS: dict[str, tuple[Callable[[Trial], Any], bool]] = {
    "trial": (lambda trial: trial.number, False),
    "score": (lambda trial: trial.score, True),
    "second": (lambda trial: trial.second, False),
    "predicted": (lambda trial: trial.predicted["mean"] if trial.predicted else None, True),
    "parameters": (lambda trial: trial.parameters, True),
    "epochs": (lambda trial: trial.epochs or None, True),
    "seconds": (lambda trial: trial.seconds or None, True),
    "state": (lambda trial: trial.state, False),
}
"""What the leaderboard can be sorted by: a trial's value, and whether the largest comes first."""


def leaderboard(now: SearchView, sort: str) -> list[Trial]:
    """Return the candidates in this order (one of SORTS, reversed with a minus); the best ones first for any other.

    Trials without a value come last.
    """
    if sort.removeprefix("-") not in SORTS:
        ranked = now.finished
        return ranked + [trial for trial in reversed(now.candidates) if trial not in ranked]
    value, is_descending = SORTS[sort.removeprefix("-")]
    known = [trial for trial in now.candidates if value(trial) is not None]
    known.sort(key=value, reverse=is_descending != sort.startswith("-"))
    return known + [trial for trial in now.candidates if value(trial) is None]


def on_the_front(now: SearchView) -> dict[int, Trial]:
    """Return number -> trial of those that no other beats in both goals, the smallest first; none with one goal."""
    if not now.search.goal.second:
        return {}
    trials = {trial.number: trial for trial in now.finished}
    return {point.trial: trials[point.trial] for point in front(now)[0]}


def trial_columns(now: SearchView) -> list[str]:
    """Return the names of what the table of all trials holds."""
    return ["trial", *ABOUT, "predicted", "predicted_sd", *COSTS, *_settings(now)]


def trial_values(now: SearchView, trial: Trial) -> list[Any]:
    """Return a trial's line of that table."""
    predicted = trial.predicted or {}
    about = [getattr(trial, name) for name in ABOUT]
    costs = [getattr(trial, name) for name in COSTS]
    settings = [trial.params.get(name) for name in _settings(now)]
    return [trial.number, *about, predicted.get("mean"), predicted.get("sd"), *costs, *settings]


def search_row(now: SearchView, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return a search's line, and the same as plain numbers."""
    search, best = now.search, best_trial(now)
    ended = sum(count for state, count in counts.items() if state not in {"running", "cancelled"})
    about = [search.id, search.name, search.dataset, search.shown_state, ended, search.budget.trials]
    found = [search.goal.metric, best.number if best else None, best.score if best else None]
    return {
        "search": search,
        "ended": ended,
        "best": best,
        "metric": metric_words(search.goal.metric),
        "numbers": [*about, *found, search.sampler, search.created],
    }


def chart_size(bars: int) -> str:
    """Return the size of a chart, as the stylesheet calls it, in which so many bars have their names beside them."""
    return next((size for most, size in SIZES if bars <= most), "taller")


def _settings(now: SearchView) -> list[str]:
    """Return the settings that vary, those of the space first, then what only earlier trials had."""
    return list(dict.fromkeys([*varied(now), *(name for trial in now.candidates for name in trial.params)]))
