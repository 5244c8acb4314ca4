"""What can go wrong: the server refuses, or it cannot be reached."""

from __future__ import annotations

from typing import Any


class WeightbaseError(Exception):
    """The base class of the errors of this package; its text says what to do."""


class Refused(WeightbaseError):
    """The server has refused a request: `status` (HTTP), `code`, `field`, and the message, which says how to fix it."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        self.status, self.code, self.field = status, str(error.get("code", "")), error.get("field")
        super().__init__(str(error.get("message") or f"The server has answered {status} without a reason."))


class Unreachable(WeightbaseError):
    """The server cannot be reached, or it cannot answer right now: the same request may work later."""


class Cancelled(WeightbaseError):
    """Somebody has cancelled the run on the dashboard: the training is to stop after this epoch."""


class Damaged(WeightbaseError):
    """An array that was read is not what its SHA-256 says."""
