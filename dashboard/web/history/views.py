"""The history of a tensor: its weights and their change over all versions, and the time-line of one part of it."""

from typing import Any

from flask import Blueprint, Response, jsonify, render_template

from dashboard.charts.figures import change_figure, distribution_figure
from dashboard.charts.history_figures import Line, bands_figure, lines_figure
from dashboard.services.history import tensor as service
from dashboard.services.history.progress import NOTHING, count_on
from dashboard.services.history.ridges import pair_map_png
from dashboard.services.history.tensor import TensorHistory
from dashboard.web.history import page as lines
from dashboard.web.history.part import LINE_HEADS, asked_part, line_figure, line_rows, part_page, wants_part
from dashboard.web.history.query import Asked, asked, budget
from dashboard.web.kit.answers import cached_until_changed, png_answer
from dashboard.web.kit.query import workspace
from dashboard.web.kit.tables import Numbers, numbers_at

blueprint = Blueprint("history", __name__)

HISTORY = "/networks/<name>/history"


@blueprint.get(HISTORY)
def show(name: str) -> str:
    """Show how the tensor `tensor` went through the versions, or one cell or unit of it."""
    return part_page(name) if wants_part() else _page(name)


@blueprint.get(f"{HISTORY}/progress")
def progress(name: str) -> str:
    """Count on for about a second, and show how far it is."""
    wanted = asked()
    done = count_on(workspace(), name, wanted.tensor, wanted.since, wanted.weights, wanted.bins, wanted.limits)
    return render_template("history/_progress.html", done=done, poll=wanted.address("history.progress", name))


@numbers_at(blueprint, HISTORY)
def points(name: str) -> Numbers:
    """Say all numbers of each version."""
    history = _history(name)
    rows = lines.point_rows(history, service.spectra_of(workspace(), history.network, history.versions, budget()))
    return Numbers(lines.POINT_HEADS, rows, _file_name(history, "history"))


@numbers_at(blueprint, f"{HISTORY}/bands")
def bands(name: str) -> Numbers:
    """Say the percentiles in each version, of the weights or of their change."""
    history = _history(name)
    rows = [
        [version, *(None if numbers is None else numbers[key] for key in lines.PERCENTILES)]
        for version, numbers in zip(lines.numbers_of_versions(history), _shown(history), strict=True)
    ]
    return Numbers(["version", *lines.PERCENTILES], rows, _file_name(history, "bands"))


@numbers_at(blueprint, f"{HISTORY}/distances")
def distances(name: str) -> Numbers:
    """Say how far each version is from the first one and from the one before."""
    history, columns = _distances(name)
    rows = zip(lines.numbers_of_versions(history), *columns.values(), strict=True)
    return Numbers(["version", *columns], rows, _file_name(history, "distances"))


@numbers_at(blueprint, f"{HISTORY}/sizes")
def sizes(name: str) -> Numbers:
    """Say the norm, the spectral norm, the stable rank and the share of zeros in each version."""
    history, columns = _sizes(name)
    rows = zip(lines.numbers_of_versions(history), *columns.values(), strict=True)
    return Numbers(["version", *columns], rows, _file_name(history, "sizes"))


@numbers_at(blueprint, f"{HISTORY}/ridges")
def ridges(name: str) -> Numbers:
    """Say how many cells of each version lie between the edges of each bin."""
    history = _history(name)
    found = lines.ridges_of(history, asked())
    heads = ["from", "to", *(f"v{version}" for version in found.versions)]
    edges, counts = found.distribution.edges.tolist(), [one.tolist() for one in found.distribution.counts]
    return Numbers(heads, zip(edges[:-1], edges[1:], *counts, strict=True), _file_name(history, "ridges"))


@numbers_at(blueprint, f"{HISTORY}/timeline")
def timeline(name: str) -> Numbers:
    """Say the value of the cell or unit that is asked for (or of the whole tensor) in each version."""
    part = asked_part(name)
    return Numbers(LINE_HEADS, line_rows(part), f"{name}_{part.tensor}_timeline")


@blueprint.get(f"{HISTORY}/timeline.figure")
def timeline_of(name: str) -> Response:
    """Send the time-line of a cell or unit as a figure."""
    return jsonify(line_figure(asked_part(name)))


@blueprint.get(f"{HISTORY}/bands.figure")
def bands_of(name: str) -> Response:
    """Send the percentile bands as a figure."""
    history = _history(name)
    title = "weight" if asked().weights else "change"
    return _figure(history, bands_figure(lines.numbers_of_versions(history), _shown(history), title))


@blueprint.get(f"{HISTORY}/distances.figure")
def distances_of(name: str) -> Response:
    """Send the distances from the first and from the previous version as a figure."""
    history, columns = _distances(name)
    drawn = [Line(words, columns[key]) for key, words in lines.DISTANCES.items()]
    return _figure(history, lines_figure(lines.numbers_of_versions(history), drawn, "share of the norm"))


@blueprint.get(f"{HISTORY}/norms.figure")
def norms_of(name: str) -> Response:
    """Send the norm and the spectral norm as a figure."""
    history, columns = _sizes(name)
    drawn = [Line("norm", columns["norm"]), Line("spectral norm", columns["spectral_norm"])]
    return _figure(history, lines_figure(lines.numbers_of_versions(history), drawn, "norm"))


@blueprint.get(f"{HISTORY}/ranks.figure")
def ranks_of(name: str) -> Response:
    """Send the stable rank and the share of zeros as a figure."""
    history, columns = _sizes(name)
    drawn = [Line("stable rank", columns["stable_rank"]), Line("share of zeros", columns["zeros"], "y2")]
    return _figure(history, lines_figure(lines.numbers_of_versions(history), drawn, "stable rank", "zeros"))


@blueprint.get(f"{HISTORY}/distribution.figure")
def distribution_of(name: str) -> Response:
    """Send the distribution in the version `at`, on the bins that all versions share."""
    history, wanted = _history(name), asked()
    found = lines.ridges_of(history, wanted).of(wanted.at)
    label = f"v{wanted.at}"
    drawn = distribution_figure(found, [label], wanted.log) if wanted.weights else change_figure(found, wanted.log)
    return cached_until_changed(jsonify(drawn), lines.mark(history))


@blueprint.get(f"{HISTORY}/map.png")
def map_of(name: str) -> Response:
    """Send the weights in the version `at`, or their change, as a picture."""
    history, wanted = _history(name), asked()
    pair = lines.pair_at(history, wanted)
    return png_answer(lambda theme: pair_map_png(workspace(), history.network, pair, theme), lines.mark(history))


def _page(name: str) -> str:
    history, wanted = _history(name), asked()
    return render_template("history/show.html", **lines.page(history, wanted))


def _history(name: str) -> TensorHistory:
    wanted = asked()
    return service.get_history(workspace(), name, wanted.tensor, wanted.since, budget())


def _shown(history: TensorHistory) -> list[Any]:
    """Return the numbers of each version's weights, or of its change."""
    return [version.info.statistics for version in history.versions] if asked().weights else history.changes


def _distances(name: str) -> tuple[TensorHistory, dict[str, list[float | None]]]:
    wanted: Asked = asked()
    both = {since: service.get_history(workspace(), name, wanted.tensor, since, budget()) for since in lines.DISTANCES}
    return both["previous"], {since: lines.relative(history) for since, history in both.items()}


def _sizes(name: str) -> tuple[TensorHistory, dict[str, list[float | None]]]:
    history = service.get_history(workspace(), name, asked().tensor, "previous", NOTHING)
    spectra = service.spectra_of(workspace(), history.network, history.versions, budget())
    return history, lines.size_columns(history, spectra)


def _figure(history: TensorHistory, drawn: dict[str, Any]) -> Response:
    return cached_until_changed(jsonify(drawn), lines.mark(history))


def _file_name(history: TensorHistory, what: str) -> str:
    return f"{history.network.name}_{history.tensor}_{what}"
