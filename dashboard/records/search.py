"""Searches: goal, budget and trials."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.declarations import setting
from dashboard.kinds import Choice, Number, Whole
from dashboard.metrics import all_goals, is_higher_better, metric_words

SEARCH_STATES = ("running", "paused", "stopped", "finished")
TRIAL_STATES = ("running", "finished", "stopped", "failed", "cancelled")
SECOND_GOALS = {"parameters": "the number of parameters", "prediction_seconds": "prediction time"}


@dataclass(frozen=True)
class Goal:
    """The goal of a search: a validation metric, and perhaps a `second` number of SECOND_GOALS to minimise."""

    metric: str = setting(
        Choice({name: metric_words(name) for name in all_goals()}, empty="validation accuracy, or loss for numbers"),
        label="Goal",
        help="Measured on the validation part after each epoch.",
    )
    second: str = setting(
        Choice(SECOND_GOALS, empty="none"), "", "Second goal", "Minimised, too: there is a front of best compromises."
    )

    @property
    def is_higher_better(self) -> bool:
        """Whether a larger score is the better one."""
        return bool(is_higher_better(self.metric))

    def better(self, one: float, other: float) -> bool:
        """Return whether the first score is better than the second."""
        return one > other if self.is_higher_better else one < other

    def cost(self, score: float) -> float:
        """Return the score as something to make small."""
        return -score if self.is_higher_better else score


@dataclass(frozen=True)
class Budget:
    """The budget of a search: trials, epochs per trial, and a time limit in seconds (0: none)."""

    trials: int = setting(Whole(1, 10_000), 40, "Trials", "How many networks are tried.")
    epochs: int = setting(Whole(1, 10_000), 10, "Epochs per trial", "A trial may be stopped before.")
    seconds: float = setting(Number(0, 30 * 86400), 0.0, "Time limit (seconds)", "While trials train; 0: no limit.")


@dataclass(frozen=True)
class Search:
    """A search for the best network on a dataset, driven by a run.

    `state` is what is wanted (running, paused, stopped), or finished; `run_id` is the run that drives it, or did last,
    in `run_state`. `space` is in the words of the form and the API, `network` the name of its proposer's network and
    `beliefs` what that expects of each setting. `result` holds what was found in the end (`services.winner`), `skipped`
    counts the proposals that were not trained, as an earlier trial had been the same.
    """

    id: int
    name: str
    purpose: str
    dataset: str
    task: str
    space: dict[str, Any]
    goal: Goal
    budget: Budget
    sampler: str
    stopping: str
    seed: int
    state: str
    run_id: int | None
    run_state: str | None
    network: str
    beliefs: dict[str, Any]
    result: dict[str, Any]
    skipped: int
    created: datetime
    changed: datetime

    @property
    def is_driven(self) -> bool:
        """Whether a run drives it now, or will soon."""
        return self.run_state in {"queued", "running"}

    @property
    def shown_state(self) -> str:
        """The state for people: the requested one, unless it is not reached yet or the run ended unexpectedly."""
        if self.is_driven:
            return {"paused": "pausing", "stopped": "stopping"}.get(self.state, "running")
        return "interrupted" if self.state == "running" else self.state


@dataclass(frozen=True)
class Trial:
    """One candidate of a search and the run that trains it.

    Its `state` is running (or waiting to), finished, stopped (early, by the rule), failed, or cancelled by a person.
    `score` is its goal's metric and `second` the second goal's number, None before it has ended; `predicted` is what
    the proposer expected ({"mean", "sd"} of the score). `stopped_at` is the epoch after which it was stopped early.
    `confirms` is the number of the trial whose candidate this one only trains again, with another seed.
    """

    number: int
    run_id: int
    run_state: str
    confirms: int | None
    state: str
    params: dict[str, Any]
    predicted: dict[str, float] | None
    parameters: int
    score: float | None
    second: float | None
    stopped_at: int | None
    epochs: int
    seconds: float
    created: datetime
    ended: datetime | None
