"""What pages say of a score next to its baseline: what always giving one answer scores, and that nothing was learnt."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.metrics import is_higher_better, judging, metric_words, split_part
from dashboard.services.versions.baselines import Baseline
from dashboard.web.kit.formats import number

NEW_RECORDS = ("test_", "val_")
"""The parts on which it is judged whether anything was learnt, the one that says most first."""
LONGEST_ANSWER = 80
"""So much is shown of the name of a class, or of those of several targets."""


def constant_words(baseline: Baseline) -> str:
    """Say what the baseline always answers."""
    if baseline.task == "classification":
        of_each = " of each target" if baseline.targets > 1 else ""
        return f"always answering {str(baseline.answer)[:LONGEST_ANSWER]!r}, the most frequent class{of_each}"
    if baseline.answer == "":  # of several numbers
        return "always answering the mean of each target"
    return f"always answering the mean, {number(float(baseline.answer))}"


def baseline_words(baseline: Baseline | None, metric: str | None) -> str:
    """Say what the baseline scores by a metric, in brackets behind a score; empty if it has none."""
    value = baseline.metrics.get(metric or "") if baseline is not None else None
    return "" if value is None else f" (baseline {number(value)})"


def judged_metrics(baseline: Baseline, metrics: Mapping[str, Any], prefixes: Sequence[str] = NEW_RECORDS) -> list[str]:
    """Return the metrics by which it is judged, of the first of some parts that has them."""
    for prefix in prefixes:
        known = [
            name
            for name in judging(baseline.task, prefix)
            if metrics.get(name) is not None and name in baseline.metrics
        ]
        if known:
            return known
    return []


def nothing_learnt(
    baseline: Baseline | None,
    metrics: Mapping[str, Any],
    prefixes: Sequence[str] = NEW_RECORDS,
    lead: str = "Nothing was learnt",
) -> str:
    """Say that a score is not above its baseline, and whether nothing at all was learnt; empty if it is above.

    The score is that of the first part, by its prefix, that was measured.
    """
    if baseline is None:
        return ""
    names = judged_metrics(baseline, metrics, prefixes)
    if not names or _is_above(baseline, metrics, names[0]):
        return ""
    first = names[0]
    relation = "above" if is_higher_better(first) else "below"
    said = f"{metric_words(first)} {number(metrics[first])} is not {relation} {number(baseline.metrics[first])}"
    score = f"{said}, that of {constant_words(baseline)}"
    others = [name for name in names[1:] if _is_above(baseline, metrics, name)]
    if others:
        other = others[0]
        part = f"{metric_words(other)} {number(metrics[other])} is above {number(baseline.metrics[other])}"
        return f"{score[0].upper()}{score[1:]}; {part}."
    return f"{lead}: {score}."


def _is_above(baseline: Baseline, metrics: Mapping[str, Any], name: str) -> bool:
    value, base = metrics[name], baseline.metrics[name]
    return bool(value > base if is_higher_better(split_part(name)[1]) else value < base)
