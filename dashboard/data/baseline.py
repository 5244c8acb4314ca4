"""The score of who learnt nothing: always the most frequent class, or the mean, of the records to train on."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dashboard.data.dataset import Array

SMALLEST_SHARE = 1e-15


class Constant(NamedTuple):
    """What is always answered: the code of a class, with the share of every class, or a number (without shares).

    Of several targets `answer` has that of each, (targets,), and `parts` those of several targets of classes.
    """

    answer: float | Array
    shares: Array
    parts: "tuple[Constant, ...]" = ()


def constant_answer(target: Array, classes: int, groups: Sequence[int] = ()) -> Constant:
    """Return what is answered whatever the record, from the targets to train on; `classes` is 0 for numbers.

    Targets are (rows,), or (rows, targets) numbers, or codes of classes of which `groups` says how many each has.
    """
    if groups:
        parts = tuple(constant_answer(codes, size) for codes, size in zip(target.T, groups, strict=True))
        return Constant(np.array([one.answer for one in parts], np.intp), np.empty(0), parts)
    if not classes:
        means = np.mean(target, axis=0)
        return Constant(float(means) if means.ndim == 0 else means, np.empty(0))
    shares = np.bincount(target, minlength=classes) / len(target)
    return Constant(int(np.argmax(shares)), shares)


def baseline_scores(target: Array, constant: Constant) -> dict[str, float]:
    """Return the metrics of the constant answer on targets (rows,) or (rows, targets), of at least one record.

    Precision, recall and F1 are means over the classes that have records; log loss is that of the classes' shares.
    Of several targets these are means over the targets, and of classes `all_right` is the share of records of which
    each target is right. There is no R² where all values of a target are equal.
    """
    if constant.parts:
        each = [baseline_scores(codes, one) for codes, one in zip(target.T, constant.parts, strict=True)]
        means = {name: float(np.mean([scores[name] for scores in each])) for name in each[0]}
        return means | {"all_right": float(np.mean((target == constant.answer).all(axis=1)))}
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


def _errors(target: Array, answer: float | Array) -> dict[str, float]:
    errors = target - answer
    spread = np.atleast_1d(np.mean((target - target.mean(axis=0)) ** 2, axis=0))
    squared = np.atleast_1d(np.mean(errors**2, axis=0))
    scores = {"rmse": float(np.mean(np.sqrt(squared))), "mae": float(np.mean(np.abs(errors)))}
    return scores | ({"r2": float(np.mean(1.0 - squared / spread))} if spread.all() else {})
