"""Sentences that say why a loss changed: which tensor, which units, and what putting these back restores."""

from collections.abc import Sequence

from dashboard.metrics import METRICS, metric_words
from dashboard.records.why import CurvePoint, Scored, TensorShare, UnitShare, WhyResult
from dashboard.web.kit.formats import change, number, percent, plural

ENOUGH = 0.9
"""So much of the metric restored is worth saying, with the fewest units that do it."""
MOST_NAMED = 3


def why_sentence(result: WhyResult) -> str:
    """Say by how much the loss changed, by which tensor and unit most, and what putting units back restores."""
    if not result.change:
        return f"The loss on {records_words(result)} is the same: {number(result.base_score.loss)}."
    verb = "rose" if result.change > 0 else "fell"
    text = f"The loss on {records_words(result)} {verb} by {number(abs(result.change))}"
    if result.tensors:
        largest = leading(result)
        is_all = abs(largest.share - result.change) <= result.tolerance
        of_it = "all" if is_all else number(abs(largest.share))
        text += f": {of_it} of it by {largest.name}"
        unit = leading_unit(result, largest.name)
        text += f", where {units_words([unit])} did most" if unit else ""
    return f"{text}; {restored}." if (restored := restored_words(result)) else f"{text}."


def leading(result: WhyResult) -> TensorShare:
    """Return the tensor that did most of the change, in its direction."""
    sign = 1 if result.change > 0 else -1
    return max(result.tensors, key=lambda tensor: sign * tensor.share)


def leading_unit(result: WhyResult, tensor: str) -> UnitShare | None:
    """Return the unit of a tensor's layer that did most of the change, in its direction."""
    sign = 1 if result.change > 0 else -1
    own = [unit for unit in result.units if tensor.startswith(f"layer_{unit.layer:02d}.")]
    return max(own, key=lambda unit: sign * unit.share, default=None)


def restored_words(result: WhyResult) -> str:
    """Say what the fewest units do that restore enough of the metric when they are put back; empty if none do."""
    points = [point for point in result.curve if 0 < point.units <= MOST_NAMED and restored(result, point.back)]
    if not points:
        return ""
    enough = (point for point in points if (restored(result, point.back) or 0.0) >= ENOUGH)
    point = next(enough, max(points, key=lambda one: restored(result, one.back) or 0.0))
    share = restored(result, point.back) or 0.0
    if share < 0:
        return ""
    much = "more than all" if share > 1 else "all" if share == 1 else percent(share)
    return f"putting {units_words(result.units[: point.units])} back {_undone(result, much)}"


def restored(result: WhyResult, scored: Scored) -> float | None:
    """Return which share of the change is undone: of the metric's, or of the loss's where the metric is the same."""
    return result.metric_restored(scored) if has_metric(result) else result.loss_restored(scored)


def has_metric(result: WhyResult) -> bool:
    """Return whether the metric changed at all."""
    return result.base_score.metric != result.other_score.metric


def _undone(result: WhyResult, much: str) -> str:
    """Say what is undone of the change of the metric, or of the loss where the metric is the same."""
    metric, words = METRICS[result.metric_name], metric_words(result.metric_name)
    rose = result.other_score.metric > result.base_score.metric
    if not has_metric(result):
        return f"undoes {much} of it"
    if metric.higher_is_better and not rose:
        return f"restores {much} of the {words}"
    return f"undoes {much} of the {'rise' if rose else 'fall'} of the {words}"


def units_words(units: Sequence[UnitShare]) -> str:
    """Name units with their layers: `unit 7 of layer 2`, `units 7 and 3 of layer 1`."""
    layers: dict[int, list[str]] = {}
    for unit in units:
        layers.setdefault(unit.layer, []).append(str(unit.unit))
    return _and(
        [f"unit{'s' if len(places) > 1 else ''} {_and(places)} of layer {layer}" for layer, places in layers.items()]
    )


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def records_words(result: WhyResult) -> str:
    """Say on which records the loss is measured."""
    if result.record is not None:
        return f"record {result.record:,} of {result.dataset}"
    of_class = f" of the class {result.label}" if result.label else ""
    return f"{plural(result.records, f'{result.part} record')}{of_class} of {result.dataset}"


def sum_words(result: WhyResult) -> str:
    """Say how exactly the shares sum to the change of the loss, and on how many points of the line they were taken."""
    points = plural(result.points, "point")
    if result.relative_error is None:
        return f"The shares sum to {number(result.sum)}; the loss did not change ({points})."
    if result.is_complete:
        return f"The shares sum to {change(result.sum)}, the change of the loss but for {_error(result)} ({points})."
    return (
        f"The shares sum to {change(result.sum)}, but the loss changed by {change(result.change)}: {_error(result)} "
        f"apart after {points}. Take the shares as an estimate; what is put back is measured, not estimated."
    )


def _error(result: WhyResult) -> str:
    return percent(result.relative_error) if result.relative_error else "nothing"


def curve_words(result: WhyResult, points: Sequence[CurvePoint]) -> str:
    """Say what the curve shows."""
    if not points:
        return ""
    return (
        f"Each point is measured: the other version with so many units put back, of {result.changed_units:,} that "
        "changed, the one that restores most by itself first."
    )
