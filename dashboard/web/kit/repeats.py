"""What pages say of how far a score varies: on how many records it rests, and what several trainings have shown."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from flask import url_for

from dashboard.http import workspace
from dashboard.metrics import PARTS, judging, metric_words, split_part
from dashboard.records.network import Network
from dashboard.records.repeats import SMALL_PART, RepeatedScore
from dashboard.records.training import TrainingSpec
from dashboard.services.runs.repeats import latest_scores, part_sizes
from dashboard.web.kit.formats import plural, spread

MOST_METRICS = 2
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
    part = split_part(metric or "")[0]
    if metric is None or not part or not 0 < sizes.get(PARTS[part], 0) < SMALL_PART:
        return ""
    words = metric_words(metric)
    return f"{words[0].upper()}{words[1:]} rests on {plural(sizes[PARTS[part]], 'record')}."


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
