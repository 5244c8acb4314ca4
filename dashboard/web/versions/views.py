"""Versions: the page of one, its proof, its files, its pictures, and deleting it."""

from flask import Blueprint, Response, flash, jsonify, render_template, request

from dashboard.charts.figures import distribution_figure
from dashboard.charts.images import HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH, mosaic_zoom, png
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo
from dashboard.services.networks import get_network
from dashboard.services.store.trash import freed_by_version
from dashboard.services.versions import analyses, reading
from dashboard.services.versions import reading as service
from dashboard.services.versions.tensors import find_tensor
from dashboard.services.versions.verification import VersionProof, verify_version
from dashboard.web.kit.answers import Answer, cached_until_changed, confirm_by_name, png_answer, redirect_to
from dashboard.web.kit.query import asked_bins, query_number, wants_all, workspace
from dashboard.web.kit.tables import Numbers, exports, numbers_at
from dashboard.web.kit.urls import address, api_address
from dashboard.web.kit.words import folded_settings
from dashboard.web.store.words import freed_sentences
from dashboard.web.versions import page as lines
from dashboard.web.versions import scores

blueprint = Blueprint("versions", __name__, url_prefix="/networks/<name>/versions/<int:number>")


@blueprint.get("")
def show(name: str, number: int) -> str:
    """Show a version."""
    return _page(name, number, None)


@blueprint.post("/verify")
def verify(name: str, number: int) -> str:
    """Read the version back from the store and show the proof."""
    return _page(name, number, verify_version(workspace(), name, number))


@numbers_at(blueprint, "/tensors")
def tensors(name: str, number: int) -> Numbers:
    """Say what each tensor is like."""
    found = service.get_detail(workspace(), name, number).tensors
    names = list(found[0].statistics) if found else []
    heads = ["tensor", "shape", "dtype", *names, "bytes", "sha256", "table"]
    return Numbers(heads, [lines.tensor_numbers(tensor, names) for tensor in found], f"{name}_v{number}_tensors")


@numbers_at(blueprint, "/metrics")
def metrics(name: str, number: int) -> Numbers:
    """Say how good the version is on each part of the data."""
    rows = scores.metric_rows(service.get_detail(workspace(), name, number))
    return Numbers(["metric", "training", "validation", "test"], rows, f"{name}_v{number}_metrics")


@numbers_at(blueprint, "/classes")
def classes(name: str, number: int) -> Numbers:
    """Say how good the version is on each class."""
    rows = scores.class_rows(service.get_detail(workspace(), name, number))
    return Numbers(["class", *scores.CLASS_NUMBERS], rows, f"{name}_v{number}_classes")


@numbers_at(blueprint, "/confusion")
def confusion(name: str, number: int) -> Numbers:
    """Say which class was taken for which."""
    found = scores.confusion(service.get_detail(workspace(), name, number))
    names, matrix = (found.classes, found.matrix) if found else ([], [])
    rows = [[true, *counts] for true, counts in zip(names, matrix, strict=True)]
    return Numbers(["true", *(f"predicted {predicted}" for predicted in names)], rows, f"{name}_v{number}_confusion")


@numbers_at(blueprint, "/dead-units")
def dead_units(name: str, number: int) -> Numbers:
    """Say which units do nothing, and by which rule."""
    found = lines.dead(service.get_detail(workspace(), name, number), True)
    rows = [[unit.layer, unit.unit, unit.rule, unit.meaning] for unit in found]
    return Numbers(["layer", "unit", "rule", "meaning"], rows, f"{name}_v{number}_dead_units")


@numbers_at(blueprint, "/distribution")
def distribution(name: str, number: int) -> Numbers:
    """Say how many weights of the tensor `tensor` lie between the edges of each bin."""
    version, tensor = _asked_tensor(name, number)
    bins, limits, _ = asked_bins()
    found = analyses.tensor_distribution(workspace(), version, tensor, bins, limits)
    edges, counts = found.edges.tolist(), found.counts[0].tolist()
    return Numbers(["from", "to", "weights"], zip(edges[:-1], edges[1:], counts, strict=True), f"{tensor.name}_bins")


@blueprint.get("/distribution.figure")
def distribution_of(name: str, number: int) -> Response:
    """Send the distribution of the tensor `tensor` as a figure."""
    version, tensor = _asked_tensor(name, number)
    bins, limits, log = asked_bins()
    found = analyses.tensor_distribution(workspace(), version, tensor, bins, limits)
    return cached_until_changed(jsonify(distribution_figure(found, [tensor.name], log)), tensor.sha256)


@blueprint.get("/heat-map.png")
def heat_map(name: str, number: int) -> Response:
    """Send the tensor `tensor` as a picture in the colours of `theme`."""
    version, tensor = _asked_tensor(name, number)
    size = HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH
    return png_answer(
        lambda theme: png(analyses.tensor_heat_map(workspace(), version, tensor, *size), theme), tensor.sha256
    )


@blueprint.get("/units.png")
def units(name: str, number: int) -> Response:
    """Send pictures of what each of the first layer's units looks for, ten a row."""
    version, tensor = find_tensor(workspace(), name, number, "layer_01.weight")
    first = query_number("unit", 0)
    last = min(first + query_number("units", lines.UNITS_SHOWN, 1, 400), tensor.shape[1])
    chosen = range(first, max(last, first + 1))  # never empty, so that a unit that is not there is refused

    def draw(theme: str) -> bytes:
        drawn = analyses.unit_pictures(workspace(), version, tensor, chosen, lines.UNITS_ACROSS)
        return png(drawn, theme, mosaic_zoom(drawn.levels.shape[1]))

    return png_answer(draw, tensor.sha256)


@blueprint.route("/delete", methods=["GET", "POST"])
def delete(name: str, number: int) -> Answer:
    """Ask for the name, then put the version into the trash."""
    version = service.get_version(workspace(), name, number)
    what = [
        f"{version.reference} goes into the trash, from which it can be restored.",
        *freed_sentences(freed_by_version(workspace(), name, number)),
    ]
    back = address("versions.show", name=name, number=number)
    answer = confirm_by_name(version.reference, f"Delete {version.reference}", what, back)
    if answer is not None:
        return answer
    service.delete_version(workspace(), name, number)
    flash(f"{version.reference} lies in the trash now; the Store page restores it.")
    return redirect_to(address("networks.show", name=name))


def _page(name: str, number: int, proof: VersionProof | None) -> str:
    detail = service.get_detail(workspace(), name, number)
    network = get_network(workspace(), name)
    version = detail.version
    draws_all = wants_all()
    dead = lines.dead(detail, draws_all)
    place = {"name": name, "number": number}
    return render_template(
        "versions/show.html",
        network=network,
        version=version,
        sentence=lines.sentence(network, detail),
        chip_list=lines.chips(detail, dead),
        tensors=[lines.tensor_row(version, tensor, draws_all) for tensor in detail.tensors],
        charts=lines.MOST_CHARTS,
        previous=detail.before,
        next=detail.after,
        archive=api_address("networks", name, "versions", f"{number}.zip"),
        exports={
            what: exports(f"versions.{what}", **place)
            for what in ("tensors", "metrics", "classes", "confusion", "dead_units")
        },
        scores=scores.metric_lines(detail),
        classes=scores.class_lines(detail),
        confusion=scores.confusion(detail),
        dead=dead,
        unit=reading.target(workspace(), version) if network.task == "regression" else "",
        settings=folded_settings(version.spec),
        mosaic=lines.mosaic(version, detail.tensors),
        verification=proof,
        anyway=address("versions.show", draw=1, **place),
    )


def _asked_tensor(name: str, number: int) -> tuple[Version, TensorInfo]:
    return find_tensor(workspace(), name, number, request.args.get("tensor", ""))
