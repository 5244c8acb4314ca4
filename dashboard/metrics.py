"""Metrics: which one ranks the versions of a task, and which version is best."""

from collections.abc import Mapping
from typing import Any


def metric_name(task: str, metrics: Mapping[str, Any]) -> str | None:
    """Return the metric by which a task's versions are ranked, the best that these metrics hold."""
    wanted = ("val_accuracy", "accuracy") if task == "classification" else ("val_loss", "loss")
    return next((name for name in wanted if metrics.get(name) is not None), None)


def best_version(task: str, history: Mapping[int, Mapping[str, Any]]) -> int | None:
    """Return the number of the best version: highest validation accuracy, or lowest validation loss."""
    name = next((found for metrics in history.values() if (found := metric_name(task, metrics))), None)
    scored = [(metrics[name], -number) for number, metrics in history.items() if name and metrics.get(name) is not None]
    if not scored:
        return None
    score = max(scored) if task == "classification" else min((value, number) for value, number in scored)
    return -score[1]
