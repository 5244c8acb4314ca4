"""One process of this machine in which several runs train together; to the coordinator each is an attempt of its own.

A thread reads the process's pipe and hands each report to its run. What kills the process ends all its attempts: the
runs are queued again, as after any death.
"""

import contextlib
import queue
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from dashboard.jobs.place import Gone, Report, exit_words

END_SECONDS = 4.0


class SharedProcess:
    """The process, its pipe, and a queue of reports for each of `count` runs; None in a queue says that it is gone."""

    def __init__(
        self, process: BaseProcess, pipe: Connection, count: int, when_over: Callable[[], None] = lambda: None
    ) -> None:
        self.process, self.pipe, self.when_over = process, pipe, when_over
        self.is_over = False
        self.reports: list[queue.SimpleQueue[Report | None]] = [queue.SimpleQueue() for _ in range(count)]
        self.lock = threading.Lock()
        self.users = count
        self.is_killed = False
        self.reading = threading.Thread(target=self._read, name="shared process", daemon=True)
        self.reading.start()

    def attempts(self) -> list["SharedAttempt"]:
        """Return an attempt for each run, in order."""
        return [SharedAttempt(self, place) for place in range(len(self.reports))]

    def ask_to_stop(self, place: int) -> None:
        """Send the request for one run; a process that has just ended needs none."""
        with self.lock, contextlib.suppress(OSError):
            self.pipe.send(place)

    def kill(self) -> None:
        """End the process at once, and so all its runs."""
        self.is_killed = True
        self.process.kill()

    def leave(self) -> None:
        """Note that a run has ended; behind the last one the process is waited for, with a time limit."""
        with self.lock:
            self.users -= 1
            if self.users:
                return
        self.reading.join(END_SECONDS)
        if self.reading.is_alive():
            self.process.kill()
            self.reading.join()
        self.pipe.close()

    def gone(self) -> Gone:
        """Say how the process ended; a run is not to blame for what killed it because of another."""
        how = exit_words(self.process.exitcode)
        return Gone(f"the process that it shared with others ended ({how})", died=not self.is_killed)

    def _read(self) -> None:
        with contextlib.suppress(EOFError, OSError):  # it has ended, or was killed in the middle of a report
            while True:
                place, kind, payload = self.pipe.recv()
                self.reports[place].put((kind, payload))
        self.process.join()  # only here: of several threads that wait for a forked process one learns how it ended
        self.is_over = True
        self.when_over()
        for reports in self.reports:
            reports.put(None)


class SharedAttempt:
    """One run of a shared process (a `jobs.place.Attempt`)."""

    def __init__(self, shared: SharedProcess, place: int) -> None:
        self.shared, self.place = shared, place

    @property
    def is_over(self) -> bool:
        """Whether the process has ended."""
        return self.shared.is_over

    def receive(self, seconds: float) -> Report | None:
        """Return the next report; raises Gone behind the last one of a process that has ended."""
        try:
            report = self.shared.reports[self.place].get(timeout=seconds)
        except queue.Empty:
            return None
        if report is None:
            raise self.shared.gone()
        return report

    def ask_to_stop(self) -> None:
        """Let this run end with its epoch; the others continue."""
        self.shared.ask_to_stop(self.place)

    def kill(self) -> None:
        """End the process: the other runs in it are queued again."""
        self.shared.kill()

    def close(self) -> None:
        """Leave the process to the others, or wait for its end."""
        self.shared.leave()
