"""Which classes and which records a change of the loss comes from."""

from typing import Any

import numpy as np

from dashboard.data.groups import group_of, is_of_class
from dashboard.data.preprocessing import Preprocessing
from dashboard.engine.weight_shares import Ends
from dashboard.records.why import MOST_RECORDS_LISTED, ClassLoss, RecordLoss, Scored
from dashboard.services.why.records import Chosen
from dashboard.weights.dtypes import Array


def own_unit(preprocessing: Preprocessing) -> float:
    """Return what an error of 1 of the target is in the outputs; several are measured in their own units."""
    is_single = preprocessing.task == "regression" and not preprocessing.targets
    return abs(preprocessing.target_scale) if is_single else 1.0


def class_losses(chosen: Chosen, ends: Ends) -> tuple[ClassLoss, ...]:
    """Return what the records of each class lost, in the order of the classes; none for a regression.

    Of several targets those of all, and a record counts for one class of each.
    """
    if chosen.preprocessing.task != "classification":
        return ()
    names, sizes = chosen.preprocessing.classes, chosen.preprocessing.group_sizes
    known = [(code, label, is_of_class(ends.targets, code, sizes)) for code, label in enumerate(names)]
    right = ends.answers == ends.targets
    return tuple(
        _class(label, own, ends, right[..., group_of(code, sizes)[0]] if sizes else right)
        for code, label, own in known
        if own.any()
    )


def _class(label: str, own: Array, ends: Ends, right: Array) -> ClassLoss:
    """Return what the records of a class lost, given which answers are right, (2, records)."""
    base, other = (
        Scored(float(losses[own].mean()), float(hits[own].mean()))
        for losses, hits in zip(ends.losses, right, strict=True)
    )
    return ClassLoss(label, int(own.sum()), base, other, (other.loss - base.loss) * float(own.mean()))


def lost_records(chosen: Chosen, ends: Ends) -> tuple[RecordLoss, ...]:
    """Return the records whose loss rose, those that rose most first."""
    return _ranked(chosen, ends, ends.losses[1] - ends.losses[0])


def gained_records(chosen: Chosen, ends: Ends) -> tuple[RecordLoss, ...]:
    """Return the records whose loss fell, those that fell most first."""
    return _ranked(chosen, ends, ends.losses[0] - ends.losses[1])


def _ranked(chosen: Chosen, ends: Ends, amounts: Array) -> tuple[RecordLoss, ...]:
    order = np.argsort(-amounts, kind="stable")[:MOST_RECORDS_LISTED]
    return tuple(_record(chosen, ends, place) for place in order.tolist() if amounts[place] > 0.0)


def _record(chosen: Chosen, ends: Ends, place: int) -> RecordLoss:
    base, other = ends.losses[:, place].tolist()
    target, *answers = (_answer(chosen.preprocessing, each) for each in (ends.targets[place], *ends.answers[:, place]))
    share = (other - base) / len(chosen.rows)
    return RecordLoss(int(chosen.rows[place]), target, answers[0], answers[1], base, other, share)


def _answer(preprocessing: Preprocessing, value: Array) -> Any:  # noqa: ANN401 - a class, a number, or several
    if preprocessing.groups:
        return [one.classes[code] for one, code in zip(preprocessing.groups, value.tolist(), strict=True)]
    if preprocessing.task == "classification":
        return preprocessing.classes[int(value)]
    numbers = preprocessing.in_own_unit(value).tolist()
    return numbers if preprocessing.targets else numbers[0]
