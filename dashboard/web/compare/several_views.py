"""Several versions at once: two to eight side by side, and all of them as settings against metrics."""

from flask import Blueprint, Response, jsonify, render_template

from dashboard.charts.figures import distribution_figure
from dashboard.charts.history_figures import curves_figure, overlay_figure
from dashboard.errors import NotFound, UserError
from dashboard.http import workspace
from dashboard.metrics import curve_words, epoch_names
from dashboard.services.compare import several as service
from dashboard.services.compare.several import AllVersions, Distribution, Several
from dashboard.web.compare.choosing import ticks_page
from dashboard.web.compare.several_page import (
    all_page,
    all_table,
    axis_words,
    colours_of,
    curve_of,
    facts_table,
    several_page,
    shows_change,
)
from dashboard.web.kit.answers import Answer, cached_until_changed, redirect_to
from dashboard.web.kit.query import Query, query
from dashboard.web.kit.tables import Numbers, Table, numbers_at
from dashboard.web.kit.urls import address

blueprint = Blueprint("several", __name__, url_prefix="/compare")


@blueprint.get("/several")
def show() -> Answer:
    """Show two to eight versions (`version`, several times) side by side; of more than eight the first eight."""
    source = query()
    references = list(dict.fromkeys(source.args.getlist("version")))
    if source.flag("choose") or not references:
        return _choose(source, references)
    if len(references) == 1:  # one ticked version: its page says with what it can be compared
        return redirect_to(address("compare.show", version=references))
    try:
        several = service.get_several(workspace(), references[: service.MOST], source.text("tensor"))
        damage = service.damage_of_several(workspace(), several)
        page = several_page(source, several)
    except UserError as error:
        return _choose(source, references, error), error.status
    left_out = references[service.MOST :]
    return render_template("several/show.html", query=source, left_out=left_out, damage=damage, **page)


def _choose(source: Query, references: list[str], problem: UserError | None = None) -> str:
    return render_template("several/choose.html", query=source, **ticks_page(source, references, problem))


@numbers_at(blueprint, "/several/facts")
def facts() -> Table:
    """Return metrics, settings and statistics of the tensor, a column per version."""
    source = query()
    return facts_table(source, _several(source))


@numbers_at(blueprint, "/several/distributions")
def distributions() -> Numbers:
    """Return how many cells of the tensor are in each bin, a column per version."""
    source = query()
    several = _several(source)
    places, shown = _distributions(source, several)
    heads = ["from", "to", *(several.versions[place].reference for place in places)]
    return Numbers(heads, shown.rows(), "distributions")


@numbers_at(blueprint, "/several/curves")
def curves() -> Numbers:
    """Return what each epoch of the versions' runs measured."""
    epochs = [
        (curve.run_id, epoch)
        for curve in service.several_curves(workspace(), _several(query()))
        for epoch in curve.epochs
    ]
    names = epoch_names(lambda name: any(epoch.value(name) is not None for _, epoch in epochs))
    rows = [[run, epoch.epoch, *map(epoch.value, names)] for run, epoch in epochs]
    return Numbers(["run", "epoch", *names], rows, "curves")


@blueprint.get("/several/distributions.figure")
def distributions_of() -> Response:
    """Send the distributions as a figure."""
    source = query()
    several = _several(source)
    places, shown = _distributions(source, several)
    colours = colours_of(several)
    figure = distribution_figure(shown, [several.versions[place].reference for place in places], source.bins.log)
    figure["layout"]["xaxis"]["title"]["text"] = axis_words(shows_change(source, several), several, places)
    answer = jsonify(overlay_figure(figure, [colours[place] for place in places]))
    return cached_until_changed(answer, f"{places} {' '.join(version.sha256 for version in several.versions)}")


@blueprint.get("/several/curves.figure")
def curves_of() -> Response:
    """Send the curves of the versions' runs, with the versions on them, as a figure."""
    source = query()
    several, curve_name = _several(source), curve_of(source)
    colours = dict(zip([version.reference for version in several.versions], colours_of(several), strict=True))
    curves, marks = [], []
    for curve in service.several_curves(workspace(), several):
        epochs, values = [e.epoch for e in curve.epochs], [e.value(curve_name) for e in curve.epochs]
        curves.append((curve.label, colours[curve.versions[-1].reference], epochs, values))
        value_at = dict(zip(epochs, values, strict=True))
        marks += [(v.reference, colours[v.reference], v.epoch, value_at.get(v.epoch)) for v in curve.versions]
    return jsonify(curves_figure(curves, marks, curve_words(curve_name)))


@blueprint.get("/all")
def all_versions() -> str:
    """Show all versions of a network, or of all networks, as settings against metrics."""
    source = query()
    return render_template("several/all.html", **all_page(source, _all(source)))


@numbers_at(blueprint, "/all")
def all_numbers() -> Table:
    """Return every setting and metric of all versions (the newest 500)."""
    source = query()
    return all_table(source, _all(source))


def _several(source: Query) -> Several:
    return service.get_several(workspace(), source.args.getlist("version"), source.text("tensor"))


def _all(source: Query) -> AllVersions:
    return service.get_all_versions(workspace(), source.text("network") or None)


def _distributions(source: Query, several: Several) -> tuple[list[int], Distribution]:
    if not several.tensor:
        raise NotFound("These versions have no tensor in common.", "tensor")
    change, (bins, limits, _) = shows_change(source, several), source.bins
    return service.several_distributions(workspace(), several, change, bins, limits)
