"""Which versions can be compared: those of a network with their scores, the other side of one, suggested pairs."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import versions as version_rows
from dashboard.errors import NotFound
from dashboard.metrics import best_version, metric_name
from dashboard.records.network import Network
from dashboard.services.compare.versions import parse_reference
from dashboard.services.networks import list_networks
from dashboard.services.versions.reading import get_version
from dashboard.services.workspace import Workspace

MOST_NETWORKS = 4
"""Of so many of the newest networks pairs are suggested."""


class Choice(NamedTuple):
    """A version that can be chosen: `metric` is what its network is ranked by, `score` its value, if it is measured."""

    network: str
    number: int
    epoch: int
    metric: str | None
    score: float | None
    is_best: bool

    @property
    def reference(self) -> str:
        """The version as people write it, such as mnist-digits:3."""
        return f"{self.network}:{self.number}"


class Choices(NamedTuple):
    """All versions of a network, the newest first; `dataset` is what it is trained on ("": none)."""

    network: str
    dataset: str
    versions: list[Choice]

    @property
    def best(self) -> Choice | None:
        """The best of all versions."""
        return next((version for version in self.versions if version.is_best), None)

    def near(self, number: int, most: int) -> list[Choice]:
        """Return at most so many versions: the first, the latest and the best, and those next to a number."""
        if len(self.versions) <= most:
            return self.versions
        ends = {self.versions[0].number, self.versions[-1].number, self.best.number if self.best else number}
        nearest = sorted(self.versions, key=lambda version: abs(version.number - number))[: most - len(ends)]
        shown = ends | {version.number for version in nearest}
        return [version for version in self.versions if version.number in shown]


class Suggestion(NamedTuple):
    """Two versions that are worth comparing, and why: everything, best, last, networks, or recent."""

    why: str
    base: Choice
    other: Choice
    dataset: str


def choices_of(workspace: Workspace, network_name: str) -> Choices:
    """Return the versions of a network with their scores; raises NotFound."""
    with workspace.catalogue.reading() as connection:
        network = network_rows.get_network(connection, network_name)
        rows = version_rows.version_scores(connection, network.id)
    return _choices(network, rows)


def _choices(network: Network, rows: Sequence[version_rows.VersionScore]) -> Choices:
    history = {row.number: row.metrics for row in rows}
    best = best_version(network.task, network.spec.training.best_by, history)
    metric = metric_name(network.task, history[best]) if best is not None else None
    versions = [
        Choice(network.name, row.number, row.epoch, metric, _score(row.metrics, metric), row.number == best)
        for row in reversed(rows)
    ]
    return Choices(network.name, network.dataset or "", versions)


def _score(metrics: dict[str, Any], metric: str | None) -> float | None:
    return metrics.get(metric) if metric is not None else None


def other_side(workspace: Workspace, reference: str) -> str | None:
    """Return what a version is best compared with: its parent, else the best, the version before, or after it.

    None where its network has no other version; raises NotFound, or UserError for what is no reference.
    """
    name, number = parse_reference(reference, "version")
    version = get_version(workspace, name, number)
    if version.parent and version.parent != reference and _exists(workspace, version.parent):
        return version.parent
    versions = choices_of(workspace, name).versions
    ranked = sorted(versions, key=lambda one: (not one.is_best, one.number > version.number, -one.number))
    return next((one.reference for one in ranked if one.number != version.number), None)


def _exists(workspace: Workspace, reference: str) -> bool:
    name, _, number = reference.rpartition(":")
    try:
        get_version(workspace, name, int(number))
    except NotFound:
        return False
    return True


def suggested_pairs(workspace: Workspace) -> list[Suggestion]:
    """Return pairs of versions that are worth a look, of the newest networks, each pair once."""
    newest = list_networks(workspace, MOST_NETWORKS).items
    known = [choices_of(workspace, summary.network.name) for summary in newest if summary.versions]
    return [suggestion for choices in known for suggestion in _within(choices)] + _across(known)


def pairs_of(workspace: Workspace, references: Sequence[tuple[str, str]]) -> list[Suggestion]:
    """Return pairs of versions that were compared recently, as far as both still exist."""
    known: dict[str, Choice] = {}
    datasets: dict[str, str] = {}
    for name in {reference.rpartition(":")[0] for pair in references for reference in pair}:
        with suppress(NotFound):
            choices = choices_of(workspace, name)
            known |= {version.reference: version for version in choices.versions}
            datasets[name] = choices.dataset
    there = [(known[base], known[other]) for base, other in references if base in known and other in known]
    return [Suggestion("recent", base, other, datasets[other.network]) for base, other in there]


def _within(choices: Choices) -> list[Suggestion]:
    """Return the pairs of one network: the first and the latest, the best and the latest, the last two."""
    latest, first, best = choices.versions[0], choices.versions[-1], choices.best
    pairs = [("everything", first, latest)]
    pairs += [("best", best, latest)] if best is not None else []
    pairs += [("last", before, latest) for before in choices.versions[1:2]]
    seen: set[tuple[int, int]] = set()
    suggestions = []
    for why, base, other in pairs:
        if base.number != other.number and (base.number, other.number) not in seen:
            seen.add((base.number, other.number))
            suggestions.append(Suggestion(why, base, other, choices.dataset))
    return suggestions


def _across(known: Sequence[Choices]) -> list[Suggestion]:
    """Return the best versions of two networks on the same dataset, the newer network as the other side."""
    suggestions = []
    for place, newer in enumerate(known):
        older = next((one for one in known[place + 1 :] if one.dataset and one.dataset == newer.dataset), None)
        if older is not None and older.best is not None and newer.best is not None:
            suggestions.append(Suggestion("networks", older.best, newer.best, newer.dataset))
    return suggestions
