"""The queue: how many runs are queued and execute, in how many slots and where, and whether a worker is running.

The worker writes where runs execute to ``coordinator.json`` of the home: {"place": "this machine" or "Dask
tls://host:8786", "slots": 2, "problem": null or a sentence, "waiting": {"7": why run 7 waits for store or catalogue}}.
What an earlier one has left there does not count.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboard.catalogue import run_marks
from dashboard.catalogue import runs as run_rows
from dashboard.catalogue.run_marks import RunMark
from dashboard.jobs.coordinator import is_coordinated, is_starting
from dashboard.records.network import Network
from dashboard.records.run import ENDED_STATES, RUN_STATES
from dashboard.services.workspace import Workspace

THIS_MACHINE = "this machine"
STARTING, RUNNING = "starting", "running"
PLACE_FILE = "coordinator.json"
TRIAL = "trial"
"""The kind of the runs that a search sees to; lists leave them out, for each search shows its own."""
STATE_FILTERS: dict[str, Collection[str]] = {state: (state,) for state in RUN_STATES} | {"ended": ENDED_STATES}
"""What lists of runs can be narrowed to: one state, or all in which nothing is added to a run any more."""


@dataclass(frozen=True)
class Queue:
    """How the queue stands: runs by state, `slots` of the place where trainings execute, and how many are `used`.

    `trials` are those of the runs that belong to searches, by state. `problem` is what keeps that place from working,
    `worker` is "running", "starting" or "" for none; the runs `elsewhere` need none.
    """

    states: Mapping[str, int]
    used: int
    slots: int
    place: str
    problem: str | None
    worker: str
    elsewhere: int = 0
    trials: Mapping[str, int] = field(default_factory=dict)

    def count(self, states: Collection[str] = RUN_STATES) -> int:
        """Return how many runs are in these states; in any for none."""
        return sum(self.states.get(state, 0) for state in states or RUN_STATES)

    def count_trials(self, states: Collection[str] = RUN_STATES) -> int:
        """Return how many trials of searches are in these states; in any for none."""
        return sum(self.trials.get(state, 0) for state in states or RUN_STATES)

    @property
    def queued(self) -> int:
        """How many runs wait to be started."""
        return self.count(("queued",))

    @property
    def running(self) -> int:
        """How many runs execute."""
        return self.count(("running",))

    @property
    def ended(self) -> int:
        """How many runs have ended."""
        return self.count(ENDED_STATES)


def get_queue(workspace: Workspace) -> Queue:
    """Return how the queue stands at this moment."""
    with workspace.catalogue.reading() as connection:
        counts = run_rows.count_states(connection)
        trials = run_rows.count_states(connection, TRIAL)
        used = run_marks.count_training(connection)
        elsewhere = run_marks.count_elsewhere(connection)
    worker = worker_state(workspace)
    report = _worker_report(workspace) if worker else {}
    return Queue(
        states=counts,
        used=used,
        slots=report.get("slots", workspace.settings.slots),
        place=report.get("place", THIS_MACHINE),
        problem=report.get("problem"),
        worker=worker,
        elsewhere=elsewhere,
        trials=trials,
    )


WORKER_STATES = ("", STARTING, RUNNING)
"""Of the worker: none; it has begun to start, or was called for so recently that it may have; it looks after runs."""


def worker_state(workspace: Workspace) -> str:
    """Return whether a worker is "running" at this moment, is "starting", or (empty) neither."""
    home = workspace.settings.home_folder
    return RUNNING if is_coordinated(home) else STARTING if is_starting(home) else ""


def queue_mark(workspace: Workspace) -> str:
    """Return a short text that changes whenever the queue's page would look different; costs one small query."""
    with workspace.catalogue.reading() as connection:
        runs = run_marks.queue_mark(connection)
    worker = worker_state(workspace)
    report = _worker_report(workspace) if worker else {}
    return hashlib.sha256(f"{runs} {worker} {report}".encode()).hexdigest()[:16]


def run_mark(workspace: Workspace, run_id: int) -> str:
    """Return a short text that changes whenever a run's page would look different; costs one small query.

    Raises NotFound.
    """
    with workspace.catalogue.reading() as connection:
        mark = run_marks.run_mark(connection, run_id)
    return mark_text(mark, worker_state(workspace), run_id in waiting_runs(workspace))


def mark_text(mark: RunMark, worker: str, is_waiting: bool) -> str:
    """Return the text of a mark, as addresses hold it; `worker` is its state, `is_waiting` whether a run waits."""
    return "-".join(
        str(part if isinstance(part, str) else int(part)) for part in (*mark, WORKER_STATES.index(worker), is_waiting)
    )


def waiting_runs(workspace: Workspace) -> dict[int, str]:
    """Return the runs that wait for store or catalogue, each with the reason, as the worker has written it down."""
    report = _worker_report(workspace).get("waiting", {})
    return {int(run_id): reason for run_id, reason in report.items()} if report and worker_state(workspace) else {}


def _worker_report(workspace: Workspace) -> dict[str, Any]:
    """Return what the worker has written about the place where runs execute."""
    try:
        report = json.loads((workspace.settings.home_folder / PLACE_FILE).read_text())
    except (FileNotFoundError, ValueError):  # it has just started, or is writing at this moment
        return {}
    return report if isinstance(report, dict) else {}


def count_active_runs(workspace: Workspace) -> int:
    """Return how many runs are queued or running."""
    with workspace.catalogue.reading() as connection:
        counts = run_rows.count_states(connection)
    return sum(count for state, count in counts.items() if state not in ENDED_STATES)


def active_runs(workspace: Workspace, network: Network) -> list[int]:
    """Return the ids of a network's runs that are queued or running."""
    with workspace.catalogue.reading() as connection:
        return list(run_rows.active_runs(connection, network.id))
