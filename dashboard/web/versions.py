"""Versions: the page of one, its proof, its files, its pictures, and deleting it."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, flash, jsonify, render_template, request

from dashboard.records import Network, TensorInfo, Version
from dashboard.services import overview, pictures
from dashboard.services import versions as service
from dashboard.services.networks import get_network
from dashboard.services.tensors import find_tensor
from dashboard.services.verification import VersionProof, verify_version
from dashboard.services.versions import VersionDetail
from dashboard.web.answers import Answer, confirmed, see
from dashboard.web.common import address, api_address, asked_bins, csv_answer, query_number, workspace
from dashboard.web.filters import plural, wash
from dashboard.web.images import png_answer, until_changed
from dashboard.web.words import metric_words, training_settings, version_sentence

blueprint = Blueprint("versions", __name__, url_prefix="/networks/<name>/versions/<int:number>")

UNITS_SHOWN = 40
MOST_CHARTS = 8
MOST_CLASSES = 30
LISTS = {"per_class", "confusion"}


@blueprint.get("")
def show(name: str, number: int) -> str:
    """Show a version."""
    return _page(name, number, None)


@blueprint.post("/verify")
def verify(name: str, number: int) -> str:
    """Read the version back from the store and show the proof."""
    return _page(name, number, verify_version(workspace(), name, number))


@blueprint.get("/distribution.json")
def distribution(name: str, number: int) -> Response:
    """Send the distribution of the tensor `tensor` as a figure."""
    version, tensor = _asked_tensor(name, number)
    bins, limits, log = asked_bins()
    figure = pictures.tensor_distribution_figure(workspace(), version, tensor, bins, limits, log)
    return until_changed(jsonify(figure), tensor.sha256)


@blueprint.get("/distribution.csv")
def distribution_csv(name: str, number: int) -> Response:
    """Send the same distribution as CSV: the edges of each bin and how many weights it holds."""
    version, tensor = _asked_tensor(name, number)
    bins, limits, _ = asked_bins()
    found = pictures.tensor_distribution(workspace(), version, tensor, bins, limits)
    edges, counts = found.edges.tolist(), found.counts[0].tolist()
    rows = zip(edges[:-1], edges[1:], counts, strict=True)
    return csv_answer(["from", "to", "weights"], rows, f"{tensor.name}_distribution")


@blueprint.get("/heat-map.png")
def heat_map(name: str, number: int) -> Response:
    """Send the tensor `tensor` as a picture in the colours of `theme`."""
    version, tensor = _asked_tensor(name, number)
    return png_answer(
        lambda theme: pictures.heat_map_png(pictures.tensor_heat_map(workspace(), version, tensor), theme),
        tensor.sha256,
    )


@blueprint.get("/units.png")
def units(name: str, number: int) -> Response:
    """Send pictures of the first layer's units from `unit` on."""
    version, tensor = find_tensor(workspace(), name, number, "layer_01.weight")
    first = query_number("unit", 0)
    last = min(first + query_number("units", UNITS_SHOWN, 1, 400), tensor.shape[1])
    chosen = range(first, max(last, first + 1))  # never empty, so that a unit that is not there is refused
    return png_answer(
        lambda theme: pictures.unit_pictures_png(workspace(), version, tensor, chosen, theme), tensor.sha256
    )


@blueprint.route("/delete", methods=["GET", "POST"])
def delete(name: str, number: int) -> Answer:
    """Ask for the name, then delete the version."""
    version = service.get_version(workspace(), name, number)
    what = [f"{version.reference} and its tables go. Tables that other versions share stay. This cannot be undone."]
    back = address("versions.show", name=name, number=number)
    answer = confirmed(version.reference, f"Delete {version.reference}", what, back)
    if answer is not None:
        return answer
    service.delete_version(workspace(), name, number)
    flash(f"{version.reference} is deleted.")
    return see(address("networks.show", name=name))


def _page(name: str, number: int, proof: VersionProof | None) -> str:
    detail = service.get_detail(workspace(), name, number)
    network = get_network(workspace(), name)
    version = detail.version
    return render_template(
        "versions/show.html",
        network=network,
        version=version,
        sentence=_sentence(network, detail),
        chip_list=_chips(detail),
        tensors=[_tensor_row(version, tensor) for tensor in detail.tensors],
        charts=MOST_CHARTS,
        previous=detail.before,
        next=detail.after,
        archive=api_address("networks", name, "versions", f"{number}.zip"),
        scores=_scores(detail),
        settings=training_settings(version.spec),
        mosaic=_mosaic(version, detail.tensors),
        confusion=_confusion(detail),
        verification=proof,
    )


def _sentence(network: Network, detail: VersionDetail) -> str:
    version = detail.version
    history = overview.metric_history(workspace(), network)
    metric, best = service.metric_name(network.task, version.metrics), service.best_version(network.task, history)
    value = version.metrics.get(metric or "")
    behind = None
    if best not in {None, version.number} and value is not None and history[best or 0].get(metric or "") is not None:
        behind = value - history[best or 0][metric or ""]
    return version_sentence(len(detail.tensors), version.spec.parameters, metric, value, best, behind)


def _chips(detail: VersionDetail) -> list[tuple[str, str, str]]:
    odd = [tensor for tensor in detail.tensors if tensor.statistics["not_finite"]]
    address = _address(detail.version, odd[0]) if odd else ""
    found = [("bad", f"{plural(len(odd), 'tensor')} with NaN or Inf", address)] if odd else []
    zeros = [tensor.name for tensor in detail.tensors if tensor.statistics["zeros"] == 1]
    return found + [("warn", f"{name} is all zero", "") for name in zeros]


def _tensor_row(version: Version, tensor: TensorInfo) -> dict[str, Any]:
    place = {"name": version.network, "number": version.number, "tensor": tensor.name}
    path = ("networks", version.network, "versions", version.number, "tensors")
    return {
        "info": tensor,
        "statistics": tensor.statistics,
        "address": _address(version, tensor),
        "figure": address("versions.distribution", **place),
        "figure_csv": address("versions.distribution_csv", **place),
        "csv": api_address(*path, f"{tensor.name}.csv"),
    }


def _address(version: Version, tensor: TensorInfo) -> str:
    return address("tensors.show", name=version.network, number=version.number, tensor=tensor.name)


def _scores(detail: VersionDetail) -> list[tuple[str, Any, Any, Any]]:
    """Return (metric, training, validation, test) for all metrics that are single numbers."""
    metrics, evaluation = detail.version.metrics, detail.evaluation
    parts = [evaluation.get("validation", {}), evaluation.get("test", {})]
    own = [name for name in metrics if not name.startswith(("val_", "test_"))]
    names = dict.fromkeys([*own, *(name for part in parts for name in part if name not in LISTS)])
    rows = []
    for name in names:
        validation, test = (part.get(name) for part in parts)
        if validation is None:
            validation = metrics.get(f"val_{name}")
        rows.append((metric_words(name), metrics.get(name), validation, test))
    return rows


def _confusion(detail: VersionDetail) -> dict[str, Any] | None:
    """Return the confusion matrix of the test part (else the validation part) as shaded cells."""
    part = next((p for p in ("test", "validation") if detail.evaluation.get(p, {}).get("confusion")), None)
    classes = detail.version.preprocessing.get("classes") or []
    if part is None or not 2 <= len(classes) <= MOST_CLASSES:
        return None
    matrix = detail.evaluation[part]["confusion"]
    rows = [
        _confusion_row(name, place, counts) for place, (name, counts) in enumerate(zip(classes, matrix, strict=True))
    ]
    return {"part": part, "classes": classes, "rows": rows}


def _confusion_row(name: str, place: int, counts: Sequence[int]) -> dict[str, Any]:
    """Return a row of the matrix: what was right shaded one way, what was wrong the other."""
    total = sum(counts)
    cells = [
        {"count": count, "wash": wash(-count if other == place else count, total or 1)}
        for other, count in enumerate(counts)
    ]
    return {"name": name, "cells": cells, "recall": counts[place] / total if total else None}


def _mosaic(version: Version, tensors: Sequence[TensorInfo]) -> dict[str, Any] | None:
    """Return where the pictures of the first layer's units are, if its inputs are pixels."""
    first = next((tensor for tensor in tensors if tensor.name == "layer_01.weight"), None)
    shape = pictures.image_shape(workspace(), version) if first is not None else None
    if first is None or shape is None:
        return None
    unit, total = query_number("unit", 0, 0, max(first.shape[1] - 1, 0)), first.shape[1]
    count = min(UNITS_SHOWN, total - unit)
    width, height = pictures.unit_pictures_size(shape, count)
    place = {"name": version.network, "number": version.number, "unit": unit, "units": count}
    here = {"name": version.network, "number": version.number, "_anchor": "units"}
    return {
        "tensor": first.name,
        "light": address("versions.units", theme="light", v=first.sha256[:12], **place),
        "dark": address("versions.units", theme="dark", v=first.sha256[:12], **place),
        "width": width,
        "height": height,
        "words": f"units {unit} to {unit + count - 1} of {total:,}",
        "previous": address("versions.show", unit=max(unit - UNITS_SHOWN, 0), **here) if unit else "",
        "next": address("versions.show", unit=unit + UNITS_SHOWN, **here) if unit + count < total else "",
    }


def _asked_tensor(name: str, number: int) -> tuple[Version, TensorInfo]:
    return find_tensor(workspace(), name, number, request.args.get("tensor", ""))
