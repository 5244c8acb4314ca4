"""Networks: the list, the form that defines one, its page, and training it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, flash, jsonify, render_template, request, url_for

from dashboard.charts.figures import training_curves
from dashboard.charts.svg import network_drawing
from dashboard.errors import Invalid, StoreError, UserError
from dashboard.metrics import best_version, curve_names, in_order, metric_name, metric_words
from dashboard.records.network import Network, Version
from dashboard.services import networks as service
from dashboard.services.datasets import get_dataset, list_datasets
from dashboard.services.demo import start_demo
from dashboard.services.networks import NetworkSummary
from dashboard.services.runs.queue import active_runs, count_active_runs
from dashboard.services.runs.runs import start_run, why_not_trained
from dashboard.services.store.trash import freed_by_network
from dashboard.services.versions import reading
from dashboard.services.versions.reading import get_detail, list_versions
from dashboard.web.kit.answers import Answer, confirm_by_name, redirect_to
from dashboard.web.kit.formats import plural
from dashboard.web.kit.forms import attach_errors, options, problems
from dashboard.web.kit.paging import LIST_LENGTH, Pager, is_beyond, last_page, neighbour_pages, pager
from dashboard.web.kit.query import Query, asked_by, query, query_number, workspace
from dashboard.web.kit.tables import Numbers, Table, asked_order, exports, numbers_at
from dashboard.web.kit.urls import address
from dashboard.web.kit.words import folded_settings, network_sentence, networks_sentence
from dashboard.web.networks.form_actions import act
from dashboard.web.networks.forms import NetworkForm
from dashboard.web.networks.page import COLUMNS, networks_table
from dashboard.web.networks.pairs import pair_grid, version_pairs
from dashboard.web.networks.presets import PRESETS, preset
from dashboard.web.runs.forms import RunForm
from dashboard.web.store.words import freed_sentences
from dashboard.web.versions.page import dead, dead_layers

blueprint = Blueprint("networks", __name__)

MOST_SCORES = 4


@blueprint.get("/")
def index() -> Answer:
    """Show all networks, each with its best version."""
    table, pages = _list(query())
    if pages.is_beyond:
        return redirect_to(pages.last)
    total = service.count_networks(workspace())
    sentence = networks_sentence(total, reading.count_versions(workspace()), count_active_runs(workspace()))
    return render_template(
        "networks/index.html", sentence=sentence, search=_search(query()), total=total, table=table, pages=pages
    )


@numbers_at(blueprint, "/networks")
def networks() -> Table:
    """Return what networks there are, each with its best version."""
    return networks_table(_all(query()), asked_order(query(), COLUMNS, "name"), _search(query()))


@blueprint.post("/demo")
def demo() -> Response:
    """Start the first-run demo and show its run."""
    return redirect_to(url_for("runs.show", run_id=start_demo(workspace()).id))


@blueprint.get("/networks/new")
def new() -> str:
    """Show the form, filled with the preset that fits the dataset."""
    datasets = list_datasets(workspace())
    chosen = next((d for d in datasets if d.name == request.args.get("dataset")), datasets[0] if datasets else None)
    form = NetworkForm(data={"dataset": chosen.name if chosen else ""})
    form.fill(preset("regression" if chosen and chosen.task == "regression" else "modern"))
    return _form_page(form)


@blueprint.post("/networks/new")
def create() -> Answer:
    """Create the network, or do what another button of the form asks for."""
    form = NetworkForm(request.form)
    if act(form, request.form.get("action", "create")):
        return _form_page(form)
    if form.has_no_key_twice():
        try:
            network = service.create_network(workspace(), form.definition())
        except UserError as error:
            attach_errors(form, error)
            return _form_page(form), error.status
        else:
            flash(f"{network.name} is defined. Train it to get its first versions.")
            return redirect_to(url_for("networks.show", name=network.name))
    return _form_page(form), 422


@blueprint.post("/networks/new/preview")
def preview() -> str:
    """Show what the form amounts to at this moment."""
    return render_template("networks/_preview.html", preview=_preview(NetworkForm(request.form)))


@blueprint.get("/networks/<name>")
def show(name: str) -> Answer:
    """Show a network with its versions."""
    network = service.get_network(workspace(), name)
    if "offset" in request.args and is_beyond(list_versions(workspace(), name, 1, _offset()).items):
        return redirect_to(last_page(len(reading.metric_history(workspace(), network))))
    return _network_page(network, RunForm(request.args))


@blueprint.post("/networks/<name>/runs")
def train(name: str) -> Answer:
    """Start a training."""
    form = RunForm(request.form)
    overrides = form.overrides() | ({"parent": form.parent.data} if form.parent.data else {})
    try:
        run = start_run(workspace(), name, overrides, asked_by())
    except UserError as error:
        attach_errors(form, error)
        return _network_page(service.get_network(workspace(), name), form), error.status
    return redirect_to(url_for("runs.show", run_id=run.id))


@numbers_at(blueprint, "/networks/<name>/versions")
def versions(name: str) -> Numbers:
    """Say which versions a network has, with their metrics."""
    found = reading.all_versions(workspace(), name)
    names = in_order(metric for version in found for metric in version.metrics)
    about = ("changed", "epoch", "run_id", "parent", "created", "bytes", "sha256")
    rows = [
        [version.number, *map(version.metrics.get, names), *(getattr(version, key) for key in about)]
        for version in found
    ]
    return Numbers(["version", *names, *about], rows, f"{name}_versions")


@numbers_at(blueprint, "/networks/<name>/curves")
def curves(name: str) -> Numbers:
    """Say loss and score of all versions."""
    history = reading.metric_history(workspace(), service.get_network(workspace(), name))
    names = [metric for metric in curve_names() if any(metric in metrics for metrics in history.values())]
    rows = [[number, *(metrics.get(metric) for metric in names)] for number, metrics in history.items()]
    return Numbers(["version", *names], rows, f"{name}_curves")


@numbers_at(blueprint, "/networks/<name>/pairs")
def pairs(name: str) -> Numbers:
    """Say for any two versions what became of the score between them."""
    network = service.get_network(workspace(), name)
    found = version_pairs(network.task, reading.metric_history(workspace(), network))
    return Numbers(["base", "other", "change"], found, f"{name}_pairs")


@numbers_at(blueprint, "/networks/<name>/layers")
def layers(name: str) -> Numbers:
    """Say what layers a network has."""
    found = [asdict(layer) for layer in service.get_network(workspace(), name).spec.layers]
    return Numbers(found[0], [layer.values() for layer in found], f"{name}_layers")


@blueprint.get("/networks/<name>/curves.figure")
def curves_figure(name: str) -> Response:
    """Send loss and score of all versions as a figure."""
    history = reading.metric_history(workspace(), service.get_network(workspace(), name))
    figure = training_curves([{"epoch": number, **metrics} for number, metrics in history.items()])
    figure["layout"]["xaxis"]["title"]["text"] = "version"
    return jsonify(figure)


@blueprint.route("/networks/<name>/delete", methods=["GET", "POST"])
def delete(name: str) -> Answer:
    """Ask for the name, then put the network into the trash with all that is its own."""
    network = service.get_network(workspace(), name)
    count = len(reading.metric_history(workspace(), network))
    what = [
        f"{name} goes into the trash with its {plural(count, 'version')} and its runs. It can be restored as one.",
        *freed_sentences(freed_by_network(workspace(), name)),
        f"The dataset {network.dataset} stays.",
    ]
    answer = confirm_by_name(name, f"Delete {name}", what, url_for("networks.show", name=name))
    if answer is not None:
        return answer
    service.delete_network(workspace(), name)
    flash(f"{name} lies in the trash now; the Store page restores it.")
    return redirect_to(url_for("networks.index"))


def _offset() -> int:
    return query_number("offset", 0, 0, 10**9)


def _search(request_query: Query) -> str:
    return request_query.text("search")[:100]


def _all(request_query: Query) -> list[NetworkSummary]:
    most = service.count_networks(workspace()) or 1
    return service.list_networks(workspace(), most, 0, _search(request_query)).items


def _list(request_query: Query) -> tuple[Table, Pager]:
    """Return a page of the list; sorted by a column all networks are read, since none is a column of the catalogue."""
    search, sort = _search(request_query), asked_order(request_query, COLUMNS)
    if search or sort:
        table = networks_table(_all(request_query), sort, search)
        pages = pager(len(list(table.rows)))
        return table.part(pages.offset, pages.length), pages
    pages = pager(service.count_networks(workspace()))
    return networks_table(service.list_networks(workspace(), pages.length, pages.offset).items, "", ""), pages


def _form_page(form: NetworkForm) -> str:
    names = [dataset.name for dataset in list_datasets(workspace())]
    form.dataset.choices = options((name, name) for name in names)
    return render_template(
        "networks/new.html",
        form=form,
        problems=problems(form),
        presets=PRESETS,
        datasets=len(names),
        preview=_preview(form),
    )


def _preview(form: NetworkForm) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "parameters": None,
        "bytes": None,
        "inputs": None,
        "outputs": None,
        "drawing": "",
        "notes": [],
    }
    try:
        definition = service.read_definition(workspace(), form.definition() | {"name": form.name.data or "unnamed"})
    except Invalid as error:
        notes = [message for path, message in error.errors.items() if path not in {"name", "dataset"}]
        return empty | {"notes": list(dict.fromkeys(notes))[:3]}
    spec = definition.spec
    return empty | {
        "parameters": spec.parameters,
        "bytes": spec.parameters * (8 if spec.training.dtype == "float64" else 4),
        "inputs": spec.inputs,
        "outputs": spec.layers[-1].units,
        "drawing": network_drawing(spec.inputs, spec.layers),
    }


def _network_page(network: Network, form: RunForm) -> str:
    page = list_versions(workspace(), network.name, LIST_LENGTH, _offset())
    history = reading.metric_history(workspace(), network)
    best = best_version(network.task, history)
    metric = metric_name(network.task, history[best]) if best is not None else None
    value = history[best][metric] if best is not None and metric is not None else None
    if len({metrics.get(metric or "") for metrics in history.values()}) == 1 < len(history):
        best = None  # no version is better than another
    _fill_run_form(form, network, list(history))
    names = in_order(metric for metrics in history.values() for metric in metrics)[:MOST_SCORES]
    before = dict(zip(list(history)[1:], history, strict=False))
    return render_template(
        "networks/show.html",
        network=network,
        sentence=network_sentence(network, len(history), best, metric, value),
        chip_list=[
            ("running", f"run {run_id}", url_for("runs.show", run_id=run_id))
            for run_id in active_runs(workspace(), network)
        ]
        + _dead_chips(network, history),
        versions=[_version_row(version, names, best, before) for version in page.items],
        score_names=[metric_words(name) for name in names],
        run_form=form,
        untrained=why_not_trained(network, get_dataset(workspace(), network.dataset)),
        problems=problems(form),
        settings=folded_settings(network.spec),
        drawing=network_drawing(network.spec.inputs, network.spec.layers),
        curves=url_for("networks.curves_figure", name=network.name) if len(history) > 1 else "",
        exports={name: exports(f"networks.{name}", name=network.name) for name in ("versions", "curves", "layers")},
        best=best,
        pairs=pair_grid(network.name, network.task, history),
        pairs_at=exports("networks.pairs", name=network.name),
        **neighbour_pages(page.next),
    )


def _dead_chips(network: Network, history: Mapping[int, Any]) -> list[tuple[str, str, str]]:
    """Name the units of the newest version that do nothing; each chip leads to since when."""
    if not history:
        return []
    newest = max(history)
    try:
        dead_ones = dead(get_detail(workspace(), network.name, newest), False)
    except StoreError as error:  # the page itself needs no weights, and can say what is wrong with them
        return [("bad", f"v{newest}: {error.message}", address("versions.show", name=network.name, number=newest))]
    return [
        ("warn", f"v{newest}: {words}", address("health.show", name=network.name, tensor=tensor))
        for tensor, words in dead_layers(dead_ones)
    ]


def _version_row(version: Version, names: list[str], best: int | None, before: dict[int, int]) -> dict[str, Any]:
    wanted = ("number", "changed", "epoch", "run_id", "created", "bytes")
    about = {name: getattr(version, name) for name in wanted}
    return about | {
        "before": before.get(version.number),
        "best": version.number == best,
        "scores": [version.metrics.get(name) for name in names],
    }


def _fill_run_form(form: RunForm, network: Network, numbers: list[int]) -> None:
    training = network.spec.training
    parents = [("", "new weights"), *((str(number), f"v{number}") for number in reversed(numbers))]
    form.parent.choices = options(parents)
    for name in ("epochs", "learning_rate", "batch_size", "seed", "save"):
        form[name].render_kw = {**(form[name].render_kw or {}), "placeholder": str(getattr(training, name))}
