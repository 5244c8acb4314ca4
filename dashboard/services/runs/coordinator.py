"""The coordinator as a process: its lock, its journal, its signals and its lifeline."""

import json
import logging
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from dashboard.catalogue import runs as run_rows
from dashboard.catalogue.opening import READ_ONLY_IS_SET
from dashboard.errors import OtherDashboard, WeightbaseError
from dashboard.files import overwrite
from dashboard.jobs import home_watch
from dashboard.jobs.coordinator import Coordinator, Situation, coordinator_lock, last_wake
from dashboard.jobs.places import open_places, place_name
from dashboard.jobs.stop_signals import end_on_signals
from dashboard.jobs.supervisor import follow_lifeline
from dashboard.outages import system_words
from dashboard.services.push.saving import sweep_contents
from dashboard.services.runs.journal import CatalogueJournal
from dashboard.services.runs.queue import PLACE_FILE
from dashboard.services.store.dataset_notes import note_datasets
from dashboard.services.store.trash_notes import note_trash
from dashboard.services.workspace import Workspace, open_workspace
from dashboard.settings import Settings

log = logging.getLogger(__name__)

PLACE_BYTES = 64 * 1024
MOST_WAITING, LONGEST_REASON = 40, 300
"""So much is written of runs that wait: it fits into PLACE_BYTES."""


def coordinate(
    settings: Settings,
    until_idle: bool = False,
    waiting: bool = True,
    rests: Callable[[], None] = lambda: None,
    started: Callable[[], None] = lambda: None,
) -> bool:
    """Carry out what is queued until a signal ends it, or (`until_idle`) until nothing is left: True then.

    If another process does it, this one waits, or (`waiting` is false) returns at once. `started` is called once it is
    known which of them does it, `rests` before this one looks a last time whether something is queued. Raises
    NotOpened, or OtherDashboard if another home uses the database, or has taken it over in an outage.
    """
    if settings.read_only:
        started()
        _wait_without_runs(READ_ONLY_IS_SET, until_idle)
        return True
    goes_on = True
    while goes_on:
        with coordinator_lock(settings.home_folder, wait_for_it=waiting) as ours:
            started()
            if not ours:
                return True
            workspace = _open(settings)
            if workspace.catalogue.read_only:
                _wait_without_runs(workspace.catalogue.read_only, until_idle)
                return True
            note_datasets(workspace)
            note_trash(workspace)
            sweep_contents(workspace)
            here, place = open_places(settings)
            coordinator = Coordinator(CatalogueJournal(workspace), here, place, until_idle, partial(_report, settings))
            coordinator.last_wake = partial(last_wake, settings.home_folder)
            end_on_signals(coordinator.end)
            home_watch.watch(settings.home_folder, partial(_leave, settings.home_folder, coordinator))
            follow_lifeline(coordinator.end)
            workspace.catalogue.when_lost(coordinator.end)
            coordinator.run()
            place.close()
        workspace.catalogue.require_held()
        rests()
        # Who queued a run while we still held the lock has woken nobody: look once more, now that it is free.
        goes_on = not coordinator.stop.is_set() and _any_queued(workspace)
        workspace.catalogue.close()
    return not coordinator.stop.is_set()


class NotOpened(WeightbaseError):
    """Home or store could not be opened, for the reason in the message."""


def _open(settings: Settings) -> Workspace:
    try:
        return open_workspace(settings)
    except OtherDashboard:
        raise
    except WeightbaseError as error:
        raise NotOpened(error.message) from error


def _wait_without_runs(reason: str, until_idle: bool) -> None:
    """Do nothing until a signal ends it: the supervisor would start what ends by itself again and again."""
    log.info("No runs are carried out: %s.", reason)
    if not until_idle:
        stop = threading.Event()
        end_on_signals(stop.set)
        follow_lifeline(stop.set)
        stop.wait()


def _leave(home: Path, coordinator: Coordinator) -> None:
    log.error(home_watch.words(home))
    coordinator.end()


def _any_queued(workspace: Workspace) -> bool:
    with workspace.catalogue.reading() as connection:
        return run_rows.any_queued(connection)


def _report(settings: Settings, now: Situation) -> None:
    """Write down for the pages where runs execute, how many at once, what is wrong with that place, and which wait."""
    waiting = {run_id: reason[:LONGEST_REASON] for run_id, reason in list(now.waiting.items())[:MOST_WAITING]}
    problem = now.problem and now.problem[:LONGEST_REASON]
    report = {"place": place_name(settings), "slots": now.slots, "problem": problem, "waiting": waiting}
    try:
        overwrite(settings.home_folder / PLACE_FILE, json.dumps(report, ensure_ascii=False).encode(), PLACE_BYTES)
    except OSError as error:  # runs go on without it
        log.error("%s could not be written. %s", PLACE_FILE, system_words(error))
