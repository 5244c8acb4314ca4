"""Several trainings of one network, and how far their scores vary: cross-validation in folds, and repeated seeds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

from dashboard.declarations import declared, setting
from dashboard.kinds import Whole
from dashboard.records.run import Run
from dashboard.records.training import TrainingSpec

FEWEST, MOST = 2, 20
SMALL_PART = 1000
"""A score that rests on fewer records is not shown without how far it varies, or how to find out."""


@dataclass(frozen=True, kw_only=True)
class RepeatSettings:
    """What a person says of several trainings: one of the two, and training settings besides."""

    folds: int = setting(
        Whole(FEWEST, MOST), label="Folds", help="Each record is held out once, and measured by the others' training."
    )
    seeds: int = setting(
        Whole(FEWEST, MOST), label="Seeds", help="The same split, with other first weights and another order each time."
    )


REPEAT_SETTINGS = declared(RepeatSettings)


@dataclass(frozen=True)
class Spread:
    """The mean of a score over several trainings, and its standard deviation (with n - 1)."""

    mean: float
    std: float


@dataclass(frozen=True)
class RepeatedScore:
    """What several trainings have shown: `kind` is folds or seeds, `records` how many were measured in all.

    `training` are the settings that they had.
    """

    run_id: int
    kind: str
    count: int
    records: int
    spreads: Mapping[str, Spread]
    training: TrainingSpec


def spreads_of(trainings: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return the mean and standard deviation of each metric that all of several trainings have."""
    values = {name: [one["metrics"].get(name) for one in trainings] for name in trainings[0]["metrics"]}
    known = {name: numbers for name, numbers in values.items() if None not in numbers}
    return {name: {"mean": mean(numbers), "std": stdev(numbers)} for name, numbers in known.items()}


def repeated_score(run: Run) -> RepeatedScore | None:
    """Return what a run of several trainings has shown; None unless all of them are done."""
    spreads = run.result.get("spreads")
    if not run.repeats or run.state != "finished" or not spreads:
        return None
    named = {name: Spread(one["mean"], one["std"]) for name, one in spreads.items()}
    result = run.result
    return RepeatedScore(run.id, run.kind, run.request["count"], result["records"], named, run.spec.training)


def task_of(metrics: Collection[str]) -> str:
    """Return the task whose metrics these are."""
    return "classification" if "accuracy" in metrics else "regression"
