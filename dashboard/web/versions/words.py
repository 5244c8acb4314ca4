"""Sentences about versions and tensors."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.metrics import metric_words
from dashboard.services.history.units import DeadUnit, DeadUnits
from dashboard.web.kit.formats import number, plural

UNITS_NAMED = 4
UNCOUNTED_UNITS = "dead units are not counted yet"
UNREADABLE_UNITS = "dead units cannot be counted: damaged"


def version_sentence(
    tensors: int,
    parameters: int,
    metric: str | None,
    value: float | None,
    best: int | None,
    behind: float | None,
    by: str | None = None,
) -> str:
    """Say how good a version is, and how far it is from the best one by the metric `by`."""
    size = f"{plural(parameters, 'parameter')} in {plural(tensors, 'tensor')}"
    if metric is None:
        return f"{size}; it has no metrics."
    if behind is None or best is None:
        rule = f" by {metric_words(by)}" if by and by != metric else ""
        return f"The best version{rule}: {metric_words(metric)} {number(value)}; {size}."
    rule = f" by {metric_words(by)}" if by and by != metric else ""
    score = f"{metric_words(metric).capitalize()} {number(value)}"
    apart = f"{abs(behind):.3g} {'above' if behind > 0 else 'below'}" if behind else "as"
    return f"{score}, {apart} the best{rule}, v{best}; {size}."


def tensor_sentence(shape: Sequence[int], statistics: Mapping[str, Any]) -> str:
    """Say what a tensor holds."""
    size = " × ".join(f"{length:,}" for length in shape) or "one number"
    count, odd = math.prod(shape), statistics["not_finite"]
    if not count:
        return f"{size}: an axis is empty, so there is no weight."
    if odd == count:
        return f"{size}: none of the {plural(count, 'weight')} is a finite number."
    text = (
        f"{size}: {plural(count, 'weight')} from {number(statistics['min'])} to "
        f"{number(statistics['max'])}, mean {number(statistics['mean'])}, half of them between "
        f"{number(statistics['q25'])} and {number(statistics['q75'])}"
    )
    return f"{text}; {odd:,} not finite." if odd else f"{text}."


def dead_words(tensor: str, units: Sequence[DeadUnit], records: int) -> str:
    """Say how many units of a layer are dead, and whether there may be more; a few are named."""
    named = f": {', '.join(str(unit.unit) for unit in units)}" if len(units) <= UNITS_NAMED else ""
    where = tensor if units[0].layer is None else f"layer {units[0].layer}"
    return f"{'' if records else 'at least '}{plural(len(units), 'unit')} dead in {where}{named}"


def dead_note(dead: DeadUnits) -> str:
    """Say what the list of dead units was made from, and what is not known."""
    if dead.is_damaged:
        return "Dead units cannot be counted: the version is damaged."
    if not dead.is_counted:
        return "Dead units are not counted yet: it takes a while for so many weights and records."
    if not dead.records:
        return "By the weights alone. Whether other units are dead cannot be known: the records are not here."
    lead = "" if dead.units else "No unit is dead. "
    return f"{lead}{plural(dead.records, 'record')} of the dataset were put through the version."
