"""Several versions at once: two to eight side by side, and all of them as settings against metrics."""

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from dashboard.charts.figures import distribution_figure
from dashboard.charts.history_figures import curves_figure, overlay_figure
from dashboard.errors import NotFound, UserError
from dashboard.metrics import curve_words
from dashboard.services.compare import several as service
from dashboard.services.compare.several import AllVersions, Several
from dashboard.services.versions import reading
from dashboard.web.compare import several_page as lines
from dashboard.web.kit.answers import Answer, cached_until_changed
from dashboard.web.kit.query import asked_bins, workspace
from dashboard.web.kit.tables import Numbers, numbers_at

blueprint = Blueprint("several", __name__, url_prefix="/compare")


@blueprint.get("/several")
def show() -> Answer:
    """Show two to eight versions (`version`, several times) side by side."""
    references = request.args.getlist("version")
    if not references:
        return _page([], None, "")
    try:
        return _page(references, _asked(), "")
    except UserError as error:
        nearest = error.nearest[:5] if isinstance(error, NotFound) else ()
        problem = f"{error.message} Nearest: {', '.join(nearest)}." if nearest else error.message
        return _page(references, None, problem), error.status


@numbers_at(blueprint, "/several/facts")
def facts() -> Numbers:
    """Say metrics, settings and statistics of the tensor, a column a version."""
    several = _asked()
    heads = ["kind", "name", *(version.reference for version in several.versions), "equal"]
    found = lines.filtered(several.facts, *lines.asked_filter())
    order = lines.order_of(several, lines.asked_sort())
    heads[2:-1] = [heads[2 + place] for place in order]
    rows = [[fact.kind, fact.name, *(fact.values[place] for place in order), fact.equal] for fact in found]
    return Numbers(heads, rows, "versions")


@numbers_at(blueprint, "/several/distributions")
def distributions() -> Numbers:
    """Say how many cells of the tensor lie in each bin, a column a version."""
    several = _asked()
    places, found = _distributions(several)
    edges, counts = found.edges.tolist(), [one.tolist() for one in found.counts]
    heads = ["from", "to", *(several.versions[place].reference for place in places)]
    return Numbers(heads, zip(edges[:-1], edges[1:], *counts, strict=True), "distributions")


@numbers_at(blueprint, "/several/curves")
def curves() -> Numbers:
    """Say what each epoch of the versions' runs measured."""
    names = ("loss", "accuracy", "val_loss", "val_accuracy")
    rows = [
        [curve.run_id, epoch.epoch, *(getattr(epoch, name) for name in names)]
        for curve in service.several_curves(workspace(), _asked())
        for epoch in curve.epochs
    ]
    return Numbers(["run", "epoch", *names], rows, "curves")


@blueprint.get("/several/distributions.figure")
def distributions_of() -> Response:
    """Send the distributions as a figure."""
    several = _asked()
    places, found = _distributions(several)
    labels = [several.versions[place].reference for place in places]
    colours = lines.colours_of(several)
    drawn = distribution_figure(found, labels, asked_bins()[2])
    drawn["layout"]["xaxis"]["title"]["text"] = "change" if lines.shows_change(several) else "weight"
    answer = jsonify(overlay_figure(drawn, [colours[place] for place in places]))
    return cached_until_changed(answer, " ".join(version.sha256 for version in several.versions))


@blueprint.get("/several/curves.figure")
def curves_of() -> Response:
    """Send the curves of the versions' runs as a figure, the versions marked on them."""
    several, measure = _asked(), lines.asked_measure()
    colours = dict(zip([version.reference for version in several.versions], lines.colours_of(several), strict=True))
    drawn, marks = [], []
    for curve in service.several_curves(workspace(), several):
        epochs, values = [e.epoch for e in curve.epochs], [e.value(measure) for e in curve.epochs]
        drawn.append((curve.label, colours[curve.versions[-1].reference], epochs, values))
        at = dict(zip(epochs, values, strict=True))
        marks += [(v.reference, colours[v.reference], v.epoch, at.get(v.epoch)) for v in curve.versions]
    return jsonify(curves_figure(drawn, marks, curve_words(measure)))


@blueprint.get("/all")
def all_versions() -> str:
    """Show all versions of a network, or of all networks, as settings against metrics."""
    found = _all()
    places = lines.places_of(found, lines.asked_sort(), lines.asked_filter()[1])
    return render_template("several/all.html", **lines.all_page(found, places))


@numbers_at(blueprint, "/all")
def all_numbers() -> Numbers:
    """Say every setting and metric of all versions (the newest 500)."""
    found = _all()
    columns = lines.columns_of(found)
    rows = [
        [found.versions[place].reference, *(found.rows[place].get(name) for name in columns)]
        for place in lines.places_of(found, lines.asked_sort(), lines.asked_filter()[1])
    ]
    return Numbers(["version", *columns], rows, "all_versions")


def _asked() -> Several:
    return service.get_several(workspace(), request.args.getlist("version"), request.args.get("tensor", ""))


def _all() -> AllVersions:
    return service.get_all_versions(workspace(), request.args.get("network") or None)


def _distributions(several: Several) -> tuple[list[int], Any]:  # with a Distribution of the analysis
    if not several.tensor:
        raise NotFound("These versions have no tensor in common.", "tensor")
    bins, limits, _ = asked_bins()
    return service.several_distributions(workspace(), several, lines.shows_change(several), bins, limits)


def _page(references: list[str], several: Several | None, problem: str) -> str:
    return render_template(
        "several/show.html",
        chosen=[*references, *[""] * service.MOST][: service.MOST],
        references=reading.references(workspace()),
        problem=problem,
        **({"several": None} if several is None else lines.page(several)),
    )
