"""The state of a search: its trials, the metrics of their epochs, and what follows from them.

It is read at once from the catalogue; the driver decides by it, and the pages show it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from dashboard.catalogue import searches as search_rows
from dashboard.metrics import find_metric
from dashboard.records.run import Epoch
from dashboard.records.search import Goal, Search, Trial
from dashboard.search.studies import Past
from dashboard.services.workspace import Workspace

PAST_STATES = {"cancelled": "failed"}
"""A trial that a person cancelled counts like a failed one."""


@dataclass(frozen=True)
class SearchView:
    """A search with its trials in order; `curves` holds the goal's metric after each epoch, by trial number."""

    search: Search
    trials: list[Trial]
    curves: dict[int, tuple[float, ...]]

    @property
    def candidates(self) -> list[Trial]:
        """The trials that try something new."""
        return [trial for trial in self.trials if trial.confirms is None]

    @property
    def running(self) -> list[Trial]:
        """The trials, of either sort, that have not ended."""
        return [trial for trial in self.trials if trial.state == "running"]

    @property
    def finished(self) -> list[Trial]:
        """The candidates that were trained to their end, the best first; of equals the earlier one."""
        ended = [trial for trial in self.candidates if trial.state == "finished" and trial.score is not None]
        return sorted(ended, key=lambda trial: (self.search.goal.cost(trial.score or 0.0), trial.number))

    @property
    def spent(self) -> int:
        """How many candidates count against the budget: all but those that a person cancelled."""
        return sum(trial.state != "cancelled" for trial in self.candidates)

    @property
    def confirmations(self) -> dict[int, list[Trial]]:
        """Candidate -> the trials that train it again with other seeds."""
        again: dict[int, list[Trial]] = {}
        for trial in self.trials:
            if trial.confirms is not None and trial.state != "cancelled":
                again.setdefault(trial.confirms, []).append(trial)
        return again

    @property
    def confirmed(self) -> dict[int, float]:
        """Candidate -> mean score over other seeds, for those of which all have ended well.

        One that failed with another seed is no winner, whatever it scored with the others.
        """
        scores = {number: [trial.score for trial in again] for number, again in self.confirmations.items()}
        return {
            number: fmean(score for score in own if score is not None)
            for number, own in scores.items()
            if None not in own
        }

    def past(self) -> list[Past]:
        """Return the candidates in the form for samplers, in order."""
        return [past_of(trial, self.search.goal, self.curves.get(trial.number, ())) for trial in self.candidates]

    def busy_seconds(self) -> float:
        """Return for how long, by the clock, at least one candidate trained, of those that have ended.

        Waiting does not count: neither in the queue nor while the machine was switched off.
        """
        ended = [(trial.ended, trial.seconds) for trial in self.candidates if trial.ended is not None]
        total, until = 0.0, datetime.min
        for begin, end in sorted((end - timedelta(seconds=seconds), end) for end, seconds in ended):
            total += max((end - max(begin, until)).total_seconds(), 0.0)
            until = max(until, end)
        return total

    @property
    def nothing_left(self) -> tuple[str, str]:
        """Why no further candidate can be tried, in a sentence, and the part of the budget to widen; else empty."""
        budget = self.search.budget
        if self.spent >= budget.trials:
            return "All trials have been used. Add trials to continue.", "budget.trials"
        if 0 < budget.seconds <= self.busy_seconds():
            return "Time limit reached. Raise it to continue.", "budget.seconds"
        if "all_tried" in self.search.result:
            return f"{self.all_tried} Widen the space to continue.", "space"
        return "", ""

    @property
    def all_tried(self) -> str:
        """That the search ended as nothing new was left to try, in a sentence; empty if it did not."""
        count = self.search.result.get("all_tried")
        if count is None:
            return ""
        several = f"All {count:,} candidates have" if count > 1 else "The only candidate has"
        return f"{several} been tried." if count else "No candidate was found that differs from those tried."


def view(workspace: Workspace, search_id: int, known: Mapping[int, tuple[float, ...]] | None = None) -> SearchView:
    """Return the current state of a search; `known` curves need not be read again. Raises NotFound."""
    with workspace.catalogue.reading() as connection:
        search = search_rows.get_search(connection, search_id)
        trials = search_rows.list_trials(connection, search_id)
        wanted = [trial for trial in trials if known is None or trial.number not in known]
        epochs = search_rows.epochs_of(connection, [trial.run_id for trial in wanted])
    curves = {trial.number: curve(epochs[trial.run_id], search.goal) for trial in wanted}
    return SearchView(search, trials, {**(known or {}), **curves})


def brief_view(workspace: Workspace, search_id: int) -> SearchView:
    """Return the current state of a search with the curves of running trials only; raises NotFound."""
    with workspace.catalogue.reading() as connection:
        search = search_rows.get_search(connection, search_id)
        trials = search_rows.list_trials(connection, search_id)
        running = [trial for trial in trials if trial.state == "running"]
        epochs = search_rows.epochs_of(connection, [trial.run_id for trial in running])
    return SearchView(search, trials, {trial.number: curve(epochs[trial.run_id], search.goal) for trial in running})


def curve(epochs: Sequence[Epoch], goal: Goal) -> tuple[float, ...]:
    """Return the goal's metric after each epoch."""
    values = (epoch.value(goal.metric) for epoch in epochs)
    return tuple(value for value in values if value is not None)


def directions(goal: Goal) -> list[str]:
    """Return maximize or minimize for each goal, as Optuna says it."""
    first = "maximize" if goal.is_higher_better else "minimize"
    return [first, "minimize"] if goal.second else [first]


def bounds_of(goal: Goal) -> tuple[float, float]:
    """Return the lowest and the highest score that there can be."""
    metric = find_metric(goal.metric)
    return (metric.low, metric.high) if metric else (-math.inf, math.inf)


def past_of(trial: Trial, goal: Goal, measured_so_far: tuple[float, ...]) -> Past:
    """Return a trial in the form for samplers."""
    values = [trial.score, trial.second] if goal.second else [trial.score]
    known = tuple(value for value in values if value is not None)
    whole = known if trial.state in {"finished", "stopped"} and len(known) == len(values) else ()
    return Past(dict(trial.params), PAST_STATES.get(trial.state, trial.state), whole, measured_so_far)
