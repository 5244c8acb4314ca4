"""From a network's outputs to answers: a class with the score of each, a number, or several of either."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dashboard.data.dataset import Array
from dashboard.data.preprocessing import Preprocessing
from dashboard.engine.groups import group_slices
from dashboard.engine.measuring import classes
from dashboard.records.network import NetworkSpec


@dataclass(frozen=True)
class Answer:
    """What a version says of one record: a `label` with the `scores` of all classes, or the `values` of its targets.

    `values` has one number under "" where there is one target. Of several targets of classes `targets` has the answer
    of each.
    """

    label: str = ""
    scores: dict[str, float] | None = None
    values: dict[str, float] | None = None
    targets: "dict[str, Answer] | None" = None

    @property
    def has_classes(self) -> bool:
        """Whether it is a class, or several, and no number."""
        return self.scores is not None or self.targets is not None

    @property
    def text(self) -> str:
        """The class, or target=class of each of several targets; empty of numbers."""
        several = (f"{name}={own.label}" for name, own in (self.targets or {}).items())
        return self.label or ", ".join(several)

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
    if preprocessing.groups:
        return [f"{what}.{one.name}" for one in preprocessing.groups for what in ("prediction", "score")]
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
    each = [_class_answers(one.codes, one.scores, one.classes) for one in class_parts(outputs, preprocessing)]
    if not preprocessing.groups:
        yield from each[0]
        return
    for parts in zip(*each, strict=True):
        yield Answer(targets=dict(zip(preprocessing.several, parts, strict=True)))


def _class_answers(codes: Array, scores: Array, names: Sequence[str]) -> Iterator[Answer]:
    for code, own in zip(codes.tolist(), scores.tolist(), strict=True):
        yield Answer(names[code], dict(zip(names, own, strict=True)))


def answer_texts(outputs: Array, preprocessing: Preprocessing) -> list[list[str]]:
    """Return what is written of each record into the columns of `answer_columns`: a label and its score, or numbers."""
    wide = outputs.astype(np.float64)
    if preprocessing.task == "regression":
        return [[repr(value) for value in row] for row in preprocessing.in_own_unit(wide).tolist()]
    lines: list[list[str]] = [[] for _ in wide]
    for one in class_parts(outputs, preprocessing):
        scores = one.scores[np.arange(len(one.codes)), one.codes].tolist()
        for line, code, score in zip(lines, one.codes.tolist(), scores, strict=True):
            line += [one.classes[code], repr(score)]
    return lines


class ClassPart(NamedTuple):
    """What is answered of one target: its classes, the code of the answer (records,), and scores (records, classes)."""

    classes: tuple[str, ...]
    codes: Array
    scores: Array


def class_parts(outputs: Array, preprocessing: Preprocessing) -> list[ClassPart]:
    """Return what is answered of each target of classes; most versions have one."""
    threshold = (preprocessing.low + preprocessing.high) / 2.0
    codes = classes(outputs, threshold, preprocessing.group_sizes)
    wide = outputs.astype(np.float64)
    if not preprocessing.groups:
        return [ClassPart(preprocessing.classes, codes, _scores(wide, preprocessing))]
    slices = group_slices(preprocessing.group_sizes)
    return [
        ClassPart(one.classes, codes[:, place], wide[:, own])
        for place, (one, own) in enumerate(zip(preprocessing.groups, slices, strict=True))
    ]


def _scores(outputs: Array, preprocessing: Preprocessing) -> Array:
    """Return the score of each class, (records, classes)."""
    if outputs.shape[1] > 1:
        return outputs
    span = preprocessing.high - preprocessing.low
    share = np.clip((outputs[:, 0] - preprocessing.low) / span, 0.0, 1.0)
    return np.stack([1.0 - share, share], axis=1)
