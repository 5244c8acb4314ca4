"""Networks: the list, the form that defines one, its page, and training it."""

from typing import Any

from flask import Blueprint, Response, flash, jsonify, render_template, request, url_for
from markupsafe import Markup

from dashboard.charts.svg import network_drawing, sparkline
from dashboard.errors import Invalid, UserError
from dashboard.records import Network, Version
from dashboard.services import networks as service
from dashboard.services import overview
from dashboard.services.datasets import list_datasets
from dashboard.services.demo import start_demo
from dashboard.services.pictures import version_curves
from dashboard.services.runs import start_run
from dashboard.services.versions import best_version, list_versions, metric_name
from dashboard.web.answers import Answer, confirmed, see
from dashboard.web.common import LIST_LENGTH, csv_answer, neighbour_pages, query_number, workspace
from dashboard.web.filters import plural
from dashboard.web.form_actions import act
from dashboard.web.form_fields import attach_errors, options, problems
from dashboard.web.forms import RunForm
from dashboard.web.network_form import NetworkForm
from dashboard.web.presets import PRESETS, preset
from dashboard.web.words import metric_words, network_sentence, networks_sentence, training_settings

blueprint = Blueprint("networks", __name__)

MOST_SCORES = 4


@blueprint.get("/")
def index() -> str:
    """Show all networks, each with its best version."""
    search = request.args.get("search", "")[:100]
    page = service.list_networks(workspace(), LIST_LENGTH, query_number("offset", 0, 0, 10**9), search)
    total = service.count_networks(workspace())
    sentence = networks_sentence(total, overview.count_versions(workspace()), overview.count_active_runs(workspace()))
    rows = [_row(summary) for summary in page.items]
    return render_template(
        "networks/index.html", sentence=sentence, search=search, total=total, rows=rows, **neighbour_pages(page.next)
    )


@blueprint.post("/demo")
def demo() -> Response:
    """Start the first-run demo and show its run."""
    return see(url_for("runs.show", run_id=start_demo(workspace()).id))


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
            return see(url_for("networks.show", name=network.name))
    return _form_page(form), 422


@blueprint.post("/networks/new/preview")
def preview() -> str:
    """Show what the form amounts to at this moment."""
    return render_template("networks/_preview.html", preview=_preview(NetworkForm(request.form)))


@blueprint.get("/networks/<name>")
def show(name: str) -> str:
    """Show a network with its versions."""
    return _network_page(service.get_network(workspace(), name), RunForm(request.args))


@blueprint.post("/networks/<name>/runs")
def train(name: str) -> Answer:
    """Start a training."""
    form = RunForm(request.form)
    overrides = form.overrides() | ({"parent": form.parent.data} if form.parent.data else {})
    try:
        run = start_run(workspace(), name, overrides)
    except UserError as error:
        attach_errors(form, error)
        return _network_page(service.get_network(workspace(), name), form), error.status
    return see(url_for("runs.show", run_id=run.id))


@blueprint.get("/networks/<name>/versions.csv")
def versions_csv(name: str) -> Response:
    """Send the versions with their metrics as CSV."""
    history = overview.metric_history(workspace(), service.get_network(workspace(), name))
    names = _score_names(history.values())
    rows = [[number, *(metrics.get(metric) for metric in names)] for number, metrics in history.items()]
    return csv_answer(["version", *names], rows, f"{name}_versions")


@blueprint.get("/networks/<name>/curves.json")
def curves(name: str) -> Response:
    """Send loss and score of all versions as a figure."""
    history = overview.metric_history(workspace(), service.get_network(workspace(), name))
    return jsonify(version_curves(history))


@blueprint.route("/networks/<name>/delete", methods=["GET", "POST"])
def delete(name: str) -> Answer:
    """Ask for the name, then delete the network with all that is its own."""
    network = service.get_network(workspace(), name)
    count = len(overview.metric_history(workspace(), network))
    what = [
        f"{name} goes with its {plural(count, 'version')}, their tables, and its runs. This cannot be undone.",
        f"The dataset {network.dataset} stays.",
    ]
    answer = confirmed(name, f"Delete {name}", what, url_for("networks.show", name=name))
    if answer is not None:
        return answer
    service.delete_network(workspace(), name)
    flash(f"{name} is deleted.")
    return see(url_for("networks.index"))


def _row(summary: Any) -> dict[str, Any]:  # noqa: ANN401 - a NetworkSummary of the catalogue
    history = dict(summary.metrics)
    task = summary.network.task
    best = best_version(task, history)
    metric = metric_name(task, history[best]) if best is not None else None
    spark = sparkline([metrics.get(metric) for metrics in history.values()], metric_words(metric)) if metric else ""
    found = None
    if best is not None and metric is not None:
        found = {"number": best, "name": metric_words(metric), "value": history[best][metric]}
    names = ("network", "versions", "latest", "latest_created", "active_runs")
    return {name: getattr(summary, name) for name in names} | {
        "best": found,
        "spark": Markup(spark),  # noqa: S704 - our own drawing; its label is escaped there
        "parameters": summary.network.spec.parameters,
    }


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
        "drawing": Markup(network_drawing(spec.inputs, spec.layers)),  # noqa: S704 - our own, escaped there
    }


def _network_page(network: Network, form: RunForm) -> str:
    page = list_versions(workspace(), network.name, LIST_LENGTH, query_number("offset", 0, 0, 10**9))
    history = overview.metric_history(workspace(), network)
    best = best_version(network.task, history)
    metric = metric_name(network.task, history[best]) if best is not None else None
    value = history[best][metric] if best is not None and metric is not None else None
    _fill_run_form(form, network, list(history))
    names = _score_names(history.values())[:MOST_SCORES]
    before = dict(zip(list(history)[1:], history, strict=False))
    return render_template(
        "networks/show.html",
        network=network,
        sentence=network_sentence(network, len(history), best, metric, value),
        chip_list=[
            ("running", f"run {run_id}", url_for("runs.show", run_id=run_id))
            for run_id in overview.active_runs(workspace(), network)
        ],
        versions=[_version_row(version, names, best, before) for version in page.items],
        score_names=[metric_words(name) for name in names],
        run_form=form,
        problems=problems(form),
        settings=training_settings(network.spec),
        drawing=Markup(network_drawing(network.spec.inputs, network.spec.layers)),  # noqa: S704 - our own
        curves=url_for("networks.curves", name=network.name) if len(history) > 1 else "",
        curves_csv=url_for("networks.versions_csv", name=network.name),
        best=best,
        **neighbour_pages(page.next),
    )


def _version_row(version: Version, names: list[str], best: int | None, before: dict[int, int]) -> dict[str, Any]:
    wanted = ("number", "epoch", "run_id", "created", "bytes")
    about = {name: getattr(version, name) for name in wanted}
    return about | {
        "before": before.get(version.number),
        "best": version.number == best,
        "scores": [version.metrics.get(name) for name in names],
    }


def _score_names(all_metrics: Any) -> list[str]:  # noqa: ANN401 - the values of a mapping
    """Return the names of all metrics, the validation's and test's scores first."""
    names = dict.fromkeys(name for metrics in all_metrics for name in metrics)
    first = [name for name in ("val_accuracy", "test_accuracy", "val_loss", "test_loss", "loss") if name in names]
    return first + [name for name in names if name not in first]


def _fill_run_form(form: RunForm, network: Network, numbers: list[int]) -> None:
    training = network.spec.training
    parents = [("", "new weights"), *((str(number), f"v{number}") for number in reversed(numbers))]
    form.parent.choices = options(parents)
    for name in ("epochs", "learning_rate", "batch_size", "seed", "save"):
        form[name].render_kw = {**(form[name].render_kw or {}), "placeholder": str(getattr(training, name))}
