"""What pages say of how far a score varies: on how many records it rests, and what several trainings have shown."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from flask import url_for

from dashboard.http import workspace
from dashboard.metrics import PARTS, judging, metric_words, split_part
from dashboard.records.network import Network, Version
from dashboard.records.repeats import SMALL_PART, RepeatedScore, task_of
from dashboard.records.training import TrainingSpec
from dashboard.services.runs.repeats import latest_scores, named_scores, part_sizes, sizes_by_dataset
from dashboard.web.kit.formats import plural, spread

MOST_METRICS = 2
FEW = f"How many records the score rests on, where they are fewer than {SMALL_PART:,}: it may vary much"
"""The help of a list's column *Measured on*."""
REPEATED = "Mean ± standard deviation over folds, or else with other seeds"
"""The help of a list's column *Repeated*."""
TIMES = {"folds": ("over", "fold"), "seeds": ("with", "seed")}


class RepeatNote(NamedTuple):
    """A sentence about how far a score varies, and where more about it is, if anywhere: (words, address)."""

    text: str
    link: str = ""
    address: str = ""


def times_words(kind: str, count: int) -> str:
    """Say how often something was trained: over 5 folds, with 5 seeds."""
    lead, one = TIMES[kind]
    return f"{lead} {plural(count, one)}"


def spread_words(score: RepeatedScore, task: str, most: int = MOST_METRICS) -> str:
    """Say the scores that say most of a task, each with its deviation: accuracy 0.953 ± 0.038."""
    names = [name for name in judging(task) if name in score.spreads][:most]
    return ", ".join(f"{_short(name)} {spread(score.spreads[name].mean, score.spreads[name].std)}" for name in names)


def _short(name: str) -> str:
    return metric_words(f"test_{name}").removeprefix("test ")


def repeat_notes(network: Network, metric: str | None, training: TrainingSpec) -> list[RepeatNote]:
    """Say on how many records a score rests if these are few, and how far it varies, or how to find that out.

    `metric` is what the page shows of a version or run, `training` its settings.
    """
    scores = latest_scores(workspace(), [network]).get(network.name, [])
    rests = rests_on(part_sizes(workspace(), network.dataset), metric)
    notes = [RepeatNote(rests)] if rests else []
    notes += [_note(network, score, training) for score in scores]
    if rests and not scores:
        link = url_for("networks.show", name=network.name, _anchor="repeat")
        notes.append(RepeatNote("How far it varies is not known:", "cross-validate, or repeat with other seeds", link))
    return notes


def rests_on(sizes: Mapping[str, int], metric: str | None) -> str:
    """Say on how few records of a part a metric was measured; empty if these are many, or not known."""
    records = few_records(sizes, metric)
    if metric is None or records is None:
        return ""
    words = metric_words(metric)
    return f"{words[0].upper()}{words[1:]} rests on {plural(records, 'record')}."


def few_records(sizes: Mapping[str, int], metric: str | None) -> int | None:
    """Return on how many records of a part a metric was measured; None if these are many, or not known."""
    part = split_part(metric or "")[0]
    records = sizes.get(PARTS[part], 0) if part else 0
    return records if 0 < records < SMALL_PART else None


def records_words(records: int | None) -> str | None:
    """Say how many records a score in a list rests on; None where they are many, or not known."""
    return None if records is None else plural(records, "record")


def compared_notes(sides: Sequence[tuple[Network, Version]], metric: str | None) -> list[RepeatNote]:
    """Say what `repeat_notes` says of each of two versions, once where both say the same."""
    notes: dict[RepeatNote, str] = {}
    for network, version in sides:
        for note in repeat_notes(network, metric, version.spec.training):
            notes.setdefault(note, network.name)
    names = {network.name for network, _ in sides}
    return [one._replace(text=f"{name}: {one.text}" if len(names) > 1 else one.text) for one, name in notes.items()]


def listed_records(shown: Sequence[tuple[str, str | None]]) -> list[int | None]:
    """Return what `few_records` says of each row of a list, of which (dataset, metric) are shown."""
    sizes = sizes_by_dataset(workspace(), {dataset for dataset, _ in shown})
    return [few_records(sizes.get(dataset, {}), metric) for dataset, metric in shown]


def named_spreads(names: Collection[str]) -> dict[str, str]:
    """Return what repeated trainings of the networks of some names have shown, where there were any, in words."""
    known = {name: scores[0] for name, scores in named_scores(workspace(), set(names)).items()}
    words = {name: spread_words(score, task_of(score.spreads), 1) for name, score in known.items()}
    return {name: f"{words[name]} {times_words(score.kind, score.count)}" for name, score in known.items()}


def _note(network: Network, score: RepeatedScore, training: TrainingSpec) -> RepeatNote:
    times = times_words(score.kind, score.count)
    records = plural(score.records, "record")
    of = f"{times}, each of {records} held out once" if score.kind == "folds" else f"{times} on the same {records}"
    other = "" if is_alike(score.training, training) else ", with other settings than here"
    link = url_for("runs.show", run_id=score.run_id)
    return RepeatNote(
        f"{of[0].upper()}{of[1:]}: {spread_words(score, network.task)}{other}.", f"Run {score.run_id}.", link
    )


def is_alike(one: TrainingSpec, other: TrainingSpec) -> bool:
    """Return whether two trainings differ at most in their seed and in which versions they save."""
    return replace(one, seed=other.seed, save=other.save) == other and one.ends_with_best == other.ends_with_best


def listed_scores(networks: Sequence[Network]) -> dict[str, RepeatedScore]:
    """Return of each network the score that a list shows, by its name: that over folds, else that with other seeds."""
    known = latest_scores(workspace(), networks)
    return {name: scores[0] for name, scores in known.items()}
