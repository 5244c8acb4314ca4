"""The coordinator: claims queued runs, gives each a process of its own, and writes down what they report.

There is one coordinator a data folder, held by a lock; it is the only writer of the states of runs. One thread
a run waits for its reports, so that saving a large version of one run delays no other.

Trainings share the slots. Actions on the store have a lane of their own, one at a time: they mostly wait for disks and
servers, and whoever asks for one shall not wait for a queue of trainings; two at once would only slow each other down.
"""

import contextlib
import fcntl
import importlib
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import IO, Any

from dashboard.errors import StoreError, WeightbaseError
from dashboard.jobs.job import ACTIONS, TRAININGS, Job, Journal

log = logging.getLogger(__name__)

POLL_SECONDS = 0.1
RETRY_SECONDS = 1.0
KILL_AFTER_SECONDS = 4.0
IDLE_SECONDS = 10.0
LOCK_TRIES = 20
ACTION_SLOTS = 1
LOCK = ".coordinator.lock"


@contextlib.contextmanager
def coordinator_lock(home: Path, wait_for_it: bool = True) -> Iterator[bool]:
    """Hold the lock that makes this process the coordinator of a data folder; yields whether it is ours.

    Without `wait_for_it` a second is waited all the same: somebody may just be asking `is_coordinated`.
    """
    home.mkdir(parents=True, exist_ok=True)
    with open(home / LOCK, "w") as file:
        yield _take(file, fcntl.LOCK_EX) if wait_for_it else _take_soon(file)


def is_coordinated(home: Path) -> bool:
    """Tell whether a coordinator works on a data folder; those who ask at the same time do not disturb each other."""
    home.mkdir(parents=True, exist_ok=True)
    with open(home / LOCK, "w") as file:
        return not _take(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


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
    """Executes queued runs, at most `slots` trainings at once, until `stop` is set (or, if asked, nothing is left)."""

    def __init__(self, journal: Journal, slots: int, until_idle: bool = False) -> None:
        self.journal = journal
        self.slots = {TRAININGS: slots, ACTIONS: ACTION_SLOTS}
        self.until_idle = until_idle
        self.stop = threading.Event()
        self.running: dict[int, _Execution] = {}
        # The children inherit this: two BLAS threads are slower than one when several runs share the machine.
        os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["dashboard.jobs.training_process"])

    def run(self) -> None:
        """Work until told to stop; running processes are then ended, their runs marked interrupted.

        While the catalogue cannot be used, what runs goes on, and what is asked for waits.
        """
        self.journal.recover()
        idle_since = time.monotonic()
        try:
            while not self.stop.is_set():
                pause = POLL_SECONDS if self._tend() else RETRY_SECONDS
                if self.running:
                    idle_since = time.monotonic()
                elif self.until_idle and time.monotonic() - idle_since > IDLE_SECONDS:
                    break
                self.stop.wait(pause)
        finally:  # a fault of ours, too, must not leave trainings behind that nobody listens to
            for execution in self.running.values():
                execution.abandon()
            for execution in self.running.values():
                execution.thread.join()

    def _tend(self) -> bool:
        """Start what is queued and pass on what is to be cancelled; False if the catalogue cannot be used now."""
        self._forget_ended()
        try:
            while self._start_next():
                pass
            for run_id in self.journal.cancel_requests() if self.running else ():
                if run_id in self.running:
                    self.running[run_id].cancel()
        except StoreError as error:
            log.error("%s Trying again.", error.message)  # it may come again each second: no traceback
            return False
        return True

    def _start_next(self) -> bool:
        busy = [execution.job.lane for execution in self.running.values()]
        lanes = [lane for lane, slots in self.slots.items() if busy.count(lane) < slots]
        job = self.journal.claim(lanes) if lanes else None
        if job is None:
            return False
        self.running[job.run_id] = _Execution(job, self.journal, self.context, self.stop)
        return True

    def _forget_ended(self) -> None:
        for run_id in [run_id for run_id, execution in self.running.items() if not execution.thread.is_alive()]:
            del self.running[run_id]


class _Execution:
    """One run in its process, and the thread that listens to it."""

    def __init__(
        self,
        job: Job,
        journal: Journal,
        context: Any,  # noqa: ANN401 - ForkServerContext is private
        stop: threading.Event,
    ) -> None:
        self.job, self.journal, self.stop = job, journal, stop
        self.wanted_state: str | None = None
        self.deadline = float("inf")
        self.pipe, child_end = context.Pipe()
        self.process: BaseProcess = context.Process(target=_child, args=(job, child_end), daemon=True)
        self.process.start()
        child_end.close()
        self.thread = threading.Thread(target=self._listen, name=f"run {job.run_id}")
        self.thread.start()

    def cancel(self) -> None:
        """Ask the process to stop between two batches; it is killed if it does not within four seconds."""
        self._ask_to_end("cancelled")

    def abandon(self) -> None:
        """End the run because the coordinator ends; the person can start it again."""
        self._ask_to_end("interrupted")

    def _ask_to_end(self, state: str) -> None:
        if self.wanted_state is not None:
            return
        self.wanted_state = state
        self.deadline = time.monotonic() + KILL_AFTER_SECONDS
        with contextlib.suppress(OSError):  # it has just ended by itself; its last report says how
            self.pipe.send("stop")

    def _listen(self) -> None:
        state: str = "failed"
        error: str | None = "The coordinator failed; its log says why."
        try:
            state, error = self._reports()
        except WeightbaseError as failure:
            log.exception("run %s", self.job.run_id)
            state, error = "failed", failure.message
        finally:
            self._end_process()
            self._write_end(state, error)

    def _write_end(self, state: str, error: str | None) -> None:
        """Give the run its final state, once the catalogue can be written; an ending coordinator leaves it to the next.

        A run whose end is never written would seem to run for ever: nobody could cancel or start it again.
        """
        while not self._end_is_written(state, error):
            if self.stop.wait(RETRY_SECONDS):
                return

    def _end_is_written(self, state: str, error: str | None) -> bool:
        try:
            self.journal.end(self.job, state, error)
        except StoreError as failure:
            log.error("The end of run %s waits. %s", self.job.run_id, failure.message)
            return False
        return True

    def _reports(self) -> tuple[str, str | None]:
        """Write down report after report; return the state in which the run ended."""
        while True:
            wait([self.pipe, self.process.sentinel], timeout=POLL_SECONDS)
            if self.pipe.poll():
                try:
                    kind, payload = self.pipe.recv()
                except (EOFError, OSError):  # it was killed: in a report (OSError), or before it read ours (a reset)
                    return self._died()
                if kind == "end":
                    return (self.wanted_state if payload["state"] == "cancelled" else None) or payload[
                        "state"
                    ], payload["error"]
                if not self._write_down(kind, payload):
                    return "interrupted", "Another attempt has taken over."
            elif not self.process.is_alive():
                return self._died()
            elif time.monotonic() > self.deadline:
                self.process.kill()

    def _write_down(self, kind: str, payload: Any) -> bool:  # noqa: ANN401 - what each kind of report holds
        """Write a report down; False if this attempt no longer counts."""
        if kind == "version":
            self.journal.version(self.job, payload)
            return True
        write = self.journal.epoch if kind == "epoch" else self.journal.progress
        return write(self.job, payload)

    def _died(self) -> tuple[str, str | None]:
        self.process.join()
        if self.wanted_state is not None:
            return self.wanted_state, None
        return (
            "interrupted",
            f"The process of this run ended unexpectedly ({_exit_reason(self.process.exitcode)}). Start it again.",
        )

    def _end_process(self) -> None:
        self.process.join(KILL_AFTER_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()


def _child(job: Job, pipe: Connection) -> None:
    """Run in the new process; a Ctrl-C at the terminal is the supervisor's to handle, not ours."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    module, _, function = job.target.partition(":")
    with contextlib.suppress(EOFError, ConnectionError):  # the coordinator is gone: nobody is left to tell
        getattr(importlib.import_module(module), function)(job, pipe)  # preloaded in the fork server, not here


def _exit_reason(code: int | None) -> str:
    if code is None:
        return "no exit code"
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def install_stop_signals(stop: Callable[[], None]) -> None:
    """Call `stop` on SIGTERM and SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())
