"""All metrics of a trained network on samples, for the page of its version.

Scores are the network's outputs (rows, outputs); with a single output o of two classes they stand for (1 − o, o) when
the classes are 0 and 1. A number that does not exist (the AUC of a class without records) is None, never NaN.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.feed import check
from dashboard.engine.groups import group_slices
from dashboard.engine.measuring import (
    ERRORS,
    SMALLEST_SHARE,
    Tally,
    blocks,
    classes,
    has_probabilities,
    measure,
    nothing,
)
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples

TOP = (2, 3, 5)


def evaluate(network: Network, samples: Samples, task: str, tick: Callable[[], None] = nothing) -> dict[str, Any]:
    """Measure the network on samples; all values are plain numbers, lists, dicts or None.

    Classification: loss, accuracy, balanced_accuracy, top_2, top_3 and top_5 (where there are more classes),
    precision, recall and f1 (macro: means over the classes that have records), per_class (a dict each: precision,
    recall, f1, support, auc; None for a class without records), confusion (rows: true class, columns: answer),
    roc_auc (macro, one against the rest), log_loss (None unless the outputs are softmax or sigmoid). Of several targets
    of classes these are means over the targets, per_class has the classes of all, all_right is the share of records of
    which every target is right, and per_target has the metrics of each, with its confusion. Regression: loss,
    mae, rmse, r2, which are means over the outputs; of several outputs per_target, too (a dict each). Raises Invalid if
    network, samples and task do not fit.
    """
    check(network, samples, task)
    with np.errstate(over="ignore"):  # an infinite loss is an answer here, too
        if task == "regression":
            measured = measure(network, samples, task, tick)
            errors = {name: _finite(measured.further.get(name)) for name in ERRORS}
            return {"loss": _finite(measured.loss)} | errors | _per_target(measured.by_output)
        return _classification(network, samples, tick)


def _per_target(errors: dict[str, Array]) -> dict[str, Any]:
    """Return the errors of each of several outputs; nothing for a single one."""
    outputs = len(errors["mae"])
    own = [{name: _finite(values[place]) for name, values in errors.items()} for place in range(outputs)]
    return {"per_target": own} if outputs > 1 else {}


def _classification(network: Network, samples: Samples, tick: Callable[[], None]) -> dict[str, Any]:
    tally = Tally(network, samples, "classification")
    parts = []
    for chunk, record, outputs in blocks(network, samples, tick):
        tally.add(record, chunk.targets, chunk.codes)
        parts.append(outputs)
    scores = np.concatenate(parts).astype(np.float64)
    codes = samples.selected_targets().astype(np.intp)
    answers = classes(scores, (samples.low + samples.high) / 2.0, samples.groups)
    loss, has_logs = {"loss": _finite(tally.loss)}, has_probabilities(network)
    if samples.groups:
        own = enumerate(group_slices(samples.groups))
        each = [_of_target(answers[:, place], scores[:, part], codes[:, place], has_logs) for place, part in own]
        return loss | _of_several(each) | {"all_right": float(np.mean((answers == codes).all(axis=1)))}
    if scores.shape[1] == 1:
        scores = np.hstack([samples.low + samples.high - scores, scores])
    return loss | _of_target(answers, scores, codes, has_logs)


def _of_target(answers: Array, scores: Array, codes: Array, has_logs: bool) -> dict[str, Any]:
    """Return the metrics of answers and codes (rows,) and scores (rows, classes)."""
    return {
        "accuracy": float(np.mean(answers == codes)),
        **{f"top_{k}": top_k(scores, codes, k) for k in TOP if k < scores.shape[1]},
        **_per_class(confusion_matrix(answers, codes, scores.shape[1]), scores, codes),
        "log_loss": log_loss(scores, codes) if has_logs else None,
    }


def _of_several(each: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the means of the metrics of several targets, those of each, and of each class of all."""
    per_class = [one for own in each for one in own.pop("per_class")]
    names = [name for name in each[0] if name != "confusion" and all(name in own for own in each)]
    return {name: _mean([own[name] for own in each]) for name in names} | {"per_class": per_class, "per_target": each}


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _per_class(confusion: Array, scores: Array, codes: Array) -> dict[str, Any]:
    areas = [roc_auc(scores[:, number], codes == number) for number in range(len(confusion))]
    precision, recall, f1 = precision_recall_f1(confusion)
    support = confusion.sum(axis=1)
    known = [area for area in areas if area is not None]
    rows = zip(precision, recall, f1, support, areas, strict=True)
    has_records = support > 0
    return {
        "balanced_accuracy": float(recall[has_records].mean()),
        "precision": float(precision[has_records].mean()),
        "recall": float(recall[has_records].mean()),
        "f1": float(f1[has_records].mean()),
        "roc_auc": float(np.mean(known)) if known else None,
        "per_class": [
            dict.fromkeys(("precision", "recall", "f1"))
            | ({"precision": float(p), "recall": float(r), "f1": float(f)} if s else {})
            | {"support": int(s), "auc": a}
            for p, r, f, s, a in rows
        ],
        "confusion": confusion.tolist(),
    }


def confusion_matrix(answers: Array, codes: Array, count: int) -> Array:
    """Count records by true class (rows) and answer (columns), (classes, classes)."""
    return np.bincount(codes * count + answers, minlength=count * count).reshape(count, count)


def precision_recall_f1(confusion: Array) -> tuple[Array, Array, Array]:
    """Return each class's hits/answers, hits/records and their harmonic mean; 0 where there is nothing to divide by."""
    hits = np.diag(confusion).astype(np.float64)
    answered, support = confusion.sum(axis=0), confusion.sum(axis=1)
    return _ratio(hits, answered), _ratio(hits, support), _ratio(2.0 * hits, answered + support)


def top_k(scores: Array, codes: Array, k: int) -> float:
    """Return the share of records whose true class is among the k highest scores; ties count against it."""
    own = scores[np.arange(len(codes)), codes]
    at_least = np.count_nonzero(scores >= own[:, None], axis=1)
    return float(np.mean(at_least <= k))


def roc_auc(scores: Array, positive: Array) -> float | None:
    """Return the chance that a positive record scores above a negative one, ties counting half (Mann & Whitney 1947).

    `scores` and `positive` (true or false) are (rows,); None without a record of either kind.
    """
    above, below = int(positive.sum()), int((~positive).sum())
    if above == 0 or below == 0:
        return None
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2.0
    return float((ranks[places][positive].sum() - above * (above + 1) / 2.0) / (above * below))


def log_loss(scores: Array, codes: Array) -> float:
    """Return the mean of −log p(true class), the scores being divided by their sum and kept above 1e-15."""
    own, total = scores[np.arange(len(codes)), codes], scores.sum(axis=1)
    return float(-np.mean(np.log(np.clip(_ratio(own, total), SMALLEST_SHARE, 1.0))))


def _finite(number: Array | None) -> float | None:
    return float(number) if number is not None and np.isfinite(number) else None


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
