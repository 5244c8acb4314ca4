"""The history of a tensor: its weights and their change over all versions, and the time-line of one part of it."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, jsonify, render_template

from dashboard.charts.figures import change_figure, distribution_figure
from dashboard.charts.history_figures import Line, bands_figure, lines_figure
from dashboard.charts.images import HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH, png
from dashboard.http import workspace
from dashboard.services.cache.numbers import NOTHING
from dashboard.services.history import tensor as service
from dashboard.services.history.film import film_picture, get_film
from dashboard.services.history.progress import continue_counting
from dashboard.services.history.ridges import step_heat_map
from dashboard.services.history.tensor import TensorHistory
from dashboard.web.history import page as pages
from dashboard.web.history.film import shows_change
from dashboard.web.history.part import get_part, part_figure, part_page, part_rows, part_table
from dashboard.web.history.query import HistoryQuery, history_query
from dashboard.web.kit.answers import Answer, cached_until_changed, png_answer
from dashboard.web.kit.paging import pager
from dashboard.web.kit.tables import Numbers, Table, numbers_at

blueprint = Blueprint("history", __name__)

HISTORY = "/networks/<name>/history"


@blueprint.get(HISTORY)
def show(name: str) -> Answer:
    """Show how the tensor `tensor` went through the versions, or one cell or unit of it."""
    params = history_query(name)
    return _part(params) if params.has_part else _whole(params)


@blueprint.get(f"{HISTORY}/progress")
def progress(name: str) -> str:
    """Continue counting for about a second, and show how far it is."""
    params = history_query(name)
    bins, limits, _ = params.bins
    done = continue_counting(workspace(), name, params.tensor, params.since, params.weights, bins, limits)
    stop = params.query.address("history.show", draw="")
    return render_template("history/_progress.html", done=done, poll=params.query.address(), stop=stop)


@numbers_at(blueprint, HISTORY)
def points(name: str) -> Table:
    """Return all numbers of each version."""
    params, history = _history(history_query(name))
    spectra = service.spectra_of(workspace(), history.network, history.versions, params.budget)
    return pages.points_table(params, history, spectra)


@numbers_at(blueprint, f"{HISTORY}/bands")
def bands(name: str) -> Numbers:
    """Return the percentiles in each version, of the weights or of their change."""
    params, history = _history(history_query(name))
    rows = [
        [version, *(None if numbers is None else numbers[key] for key in pages.PERCENTILES)]
        for version, numbers in zip(pages.numbers_of_versions(history), _shown(params, history), strict=True)
    ]
    return Numbers(["version", *pages.PERCENTILES], rows, f"{name}_{history.tensor}_bands")


@numbers_at(blueprint, f"{HISTORY}/<any(distances, sizes):what>")
def columns(name: str, what: str) -> Numbers:
    """Return how far each version is from the first one and the one before, or its norms, rank and share of zeros."""
    history, columns = (_distances if what == "distances" else _sizes)(history_query(name))
    rows = zip(pages.numbers_of_versions(history), *columns.values(), strict=True)
    return Numbers(["version", *columns], rows, f"{name}_{history.tensor}_{what}")


@numbers_at(blueprint, f"{HISTORY}/ridges")
def ridges(name: str) -> Numbers:
    """Return how many cells of each version are between the edges of each bin."""
    params, history = _history(history_query(name))
    shown = pages.ridges_of(params, history)
    heads = ["from", "to", *(f"v{version}" for version in shown.versions)]
    return Numbers(heads, shown.distribution.rows(), f"{name}_{history.tensor}_ridges")


@numbers_at(blueprint, f"{HISTORY}/timeline")
def timeline(name: str) -> Table:
    """Return the value of the query's cell or unit (or of the whole tensor) in each version."""
    params = history_query(name)
    part = get_part(params)
    return part_table(params, part, part_rows(part))


@blueprint.get(f"{HISTORY}/timeline.figure")
def timeline_of(name: str) -> Response:
    """Send the time-line of a cell or unit as a figure."""
    return jsonify(part_figure(get_part(history_query(name))))


@blueprint.get(f"{HISTORY}/film.png")
def film_of(name: str) -> Response:
    """Send the frames of a unit's film next to each other as a picture."""
    params = history_query(name)
    film = get_film(workspace(), name, params.tensor, params.place["unit"] or 0, params.at)
    return png_answer(lambda theme: png(film_picture(film, shows_change(params, film)), theme), film.content)


@blueprint.get(f"{HISTORY}/bands.figure")
def bands_of(name: str) -> Response:
    """Send the percentile bands as a figure."""
    params, history = _history(history_query(name))
    title = "weight" if params.weights else "change"
    return _over_versions(history, bands_figure(pages.numbers_of_versions(history), _shown(params, history), title))


@blueprint.get(f"{HISTORY}/<any(distances, norms, ranks):what>.figure")
def lines_of(name: str, what: str) -> Response:
    """Send distances from other versions, norms, or the stable rank and the share of zeros, as a figure."""
    history, columns = (_distances if what == "distances" else _sizes)(history_query(name))
    titles, drawn = pages.LINES[what]
    lines = [Line(words, columns[key], axis) for key, (words, axis) in drawn.items()]
    return _over_versions(history, lines_figure(pages.numbers_of_versions(history), lines, *titles))


@blueprint.get(f"{HISTORY}/distribution.figure")
def distribution_of(name: str) -> Response:
    """Send the distribution in the version `at`, on the bins that all versions share."""
    params, history = _history(history_query(name))
    shown = pages.ridges_of(params, history).of(params.at)
    if params.weights:
        return _figure(history, distribution_figure(shown, [f"v{params.at}"], params.bins.log))
    return _figure(history, change_figure(shown, params.bins.log))


@blueprint.get(f"{HISTORY}/map.png")
def map_of(name: str) -> Response:
    """Send the weights in the version `at`, or their change, as a picture."""
    params, history = _history(history_query(name))
    step = pages.chosen_step(params, history)

    def draw(theme: str) -> bytes:
        return png(step_heat_map(workspace(), history.network, step, HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH), theme)

    return png_answer(draw, pages.etag_of(history))


def _whole(params: HistoryQuery) -> Answer:
    _, history = _history(params)
    page_of = pager(len(history.versions))
    shown = pages.history_page(params, history)
    table = pages.points_table(params, history, [None] * page_of.total, shown["selected"]["version"].number)
    newest_first = replace(table, rows=list(table.rows)[::-1]).part(page_of.offset, page_of.length)
    return render_template("history/show.html", table=newest_first, pages=page_of, **shown)


def _part(params: HistoryQuery) -> Answer:
    part = get_part(params)
    page_of = pager(len(part.versions))
    rows = part_rows(part)[::-1][page_of.offset : page_of.offset + page_of.length]
    return render_template("history/part.html", pages=page_of, **part_page(params, part, rows))


def _history(params: HistoryQuery) -> tuple[HistoryQuery, TensorHistory]:
    return params, service.get_history(workspace(), params.name, params.tensor, params.since, params.budget)


def _shown(params: HistoryQuery, history: TensorHistory) -> list[Any]:
    """Return the numbers of each version's weights, or of its change."""
    return [version.info.statistics for version in history.versions] if params.weights else history.changes


def _distances(params: HistoryQuery) -> tuple[TensorHistory, dict[str, list[float | None]]]:
    both = {
        since: service.get_history(workspace(), params.name, params.tensor, since, params.budget)
        for since in pages.DISTANCES
    }
    return both["previous"], {since: pages.relative(history) for since, history in both.items()}


def _sizes(params: HistoryQuery) -> tuple[TensorHistory, dict[str, list[float | None]]]:
    history = service.get_history(workspace(), params.name, params.tensor, "previous", NOTHING)
    spectra = service.spectra_of(workspace(), history.network, history.versions, params.budget)
    return history, pages.size_columns(history, spectra)


def _figure(history: TensorHistory, figure: dict[str, Any]) -> Response:
    return cached_until_changed(jsonify(figure), pages.etag_of(history))


def _over_versions(history: TensorHistory, figure: dict[str, Any]) -> Response:
    """Send a figure over versions: those of separate runs are separate lines, and each point leads to its version."""
    return _figure(history, pages.over_versions(history.network.name, history.versions, figure))
