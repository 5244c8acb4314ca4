"""What the pages about several versions show, made of what the services found."""

import math
from collections.abc import Sequence
from typing import Any

from flask import request
from markupsafe import Markup

from dashboard.charts.palette import NEITHER, OKABE_ITO, version_colours
from dashboard.charts.threads import Axis, Thread, threads_plot
from dashboard.metrics import best_of, curve_names, curve_words, is_higher_better, metric_name, metric_words
from dashboard.parsing import Fields
from dashboard.records.statistics import COMPARED
from dashboard.services.compare.several import AllVersions, Fact, Several
from dashboard.services.versions.analyses import EXPENSIVE_CELLS
from dashboard.web.kit.formats import number, plural
from dashboard.web.kit.query import wants_all
from dashboard.web.kit.tables import Exports
from dashboard.web.kit.urls import address
from dashboard.web.kit.words import setting_words

MOST_NODES = 2800
"""Of a table, so that a browser is not slowed down by it."""
MOST_AXES = 9


def asked_filter() -> tuple[bool, str]:
    """Return whether what is equal is hidden (`equal=hide`), and the words that names must hold (`filter`)."""
    return request.args.get("equal") == "hide", request.args.get("filter", "")[:100].strip().casefold()


def asked_sort() -> str:
    """Return the name that is sorted by, with a minus for the smallest first; empty for the order of choice."""
    return request.args.get("sort", "")[:100]


def asked_measure() -> str:
    """Return what the curves show; raises Invalid."""
    fields = Fields(request.args.to_dict())
    measure = fields.choice("measure", "val_loss", curve_names())
    fields.done()
    return measure


def shows_change(several: Several) -> bool:
    """Tell whether the change since the first one is shown: unless the weights are asked for, or shapes differ."""
    return request.args.get("show") != "weights" and several.is_of_one_shape


def filtered(facts: Sequence[Fact], hide_equal: bool, words: str) -> list[Fact]:
    """Return the facts whose names hold the words, without those that are equal if these are to be hidden."""
    return [
        fact
        for fact in facts
        if words in f"{fact.name} {words_of(fact)}".casefold() and not (hide_equal and fact.equal)
    ]


def words_of(fact: Fact) -> str:
    """Return a fact's name as people say it."""
    if fact.kind == "metric":
        return metric_words(fact.name)
    return setting_words(fact.name) if fact.kind == "setting" else COMPARED[fact.name].heading.lower()


def order_of(several: Several, sort: str) -> list[int]:
    """Return the places of the versions in the order of a fact's value, the largest first; unknown ones come last."""
    places = list(range(len(several.versions)))
    fact = next((fact for fact in several.facts if fact.key == sort.removeprefix("-")), None)
    return places if fact is None else _ordered(places, list(fact.values), sort.startswith("-"))


def colours_of(several: Several) -> list[str]:
    """Return a colour a version: a ramp from old to new within one network, else one for each."""
    if len({version.network for version in several.versions}) == 1:
        numbers = [version.number for version in several.versions]
        ramp = dict(zip(sorted(numbers), version_colours(len(numbers)), strict=True))
        return [ramp[number] for number in numbers]
    return [(*OKABE_ITO, NEITHER)[place] for place in range(len(several.versions))]


def page(several: Several) -> dict[str, Any]:
    """Return what the page of two to eight versions shows."""
    hide, words = asked_filter()
    order, shown = order_of(several, asked_sort()), filtered(several.facts, hide, words)
    draws = several.cells <= EXPENSIVE_CELLS or wants_all()
    return {
        "several": several,
        "sentence": _sentence(several),
        "order": [several.versions[place] for place in order],
        "rows": [
            {"fact": fact, "words": words_of(fact), "cells": [fact.values[place] for place in order]} for fact in shown
        ],
        "hidden": len(several.facts) - len(shown),
        "hide_equal": hide,
        "filter": request.args.get("filter", "")[:100],
        "sort": asked_sort(),
        "measure": asked_measure(),
        "measures": {name: curve_words(name) for name in curve_names()},
        "change": shows_change(several),
        "draws": draws,
        "address": _address,
        "distributions": _address("several.distributions_of") if several.tensor else "",
        "curves": _address("several.curves_of") if any(version.run_id for version in several.versions) else "",
        "exports": {what: _exports(f"several.{what}") for what in ("facts", "distributions", "curves")},
    }


def columns_of(found: AllVersions) -> list[str]:
    """Return the columns of the table of all versions; settings that are equal in all only with `equal=show`."""
    return [*(found.settings if request.args.get("equal") == "show" else found.varying), *found.metrics]


def places_of(found: AllVersions, sort: str, words: str) -> list[int]:
    """Return the places of the versions that hold the words anywhere, sorted by a column, the largest first."""
    places = [
        place
        for place, (version, row) in enumerate(zip(found.versions, found.rows, strict=True))
        if not words or words in f"{version.reference} {' '.join(map(str, row.values()))}".casefold()
    ]
    column = sort.removeprefix("-")
    if column == "version":
        values: list[Any] = [(version.network, version.number) for version in found.versions]
    else:
        values = [row.get(column) for row in found.rows]
    return _ordered(places, values, sort.startswith("-")) if column else places


def all_page(found: AllVersions, places: Sequence[int]) -> dict[str, Any]:
    """Return what the page of all versions shows."""
    measure, columns = request.args.get("metric") or next(iter(found.metrics), ""), columns_of(found)
    most = max(MOST_NODES // (2 * len(columns) + 5), 1)
    axes = [*found.varying[: MOST_AXES - 2], *[name for name in (measure,) if name in found.metrics]]
    axes += [name for name in found.metrics if name not in axes][: max(MOST_AXES - len(axes), 0)][:2]
    return {
        "found": found,
        "sentence": _all_sentence(found, places, measure),
        "drawing": _drawing(found, places, axes, measure),
        "columns": [(name, _column_words(found, name), name in found.metrics) for name in columns],
        "rows": [(found.versions[place], found.rows[place]) for place in places[:most]],
        "left_out": len(places) - len(places[:most]),
        "shows_equal": request.args.get("equal") == "show",
        "metric": measure,
        "metrics": [(name, metric_words(name)) for name in found.metrics],
        "filter": request.args.get("filter", "")[:100],
        "sort": asked_sort(),
        "address": _all_address,
        "sorted_by": lambda name: _all_address(sort=name),
        "exports": _exports("several.all_numbers"),
    }


def _drawing(found: AllVersions, places: Sequence[int], axes: Sequence[str], measure: str) -> Markup:
    def values(name: str) -> list[Any]:
        return [found.rows[place].get(name) for place in places]

    threads = [
        Thread(
            address("versions.show", name=found.versions[place].network, number=found.versions[place].number),
            f"{found.versions[place].reference}: {metric_words(measure)} {number(found.rows[place].get(measure))}",
        )
        for place in places
    ]
    sign = {True: 1, False: -1, None: math.nan}[is_higher_better(measure)]  # nothing is best by an unknown metric
    shade = [None if value is None else sign * value for value in values(measure)]
    return threads_plot(
        [Axis(_column_words(found, name), values(name)) for name in axes],
        threads,
        shade,
        f"Settings against metrics of {plural(len(places), 'version')}",
    )


def _sentence(several: Several) -> str:
    differing = [fact for fact in several.facts if fact.kind == "setting" and not fact.equal and fact.name != "epoch"]
    text = f"{plural(len(several.versions), 'version')} side by side"
    if differing:
        text += f"; they differ in {', '.join(words_of(fact) for fact in differing[:4])}"
        text += f" and {plural(len(differing) - 4, 'further setting')}" if len(differing) > 4 else ""
    known = {f.name: f for f in several.facts if f.kind == "metric" and all(v is not None for v in f.values)}
    score = metric_name(None, known)
    best = best_of(score, dict(enumerate(known[score].values))) if score else None
    if score is None or best is None:
        return f"{text}."
    value = number(known[score].values[best])
    return f"{text}; {several.versions[best].reference} has the best {metric_words(score)}, {value}."


def _all_sentence(found: AllVersions, places: Sequence[int], measure: str) -> str:
    count = plural(len(places), "version")
    where = f"of {found.network}" if found.network else "of all networks"
    text = f"{count} {where}{', the newest' if found.more else ''}"
    text += f"; {plural(len(found.varying), 'setting')} differ" if len(found.varying) != 1 else "; 1 setting differs"
    known = {place: value for place in places if (value := found.rows[place].get(measure)) is not None}
    best = best_of(measure, known)
    if best is None:
        return f"{text}."
    value = number(found.rows[best][measure])
    return f"{text}; best {metric_words(measure)}: {value} of {found.versions[best].reference}."


def _ordered(places: Sequence[int], values: Sequence[Any], turned: bool) -> list[int]:
    """Return places with the largest value first (numbers before texts), turned round on demand; unknown ones last."""
    known = [place for place in places if values[place] is not None]
    numbers = [place for place in known if isinstance(values[place], int | float)]
    numbers.sort(key=lambda place: values[place], reverse=not turned)
    texts = [place for place in known if not isinstance(values[place], int | float)]
    texts.sort(
        key=lambda place: values[place] if isinstance(values[place], tuple) else (str(values[place]),), reverse=turned
    )
    return [*numbers, *texts, *(place for place in places if values[place] is None)]


def _column_words(found: AllVersions, name: str) -> str:
    return metric_words(name) if name in found.metrics else setting_words(name)


def _address(endpoint: str = "several.show", **changed: Any) -> str:  # noqa: ANN401 - values of the query
    """Return an address about the same versions, with some values of its query changed; empty ones go."""
    kept: dict[str, Any] = {name: values for name, values in request.args.lists() if name not in changed}
    return address(endpoint, **kept, **{name: value for name, value in changed.items() if value not in {"", None}})


def _all_address(**changed: Any) -> str:  # noqa: ANN401 - values of the query
    return _address("several.all_versions", **changed)


def _exports(endpoint: str) -> Exports:
    return Exports(*(_address(endpoint, suffix=suffix) for suffix in Exports._fields))
