"""Runs: one job each, with its state, epochs and what it frees."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dashboard.metrics import deciding_name, is_higher_better
from dashboard.records.network import NetworkSpec
from dashboard.records.run_kinds import ELSEWHERE, RUN_KINDS, TRAININGS
from dashboard.records.training import TrainingSpec

RUN_STATES = ("queued", "running", "finished", "failed", "cancelled", "interrupted")
ENDED_STATES = ("finished", "failed", "cancelled", "interrupted")
RESUMABLE_STATES = ("failed", "cancelled", "interrupted")
"""Those in which a run ended before its goal: it can go on from its checkpoint."""

PRIORITIES = (-1, 0, 1)
"""Low, normal, high."""

STARTED_BY_LENGTH = 120


@dataclass(frozen=True)
class Run:
    """One job: its state is the truth, wherever it executes.

    Its `kind` is training; trial (a training for a search, which has no network); search (which drives one); folds or
    seeds (several trainings of a network, see `records.repeats`); or a long action on the store: verify, copy, empty
    (the trash). Searches and actions have no network, no dataset ("")
    and NO_SPEC; `request` is what was asked for, `result` what came of it. `done` of `total` counts epochs, trials or
    versions; `note` says what is being done at the moment. `checkpoint` is the epoch after which it goes on when it is
    taken up again, 0 for its beginning; `started_by` who asked for it, as far as that is known. `waiting` says why it
    waits for store or catalogue, and is empty while it does not.
    """

    id: int
    kind: str
    network: str
    dataset: str
    state: str
    spec: NetworkSpec
    parent: str | None
    attempt: int
    cancel_requested: bool
    priority: int
    started_by: str
    checkpoint: int
    error: str | None
    request: dict[str, Any]
    done: int
    total: int
    note: str
    result: dict[str, Any]
    created: datetime
    started: datetime | None
    ended: datetime | None
    heartbeat: datetime | None
    waiting: str = ""

    @property
    def shown_state(self) -> str:
        """The state as people see it: a run that waits for store or catalogue is `waiting`."""
        return "waiting" if self.waiting and self.state == "running" else self.state

    @property
    def has_ended(self) -> bool:
        """Whether nothing will be added to this run any more."""
        return self.state in ENDED_STATES

    @property
    def seconds(self) -> float | None:
        """How long it has run, from its start to its end or its last heartbeat; None before its start."""
        end = self.ended or self.heartbeat
        return (end - self.started).total_seconds() if self.started and end else None

    @property
    def can_resume(self) -> bool:
        """Whether it ended before its goal and left something to go on from."""
        return self.checkpoint > 0 and self.state in RESUMABLE_STATES and not self.is_of_search

    @property
    def is_of_search(self) -> bool:
        """Whether it drives a search or is one of its trials: the search sees to it then."""
        return RUN_KINDS[self.kind].is_of_search

    @property
    def is_training(self) -> bool:
        """Whether this run trains (else it drives a search, or is an action on the store)."""
        return RUN_KINDS[self.kind].lane == TRAININGS

    @property
    def is_external(self) -> bool:
        """Whether its process is elsewhere: it says itself how far it is, and nothing here starts or ends it."""
        return RUN_KINDS[self.kind].lane == ELSEWHERE

    @property
    def has_curves(self) -> bool:
        """Whether it is one training, here or elsewhere, of which each epoch has numbers."""
        return self.is_training or self.is_external

    @property
    def repeats(self) -> bool:
        """Whether it trains one network several times, to say how far its scores vary."""
        return RUN_KINDS[self.kind].repeats

    @property
    def path(self) -> str:
        """By what the steps of its training are computed (`engine.paths`); empty if that was not written down."""
        return str(self.result.get("path", ""))

    @property
    def title(self) -> str:
        """What it does, as a heading; empty if it trains a network."""
        return RUN_KINDS[self.kind].title(self.request)


@dataclass(frozen=True)
class TrashItem:
    """A version or a network in the trash; `name` is what a person types to delete it permanently."""

    kind: str
    id: int
    name: str
    versions: int
    bytes: int
    trashed: datetime

    @property
    def key(self) -> str:
        """What stands for it in addresses, such as version-12."""
        return f"{self.kind}-{self.id}"


@dataclass(frozen=True)
class Freed:
    """What a permanent deletion frees: tables that nothing else uses, the bytes of their weights; and what stays."""

    tables: int
    bytes: int
    shared: int
    shared_with: tuple[str, ...]


@dataclass(frozen=True)
class Epoch:
    """What one epoch (from 1) of a run measured; the accuracies are None for regressions, which have further `metrics`.

    Of a run elsewhere there is what it reported; any of the numbers may be None.

    `loss` and `accuracy` are measured on the training batches as they passed, so while the weights still moved.
    """

    epoch: int
    loss: float | None
    accuracy: float | None
    val_loss: float | None
    val_accuracy: float | None
    seconds: float | None
    learning_rate: float | None
    metrics: dict[str, float]

    def value(self, metric: str) -> float | None:
        """Return what was measured of a metric, None if nothing was."""
        value = vars(self).get(metric, self.metrics.get(metric))
        return None if value is None else float(value)


def epoch_cost(best_by: str, epoch: Epoch) -> float:
    """Return what is smallest for the best epoch: the value of the deciding metric, or its negative."""
    metric = deciding_name(best_by, [vars(epoch) | epoch.metrics]) or "loss"
    value = epoch.value(metric)
    if value is None:
        return math.inf  # of a run elsewhere that did not measure it
    return -value if is_higher_better(metric) else value


def best_epoch(training: TrainingSpec, epochs: Sequence[Epoch]) -> Epoch:
    """Return the best epoch by what `best_by` says, the first of equals."""
    return min(epochs, key=lambda epoch: epoch_cost(training.best_by, epoch))
