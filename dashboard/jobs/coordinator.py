"""The coordinator: claims queued runs, has each executed in its place, and records what they report.

There is one coordinator a data folder, held by a lock; it is the only writer of the states of runs. One thread
a run waits for its reports, so that saving a large version of one run delays no other.

What dies is resumed from its checkpoint. While store or catalogue are away (`errors.Outage`), a run waits: what it
reports is written down once they are back, however long that takes.

Trainings share the slots of their place. Actions on the store have a lane of their own, one at a time: they mostly wait
for disks and servers, and must not wait for a queue of trainings; two at once would only slow each other down. What
drives a search has a lane, too: it mostly waits for its trials, which are trainings. What trains one network several
times does so one after another in one process of this machine, next to the slots, and one such run at a time.
"""

import contextlib
import fcntl
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from dashboard.errors import Outage, StoreError, StoreUnavailable, WeightbaseError
from dashboard.jobs.job import Job, Journal, TrainingJob
from dashboard.jobs.memory import give_back
from dashboard.jobs.patience import patiently, pauses
from dashboard.jobs.place import Attempt, Gone, Place, Report, SharingPlace
from dashboard.jobs.wake_pipe import wake_supervisor
from dashboard.outages import system_passes, system_words
from dashboard.records.run_kinds import ACTIONS, REPEATS, SEARCHES, TRAININGS

log = logging.getLogger(__name__)

POLL_SECONDS = 0.1
TOGETHER_SECONDS = 0.05
RETRY_SECONDS = 1.0
REST_SECONDS = 1.0
KILL_AFTER_SECONDS = 3.0
START_SECONDS = 15.0
LOCK_TRIES = 20
ACTION_SLOTS = 1
SEARCH_SLOTS = 4
REPEAT_SLOTS = 1
MOST_LATE = 4
"""While the last reports of a training are being saved, mostly waiting for disks, its slot is the next one's; so many
trainings may wait so."""
OTHER_SLOTS = {ACTIONS: ACTION_SLOTS, SEARCHES: SEARCH_SLOTS, REPEATS: REPEAT_SLOTS}
LOCK, START_LOCK = ".coordinator.lock", ".worker-start.lock"


class Situation(NamedTuple):
    """How things stand: the slots of the place where trainings execute, what keeps runs from starting, and which wait.

    `waiting` says of each run that waits for store or catalogue, by its id, what keeps it waiting.
    """

    slots: int
    problem: str | None
    waiting: Mapping[int, str]


@contextlib.contextmanager
def coordinator_lock(home: Path, wait_for_it: bool = True) -> Iterator[bool]:
    """Hold the lock that makes this process the coordinator of a data folder; yields whether this process has it.

    Without `wait_for_it` it still tries for a second, as another process may be calling `is_coordinated`.
    """
    with _lock_file(home) as file:
        yield _take(file, fcntl.LOCK_EX) if wait_for_it else _take_soon(file)


def last_wake(home: Path) -> int:
    """Return what changes each time `wake_coordinator` is called for a data folder; 0 if that has just been moved."""
    try:
        return (home / LOCK).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def wake_coordinator(home: Path) -> None:
    """Let a coordinator that rests look for queued runs at once; if it has ended, its supervisor starts another."""
    (home / LOCK).touch()
    wake_supervisor()


def note_start(home: Path) -> IO[str] | None:
    """Let others know that a worker is starting, until the file is closed or this process ends.

    None where that cannot be written down: in a home that is not there yet, or cannot be written.
    """
    try:
        file = open(home / START_LOCK, "a")  # noqa: SIM115 - open as long as it is starting
    except OSError:
        return None
    if _take_soon(file):
        return file
    file.close()  # another one is starting
    return None


def is_starting(home: Path) -> bool:
    """Return whether a coordinator is starting, or was called for so recently that it may be about to."""
    return is_locked(home / START_LOCK) or abs(time.time() - last_wake(home) / 1e9) < START_SECONDS


def is_coordinated(home: Path) -> bool:
    """Return whether a coordinator runs for a data folder; any number of processes may call this at once."""
    return is_locked(home / LOCK)


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock of a file; also where nothing can be written."""
    if not path.exists():
        return False
    with _lock_file(path.parent, "r", path.name) as file:
        return not _take(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


def _lock_file(home: Path, how: str = "a", name: str = LOCK) -> IO[str]:
    """Open the file of the lock; raises StoreUnavailable if the data folder cannot be used."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        return open(home / name, how)  # "a" leaves alone when it was last set: see `wake_coordinator`
    except OSError as error:
        if system_passes(error):
            raise Outage(f"The data folder {home} cannot be used now. {system_words(error)}") from error
        remedy = "fix its permissions or set WEIGHTBASE_HOME"
        raise StoreUnavailable(f"The data folder {home} cannot be used ({error.strerror}): {remedy}.") from error


def _take_soon(file: IO[str]) -> bool:
    for _ in range(LOCK_TRIES):
        if _take(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
            return True
        time.sleep(POLL_SECONDS / 2)
    return False


def _take(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    return True


class Coordinator:
    """Executes queued runs, trainings in `place` and others in `local`, until `stop` is set.

    With `until_idle` it ends when nothing is left to do. `report` is called with a `Situation` whenever that
    changes, for people to see.
    """

    idle_seconds = 20.0
    """How long there has to be nothing to do before it ends."""

    def __init__(
        self,
        journal: Journal,
        local: SharingPlace,
        place: Place | None = None,
        until_idle: bool = False,
        report: Callable[[Situation], None] = lambda situation: None,
    ) -> None:
        self.journal, self.local = journal, local
        self.place: Place = place or local
        self.until_idle, self.report = until_idle, report
        self.reported: Situation | None = None
        self.reporting = threading.Lock()
        self.outage: str | None = None  # what keeps this thread from the catalogue or the store
        self.must_take_up = False  # after an outage: what was claimed in it, perhaps without our knowledge
        self.stop = threading.Event()
        self.wake = threading.Event()
        local.when_over = self.wake.set
        self.last_wake: Callable[[], float] = time.monotonic
        """Returns what changes when something is queued; the clock, where nobody says: then it looks all the time."""
        self.running: dict[int, _Execution] = {}

    def run(self) -> None:
        """Work until `stop` is set; what runs then is ended, and waits in the queue for the next coordinator.

        While the catalogue cannot be used, runs continue, and requests wait.
        """
        self._recover()
        idle_since = time.monotonic()
        try:
            while not self.stop.is_set():
                seen = self.last_wake()
                pause = POLL_SECONDS if self._tend() else RETRY_SECONDS
                if self.running:
                    idle_since = time.monotonic()
                elif self.until_idle and time.monotonic() - idle_since > self.idle_seconds:
                    break
                self.wake.wait(pause)  # also woken when a run has ended, so that the next one starts at once
                if not self.running:
                    self._rest(seen)
                self.wake.clear()
        finally:  # an error in the coordinator must not leave trainings behind that nobody listens to
            for execution in self.running.values():
                execution.abandon()
            for execution in self.running.values():
                execution.thread.join()

    def _rest(self, seen: float) -> None:
        """Wait until something is queued here; what another machine queues is found within REST_SECONDS."""
        until = time.monotonic() + REST_SECONDS
        while self.last_wake() == seen and time.monotonic() < until and not self.wake.wait(POLL_SECONDS):
            continue

    def end(self) -> None:
        """Let `run` come to its end; to be called from any thread but, as it takes locks, not from a signal handler."""
        self.stop.set()
        self.wake.set()

    def _recover(self) -> None:
        while not self.stop.is_set():
            try:
                self.journal.recover()
                return
            except StoreError as error:
                log.error("%s Trying again.", error.message)
                self.stop.wait(RETRY_SECONDS)

    def _tend(self) -> bool:
        """Start what is queued and pass on what is to be cancelled; False if the catalogue cannot be used now."""
        self._forget_ended()
        outage: str | None = None
        try:
            self._cancel(self.journal.stop_requests())
            self._cancel(self.journal.cancel_requests() if self.running else ())
            self._take_up()
            while self._start_next():
                pass
        except StoreError as error:
            if error.message != self.outage:  # it may come again each second, for hours
                log.error("%s Trying again.", error.message)
            outage, self.must_take_up = error.message, True
        self.outage = outage
        self.report_changes()
        return outage is None

    def _cancel(self, run_ids: Collection[int]) -> None:
        for run_id in run_ids:
            if run_id in self.running:
                self.running[run_id].cancel()

    def _take_up(self) -> None:
        """After an outage, queue again what the catalogue calls running, but nobody executes."""
        waiting = any(execution.waiting for execution in self.running.values())
        if self.must_take_up and not waiting:
            self.journal.take_up(self.running.keys())
            self.must_take_up = False

    def report_changes(self) -> None:
        """Report how things stand if that has changed; called by the threads of runs, too."""
        with self.reporting:
            waiting = {run_id: execution.waiting for run_id, execution in list(self.running.items())}
            self.must_take_up = self.must_take_up or any(waiting.values())
            problem = self.place.problem or self.outage
            now = Situation(self.place.slots, problem, {id: reason for id, reason in waiting.items() if reason})
            if now != self.reported:
                self.reported = now
                self.report(now)

    def _start_next(self) -> bool:
        taken = {execution.slot: execution.job.lane for execution in self.running.values() if not execution.is_late}
        busy = list(taken.values())
        late = sum(execution.is_late for execution in self.running.values())
        slots = OTHER_SLOTS | {TRAININGS: self.place.slots if late < MOST_LATE else 0}
        lanes = [lane for lane, count in slots.items() if busy.count(lane) < count]
        job = self.journal.claim(lanes) if lanes else None
        if job is None:
            return False
        group = self._group(job)
        if group:
            together = _Together(self.local, group)
            for place, one in enumerate(group):
                self._listen_to(one, partial(together.attempt, place), slot=together)
        else:
            self._listen_to(job, partial((self.place if job.lane == TRAININGS else self.local).start, job))
        return True

    def _group(self, job: Job) -> list[TrainingJob]:
        """Claim what is quicker together with a training, if anything; a cluster spreads runs over its workers."""
        if self.place is not self.local or not isinstance(job, TrainingJob):
            return []
        try:
            alike = self.journal.claim_alike(job)
        except WeightbaseError as error:
            log.error("%s The run trains alone.", error.message)  # it is claimed, so it must be executed
            return []
        return [job, *alike] if alike else []

    def _listen_to(self, job: Job, start: Callable[[], Attempt], slot: object | None = None) -> None:
        execution = _Execution(job, self.journal, start, self, slot or object())
        self.running[job.run_id] = execution
        execution.thread.start()

    def _forget_ended(self) -> None:
        for run_id in [run_id for run_id, execution in self.running.items() if not execution.thread.is_alive()]:
            del self.running[run_id]
            if not self.running:
                give_back()


class _Together:
    """Jobs that train in one process, which is started by whichever of their threads comes first."""

    def __init__(self, local: SharingPlace, jobs: Sequence[TrainingJob]) -> None:
        self.local, self.jobs = local, jobs
        self.lock = threading.Lock()
        self.is_started = False
        self.attempts: Sequence[Attempt] = ()

    def attempt(self, place: int) -> Attempt:
        """Return the attempt of the job at this place; raises Gone if another's thread could not start the process."""
        with self.lock:
            if not self.is_started:
                self.is_started = True
                self.attempts = self.local.start_together(self.jobs)
        if not self.attempts:
            raise Gone("the process that it was to share could not be started", died=False)
        return self.attempts[place]


class _GivenUp(Exception):
    """A run is to end, or to be left to the next coordinator, while it waits for store or catalogue."""


class _Execution:
    """One attempt at a run where it executes, and the thread that listens to it."""

    def __init__(
        self, job: Job, journal: Journal, start: Callable[[], Attempt], coordinator: Coordinator, slot: object
    ) -> None:
        self.job, self.journal, self.start, self.coordinator = job, journal, start, coordinator
        self.slot = slot  # those that share a process share one
        self.attempt: Attempt | None = None
        self.is_cancelled = self.is_abandoned = False
        self.deadline = float("inf")
        self.waiting = ""  # why it waits for store or catalogue; empty while it does not
        self.thread = threading.Thread(target=self._listen, name=f"run {job.run_id}")

    @property
    def is_late(self) -> bool:
        """Whether it is a training that has ended, while what it has reported is still being saved."""
        return self.job.lane == TRAININGS and self.attempt is not None and self.attempt.is_over

    def cancel(self) -> None:
        """Ask it to stop between two batches; it is killed if it does not within KILL_AFTER_SECONDS."""
        if not self.is_cancelled:
            self.is_cancelled = True
            self.deadline = time.monotonic() + KILL_AFTER_SECONDS
            if self.attempt is not None:
                self.attempt.ask_to_stop()

    def abandon(self) -> None:
        """End it because the coordinator ends: nobody cancelled the run, so it waits for the next one."""
        self.is_abandoned = True

    def _listen(self) -> None:
        end: Callable[[], bool] = self._failed("The worker failed; see its log.")
        try:
            end = self._execute()
        except WeightbaseError as failure:
            log.exception("run %s", self.job.run_id)
            end = self._failed(failure.message)
        finally:
            try:
                if self.attempt is not None:
                    self.attempt.close()
            finally:  # also after an internal error: a run without an end could never be started again
                self._write_end(end)
                self.coordinator.wake.set()

    def _execute(self) -> Callable[[], bool]:
        """Carry the job out; return what writes its end into the journal."""
        try:
            self.attempt = patiently(self.start, self._wait)
            self._waits("")
            if self.is_cancelled:  # between the claim and the start
                self.attempt.ask_to_stop()
            return self._reports(self.attempt)
        except _GivenUp:
            if self.attempt is not None:
                self.attempt.kill()
            if self.is_cancelled:
                return self._ended("cancelled", f"It was cancelled while it waited. {self.waiting}")
            return lambda: self.journal.requeue(self.job, "the worker ended", died=False)
        except Gone as gone:
            if self.is_cancelled:
                return self._ended("cancelled", None)
            reason, died = gone.reason, gone.died and not self.is_abandoned
            return lambda: self.journal.requeue(self.job, reason, died)

    def _reports(self, attempt: Attempt) -> Callable[[], bool]:
        """Write down report after report, until it ends, is no longer wanted, or is gone (Gone).

        Epochs that come within TOGETHER_SECONDS are written together: a quick training has hundreds a second.
        """
        epochs: list[Any] = []
        try:
            return self._follow(attempt, epochs)
        except (Gone, WeightbaseError):
            with contextlib.suppress(StoreError):  # what matters is why the attempt has ended
                self._write_epochs(epochs)
            raise

    def _follow(self, attempt: Attempt, epochs: list[Any]) -> Callable[[], bool]:
        due = 0.0
        while True:
            if self.is_abandoned or time.monotonic() > self.deadline:
                attempt.kill()  # its last reports are not waited for
                raise Gone("the worker ended" if self.is_abandoned else "it did not stop")
            report = attempt.receive(max(0.0, due - time.monotonic()) if epochs else POLL_SECONDS)
            if report is not None and report[0] == "epoch":
                due = due if epochs else time.monotonic() + TOGETHER_SECONDS
                epochs.append(report[1])
                if time.monotonic() < due:
                    continue
            counts = self._write_epochs(epochs)
            epochs.clear()
            if counts and report is not None and report[0] == "end":
                return self._ended(report[1]["state"], report[1]["error"])
            if not counts or not self._write_down(report):
                attempt.kill()
                log.info("run %s: another attempt has taken over, or it has ended", self.job.run_id)
                return lambda: True

    def _write_epochs(self, epochs: list[Any]) -> bool:
        """Write epochs down, if there are any; False if this attempt no longer counts."""
        return not epochs or self._persist(partial(self.journal.epochs, self.job, epochs))

    def _write_down(self, report: Report | None) -> bool:
        """Write down what is no epoch, if there is a report; False if this attempt no longer counts."""
        writers: dict[str, Callable[[Job, Any], bool]] = {
            "version": self.journal.version,
            "checkpoint": self.journal.checkpoint,
            "progress": self.journal.progress,
        }
        if report is None or report[0] == "epoch":
            return True
        kind, payload = report
        if kind == "waiting":  # the process that executes it waits by itself
            self._waits(payload)
            return True
        return self._persist(partial(writers[kind], self.job, payload))

    def _persist(self, write: Callable[[], bool]) -> bool:
        """Write something down, once store and catalogue can do it; raises _GivenUp if the run is to end before."""
        counts = patiently(write, self._wait)
        self._waits("")
        return counts

    def _wait(self, outage: Outage, seconds: float) -> None:
        self._waits(outage.message)
        again = time.monotonic() + seconds
        while (now := time.monotonic()) < again:
            if self.is_abandoned or now > self.deadline:
                raise _GivenUp
            time.sleep(min(again - now, POLL_SECONDS))

    def _waits(self, reason: str) -> None:
        if reason != self.waiting:
            self.waiting = reason
            if reason:
                log.warning("run %s waits. %s", self.job.run_id, reason)
            else:
                log.info("run %s goes on", self.job.run_id)
            self.coordinator.report_changes()

    def _failed(self, message: str) -> Callable[[], bool]:
        return self._ended("failed", message)

    def _ended(self, state: str, error: str | None) -> Callable[[], bool]:
        return lambda: self.journal.end(self.job, state, error)

    def _write_end(self, end: Callable[[], bool]) -> None:
        """Write the run's end, once the catalogue can be written; an ending coordinator leaves it to the next.

        A run whose end is never written would appear to run for ever, and could not be cancelled or started again.
        """
        for seconds in pauses():
            try:
                end()
                self._waits("")
                return
            except StoreError as failure:
                self._waits(failure.message)
            if self.coordinator.stop.wait(seconds):
                return
