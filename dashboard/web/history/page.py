"""What the page of a history shows: its table of versions, ridges, figures, and one version in detail."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup

from dashboard.charts.figures import Figure, leading
from dashboard.charts.history_figures import apart, farthest
from dashboard.charts.images import drawn_size
from dashboard.charts.palette import THEMES
from dashboard.charts.ridges import Ridge, is_cut, ridge_plot
from dashboard.errors import NotFound
from dashboard.http import workspace
from dashboard.records.statistics import COMPARED, HISTORY, Statistic
from dashboard.services.cache.numbers import NOTHING, Numbers
from dashboard.services.history.ridges import MOST_RIDGES, Ridges, get_ridges, no_ridges
from dashboard.services.history.tensor import TensorHistory, TensorStep, TensorVersion, spectra_of
from dashboard.web.history.query import HistoryQuery
from dashboard.web.history.words import change_words, history_sentence
from dashboard.web.kit.formats import number as written
from dashboard.web.kit.formats import percent, plural
from dashboard.web.kit.tables import Column, Table, exports, query_exports
from dashboard.web.kit.urls import address, run_address, version_addresses

PERCENTILES = ("min", "q05", "q25", "median", "q75", "q95", "max")
DISTANCES = {"first": ("since the first version", "y"), "previous": ("since the version before", "y")}
LINES = {
    "distances": (("share of the norm", ""), DISTANCES),
    "norms": (("norm", ""), {"norm": ("norm", "y"), "spectral_norm": ("spectral norm", "y")}),
    "ranks": (("stable rank", "zeros"), {"stable_rank": ("stable rank", "y"), "zeros": ("share of zeros", "y2")}),
}
"""Each figure of lines: the titles of its axes, and of each number its words and axis."""
MOST_BEYOND = 3
SPECTRUM = ("spectral_norm", "stable_rank", "tail_exponent", "tail_distance")


class PointRow(NamedTuple):
    """A version of a tensor, and its change since another one."""

    version: TensorVersion
    base: TensorVersion | None
    change: Numbers | None
    spectrum: Numbers | None

    @property
    def largest(self) -> float | None:
        """The largest change of a cell."""
        change = self.change
        return None if change is None or None in {change["min"], change["max"]} else max(-change["min"], change["max"])


VERSION = Column("version", "Version", "version.number", shown=lambda row: f"v{row.version.number}")
ABOUT_VERSION = (
    VERSION,
    Column("epoch", "Epoch", "version.epoch", "count"),
    Column("run", "Run", "version.run_id", link=run_address),
)
"""The first columns of every table of versions."""


def points_table(
    params: HistoryQuery, history: TensorHistory, spectra: Sequence[Numbers | None], selected: int = 0
) -> Table:
    """Return all numbers of each version, the oldest first."""
    columns = zip(history.versions, history.bases, history.changes, spectra, strict=True)
    return Table(
        f"{params.name}_{history.tensor}_history",
        _point_columns(history),
        [PointRow(*row) for row in columns],
        f"{history.tensor} in each version",
        query_exports("history.points", at=""),
        link=lambda row: params.query.address("history.show", at=row.version.number),
        css=lambda row: "current" if row.version.number == selected else "",
        swaps=True,
    )


def _point_columns(history: TensorHistory) -> tuple[Column, ...]:
    return (
        *ABOUT_VERSION,
        Column("created", value="version.created"),
        *map(_statistic, COMPARED.values()),
        Column(
            "since",
            "Since",
            "base.number",
            shown=lambda row: f"v{row.base.number}" if row.base else None,
            link=lambda row: _comparison(history, row.base, row.version),
        ),
        _of_change("norm"),
        _of_change("relative", "Change", "percent", "The norm of the change, as a share of the other's norm"),
        Column("largest", "Largest |Δ|", format="number", exported=False),
        _of_change("changed", "Cells changed", "count"),
        *map(_of_change, PERCENTILES),
        *(Column(number, value=f"spectrum.{number}") for number in SPECTRUM),
    )


def _statistic(statistic: Statistic) -> Column:
    name, heading = statistic.name, statistic.heading if HISTORY in statistic.tables else ""
    return Column(name, heading, f"version.info.statistics.{name}", statistic.format)


def _of_change(name: str, heading: str = "", form: str = "number", words: str = "") -> Column:
    return Column(f"change_{name}", heading, f"change.{name}", form, help=words)


def numbers_of_versions(history: TensorHistory) -> list[int]:
    """Return the numbers of the versions."""
    return [version.number for version in history.versions]


def over_versions(name: str, versions: Iterable[TensorVersion], figure: Figure) -> Figure:
    """Return a figure over versions: those of separate runs are separate lines, and each point leads to its version."""
    runs = {version.number: version.run_id for version in versions}
    return leading(apart(figure, runs), version_addresses(name))


def relative(history: TensorHistory) -> list[float | None]:
    """Return how far each version is from its base, as a share of the base's norm."""
    return [None if change is None else change["relative"] for change in history.changes]


def size_columns(history: TensorHistory, spectra: Sequence[Numbers | None]) -> dict[str, list[float | None]]:
    """Return name -> a number per version."""
    stored = {name: [version.info.statistics[name] for version in history.versions] for name in ("norm", "zeros")}
    counted = {
        name: [None if spectrum is None else spectrum[name] for spectrum in spectra]
        for name in ("spectral_norm", "stable_rank")
    }
    return stored | counted


def ridges_of(params: HistoryQuery, history: TensorHistory) -> Ridges:
    """Return the distributions; none at all where they are too expensive."""
    bins, limits, _ = params.bins
    ridges = get_ridges(workspace(), history, params.weights, bins, limits, params.budget)
    return no_ridges(bins) if ridges is None else ridges


def chosen_step(params: HistoryQuery, history: TensorHistory) -> TensorStep:
    """Return the tensor in the chosen version, or its change there; raises NotFound."""
    place = _place(history, params.at)
    base = None if params.weights else history.bases[place]
    if base is None and not params.weights:
        raise NotFound(f"v{history.versions[place].number} has no version to be compared with.", "at")
    return TensorStep(base, history.versions[place])


def etag_of(history: TensorHistory) -> str:
    """Return what an answer depends on next to its address: the content of all versions, and how much is counted."""
    parts = [f"{version.number} {version.info.content}" for version in history.versions]
    return hashlib.sha256(" ".join([*parts, str(history.best), str(history.uncounted)]).encode()).hexdigest()


def history_page(params: HistoryQuery, history: TensorHistory) -> dict[str, Any]:
    """Return all that the page shows but the table of versions."""
    bins, limits, _ = params.bins
    ridges = get_ridges(workspace(), history, params.weights, bins, limits, params.budget)
    cells = _uncounted_cells(history)
    is_counted = not history.uncounted and ridges is not None and cells <= workspace().settings.draw_cells
    return {
        "history": history,
        "params": params,
        "sentence": history_sentence(history),
        "chip_list": _chips(params, history),
        "drawing": "" if ridges is None else _drawing(params, history, ridges),
        "thinned": len(history.steps(params.weights)) > MOST_RIDGES,
        "is_cut": ridges is not None and is_cut(ridges.distribution.counts),
        "exports": {what: query_exports(f"history.{what}", at="") for what in ("bands", "ridges")}
        | {what: query_exports("history.columns", at="", what=what) for what in ("distances", "sizes")},
        "weights_at": exports("history.bands", name=params.name, tensor=history.tensor, show="weights"),
        "selected": _selected(params, history, ridges),
        "change_words": change_words(history.since),
        "is_counted": is_counted,
        "cells": cells,
        "progress": params.query.address("history.progress") if params.query.draws_all and not is_counted else "",
        "figures": _figures(params, history, is_counted),
    }


def _uncounted_cells(history: TensorHistory) -> int:
    spectra = spectra_of(workspace(), history.network, history.versions, NOTHING)
    infos = [version.info for version, spectrum in zip(history.versions, spectra, strict=True) if spectrum is None]
    return history.cells + sum(info.rows * info.columns for info in infos)


def _figures(params: HistoryQuery, history: TensorHistory, is_counted: bool) -> dict[str, str]:
    """Return the addresses of the figures; until all is counted they show the weights, whose percentiles are stored."""
    values = {"v": etag_of(history)[:12], "at": "", "draw": "", "log": "", "offset": ""}
    values |= {} if is_counted else {"show": "weights"}
    lines = {what: params.query.address("history.lines_of", what=what, **values) for what in LINES}
    return {"bands": params.query.address("history.bands_of", **values), **lines}


def _drawing(params: HistoryQuery, history: TensorHistory, shown: Ridges) -> Markup:
    ridges = [
        Ridge(
            version,
            params.query.address("history.show", at=version),
            f"{plural(int(counts.sum()), 'cell')}, {below + above:,} beyond the bins, {odd:,} not finite",
        )
        for version, counts, below, above, odd in zip(shown.versions, *shown.distribution[1:], strict=True)
    ]
    what = "weights" if params.weights else change_words(history.since)
    selected = history.versions[_place(history, params.at)].number
    return ridge_plot(shown.distribution, ridges, f"Distribution of the {what} in each version", selected)


def _selected(params: HistoryQuery, history: TensorHistory, ridges: Ridges | None) -> dict[str, Any]:
    """Return what is shown of one version: its picture, its distribution, its neighbours; addresses may be empty."""
    place, numbers = _place(history, params.at), numbers_of_versions(history)
    version, base = history.versions[place], history.bases[place]
    is_drawn = params.weights or base is not None
    is_cheap = params.query.draws(version.info.cells)
    has_ridge = ridges is not None and version.number in ridges.versions
    values = {"at": version.number, "v": etag_of(history)[:12], "offset": ""}
    light, dark = (params.query.address("history.map_of", theme=theme, **values) for theme in THEMES)
    return {
        "version": version,
        "base": base,
        "change": history.changes[place],
        "previous": numbers[place - 1] if place else None,
        "next": numbers[place + 1] if place + 1 < len(numbers) else None,
        "picture": (light, dark) if is_drawn and is_cheap else (),
        "size": drawn_size(version.info.rows, version.info.columns),
        "distribution": params.query.address("history.distribution_of", **values) if is_drawn and has_ridge else "",
        "table": address("tensors.show", name=params.name, number=version.number, tensor=history.tensor),
        "compare": _comparison(history, base, version),
        **_places(params, history, base, version),
    }


def _places(
    params: HistoryQuery, history: TensorHistory, base: TensorVersion | None, other: TensorVersion
) -> dict[str, str]:
    """Return where a click on the map leads: to a cell, and without a place (`whole`) to all of them."""
    name, tensor = history.network.name, history.tensor
    if params.weights or base is None:
        table = {"name": name, "number": other.number, "tensor": tensor}
        return {"whole": address("tensors.show", **table), "cell": address("tensors.show", row=0, column=0, **table)}
    pair = {"base": f"{name}:{base.number}", "other": f"{name}:{other.number}", "tensor": tensor}
    return {"whole": address("compare.show", **pair), "cell": address("compare.cell", row=0, column=0, **pair)}


def _comparison(history: TensorHistory, base: TensorVersion | None, other: TensorVersion) -> str:
    """Return the address of what changed in the tensor since its base, empty without one."""
    if base is None:
        return ""
    one, two = (f"{history.network.name}:{version.number}" for version in (base, other))
    return address("compare.show", base=one, other=two, tensor=history.tensor)


def _chips(params: HistoryQuery, history: TensorHistory) -> list[tuple[str, str, str]]:
    newest = history.versions[-1]
    statistics = newest.info.statistics
    chips = []
    if statistics["not_finite"]:
        table = address("tensors.show", name=history.network.name, number=newest.number, tensor=history.tensor)
        chips.append(("bad", f"{plural(statistics['not_finite'], 'cell')} NaN or Inf", table))
    if history.zero_since is not None:
        chips.append(("warn", f"all zero since v{history.zero_since.number}", ""))
    elif (statistics["zeros"] or 0) >= 0.01:
        chips.append(("", f"{percent(statistics['zeros'])} zeros", ""))
    chips += _beyond(params, history)
    first, last = history.versions[0].info.statistics["norm"], statistics["norm"]
    if first and last and not 0.5 < last / first < 2:
        chips.append(("warn", f"norm {written(last / first)} times that of v{history.versions[0].number}", ""))
    return chips


def _beyond(params: HistoryQuery, history: TensorHistory) -> list[tuple[str, str, str]]:
    """Return a chip for each version with a cell that the axis of the percentiles leaves out, the farthest first."""
    numbers = [version.info.statistics for version in history.versions] if params.weights else history.changes
    far = farthest(numbers_of_versions(history), numbers)[:MOST_BEYOND]
    return [
        ("", f"v{number}: a cell at {written(value)}, beyond the axis", params.query.address(at=number, offset=""))
        for number, value in far
    ]


def _place(history: TensorHistory, number: int) -> int:
    """Return the place of a version, by default the newest; raises NotFound with the nearest."""
    numbers = numbers_of_versions(history)
    if not number:
        return len(numbers) - 1
    if number not in numbers:
        nearest = sorted(numbers, key=lambda other: abs(other - number))[:5]
        message = f"{history.network.name} has no version {number} with {history.tensor}."
        raise NotFound(message, "at", [f"{history.network.name}:{other}" for other in nearest])
    return numbers.index(number)
