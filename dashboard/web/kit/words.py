"""The words in which pages name settings, and sentences that answer a page's question at its top."""

from dataclasses import asdict
from typing import Any

from dashboard.kinds import Choice
from dashboard.metrics import metric_words
from dashboard.records.network import LAYER_SETTINGS, Network, NetworkSpec
from dashboard.records.training import TRAINING_SETTINGS
from dashboard.web.kit.formats import number, plural

SETTINGS = LAYER_SETTINGS | TRAINING_SETTINGS


def setting_words(name: str) -> str:
    """Return a setting's name as people say it."""
    return SETTINGS[name].words if name in SETTINGS else name.replace("_", " ")


def choice_words(name: str, value: str) -> str:
    """Return what a setting's value is called, such as squared error."""
    kind = SETTINGS[name].kind
    return kind.words.get(value, value) if isinstance(kind, Choice) else value


def folded_settings(spec: NetworkSpec) -> dict[str, list[tuple[str, Any]]]:
    """Return the settings that matter first (`shown`: the main ones, and what is unusual), and the rest."""
    chosen = asdict(spec.training)
    is_shown = {name: not SETTINGS[name].group or value != SETTINGS[name].default for name, value in chosen.items()}
    return {
        part: [(setting_words(name), value) for name, value in chosen.items() if is_shown[name] == shown]
        for part, shown in (("shown", True), ("folded", False))
    }


def networks_sentence(total: int, versions: int, active: int) -> str:
    """Say how many networks and versions there are, and what is being trained."""
    text = f"{plural(total, 'network')} with {plural(versions, 'version')}"
    return f"{text}; {plural(active, 'run')} in progress." if active else f"{text}."


def network_sentence(network: Network, count: int, best: int | None, metric: str | None, value: float | None) -> str:
    """Say which version of a network is best."""
    if not count:
        return f"Defined with {plural(network.spec.parameters, 'parameter')}, not trained yet."
    if metric is None:
        return f"{plural(count, 'version')}; none has a score."
    if best is None:
        return f"{plural(count, 'version')}, none better than another: {metric_words(metric)} {number(value)}."
    return f"{plural(count, 'version')}; best is v{best}, {metric_words(metric)} {number(value)}."
