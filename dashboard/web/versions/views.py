"""Versions: the page of one, its proof, its files, its pictures, and deleting it."""

from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, Response, flash, jsonify, render_template

from dashboard.charts.figures import distribution_figure
from dashboard.charts.images import HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH, mosaic_zoom, png
from dashboard.http import workspace
from dashboard.metrics import metric_name
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo
from dashboard.services.networks import get_network
from dashboard.services.store.trash import freed_by_version
from dashboard.services.versions import analyses, reading
from dashboard.services.versions.baselines import baseline_of
from dashboard.services.versions.damage import examine_version
from dashboard.services.versions.evaluation import why_not_measured
from dashboard.services.versions.reading import VersionDetail, get_detail
from dashboard.services.versions.tensors import find_tensor
from dashboard.services.versions.verification import VersionProof, verify_version
from dashboard.web.kit.answers import Answer, cached_until_changed, confirm_by_name, png_answer, redirect_to
from dashboard.web.kit.baselines import constant_words, nothing_learnt
from dashboard.web.kit.query import query
from dashboard.web.kit.repeats import repeat_notes
from dashboard.web.kit.tables import Numbers, Table, exports, numbers_at
from dashboard.web.kit.urls import address, api_address
from dashboard.web.kit.words import folded_settings
from dashboard.web.store.words import freed_sentences
from dashboard.web.versions import origins, page, scores
from dashboard.web.versions.pictures import unit_pictures
from dashboard.web.versions.words import dead_note

blueprint = Blueprint("versions", __name__, url_prefix="/networks/<name>/versions/<int:number>")


@blueprint.get("")
def show(name: str, number: int) -> str:
    """Show a version."""
    return _page(name, number, None)


@blueprint.post("/verify")
def verify(name: str, number: int) -> str:
    """Read the version back from the store and show the proof."""
    return _page(name, number, verify_version(workspace(), name, number))


NUMBERS: dict[str, Callable[[VersionDetail], Table | Numbers]] = {
    "tensors": page.tensors_table,
    "mapping": origins.mapping_table,
    "metrics": scores.metrics_table,
    "classes": scores.classes_table,
    "targets": scores.targets_table,
    "confusion": scores.confusion_numbers,
    "dead-units": lambda detail: page.dead_units_table(
        detail.version, page.dead(detail.version, detail.tensors, True).units
    ),
}


@numbers_at(blueprint, '/<any(tensors, mapping, metrics, classes, targets, confusion, "dead-units"):what>')
def numbers(name: str, number: int, what: str) -> Table | Numbers:
    """Return one of the tables of a version's page, all of it."""
    return NUMBERS[what](get_detail(workspace(), name, number))


@numbers_at(blueprint, "/distribution")
def distribution(name: str, number: int) -> Numbers:
    """Return how many weights of the tensor `tensor` are between the edges of each bin."""
    version, tensor = _tensor(name, number)
    bins, limits, _ = query().bins
    weights = analyses.tensor_distribution(workspace(), version, tensor, bins, limits)
    return Numbers(["from", "to", "weights"], weights.rows(), f"{tensor.name}_bins")


@blueprint.get("/distribution.figure")
def distribution_of(name: str, number: int) -> Response:
    """Send the distribution of the tensor `tensor` as a figure."""
    version, tensor = _tensor(name, number)
    bins, limits, log = query().bins
    weights = analyses.tensor_distribution(workspace(), version, tensor, bins, limits)
    return cached_until_changed(jsonify(distribution_figure(weights, [tensor.name], log)), tensor.sha256)


@blueprint.get("/heat-map.png")
def heat_map(name: str, number: int) -> Response:
    """Send the tensor `tensor` as a picture in the colours of `theme`."""
    version, tensor = _tensor(name, number)
    size = HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH
    return png_answer(
        lambda theme: png(analyses.tensor_heat_map(workspace(), version, tensor, *size), theme), tensor.sha256
    )


@blueprint.get("/units.png")
def units(name: str, number: int) -> Response:
    """Send pictures of the incoming weights of first-layer units, or of their change since a version, ten in a row."""
    version, tensor = find_tensor(workspace(), name, number, "layer_01.weight")
    analyses.require_pictures(workspace(), version, tensor)
    first = query().number("unit")
    last = min(first + query().number("units", page.UNITS_SHOWN, 1, 400), tensor.shape[1])
    since = query().number("since")
    base = find_tensor(workspace(), name, since, tensor.name) if since else None
    chosen = range(first, max(last, first + 1))  # never empty, so that a unit that does not exist is refused

    def draw(theme: str) -> bytes:
        mosaic = analyses.unit_pictures(workspace(), version, tensor, chosen, page.UNITS_ACROSS, base)
        return png(mosaic, theme, mosaic_zoom(mosaic.levels.shape[1]))

    return png_answer(draw, f"{tensor.sha256} {base[1].sha256}" if base else tensor.sha256)


@blueprint.route("/delete", methods=["GET", "POST"])
def delete(name: str, number: int) -> Answer:
    """Ask for the name, then put the version into the trash."""
    version = reading.get_version(workspace(), name, number)
    what = [
        f"{version.reference} goes into the trash, from which it can be restored.",
        *freed_sentences(freed_by_version(workspace(), name, number)),
    ]
    back = address("versions.show", name=name, number=number)
    confirm_by_name(version.reference, f"Delete {version.reference}", what, back)
    reading.delete_version(workspace(), name, number)
    flash(f"{version.reference} is in the trash; the Store page restores it.")
    return redirect_to(address("networks.show", name=name))


def _page(name: str, number: int, proof: VersionProof | None) -> str:
    detail, network = get_detail(workspace(), name, number), get_network(workspace(), name)
    version, draws_all = detail.version, query().draws_all
    baseline = baseline_of(workspace(), version.dataset)
    shown, pages = page.shown_tensors(detail)
    if proof is None:
        examine_version(workspace(), version, detail.tensors, shown)  # the frame shows what is known to be damaged
    dead, sound = page.dead(detail.version, detail.tensors, draws_all), page.sound_part(detail)
    return render_template(
        "versions/show.html",
        network=network,
        detail=detail,
        version=version,
        sentence=page.sentence(network, detail),
        chip_list=page.chips(detail, dead),
        tensors=page.tensors_table(replace(detail, tensors=shown)),
        pages=pages,
        search=page.searched() if len(detail.tensors) > page.TENSORS_SHOWN else None,
        charts=page.tensor_charts(sound),
        archive=api_address("networks", name, "versions", f"{number}.zip"),
        metrics=scores.metrics_table(detail),
        nothing_learnt=nothing_learnt(baseline, version.metrics),
        repeat_notes=repeat_notes(network, metric_name(network.task, version.metrics), version.spec.training),
        baseline=constant_words(baseline) if baseline else "",
        classes=scores.classes_table(detail),
        classes_part=scores.part_of(detail, "per_class"),
        targets=scores.targets_table(detail),
        targets_part=scores.part_of(detail, "per_target"),
        most_classes=scores.MOST_CLASSES,
        confusions=scores.confusions(detail),
        confusion_files=exports("versions.numbers", name=name, number=number, what="confusion"),
        dead=page.dead_units_table(version, dead.units, page.UNITS_SHOWN),
        more_dead=max(len(dead.units) - page.UNITS_SHOWN, 0),
        dead_note=dead_note(dead),
        count_dead="" if dead.is_counted or dead.is_damaged else query().address(draw=1, _anchor="dead"),
        unit=reading.target(workspace(), version) if network.task == "regression" else "",
        has_groups=bool(version.preprocessing.get("groups")),
        settings=folded_settings(version.spec) if version.can_run else None,
        unmeasured=why_not_measured(version),
        **origins.facts_of_page(detail),
        pictures=unit_pictures(version, sound.tensors),
        verification=proof,
        anyway=address("versions.show", name=name, number=number, draw=1),
    )


def _tensor(name: str, number: int) -> tuple[Version, TensorInfo]:
    return find_tensor(workspace(), name, number, query().text("tensor"))
