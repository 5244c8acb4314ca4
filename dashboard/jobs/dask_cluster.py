"""An existing Dask cluster as the place where trainings execute; the only module that holds a client of it.

Spec, records and checkpoint travel out, stretches of reports (`dask_task`) come back. The cluster needs neither a
shared disk nor a database login. When a worker or the scheduler is lost, the attempt is `Gone`, and the coordinator
resumes the run from its last checkpoint. A scheduler that comes back gets a new client.
"""

import contextlib
import logging
import pickle
import queue
import threading
import time
from dataclasses import replace
from functools import partial

import dask.config
import numpy as np
from distributed import Client, Event, Future, KilledWorker, Security
from distributed.client import CancelledError, ClosedClientError

from dashboard.data.dataset import Arrays
from dashboard.errors import WeightbaseError
from dashboard.jobs.dask_task import Words, train_a_stretch
from dashboard.jobs.job import Job, TrainingJob
from dashboard.jobs.place import Gone, Report

log = logging.getLogger(__name__)

dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"})  # a checkpoint is as large as it is

LOOK_SECONDS = 1.0
CONNECT_SECONDS = 5
RESTART_SECONDS = 10
RESULT_SECONDS = 60
LOST = ("cancelled", "lost")
RECORDS_SECONDS = 120
UNREACHABLE = (OSError, TimeoutError, RuntimeError, ValueError, CancelledError, ClosedClientError, AttributeError)
"""What Dask raises when a scheduler or worker is not there (any more): comm errors, and uses of a closed client, whose
scheduler is None."""
STRETCH_ENDED = ("stretch ended", None)


class DaskCluster:
    """The cluster at an address such as tls://scheduler:8786 (a `jobs.place.Place`).

    A thread checks every second whether it is reachable, so that nothing else waits for it.
    """

    def __init__(self, address: str, security: Security) -> None:
        self.address, self.security = address, security
        self.client: Client | None = None
        self.slots = 0
        self.problem: str | None = f"Connecting to the Dask cluster {address}."
        self.records: dict[str, Future] = {}
        self.lock = threading.Lock()
        self.closed = threading.Event()
        self.looking = threading.Thread(target=self._keep_looking, name="dask", daemon=True)
        self.looking.start()

    def start(self, job: Job) -> "DaskAttempt":
        """Send a training out; raises Gone if the cluster is not there after all."""
        assert isinstance(job, TrainingJob)
        client = self.client
        if client is None:
            raise Gone("the Dask cluster is not there", died=False)
        try:
            return DaskAttempt(client, job, self._records(client, job))
        except UNREACHABLE as error:
            raise Gone(f"the Dask cluster did not take it ({_first_line(error)})", died=False) from error

    def close(self) -> None:
        """Leave the cluster."""
        self.closed.set()
        self.looking.join()
        self._leave()

    def _keep_looking(self) -> None:
        while not self.closed.is_set():
            self._look()
            self.closed.wait(LOOK_SECONDS)

    def _look(self) -> None:
        """See how many threads the cluster has; connect first if need be."""
        try:
            if self.client is None or self.client.status != "running":
                self._leave()
                self.client = self._connected()
            self.slots = sum(self.client.nthreads().values())
            self.problem = None if self.slots else f"The Dask cluster {self.address} has no workers."
        except UNREACHABLE as error:
            self._leave()
            self.slots = 0
            reason = f"cannot be reached ({_first_line(error)}); runs wait for it."
            self.problem = f"The Dask cluster {self.address} {reason}"

    def _connected(self) -> Client:
        known = {"security": self.security, "name": "weightbase"}
        return Client(self.address, timeout=CONNECT_SECONDS, set_as_default=False, **known)

    def _leave(self) -> None:
        client, self.client = self.client, None
        with self.lock:
            self.records.clear()
        if client is not None:
            with contextlib.suppress(*UNREACHABLE):  # it is gone anyway
                client.close(timeout=1)

    def _records(self, client: Client, job: TrainingJob) -> Future:
        """Return a dataset's records in the cluster; they are sent once, as long as the cluster holds them."""
        name = job.folder.name
        with self.lock:
            records = self.records.get(name)
            if records is None or records.client is not client or records.status != "finished":
                # In a list, since Dask takes tuples apart, and our records are one.
                scatter = partial(client.scatter, [_in_memory(job.records())], hash=False, asynchronous=True)
                # Bounded, since Dask waits for ever for a worker that hangs, and other runs wait here meanwhile.
                records = client.sync(scatter, callback_timeout=RECORDS_SECONDS)[0]
                self.records[name] = records
            return records


class DaskAttempt:
    """A training in the cluster (a `jobs.place.Attempt`): one stretch after another, each a task."""

    is_over = False  # what it reports last is small next to what a task of the cluster takes

    def __init__(self, client: Client, job: TrainingJob, records: Future) -> None:
        self.client, self.job, self.records = client, job, records
        name = f"weightbase-{job.run_id}-{job.attempt}-{time.time_ns()}"
        self.words = Words(f"{name}-stop", f"{name}-epochs")
        self.reports: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self.epoch = 0  # the last one that was passed on: events run ahead of the stretch that they belong to
        self.to_stop = threading.Event()
        self.is_stopping = self.is_between = False
        client.subscribe_topic(self.words.topic, lambda event: self.reports.put(("epoch", event[1]["numbers"])))
        self._send_out()

    def receive(self, seconds: float) -> Report | None:
        """Return the next report; raises Gone when the cluster has lost it."""
        if self.is_between:
            self._go_on()
        if self.to_stop.is_set() and not self.is_stopping:
            self._send_stop()
        try:
            kind, payload = self.reports.get(timeout=seconds)
        except queue.Empty:
            if self.future.status in LOST or self.client.status != "running":
                raise Gone("the connection to the Dask cluster or its data was lost", died=False) from None
            return None
        if kind == STRETCH_ENDED[0]:
            self._take_in()
            return None
        if kind == "epoch":
            if payload["epoch"] <= self.epoch:
                return None
            self.epoch = payload["epoch"]
        if kind == "checkpoint":  # the last word of its stretch: the next one begins once this has been written down
            self.job, self.is_between = replace(self.job, checkpoint=payload, parent_tensors=None), True
        return kind, payload

    def ask_to_stop(self) -> None:
        """Let it stop between two batches; the thread that receives says so to the cluster."""
        self.to_stop.set()

    def kill(self) -> None:
        """Take the task back; a worker that did not stop in time is restarted by its nanny."""
        with contextlib.suppress(*UNREACHABLE):
            busy = [address for address, keys in self.client.processing().items() if self.future.key in keys]
            self.client.cancel([self.future], force=True)
            if busy and self.is_stopping:
                threading.Thread(target=self._restart, args=(busy,), daemon=True).start()  # nothing has to wait for it

    def _restart(self, workers: list[str]) -> None:
        with contextlib.suppress(*UNREACHABLE):
            self.client.restart_workers(workers, timeout=RESTART_SECONDS, raise_for_error=False)

    def close(self) -> None:
        """Forget the task."""
        with contextlib.suppress(*UNREACHABLE):
            self.client.unsubscribe_topic(self.words.topic)
            self.future.release()

    def _send_out(self) -> None:
        # As bytes within the task and not scattered: Dask chooses the worker that a scattered value goes to without
        # regard to the task, and one that hangs there would block this thread, where nothing could kill it.
        sent = pickle.dumps(replace(self.job, arrays=None), pickle.HIGHEST_PROTOCOL)
        self.future = self.client.submit(
            train_a_stretch, sent, self.records, self.words, pure=False, retries=0, priority=-self.job.run_id
        )
        self.future.add_done_callback(lambda _: self.reports.put(STRETCH_ENDED))

    def _take_in(self) -> None:
        """Pass on what a stretch has reported; raises Gone if it was lost."""
        try:
            error = self.future.exception(timeout=RESULT_SECONDS)
            reports = self.future.result(timeout=RESULT_SECONDS) if error is None else []
        except UNREACHABLE as problem:
            raise Gone(f"the Dask cluster has lost it ({_first_line(problem)})", died=False) from problem
        if isinstance(error, KilledWorker):
            raise Gone(f"its Dask worker died ({_first_line(error)})") from error
        if error is not None:
            hint = "Give the workers the same Weightbase and packages as this machine has."
            raise WeightbaseError(f"The Dask worker failed: {type(error).__name__}: {_first_line(error)}. {hint}")
        for report in reports:
            self.reports.put(report)

    def _go_on(self) -> None:
        self.is_between = False
        try:
            self._send_out()
        except UNREACHABLE as error:
            raise Gone(f"the Dask cluster did not take it ({_first_line(error)})", died=False) from error

    def _send_stop(self) -> None:
        self.is_stopping = True
        with contextlib.suppress(*UNREACHABLE):  # the cluster is gone: `receive` says so
            Event(self.words.stop, client=self.client).set()


def security_of(ca_file: str, cert_file: str, key_file: str) -> Security:
    """Return Dask's own description of a TLS client: who signs the cluster's certificates, and who we are."""
    if not ca_file:
        return Security()
    return Security(
        require_encryption=True, tls_ca_file=ca_file, tls_client_cert=cert_file, tls_client_key=key_file or None
    )


def _in_memory(arrays: Arrays) -> Arrays:
    maps = arrays.inputs, arrays.categories, arrays.target
    return arrays._replace(inputs=np.array(maps[0]), categories=np.array(maps[1]), target=np.array(maps[2]))


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
