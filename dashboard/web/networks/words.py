"""Sentences about networks."""

from dashboard.metrics import metric_words
from dashboard.records.network import Network
from dashboard.web.kit.formats import number, plural


def networks_sentence(total: int, versions: int, active: int) -> str:
    """Say how many networks and versions there are, and what is being trained."""
    text = f"{plural(total, 'network')} with {plural(versions, 'version')}"
    return f"{text}; {plural(active, 'run')} in progress." if active else f"{text}."


def network_sentence(network: Network, count: int, best: int | None, metric: str | None, value: float | None) -> str:
    """Say which version of a network is best."""
    if not count:
        return f"Defined with {plural(network.spec.parameters, 'parameter')}, not trained yet."
    if metric is None:
        return f"{plural(count, 'version')}; none has a metric to rank it by."
    if best is None:
        return f"{plural(count, 'version')}, none better than another: {metric_words(metric)} {number(value)}."
    return f"{plural(count, 'version')}; best is v{best}, {metric_words(metric)} {number(value)}."
