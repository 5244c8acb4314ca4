"""What the page of a history shows, made of what the services found."""

import hashlib
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from dashboard.charts.images import HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH, drawn_size
from dashboard.charts.ridges import Ridge, is_cut, ridge_plot
from dashboard.errors import NotFound
from dashboard.records.statistics import COMPARED
from dashboard.services.cache.numbers import Numbers
from dashboard.services.history.progress import NOTHING
from dashboard.services.history.ridges import MOST_RIDGES, Ridges, get_ridges, no_ridges
from dashboard.services.history.tensor import Pair, TensorHistory, spectra_of
from dashboard.services.versions.analyses import EXPENSIVE_CELLS
from dashboard.web.history.query import Asked, budget
from dashboard.web.history.words import change_words, history_sentence
from dashboard.web.kit.formats import number as written
from dashboard.web.kit.formats import percent, plural
from dashboard.web.kit.paging import LIST_LENGTH
from dashboard.web.kit.query import query_number, wants_all, workspace
from dashboard.web.kit.tables import exports
from dashboard.web.kit.urls import address

PERCENTILES = ("min", "q05", "q25", "median", "q75", "q95", "max")
DISTANCES = {"first": "since the first version", "previous": "since the version before"}
STORED = tuple(COMPARED)
CHANGE = ("norm", "relative", "changed", *PERCENTILES)
SPECTRUM = ("spectral_norm", "stable_rank", "tail_exponent", "tail_distance")
POINT_HEADS = (
    "version",
    "epoch",
    "run",
    "created",
    *STORED,
    "since",
    *(f"change_{name}" for name in CHANGE),
    *SPECTRUM,
)


def numbers_of_versions(history: TensorHistory) -> list[int]:
    """Return the numbers of the versions."""
    return [version.number for version in history.versions]


def point_rows(history: TensorHistory, spectra: Sequence[Numbers | None]) -> list[list[Any]]:
    """Return what POINT_HEADS name, a row a version."""
    return [
        [
            *(version.number, version.epoch, version.run_id, version.created),
            *(version.info.statistics.get(name) for name in STORED),
            base.number if base is not None else None,
            *((change or {}).get(name) for name in CHANGE),
            *((spectrum or {}).get(name) for name in SPECTRUM),
        ]
        for version, base, change, spectrum in zip(
            history.versions, history.bases, history.changes, spectra, strict=True
        )
    ]


def relative(history: TensorHistory) -> list[float | None]:
    """Return how far each version is from its base, as a share of the base's norm."""
    return [None if change is None else change["relative"] for change in history.changes]


def size_columns(history: TensorHistory, spectra: Sequence[Numbers | None]) -> dict[str, list[float | None]]:
    """Return name -> a number a version."""
    stored = {name: [version.info.statistics[name] for version in history.versions] for name in ("norm", "zeros")}
    counted = {
        name: [None if found is None else found[name] for found in spectra] for name in ("spectral_norm", "stable_rank")
    }
    return stored | counted


def ridges_of(history: TensorHistory, wanted: Asked) -> Ridges:
    """Return the distributions; none at all where they are too expensive."""
    found = get_ridges(workspace(), history, wanted.weights, wanted.bins, wanted.limits, budget())
    return no_ridges(wanted.bins) if found is None else found


def pair_at(history: TensorHistory, wanted: Asked) -> Pair:
    """Return what is looked at of the version that was asked for; raises NotFound."""
    place = _place(history, wanted.at)
    base = None if wanted.weights else history.bases[place]
    if base is None and not wanted.weights:
        raise NotFound(f"v{history.versions[place].number} has no version to be compared with.", "at")
    return Pair(base, history.versions[place])


def mark(history: TensorHistory) -> str:
    """Return what an answer depends on beside its address: the content of all versions, and how much is counted."""
    parts = [f"{version.number} {version.info.content}" for version in history.versions]
    return hashlib.sha256(" ".join([*parts, str(history.best), str(history.uncounted)]).encode()).hexdigest()


def page(history: TensorHistory, wanted: Asked) -> dict[str, Any]:
    """Return all that the page shows."""
    name = history.network.name
    found = get_ridges(workspace(), history, wanted.weights, wanted.bins, wanted.limits, budget())
    return {
        "network": history.network,
        "history": history,
        "asked": wanted,
        "sentence": history_sentence(history),
        "chip_list": _chips(history),
        "address": lambda **changed: wanted.address("history.show", name, **changed),
        "drawing": _drawing(history, wanted, found) if found is not None else "",
        "thinned": len(history.pairs(wanted.weights)) > MOST_RIDGES,
        "is_cut": found is not None and is_cut(found.distribution.counts),
        "exports": {what: _exports(wanted, what, name) for what in ("points", "bands", "distances", "sizes", "ridges")},
        "weights_at": exports("history.bands", name=name, tensor=history.tensor, show="weights"),
        "selected": _selected(history, wanted, found),
        "change_words": change_words(history.since),
        **_counted(history, wanted, found),
        **_rows(history),
    }


def _counted(history: TensorHistory, wanted: Asked, found: Ridges | None) -> dict[str, Any]:
    """Return whether all is counted that the page shows, and if so where its figures are."""
    name = history.network.name
    spectra = spectra_of(workspace(), history.network, history.versions, NOTHING)
    infos = [version.info for version, spectrum in zip(history.versions, spectra, strict=True) if spectrum is None]
    cells = history.cells + sum(info.rows * info.columns for info in infos)
    is_counted = not history.uncounted and found is not None and cells <= EXPENSIVE_CELLS
    kept = {"v": mark(history)[:12], "at": 0, "draw": "", "log": ""}
    kept |= {} if is_counted else {"show": "weights"}  # whose percentiles are stored
    return {
        "is_counted": is_counted,
        "cells": cells,
        "progress": wanted.address("history.progress", name) if wants_all() and not is_counted else "",
        "figures": {
            what: wanted.address(f"history.{what}_of", name, **kept)
            for what in ("bands", "distances", "norms", "ranks")
        },
    }


def _drawing(history: TensorHistory, wanted: Asked, found: Ridges) -> Markup:
    name, distribution = history.network.name, found.distribution
    ridges = [
        Ridge(
            version,
            wanted.address("history.show", name, at=version),
            f"{plural(int(counts.sum()), 'cell')}, {below + above:,} beyond the bins, {odd:,} not finite",
        )
        for version, counts, below, above, odd in zip(found.versions, *distribution[1:], strict=True)
    ]
    what = "weights" if wanted.weights else change_words(history.since)
    at = history.versions[_place(history, wanted.at)].number
    return ridge_plot(distribution, ridges, f"Distribution of the {what} in each version", at)


def _selected(history: TensorHistory, wanted: Asked, found: Ridges | None) -> dict[str, Any]:
    """Return what is shown of one version: its picture, its distribution, and where it came from."""
    place = _place(history, wanted.at)
    version, base, name = history.versions[place], history.bases[place], history.network.name
    has_pair = wanted.weights or base is not None
    cheap = version.info.rows * version.info.columns <= EXPENSIVE_CELLS or wants_all()
    kept = {"at": version.number, "v": mark(history)[:12], "draw": "1" if wants_all() else ""}
    is_known = found is not None and version.number in found.versions
    return {
        "version": version,
        "base": base,
        "change": history.changes[place],
        "previous": history.versions[place - 1].number if place else None,
        "next": history.versions[place + 1].number if place + 1 < len(history.versions) else None,
        "light": wanted.address("history.map_of", name, theme="light", **kept) if has_pair and cheap else "",
        "dark": wanted.address("history.map_of", name, theme="dark", **kept) if has_pair and cheap else "",
        "size": drawn_size(version.info.rows, version.info.columns),
        "pooled": version.info.rows > HEAT_MAP_HEIGHT or version.info.columns > HEAT_MAP_WIDTH,
        "distribution": wanted.address("history.distribution_of", name, **kept) if has_pair and is_known else "",
        "table": address("tensors.show", name=name, number=version.number, tensor=history.tensor),
        "compare": ""
        if base is None
        else address(
            "compare.show", base=f"{name}:{base.number}", other=f"{name}:{version.number}", tensor=history.tensor
        ),
    }


def _rows(history: TensorHistory) -> dict[str, Any]:
    """Return a page of the versions, the newest first, each with its numbers; and the neighbouring pages."""
    together = list(zip(history.versions, history.bases, history.changes, strict=True))[::-1]
    offset = min(query_number("offset", 0), max(len(together) - 1, 0) // LIST_LENGTH * LIST_LENGTH)
    return {
        "rows": [
            {"version": version, "base": base, "change": change, "s": version.info.statistics}
            for version, base, change in together[offset : offset + LIST_LENGTH]
        ],
        "older": offset + LIST_LENGTH if offset + LIST_LENGTH < len(together) else None,
        "newer": max(offset - LIST_LENGTH, 0) if offset else None,
    }


def _chips(history: TensorHistory) -> list[tuple[str, str, str]]:
    newest = history.versions[-1]
    s, here = newest.info.statistics, {"name": history.network.name, "number": newest.number, "tensor": history.tensor}
    chips = [("bad", f"{plural(s['not_finite'], 'cell')} NaN or Inf", address("tensors.show", **here))]
    chips = chips if s["not_finite"] else []
    if history.zero_since is not None:
        chips.append(("warn", f"all zero since v{history.zero_since.number}", ""))
    elif s["zeros"] >= 0.01:
        chips.append(("", f"{percent(s['zeros'])} zeros", ""))
    first = history.versions[0].info.statistics["norm"]
    if first and s["norm"] and not 0.5 < s["norm"] / first < 2:
        chips.append(("warn", f"norm {written(s['norm'] / first)} times that of v{history.versions[0].number}", ""))
    return chips


def _place(history: TensorHistory, number: int) -> int:
    """Return where a version stands, by default the newest; raises NotFound with the nearest."""
    numbers = numbers_of_versions(history)
    if not number:
        return len(numbers) - 1
    if number not in numbers:
        nearest = sorted(numbers, key=lambda other: abs(other - number))[:5]
        message = f"{history.network.name} has no version {number} with {history.tensor}."
        raise NotFound(message, "at", [f"{history.network.name}:{other}" for other in nearest])
    return numbers.index(number)


def _exports(wanted: Asked, what: str, name: str) -> Any:  # noqa: ANN401 - Exports
    kept = {"tensor": wanted.tensor or None, "draw": "1" if wants_all() else None}
    if what in {"points", "bands", "ridges"}:
        kept |= {"since": wanted.since if wanted.since != "previous" else None}
    if what in {"bands", "ridges"}:
        kept |= {"show": wanted.show if wanted.weights else None}
    return exports(f"history.{what}", name=name, **{key: value for key, value in kept.items() if value is not None})
