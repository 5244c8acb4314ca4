"""The queue: how many runs wait and execute, in how many slots and where, and whether anybody sees to them.

The coordinator says where runs execute in ``coordinator.json`` of the home: {"place": "this machine" or "Dask
tls://host:8786", "slots": 2, "problem": null or a sentence}. What an earlier one has left there does not count.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from dashboard.catalogue import queue as queue_rows
from dashboard.catalogue import runs as run_rows
from dashboard.catalogue.queue import RunMark
from dashboard.jobs.coordinator import is_coordinated
from dashboard.records.network import Network
from dashboard.records.run import ENDED_STATES, RUN_STATES
from dashboard.services.workspace import Workspace

HERE = "this machine"
PLACE_FILE = "coordinator.json"
STATE_FILTERS: dict[str, Collection[str]] = {state: (state,) for state in RUN_STATES} | {"ended": ENDED_STATES}
"""What lists of runs can be narrowed to: one state, or all in which nothing is added to a run any more."""


@dataclass(frozen=True)
class Queue:
    """How the queue stands: `slots` of the place where trainings execute, how many are `used`, what keeps it from work.

    `is_at_work` tells whether a coordinator sees to the queue at this moment.
    """

    queued: int
    running: int
    ended: int
    used: int
    slots: int
    place: str
    problem: str | None
    is_at_work: bool


def get_queue(workspace: Workspace) -> Queue:
    """Return how the queue stands at this moment."""
    with workspace.catalogue.reading() as connection:
        counts = run_rows.count_states(connection)
        used = queue_rows.count_training(connection)
    at_work = is_at_work(workspace)
    told = _told(workspace) if at_work else {}
    return Queue(
        queued=counts.get("queued", 0),
        running=counts.get("running", 0),
        ended=sum(counts.get(state, 0) for state in ENDED_STATES),
        used=used,
        slots=told.get("slots", workspace.settings.slots),
        place=told.get("place", HERE),
        problem=told.get("problem"),
        is_at_work=at_work,
    )


def is_at_work(workspace: Workspace) -> bool:
    """Tell whether a coordinator sees to the queue at this moment."""
    return is_coordinated(workspace.settings.home_folder)


def queue_mark(workspace: Workspace) -> str:
    """Return a short text that changes whenever the queue's page would look different; costs one small query."""
    with workspace.catalogue.reading() as connection:
        runs = queue_rows.queue_mark(connection)
    at_work = is_at_work(workspace)
    told = _told(workspace) if at_work else {}
    return hashlib.sha256(f"{runs} {at_work} {told}".encode()).hexdigest()[:16]


def run_mark(workspace: Workspace, run_id: int) -> str:
    """Return a short text that changes whenever a run's page would look different; costs one small query.

    Raises NotFound.
    """
    with workspace.catalogue.reading() as connection:
        mark = queue_rows.run_mark(connection, run_id)
    return mark_text(mark, is_at_work(workspace))


def mark_text(mark: RunMark, at_work: bool) -> str:
    """Return the text of a mark, as addresses hold it."""
    return "-".join(str(part if isinstance(part, str) else int(part)) for part in (*mark, at_work))


def _told(workspace: Workspace) -> dict[str, Any]:
    """Return what the coordinator says of the place, as far as it has said it."""
    try:
        told = json.loads((workspace.settings.home_folder / PLACE_FILE).read_text())
    except (FileNotFoundError, ValueError):  # it has just started, or is writing at this moment
        return {}
    return told if isinstance(told, dict) else {}


def count_active_runs(workspace: Workspace) -> int:
    """Return how many runs are queued or running."""
    with workspace.catalogue.reading() as connection:
        return run_rows.count_active(connection)


def active_runs(workspace: Workspace, network: Network) -> list[int]:
    """Return the ids of a network's runs that are queued or running."""
    with workspace.catalogue.reading() as connection:
        return list(run_rows.active_runs(connection, network.id))
