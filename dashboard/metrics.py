"""Metrics, each declared once: words, direction, range, unit, the tasks that have it and the parts it is measured on.

A metric of the training part has its plain name, one of another part a prefix: loss, val_loss, test_loss. Everything
that names, ranks, draws or searches by metrics reads METRICS. A metric that is not declared is shown under its own
name; it has no direction, so nothing is the best by it.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

Key = TypeVar("Key")

PARTS = {"": "training", "val_": "validation", "test_": "test"}
"""The prefix of a metric's name -> the part of the dataset on which it is measured."""
EVERY_PART = tuple(PARTS)
NEW_RECORDS = ("val_", "test_")
CLASSES, NUMBERS = ("classification",), ("regression",)


@dataclass(frozen=True)
class Metric:
    """One metric: how people say it, what it means, whether more of it is better, which tasks have it, its range.

    `parts` are the prefixes under which a version's metrics hold it; without any it is in the full evaluation alone.
    `ranks` are the tasks whose versions it ranks. `in_target_unit` says that it is an error in the unit of the target.
    `short_words` follow the name of a part: validation RMSE. `judges` are the tasks in which a value that is no better
    than the baseline's says that nothing was learnt; `of_probabilities` says that other outputs do not have it.
    """

    name: str
    words: str
    higher_is_better: bool
    tasks: tuple[str, ...]
    parts: tuple[str, ...] = ()
    ranks: tuple[str, ...] = ()
    low: float = 0.0
    high: float = math.inf
    in_target_unit: bool = False
    short_words: str = ""
    judges: tuple[str, ...] = ()
    of_probabilities: bool = False
    meaning: str = ""


DECLARED = (
    Metric(
        "accuracy",
        "accuracy",
        True,
        CLASSES,
        EVERY_PART,
        ranks=CLASSES,
        high=1.0,
        judges=CLASSES,
        meaning="The share of records that were given the right class; of several targets, the mean of theirs.",
    ),
    Metric(
        "rmse",
        "root mean squared error",
        False,
        NUMBERS,
        NEW_RECORDS,
        in_target_unit=True,
        short_words="RMSE",
        judges=NUMBERS,
        meaning="The root of the mean squared error, in the unit of the target: few large errors count most.",
    ),
    Metric(
        "mae",
        "mean absolute error",
        False,
        NUMBERS,
        NEW_RECORDS,
        in_target_unit=True,
        meaning="The mean of the errors' sizes, in the unit of the target.",
    ),
    Metric(
        "r2",
        "R²",
        True,
        NUMBERS,
        NEW_RECORDS,
        low=-math.inf,
        high=1.0,
        judges=NUMBERS,
        meaning="How much of the target's spread the answers explain: 1 is all, 0 what always answering the mean gets.",
    ),
    Metric(
        "loss",
        "loss",
        False,
        CLASSES + NUMBERS,
        EVERY_PART,
        ranks=NUMBERS,
        meaning="What training minimises, as the mean over records: lower is better, for networks with the same loss.",
    ),
    Metric(
        "balanced_accuracy",
        "balanced accuracy",
        True,
        CLASSES,
        NEW_RECORDS,
        high=1.0,
        judges=CLASSES,
        meaning="The mean over classes of the share that was given right: rare classes count as much as others.",
    ),
    Metric(
        "f1",
        "F1",
        True,
        CLASSES,
        NEW_RECORDS,
        high=1.0,
        meaning="The mean over classes of F1, which is high only where precision and recall both are.",
    ),
    Metric(
        "log_loss",
        "log loss",
        False,
        CLASSES,
        NEW_RECORDS,
        of_probabilities=True,
        meaning="The mean of -ln of the probability given to the right class: confident mistakes cost most.",
    ),
    Metric(
        "all_right",
        "every target right",
        True,
        CLASSES,
        high=1.0,
        meaning="The share of records of which every target was given right.",
    ),
    Metric(
        "precision",
        "precision",
        True,
        CLASSES,
        high=1.0,
        meaning="Of the records that were given a class, the share that has it; the mean over classes.",
    ),
    Metric(
        "recall",
        "recall",
        True,
        CLASSES,
        high=1.0,
        meaning="Of the records that have a class, the share that was given it; the mean over classes.",
    ),
    Metric(
        "top_2",
        "top-2 accuracy",
        True,
        CLASSES,
        high=1.0,
        meaning="The share of records whose class is among the two with the highest scores.",
    ),
    Metric(
        "top_3",
        "top-3 accuracy",
        True,
        CLASSES,
        high=1.0,
        meaning="The share of records whose class is among the three with the highest scores.",
    ),
    Metric(
        "top_5",
        "top-5 accuracy",
        True,
        CLASSES,
        high=1.0,
        meaning="The share of records whose class is among the five with the highest scores.",
    ),
    Metric(
        "roc_auc",
        "ROC AUC",
        True,
        CLASSES,
        high=1.0,
        meaning="How often a record of a class scores higher for it than a record of another class: 0.5 is chance.",
    ),
    Metric(
        "rank_correlation",
        "rank correlation",
        True,
        NUMBERS,
        low=-1.0,
        high=1.0,
        meaning="How alike the answers and the true values are ordered (Spearman): 1 is the same order, 0 no relation.",
    ),
)
METRICS = {metric.name: metric for metric in DECLARED}
"""Every metric by its name, those that say most first."""


def split_part(name: str) -> tuple[str, str]:
    """Return the prefix of a metric's part ("" for training) and the metric's own name."""
    prefix = next((prefix for prefix in NEW_RECORDS if name.startswith(prefix)), "")
    return prefix, name.removeprefix(prefix)


def find_metric(name: str) -> Metric | None:
    """Return the metric that a name such as val_loss means, whatever the part; None if it is not declared."""
    return METRICS.get(split_part(name)[1])


def metric_words(name: str) -> str:
    """Return a metric's name as people say it."""
    metric, prefix = find_metric(name), split_part(name)[0]
    if metric is None:
        return name.replace("_", " ")
    return f"{PARTS[prefix]} {metric.short_words or metric.words}" if prefix else metric.words


def heading_words(name: str) -> str:
    """Return a metric's name as it stands above a column, whatever the part: Accuracy, RMSE."""
    metric = find_metric(name)
    words = (metric.short_words or metric.words) if metric else name.replace("_", " ")
    return words[:1].upper() + words[1:]


def curve_words(name: str) -> str:
    """Return a metric's name as people say it where training is drawn next to validation."""
    if split_part(name)[0] or find_metric(name) is None:
        return metric_words(name)
    return f"{PARTS['']} {metric_words(name)}"


def is_higher_better(name: str) -> bool | None:
    """Return whether more of a metric is better; None if that is not known."""
    metric = find_metric(name)
    return metric.higher_is_better if metric else None


def best_of(name: str, values: Mapping[Key, float]) -> Key | None:
    """Return the key of a metric's best value, the first of equals; None for a metric without a direction."""
    higher = is_higher_better(name)
    if higher is None or not values:
        return None
    return (max if higher else min)(values, key=lambda key: values[key])


def goals(task: str) -> tuple[str, ...]:
    """Return what a search on a task can look for, the usual one first: what is measured after every epoch."""
    known = [metric for metric in METRICS.values() if task in metric.tasks and "val_" in metric.parts]
    known.sort(key=lambda metric: task not in metric.ranks)
    return tuple(f"val_{metric.name}" for metric in known)


def all_goals() -> tuple[str, ...]:
    """Return what a search can look for on any task."""
    return tuple(dict.fromkeys(name for task in CLASSES + NUMBERS for name in goals(task)))


def deciders(task: str = "") -> tuple[str, ...]:
    """Return the metrics that can decide which epoch is best (of a task): what is measured after every epoch."""
    known = [metric for metric in METRICS.values() if "val_" in metric.parts and (not task or task in metric.tasks)]
    return tuple(sorted((metric.name for metric in known), key=lambda name: name != "loss"))


def judging(task: str, prefix: str = "") -> list[str]:
    """Return the names of the metrics, on a part, by which it is judged whether anything was learnt."""
    judges = (metric for metric in METRICS.values() if task in metric.judges)
    return [prefix + metric.name for metric in judges if not prefix or prefix in metric.parts]


def deciding_name(best_by: str, histories: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the metric by which epochs or versions compare, None if nothing has one.

    It is the one that `best_by` names: on validation, or on training where that was not measured; else the loss.
    """
    known = list(histories)
    names = (f"val_{best_by}", best_by, "val_loss", "loss")
    return next((name for name in names if any(one.get(name) is not None for one in known)), None)


def curve_names() -> tuple[str, ...]:
    """Return what is drawn over epochs and versions: metrics of training and validation, losses first."""
    drawn = [metric for metric in METRICS.values() if {"", "val_"} <= set(metric.parts)]
    drawn.sort(key=lambda metric: metric.higher_is_better)
    return tuple(prefix + metric.name for metric in drawn for prefix in ("", "val_"))


def epoch_names(is_measured: Callable[[str], bool]) -> list[str]:
    """Return the metrics in tables of epochs: those that rank versions, and what else was measured."""
    ordered = sorted(METRICS.values(), key=lambda metric: (metric.name != "loss", metric.higher_is_better))
    names = [(prefix + metric.name, metric) for prefix in ("", "val_") for metric in ordered if prefix in metric.parts]
    return [name for name, metric in names if metric.ranks or is_measured(name)]


def in_order(names: Iterable[str]) -> list[str]:
    """Return metrics in the order of tables: those that rank versions first, of these the ones on new records first."""
    distinct = list(dict.fromkeys(names))
    ranking = [name for metric in METRICS.values() if metric.ranks for name in _named(metric, NEW_RECORDS)]
    ranking += [metric.name for metric in METRICS.values() if metric.ranks]
    first = [name for name in ranking if name in distinct]
    return first + [name for name in distinct if name not in first]


def metric_name(task: str | None, metrics: Mapping[str, Any]) -> str | None:
    """Return the metric by which a task's versions are ranked, the best that these metrics hold (None: of any task)."""
    ranking = [metric for metric in METRICS.values() if (task in metric.ranks if task else metric.ranks)]
    names = (name for metric in ranking for name in _named(metric, ("val_", "")))
    return next((name for name in names if metrics.get(name) is not None), None)


def best_name(task: str, best_by: str, history: Mapping[int, Mapping[str, Any]]) -> str | None:
    """Return the metric that decides which version is best: the one that decides on epochs, else what ranks the task's.

    So the best version of a run is the best epoch of that run, wherever either is named.
    """
    ranking = (known for metrics in history.values() if (known := metric_name(task, metrics)))
    return deciding_name(best_by, history.values()) or next(ranking, None)


def best_version(task: str, best_by: str, history: Mapping[int, Mapping[str, Any]]) -> int | None:
    """Return the number of the best version by the metric of `best_name`, the first of equals."""
    name = best_name(task, best_by, history)
    if name is None:
        return None
    return best_of(name, {number: each[name] for number, each in history.items() if each.get(name) is not None})


def _named(metric: Metric, prefixes: Iterable[str]) -> list[str]:
    return [prefix + metric.name for prefix in prefixes]
