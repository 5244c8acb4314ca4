"""Networks: the list, the form that defines one, its page, and training it."""

from collections.abc import Mapping

from flask import Blueprint, Response, flash, jsonify, render_template, request, url_for

from dashboard.charts.figures import leading, training_curves
from dashboard.errors import Invalid, UserError
from dashboard.http import sender, workspace
from dashboard.metrics import curve_names
from dashboard.parsing import LONGEST_SEARCH
from dashboard.records.network import NETWORK_KINDS
from dashboard.services import networks as service
from dashboard.services.cache.numbers import Budget
from dashboard.services.datasets import get_dataset, training_datasets
from dashboard.services.demo import start_demo
from dashboard.services.history.progress import SECONDS
from dashboard.services.history.tensor_steps import tensor_steps
from dashboard.services.imports import fitting
from dashboard.services.networks import NetworkSummary
from dashboard.services.runs.queue import get_queue
from dashboard.services.runs.repeats import start_repeats
from dashboard.services.runs.runs import start_run
from dashboard.services.store.trash import freed_by_network
from dashboard.services.suggestion import for_groups, note_on, suggested_for
from dashboard.services.versions import reading
from dashboard.web.kit.answers import Answer, confirm_by_name, redirect_to
from dashboard.web.kit.formats import plural
from dashboard.web.kit.forms import attach_errors, options, problems
from dashboard.web.kit.paging import Pager, pager
from dashboard.web.kit.query import query
from dashboard.web.kit.tables import Numbers, Table, chosen_order, numbers_at
from dashboard.web.kit.urls import version_addresses
from dashboard.web.networks import page
from dashboard.web.networks.change_map import changes_table, map_page
from dashboard.web.networks.forms import NetworkForm, apply_action
from dashboard.web.networks.network_page import network_page
from dashboard.web.networks.presets import PRESETS, preset
from dashboard.web.networks.words import filtered_sentence, given_sentence, networks_sentence
from dashboard.web.runs.forms import COUNT, DatasetForm, RunForm
from dashboard.web.store.words import freed_sentences

blueprint = Blueprint("networks", __name__)

MOST_SECONDS = 10.0


@blueprint.get("/")
def index() -> Answer:
    """Show all networks, each with its best version."""
    counts = service.count_networks(workspace())
    total = sum(counts.values())
    table, pages = _list(counts)
    sentence = networks_sentence(total, reading.count_versions(workspace()), get_queue(workspace()))
    if _search() or _kind():
        sentence = filtered_sentence(pages.total, total, _search(), _kind())
    return render_template(
        "networks/index.html",
        sentence=sentence,
        search=_search(),
        total=total,
        table=table,
        pages=pages,
        kinds=[(kind, kind or "all", counts.get(kind, 0) if kind else total) for kind in ("", *NETWORK_KINDS)],
        kind=_kind(),
    )


@numbers_at(blueprint, "/networks")
def networks() -> Table:
    """Return all networks, each with its best version."""
    return page.networks_table(_all(), chosen_order(query(), page.NETWORK_COLUMNS), _search(), _kind())


@blueprint.post("/demo")
def demo() -> Response:
    """Start the first-run demo and show its run."""
    return redirect_to(url_for("runs.show", run_id=start_demo(workspace()).id))


@blueprint.get("/networks/new")
def new() -> str:
    """Show the form, filled with the preset that fits the dataset."""
    datasets, name = training_datasets(workspace()), query().text("dataset")
    chosen = next((dataset for dataset in datasets if dataset.name == name), datasets[0] if datasets else None)
    form = NetworkForm(data={"dataset": chosen.name if chosen else ""})
    definition = suggested_for(workspace(), chosen) if chosen else preset("modern")
    form.fill(definition)
    return _form_page(form, note_on(definition))


@blueprint.post("/networks/new")
def create() -> Answer:
    """Create the network, or do what another button of the form says."""
    form = NetworkForm(request.form)
    action = request.form.get("action", "create")
    if action == "preset-suggested":
        return _suggested(form)
    if apply_action(form, action):
        if action.startswith("preset-"):
            _fit_to_groups(form, action.removeprefix("preset-"))
        return _form_page(form)
    if not form.has_no_key_twice():
        return _form_page(form), 422
    try:
        network = service.create_network(workspace(), form.definition())
    except UserError as error:
        attach_errors(form, error)
        return _form_page(form), error.status
    flash(f"{network.name} is defined. Train it to get its first versions.")
    return redirect_to(url_for("networks.show", name=network.name))


@blueprint.post("/networks/new/preview")
def preview() -> str:
    """Show what the form amounts to at this moment."""
    return render_template("networks/_preview.html", preview=_preview(NetworkForm(request.form)))


@blueprint.get("/networks/<name>")
def show(name: str) -> Answer:
    """Show a network with its versions."""
    return network_page(service.get_network(workspace(), name), RunForm(query().args))


@blueprint.post("/networks/<name>/runs")
def train(name: str) -> Answer:
    """Start a training."""
    form = RunForm(request.form)
    overrides = form.overrides() | ({"parent": form.parent.data} if form.parent.data else {})
    try:
        run = start_run(workspace(), name, overrides, sender("page"))
    except UserError as error:
        attach_errors(form, error)
        return network_page(service.get_network(workspace(), name), form, error.status)
    return redirect_to(url_for("runs.show", run_id=run.id))


@blueprint.post("/networks/<name>/<any(folds, seeds):kind>")
def repeat(name: str, kind: str) -> Answer:
    """Start several trainings: a cross-validation in folds, or the same split with other seeds."""
    form = RunForm(request.form)
    data = form.overrides() | {kind: form.count.data or COUNT.default, "parent": form.parent.data}
    try:
        run = start_repeats(workspace(), name, data, sender("page"))
    except UserError as error:
        form.attach(error, kind)
        return network_page(service.get_network(workspace(), name), form, error.status)
    return redirect_to(url_for("runs.show", run_id=run.id))


@blueprint.post("/networks/<name>/dataset")
def give_dataset(name: str) -> Answer:
    """Let a network that came without a dataset train on the one that was chosen."""
    form = DatasetForm(request.form)
    try:
        network = fitting.give_dataset(workspace(), name, {"dataset": form.dataset.data or ""})
    except UserError as error:
        attach_errors(form, error)
        return network_page(service.get_network(workspace(), name), RunForm(), error.status, form)
    flash(given_sentence(network, get_dataset(workspace(), network.dataset)))
    return redirect_to(url_for("networks.show", name=name, _anchor="train"))


@numbers_at(blueprint, "/networks/<name>/versions")
def versions(name: str) -> Table:
    """Return the versions of a network with their metrics."""
    rows = [page.VersionRow(version) for version in reading.all_versions(workspace(), name)]
    network = service.get_network(workspace(), name)
    return page.versions_table(network, rows, [row.version.metrics for row in rows])


@numbers_at(blueprint, "/networks/<name>/curves")
def curves(name: str) -> Numbers:
    """Return loss and accuracy of all versions."""
    network = service.get_network(workspace(), name)
    history, runs = reading.metric_history(workspace(), network), reading.runs_of_versions(workspace(), network)
    names = [metric for metric in curve_names() if any(metric in metrics for metrics in history.values())]
    rows = [[number, *map(metrics.get, names), runs.get(number)] for number, metrics in history.items()]
    return Numbers(["version", *names, "run"], rows, f"{name}_curves")


@numbers_at(blueprint, "/networks/<name>/change-map")
def change_map(name: str) -> Table:
    """Return how far each tensor moved in each step between versions, counted as far as ten seconds go."""
    network = service.get_network(workspace(), name)
    walk = tensor_steps(workspace(), network, Budget(seconds=MOST_SECONDS))
    return changes_table(walk, reading.metric_history(workspace(), network))


@blueprint.get("/networks/<name>/change-map")
def change_map_part(name: str) -> str:
    """Send the change map alone, after counting for about a second what is not known of it."""
    network = service.get_network(workspace(), name)
    walk = tensor_steps(workspace(), network, Budget(seconds=SECONDS))
    history = reading.metric_history(workspace(), network)
    return render_template("networks/_change_map.html", map=map_page(walk, history, query().flag("metric")))


@numbers_at(blueprint, "/networks/<name>/layers")
def layers(name: str) -> Table:
    """Return the layers of a network."""
    return page.layers_table(service.get_network(workspace(), name))


@blueprint.get("/networks/<name>/curves.figure")
def curves_figure(name: str) -> Response:
    """Send loss and accuracy of all versions as a figure; each run has lines of its own."""
    network = service.get_network(workspace(), name)
    history, runs = reading.metric_history(workspace(), network), reading.runs_of_versions(workspace(), network)
    figure = training_curves(page.curve_points(history, runs), others=False, along="version")
    return jsonify(leading(figure, version_addresses(name)))


@blueprint.route("/networks/<name>/delete", methods=["GET", "POST"])
def delete(name: str) -> Answer:
    """Ask for the name, then put the network into the trash with all that is its own."""
    network = service.get_network(workspace(), name)
    count = len(reading.metric_history(workspace(), network))
    what = [
        f"{name} goes into the trash with its {plural(count, 'version')} and its runs. It can be restored as one.",
        *freed_sentences(freed_by_network(workspace(), name)),
        *([f"The dataset {network.dataset} stays."] if network.dataset else []),
    ]
    confirm_by_name(name, f"Delete {name}", what, url_for("networks.show", name=name))
    service.delete_network(workspace(), name)
    flash(f"{name} is in the trash; the Store page restores it.")
    return redirect_to(url_for("networks.index"))


def _suggested(form: NetworkForm) -> Answer:
    """Fill the form with what fits the dataset that is chosen in it."""
    try:
        definition = suggested_for(workspace(), get_dataset(workspace(), form.dataset.data or ""))
        form.fill(definition)
    except UserError as error:
        form.dataset.errors = [error.message]
        return _form_page(form), error.status
    return _form_page(form, note_on(definition))


def _search() -> str:
    return query().text("search")[:LONGEST_SEARCH]


def _kind() -> str:
    return query().word("kind", ("", *NETWORK_KINDS), "")


def _all() -> list[NetworkSummary]:
    most = sum(service.count_networks(workspace()).values()) or 1
    return service.list_networks(workspace(), most, 0, _search(), _kind()).items


def _list(counts: Mapping[str, int]) -> tuple[Table, Pager]:
    """Return a page of networks; sorted by a column all are read, since none is a column of the catalogue."""
    search, sort = _search(), chosen_order(query(), page.NETWORK_COLUMNS)
    if search or sort:
        table = page.networks_table(_all(), sort, search, _kind())
        pages = pager(len(list(table.rows)))
        return table.part(pages.offset, pages.length), pages
    pages = pager(counts.get(_kind(), 0) if _kind() else sum(counts.values()))
    rows = service.list_networks(workspace(), pages.length, pages.offset, "", _kind()).items
    return page.networks_table(rows, "", "", _kind()), pages


def _fit_to_groups(form: NetworkForm, name: str) -> None:
    """Let a preset with a softmax have a sigmoid where the dataset has several targets of classes."""
    chosen = next((one for one in training_datasets(workspace()) if one.name == form.dataset.data), None)
    if chosen is not None and chosen.has_groups and name in PRESETS:
        form.fill(for_groups(preset(name), chosen))


def _form_page(form: NetworkForm, note: str = "") -> str:
    names = [dataset.name for dataset in training_datasets(workspace())]
    form.dataset.choices = options((name, name) for name in names)
    return render_template(
        "networks/new.html",
        form=form,
        problems=problems(form),
        presets=PRESETS,
        datasets=len(names),
        preview=_preview(form),
        note=note,
    )


def _preview(form: NetworkForm) -> page.Preview:
    definition = form.definition() | {"name": form.name.data or "unnamed"}
    try:
        return page.Preview(service.read_definition(workspace(), definition).spec)
    except Invalid as error:
        return page.preview_without_spec(error)
