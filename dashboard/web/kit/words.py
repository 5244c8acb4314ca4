"""The words in which pages name settings, and sentences that answer a page's question at its top."""

from dataclasses import asdict
from typing import Any

from dashboard.metrics import metric_words
from dashboard.records.network import Network, NetworkSpec
from dashboard.records.training import TrainingSpec
from dashboard.web.kit.formats import number, plural

MAIN_SETTINGS = {"loss", "optimizer", "learning_rate", "batch_size", "epochs", "scaling", "seed"}
SETTINGS = {
    "dtype": "precision",
    "initializer": "first weights",
    "l1": "L1 penalty",
    "l2": "L2 penalty",
    "clip_norm": "clip gradients at",
    "restore_best": "go back to the best",
    "scaling": "scaling of inputs",
    "save": "save a version",
}


def setting_words(name: str) -> str:
    """Return a setting's name as people say it."""
    return SETTINGS.get(name, name.replace("_", " "))


def folded_settings(spec: NetworkSpec) -> dict[str, list[tuple[str, Any]]]:
    """Return the settings that matter first (`shown`: the main ones, and what is unusual), and the rest."""
    usual = asdict(TrainingSpec())
    chosen = asdict(spec.training)
    shown = [name for name, value in chosen.items() if name in MAIN_SETTINGS or value != usual[name]]
    parts = {"shown": shown, "folded": [name for name in chosen if name not in shown]}
    return {part: [(setting_words(name), chosen[name]) for name in names] for part, names in parts.items()}


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
