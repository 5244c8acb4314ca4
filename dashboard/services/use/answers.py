"""From a network's outputs to answers: a class with the score of each, a number, or several numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dashboard.data.dataset import Array
from dashboard.data.preprocessing import Preprocessing
from dashboard.engine.measuring import classes
from dashboard.records.network import NetworkSpec


@dataclass(frozen=True)
class Answer:
    """What a version says of one record: a `label` with the `scores` of all classes, or the `values` of its targets.

    `values` has one number under "" where there is one target.
    """

    label: str = ""
    scores: dict[str, float] | None = None
    values: dict[str, float] | None = None

    @property
    def ranked(self) -> list[tuple[str, float]]:
        """The classes with their scores, the answer first, then the others from the highest score down."""
        scores = self.scores or {}
        others = sorted((item for item in scores.items() if item[0] != self.label), key=lambda item: -item[1])
        return [(self.label, scores[self.label]), *others] if scores else []

    @property
    def score(self) -> float | None:
        """The score of the class that is the answer; None of a number."""
        return self.scores[self.label] if self.scores else None


def answer_columns(preprocessing: Preprocessing) -> list[str]:
    """Return the names of the columns of answers in a file."""
    if preprocessing.task == "classification":
        return ["prediction", "score"]
    return [f"prediction.{one.name}" for one in preprocessing.targets] or ["prediction"]


def score_words(spec: NetworkSpec) -> str:
    """Say what the scores of classes are, as the activation of the last layer decides it."""
    last = spec.layers[-1]
    if last.units == 1:
        return "The score of a class: how far the output is on its side, from 0 to 1."
    if last.activation == "softmax":
        return "The score of a class is its probability; they sum to 1."
    return f"The score of a class is the output of its unit ({last.activation}); they need not sum to 1."


def answers(outputs: Array, preprocessing: Preprocessing) -> Iterator[Answer]:
    """Yield the answer to each record, given outputs (records, outputs).

    A score is that of the record alone: what it means follows from the output layer, never from other records.
    """
    wide = outputs.astype(np.float64)
    if preprocessing.task == "regression":
        names = [one.name for one in preprocessing.targets] or [""]
        for row in preprocessing.in_own_unit(wide).tolist():
            yield Answer(values=dict(zip(names, row, strict=True)))
        return
    labels = class_codes(outputs, preprocessing).tolist()
    for label, scores in zip(labels, _scores(wide, preprocessing).tolist(), strict=True):
        yield Answer(preprocessing.classes[label], dict(zip(preprocessing.classes, scores, strict=True)))


def answer_texts(outputs: Array, preprocessing: Preprocessing) -> list[list[str]]:
    """Return what is written of each record into the columns of `answer_columns`: a label and its score, or numbers."""
    wide = outputs.astype(np.float64)
    if preprocessing.task == "regression":
        return [[repr(value) for value in row] for row in preprocessing.in_own_unit(wide).tolist()]
    codes = class_codes(outputs, preprocessing)
    scores = _scores(wide, preprocessing)[np.arange(len(codes)), codes].tolist()
    return [[preprocessing.classes[code], repr(score)] for code, score in zip(codes.tolist(), scores, strict=True)]


def class_codes(outputs: Array, preprocessing: Preprocessing) -> Array:
    """Return which class is the answer to each record, (records,)."""
    return classes(outputs, (preprocessing.low + preprocessing.high) / 2.0)


def _scores(outputs: Array, preprocessing: Preprocessing) -> Array:
    """Return the score of each class, (records, classes)."""
    if outputs.shape[1] > 1:
        return outputs
    span = preprocessing.high - preprocessing.low
    share = np.clip((outputs[:, 0] - preprocessing.low) / span, 0.0, 1.0)
    return np.stack([1.0 - share, share], axis=1)
