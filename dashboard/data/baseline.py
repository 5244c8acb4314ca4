"""The score of who learnt nothing: always the most frequent class, or the mean, of the records to train on."""

from typing import NamedTuple

import numpy as np

from dashboard.data.dataset import Array

SMALLEST_SHARE = 1e-15


class Constant(NamedTuple):
    """What is always answered: the code of a class, with the share of every class, or a number (without shares)."""

    answer: float
    shares: Array


def constant_answer(target: Array, classes: int) -> Constant:
    """Return what is answered whatever the record, from the targets (rows,) to train on; `classes` is 0 for numbers."""
    if not classes:
        return Constant(float(np.mean(target)), np.empty(0))
    shares = np.bincount(target, minlength=classes) / len(target)
    return Constant(int(np.argmax(shares)), shares)


def baseline_scores(target: Array, constant: Constant) -> dict[str, float]:
    """Return the metrics of the constant answer on targets (rows,), of which there is one at least.

    Precision, recall and F1 are means over the classes that have records; log loss is that of the classes' shares.
    There is no R² where all targets are equal.
    """
    if not len(constant.shares):
        return _errors(np.asarray(target, np.float64), constant.answer)
    known = len(np.unique(target))
    accuracy = float(np.mean(target == constant.answer))
    recall = (1.0 if accuracy else 0.0) / known
    logs = np.log(np.clip(constant.shares[target], SMALLEST_SHARE, 1.0))
    return {
        "accuracy": accuracy,
        "balanced_accuracy": recall,
        "precision": accuracy / known,
        "recall": recall,
        "f1": 2.0 * accuracy / (1.0 + accuracy) / known,
        "log_loss": float(-np.mean(logs)),
    }


def _errors(target: Array, answer: float) -> dict[str, float]:
    errors = target - answer
    spread = float(np.mean((target - target.mean()) ** 2))
    squared = float(np.mean(errors**2))
    scores = {"rmse": squared**0.5, "mae": float(np.mean(np.abs(errors)))}
    return scores | ({"r2": 1.0 - squared / spread} if spread else {})
