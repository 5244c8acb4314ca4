"""The page of one network: what changed most, the change map, curves, versions, the definition, and training it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import render_template, url_for

from dashboard.charts.svg import network_drawing
from dashboard.errors import StoreError
from dashboard.http import workspace
from dashboard.metrics import curve_names
from dashboard.parsing import LONGEST_SEARCH
from dashboard.records.network import ListedVersion, Network
from dashboard.services.cache.numbers import NOTHING, Budget
from dashboard.services.datasets import get_dataset
from dashboard.services.history.progress import SECONDS
from dashboard.services.history.tensor_steps import TensorSteps, tensor_steps
from dashboard.services.imports import fitting
from dashboard.services.runs.queue import active_runs
from dashboard.services.runs.runs import why_not_trained
from dashboard.services.versions import reading
from dashboard.services.versions.baselines import baseline_of
from dashboard.web.datasets.words import split_words
from dashboard.web.kit.answers import Answer
from dashboard.web.kit.baselines import nothing_learnt
from dashboard.web.kit.forms import problems
from dashboard.web.kit.paging import Pager, pager
from dashboard.web.kit.query import query
from dashboard.web.kit.repeats import repeat_notes
from dashboard.web.kit.tables import Table, chosen_order, exports
from dashboard.web.kit.urls import address
from dashboard.web.kit.words import folded_settings
from dashboard.web.networks import page
from dashboard.web.networks.change_map import map_page
from dashboard.web.networks.strip import strip_of
from dashboard.web.networks.words import network_sentence
from dashboard.web.runs.forms import DatasetForm, RunForm
from dashboard.web.versions.page import Chip, dead, dead_layers

History = page.History


def network_page(network: Network, form: RunForm, status: int = 200, dataset_form: DatasetForm | None = None) -> Answer:
    """Return the page of a network with these forms."""
    history = reading.metric_history(workspace(), network)
    form.offer(network.spec.training, list(history))
    offer, choice = fitting.offered_datasets(workspace(), network), dataset_form or DatasetForm()
    choice.offer(offer.fitting if offer else [])
    answer = render_template(
        "networks/show.html",
        network=network,
        run_form=form,
        offer=offer,
        dataset_form=choice,
        problems=problems(form) + problems(choice),
        **_about_versions(network, history),
        **_definition(network, max(history, default=0)),
    )
    return answer, status


def _about_versions(network: Network, history: History) -> dict[str, Any]:
    """Return what the page shows of the versions."""
    ranking, baseline = page.ranking(network, history), baseline_of(workspace(), network.dataset)
    steps = tensor_steps(workspace(), network, Budget(seconds=SECONDS) if query().flag("count") else NOTHING)
    strip, failure = _strip(network, steps)
    table, pages, search = _versions(network, history, steps, ranking.best)
    return {
        "sentence": network_sentence(network, len(history), ranking, baseline),
        "chip_list": page.run_chips(active_runs(workspace(), network)) + failure + _dead_chips(network, history),
        "nothing_learnt": nothing_learnt(baseline, history[ranking.best]) if ranking.best is not None else "",
        "repeat_notes": repeat_notes(network, ranking.metric, network.spec.training),
        "strip": strip,
        "map": map_page(steps, history, query().flag("metric")),
        "versions": table,
        "pages": pages,
        "search": search,
        "count": len(history),
        "curves": _curves(network, history),
        "curves_files": exports("networks.curves", name=network.name),
    }


def _curves(network: Network, history: History) -> str:
    """Return the address of the curves with a name of their content, by which the drawing is cached.

    Empty unless two versions have a metric that is drawn: an empty frame says nothing.
    """
    if sum(any(metrics.get(name) is not None for name in curve_names()) for metrics in history.values()) < 2:
        return ""
    content = hashlib.sha256(repr(history).encode()).hexdigest()[:16]
    return url_for("networks.curves_figure", name=network.name, v=content)


def _definition(network: Network, newest: int) -> dict[str, Any]:
    """Return what the page shows of what the network is, and whether it can be trained."""
    dataset = get_dataset(workspace(), network.dataset) if network.dataset else None
    layers = network.spec.layers
    return {
        "untrained": why_not_trained(network, dataset),
        "split": split_words(dataset) if dataset is not None else "",
        "layers": page.layers_table(network, newest),
        "settings": folded_settings(network.spec) if layers else None,
        "drawing": network_drawing(network.spec.inputs, layers, page.layer_links(network, newest)) if layers else "",
    }


def _versions(network: Network, history: History, steps: TensorSteps, best: int | None) -> tuple[Table, Pager, str]:
    """Return a page of the versions; sorted or narrowed down by a text, all of them are read."""
    search = query().text("search")[:LONGEST_SEARCH]
    table = page.versions_table(network, (), history.values())
    sort = chosen_order(query(), table.columns)
    if sort or search:
        everything = reading.list_versions(workspace(), network.name, len(history) or 1).items
        rows = page.version_rows(network.name, _matching(everything, search, best), steps.steps, best)
        pages = pager(len(rows), "networks.show")
        return replace(table, rows=rows).in_order(sort).part(pages.offset, pages.length), pages, search
    pages = pager(len(history), "networks.show")
    shown = reading.list_versions(workspace(), network.name, pages.length, pages.offset).items
    return replace(table, rows=page.version_rows(network.name, shown, steps.steps, best)), pages, search


def _matching(versions: Sequence[ListedVersion], search: str, best: int | None) -> list[ListedVersion]:
    """Return the versions that each word of the text is said of: v12, run, 3, epoch, best."""
    words = search.casefold().split()
    return [one for one in versions if all(word in _said_of(one, best).split() for word in words)]


def _said_of(version: ListedVersion, best: int | None) -> str:
    run = f"run {version.run_id}" if version.run_id is not None else ""
    star = "best ★" if version.number == best else ""
    return f"v{version.number} {version.number} epoch {version.epoch} {run} {star}"


def _strip(network: Network, steps: TensorSteps) -> tuple[Any, list[Chip]]:
    """Return what the page leads with, or what is wrong with the weights; the page itself needs none."""
    try:
        return strip_of(network, steps), []
    except StoreError as error:
        return None, [("bad", error.message, "")] if network.is_foreign else []


def _dead_chips(network: Network, history: Mapping[int, Any]) -> list[Chip]:
    """Name the units of the newest version that do nothing; each chip leads to since when."""
    if not history or network.is_foreign:  # which units do nothing follows from layers
        return []
    newest = max(history)
    try:
        units = dead(*reading.get_with_tensors(workspace(), network.name, newest), False)
    except StoreError as error:  # the page itself needs no weights, and can say what is wrong with them
        return [("bad", f"v{newest}: {error.message}", address("versions.show", name=network.name, number=newest))]
    return [
        (
            "warn" if tensor else "",
            f"v{newest}: {words}",
            address("health.show", name=network.name, tensor=tensor or None),
        )
        for tensor, words in dead_layers(units)
    ]
