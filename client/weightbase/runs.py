"""A training that runs here, shown live on the dashboard: an external run with its epochs and the versions it logs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from weightbase.errors import Cancelled
from weightbase.metrics import numbers
from weightbase.session import Session, session
from weightbase.spool import Message

RESERVED = frozenset({"epoch", "metrics"})
"""What an epoch's own fields are called: a metric of such a name is shown as metric_epoch, metric_metrics."""


class Run:
    """A training in progress; `with` ends it: finished, cancelled, or failed with the error's words.

    Who presses Cancel on the run's page ends a `with` block: the next `epoch` or, in a script that logs the weights of
    each epoch, the next `log` raises Cancelled once what it was given is noted, the block is left without an error,
    and the script goes on behind it. Without `with` nothing is raised: ask `cancelled`.
    """

    def __init__(self, place: Session, network: str, epochs: int | None, key: str) -> None:
        self.network, self.number = network, 0
        self._session = place
        self._about: dict[str, Any] = {"key": key or uuid.uuid4().hex, **({} if epochs is None else {"epochs": epochs})}
        self._metrics: dict[str, float | None] = {}
        self._is_block = self._has_logged = False
        self._put("run", {})

    @property
    def cancelled(self) -> bool:
        """Whether somebody has cancelled the run on the dashboard, as the answer to the last epoch has said."""
        return self._session.is_cancelled(self._about["key"])

    def epoch(self, number: int | None = None, /, **metrics: Any) -> None:  # noqa: ANN401 - what holds one number
        """Show the metrics of an epoch: its number, by default the next one, and numbers by name.

        Within `with` it raises Cancelled where the run was cancelled on the dashboard, unless the epoch before was
        logged, too: then `log` does.
        """
        self.number = self.number + 1 if number is None else int(number)
        self._metrics = numbers(metrics)
        shown = {f"metric_{name}" if name in RESERVED else name: value for name, value in self._metrics.items()}
        self._put("epochs", {"epochs": [{"epoch": self.number, **shown}]})
        has_logged, self._has_logged = self._has_logged, False
        if not has_logged:
            self._stop_if_cancelled()

    def log(self, model: object, metrics: Mapping[str, Any] | None = None, *, epoch: int | None = None) -> str | None:
        """Log a model's weights as a version of this run, by default with the number and the metrics of the epoch.

        Within `with` it raises Cancelled where the run was cancelled on the dashboard.
        """
        shown = self._metrics if metrics is None else metrics
        at = self.number if epoch is None else epoch
        reference = self._session.log(self.network, model, shown, epoch=at, run=self._about)
        self._has_logged = True
        self._stop_if_cancelled()
        return reference

    def _stop_if_cancelled(self) -> None:
        if self._is_block and self.cancelled:
            raise Cancelled(f"The run of {self.network} was cancelled on the dashboard.")

    def end(self, state: str = "", error: str = "") -> None:
        """End the run: finished, failed or cancelled; by default cancelled if it was, else finished."""
        state = state or ("cancelled" if self.cancelled else "finished")
        self._put("end", {"state": state, **({"error": error} if error else {})})

    def __enter__(self) -> Run:
        """Return the run, which has begun."""
        self._is_block = True
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        """End the run as the block has ended; return whether it was left because the run was cancelled."""
        self._is_block = False
        if error is None or (isinstance(error, SystemExit) and not error.code):
            self.end()
        elif isinstance(error, (KeyboardInterrupt, Cancelled)):
            self.end("cancelled")
        else:
            self.end("failed", f"{type(error).__name__}: {error}")
        return isinstance(error, Cancelled)

    def _put(self, what: str, body: dict[str, Any]) -> None:
        self._session.put(Message(what, self.network, body, self._about))


def run(network: str, *, epochs: int | None = None, key: str = "") -> Run:
    """Begin an external run of a network, of so many epochs if that is known: a live page with its curves.

    `key` names the run for good: the same key goes on with the same run, as a job that is started again needs it.
    """
    return Run(session(), network, epochs, key)
