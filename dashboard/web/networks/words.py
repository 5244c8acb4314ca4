"""Sentences about networks."""

from dashboard.metrics import metric_words
from dashboard.records.dataset import Dataset
from dashboard.records.network import Network
from dashboard.services.runs.queue import Queue
from dashboard.services.versions.baselines import Baseline
from dashboard.web.kit.baselines import baseline_words
from dashboard.web.kit.formats import number, plural
from dashboard.web.networks.page import Ranking
from dashboard.web.runs.words import active_words

NAMED = 10
"""So many classes or targets are named in a sentence."""


def networks_sentence(total: int, versions: int, queue: Queue) -> str:
    """Say how many networks and versions there are, and what is being trained."""
    text = f"{plural(total, 'network')} with {plural(versions, 'version')}"
    return f"{text}; {active_words(queue)}." if queue.queued or queue.running else f"{text}."


def filtered_sentence(shown: int, total: int, search: str, kind: str = "") -> str:
    """Say how many networks are of the kind and match the text that the list is filtered by."""
    text = f"{shown:,} of {plural(total, 'network')} {'is' if shown == 1 else 'are'} {kind}" if kind else ""
    matches = f"{'matches' if shown == 1 else 'match'} “{search}”"
    if not kind:
        return f"{shown:,} of {plural(total, 'network')} {matches}."
    return f"{text} and {matches}." if search else f"{text}."


def given_sentence(network: Network, dataset: Dataset) -> str:
    """Say which dataset a network trains on from now on, and what its outputs are there."""
    names = list(dataset.description["classes"] if dataset.task == "classification" else dataset.targets)
    shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} others" if len(names) > NAMED else "")
    return f"{network.name} trains on {dataset.name}. Its outputs are, in their order: {shown}."


def network_sentence(network: Network, count: int, ranking: Ranking, baseline: Baseline | None = None) -> str:
    """Say which version of a network is best, by which metric where that is not the one named, and the baseline."""
    best, metric, value, by = ranking
    if not count:
        if network.is_foreign:
            return "For weights from elsewhere; there are none yet."
        return f"Defined with {plural(network.spec.parameters, 'parameter')}, not trained yet."
    if metric is None:
        return f"{plural(count, 'version')}; none has a metric to rank it by."
    score = f"{metric_words(metric)} {number(value)}{baseline_words(baseline, metric)}"
    if best is None:
        return f"{plural(count, 'version')}, none better than another: {score}."
    rule = f" by {metric_words(by)}" if by and by != metric else ""
    return f"{plural(count, 'version')}; best is v{best}{rule}, {score}."
