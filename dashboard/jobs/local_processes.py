"""Processes of this machine as the place where runs execute: forked from a server that has the engine loaded.

A small run so starts in tens of milliseconds. Each process has a pipe to the coordinator, and ends when the coordinator
does, however that died: also in the middle of a batch.
"""

import contextlib
import importlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from dashboard.errors import Outage
from dashboard.jobs.job import Job, TrainingJob
from dashboard.jobs.place import Gone, Report, exit_words
from dashboard.jobs.shared_process import SharedAttempt, SharedProcess
from dashboard.outages import system_passes, system_words

END_SECONDS = 4.0
PRELOADED = "dashboard.jobs.fork_server"
TOGETHER = "dashboard.jobs.training_process:together"
ORPHANED = 70
NICENESS = 10
"""Where runs and pages want the same processor, pages come first: a person waits for them. With 4, pages took twice as
long with a training and 200 open tabs on two cores (benchmarks/live.py); with 19 no less than with 10."""


class LocalProcesses:
    """A process for each job, or for some together (a `jobs.place.SharingPlace`); `slots` of them train at once."""

    problem: str | None = None

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.when_over: Callable[[], None] = lambda: None
        # The children inherit this: two BLAS threads are slower than one when several runs share the machine.
        os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload([PRELOADED])

    def start(self, job: Job) -> "LocalAttempt":
        """Carry out a job in a process of its own."""
        return LocalAttempt(*self._process(job.target, job), self.when_over)

    def start_together(self, jobs: Sequence[TrainingJob]) -> list[SharedAttempt]:
        """Train jobs that differ in seed and learning rate alone in one process, which takes one slot."""
        process = self._process(TOGETHER, list(jobs))
        return SharedProcess(*process, count=len(jobs), when_over=self.when_over).attempts()

    def _process(self, target: str, given: Job | list[TrainingJob]) -> tuple[BaseProcess, Connection]:
        """Start a process; raises Gone if the fork server died meanwhile, Outage for want of memory, say."""
        ends: tuple[Connection, ...] = ()
        try:
            pipe, child_end = ends = self.context.Pipe()
            process = self.context.Process(target=_child, args=(target, given, child_end), daemon=True)
            process.start()
        except (OSError, EOFError) as error:  # EOFError, ConnectionError: the fork server died; it is started again
            for end in ends:
                end.close()
            if isinstance(error, OSError) and not isinstance(error, ConnectionError) and system_passes(error):
                raise Outage(f"No process can be started for it. {system_words(error)}") from error
            raise Gone(f"its process could not be started ({error or type(error).__name__})") from error
        child_end.close()
        return process, pipe

    def close(self) -> None:
        """Nothing is held: the fork server ends with this process."""


class LocalAttempt:
    """A job in its process (a `jobs.place.Attempt`)."""

    def __init__(self, process: BaseProcess, pipe: Connection, when_over: Callable[[], None] = lambda: None) -> None:
        self.process, self.pipe, self.when_over = process, pipe, when_over
        self.is_over = False
        threading.Thread(target=self._watch, name="end of a process", daemon=True).start()

    def _watch(self) -> None:
        wait([self.process.sentinel])  # without learning how it ended: that is learnt by one thread only
        self.is_over = True
        self.when_over()

    def receive(self, seconds: float) -> Report | None:
        """Return the next report; a process that has died has its last reports read first."""
        wait([self.pipe, self.process.sentinel], timeout=seconds)
        if self.pipe.poll():
            try:
                kind, payload = self.pipe.recv()
            except (EOFError, OSError):  # it was killed: in a report (OSError), or before it read a message (a reset)
                raise self._gone() from None
            return kind, payload
        if not self.process.is_alive():
            raise self._gone()
        return None

    def ask_to_stop(self) -> None:
        """Send the request; a process that has just ended says so in its last report."""
        with contextlib.suppress(OSError):
            self.pipe.send("stop")

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()

    def close(self) -> None:
        """Wait for the process to end, with a time limit, and close the pipe."""
        self.process.join(END_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()

    def _gone(self) -> Gone:
        self.process.join()
        return Gone(f"its process ended unexpectedly ({exit_words(self.process.exitcode)})")


def _child(target: str, given: Job | list[TrainingJob], pipe: Connection) -> None:
    """Run in the new process; a Ctrl-C at the terminal is handled by the supervisor."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICENESS)
    threading.Thread(target=_end_with_parent, name="lifeline", daemon=True).start()
    module, _, function = target.partition(":")
    with contextlib.suppress(EOFError, ConnectionError):  # the coordinator is gone: nobody receives the report
        getattr(importlib.import_module(module), function)(given, pipe)  # preloaded in the fork server, not here


def _end_with_parent() -> None:
    """End this process once the coordinator is gone, also in the middle of a batch that takes long."""
    parent = multiprocessing.parent_process()
    assert parent is not None  # we were started by multiprocessing
    parent.join()
    os._exit(ORPHANED)
