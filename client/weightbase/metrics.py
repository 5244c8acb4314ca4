"""Metrics are numbers: whatever holds one number becomes a float, what is not finite becomes null."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any


def numbers(metrics: Mapping[str, Any] | None) -> dict[str, float | None]:
    """Return metrics as JSON has them; raises TypeError, naming it, for one that is no number."""
    return dict(_named(name, value) for name, value in (metrics or {}).items())


def only_numbers(metrics: Mapping[str, Any] | None) -> dict[str, float | None]:
    """Return those metrics of a framework's log that are numbers; the others are left out."""
    return dict(_numbers(metrics or {}))


def _numbers(metrics: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    for name, value in metrics.items():
        try:
            yield _named(name, value)
        except TypeError:
            continue


def _named(name: str, value: Any) -> tuple[str, float | None]:  # noqa: ANN401 - whatever holds one number
    if value is None:
        return str(name), None
    if isinstance(value, (str, bytes)):
        raise TypeError(f"The metric {name} is the text {value!r}: a metric is a number.")
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError) as error:  # RuntimeError: PyTorch's, for a tensor of several numbers
        raise TypeError(f"The metric {name} is {type(value).__name__}: a metric is one number.") from error
    return str(name), number if math.isfinite(number) else None
