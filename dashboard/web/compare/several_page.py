"""The tables and drawings of the pages about several versions."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from flask import url_for
from markupsafe import Markup

from dashboard.charts.palette import NEITHER, OKABE_ITO, version_colours
from dashboard.charts.threads import Axis, Thread, threads_plot
from dashboard.http import workspace
from dashboard.metrics import (
    best_of,
    curve_names,
    curve_words,
    deciding_name,
    is_higher_better,
    metric_name,
    metric_words,
)
from dashboard.records.network import Network, Version
from dashboard.records.statistics import COMPARED
from dashboard.services.compare.several import KINDS, AllVersions, Several, SeveralFact, VersionSettings, VersionValues
from dashboard.services.networks import get_network
from dashboard.services.versions.baselines import baseline_of
from dashboard.web.compare.query import EQUAL
from dashboard.web.compare.words import other_data
from dashboard.web.kit.baselines import constant_words
from dashboard.web.kit.formats import number, plural, setting
from dashboard.web.kit.query import Query
from dashboard.web.kit.repeats import FEW, REPEATED, compared_notes, listed_records, named_spreads, records_words
from dashboard.web.kit.tables import Column, Table, chosen_order, query_exports
from dashboard.web.kit.words import choice_words, setting_words

MOST_NODES = 2800
"""Of a table, so that a browser is not slowed down by it."""
MOST_AXES = 9


def shows_change(source: Query, several: Several) -> bool:
    """Return whether the change since the first version is shown: unless the weights are chosen, or shapes differ."""
    return source.text("show") != "weights" and several.is_of_one_shape


def axis_words(change: bool, several: Several, drawn: Sequence[int]) -> str:
    """Say what a distribution is of, and which versions it leaves out because their tables are damaged."""
    wanted = range(1 if change else 0, len(several.versions))
    left = [several.versions[place].reference for place in wanted if place not in drawn]
    what = "change" if change else "weight"
    return f"{what} (without {', '.join(left)}: damaged)" if left else what


def curve_of(source: Query) -> str:
    """Return the metric that the curves show."""
    return source.word("measure", curve_names(), "val_loss")


def matches(source: Query, text: str) -> bool:
    """Return whether a text has the words of the filter in it."""
    return source.text("filter").casefold() in text.casefold()


def words_of(fact: SeveralFact) -> str:
    """Return a fact's name as people say it."""
    if fact.kind == "metric":
        return metric_words(fact.name)
    return setting_words(fact.name) if fact.kind == "setting" else COMPARED[fact.name].heading.lower()


def value_words(name: str, value: Any) -> Any:  # noqa: ANN401 - a setting's value
    """Return what the forms call a setting's value, and the activations within the text of all layers."""
    return value.replace("_", " ") if name == "layers" and value else choice_words(name, value)


def facts_table(source: Query, several: Several, hides_settings: bool = False) -> Table:
    """Return metrics, settings and statistics, a column per version; a click on a name sorts the versions by it.

    The page leaves out the settings that are equal (`hides_settings`), and all that is with `equal=hide`.
    """
    keys = [fact.key for fact in several.facts]
    sort = source.word("sort", ["", *keys, *(f"-{key}" for key in keys)])
    hidden = _hidden_kinds(source, hides_settings)

    def sorted_by(fact: SeveralFact) -> str:
        return source.address("several.show", sort=f"-{fact.key}" if sort == fact.key else fact.key)

    def name(fact: SeveralFact) -> str:
        return words_of(fact) + {fact.key: " ↓", f"-{fact.key}": " ↑"}.get(sort, "")

    named = [fact for fact in several.facts if matches(source, f"{fact.name} {words_of(fact)}")]
    columns = (
        Column("kind", "Kind", css="muted"),
        Column("name", "Name", shown=name, link=sorted_by),
        *(_fact_column(several.versions[place], place) for place in _order_of(several, sort)),
        Column("equal"),
        *_baseline_columns(several.versions),
    )
    return Table(
        "versions",
        columns,
        [fact for fact in named if not (fact.equal and fact.kind in hidden)],
        "The versions side by side",
        query_exports("several.facts"),
        css=lambda fact: "same" if fact.equal else "",
        header="name",
        swaps=True,
        empty="no row matches",
    )


def _hidden_kinds(source: Query, hides_settings: bool) -> Collection[str]:
    """Return the kinds of facts of which those that are equal in all versions are left out."""
    equal = source.word("equal", EQUAL)
    return KINDS if equal == "hide" else ("setting",) if hides_settings and not equal else ()


def _baseline_columns(versions: Sequence[Version]) -> list[Column]:
    """Return a column of what always giving one answer scores, if all versions were measured on one dataset."""
    names = {version.dataset for version in versions}
    baseline = baseline_of(workspace(), names.pop()) if len(names) == 1 else None
    if baseline is None:
        return []
    values = baseline.metrics

    def value(fact: SeveralFact) -> float | None:
        return values.get(fact.name) if fact.kind == "metric" else None

    return [Column("baseline", "Baseline", value, "number", help=constant_words(baseline))]


def _fact_column(version: Version, place: int) -> Column:
    return Column(
        version.reference,
        version.reference,
        lambda fact: fact.values[place],
        "fact",
        shown=lambda fact: (fact.kind, value_words(fact.name, fact.values[place])),
        css="right",
        is_name=True,
        heading_link=url_for("versions.show", name=version.network, number=version.number),
    )


def _order_of(several: Several, sort: str) -> Sequence[int]:
    """Return the places of the versions in the order of a fact's value, the largest first; unknown ones come last."""
    places = range(len(several.versions))
    fact = next((fact for fact in several.facts if fact.key == sort.removeprefix("-")), None)
    if fact is None:
        return places
    column = _sortable(fact.key, list(fact.values), value=lambda place: fact.values[place])
    return list(Table("", (column,), places).in_order(sort).rows)


def _sortable(name: str, values: Sequence[Any], heading: str = "", **more: Any) -> Column:  # noqa: ANN401
    """Return a column that a first click sorts by the largest number first, or by texts from A."""
    is_number = any(isinstance(value, int | float) for value in values)
    return Column(name, heading, sortable=True, largest_first=is_number, **more)


def colours_of(several: Several) -> list[str]:
    """Return a colour per version: a ramp from old to new within one network, else one for each."""
    if len({version.network for version in several.versions}) == 1:
        numbers = [version.number for version in several.versions]
        ramp = dict(zip(sorted(numbers), version_colours(len(numbers)), strict=True))
        return [ramp[number] for number in numbers]
    return [(*OKABE_ITO, NEITHER)[place] for place in range(len(several.versions))]


def several_page(source: Query, several: Several) -> dict[str, Any]:
    """Return what the page of two to eight versions shows."""
    table = facts_table(source, several, hides_settings=True)
    return {
        "equal_settings": sum(fact.equal and fact.kind == "setting" for fact in several.facts),
        "several": several,
        "sentence": _sentence(several),
        "notes": compared_notes(_sides(several), _best_by(several)[0]),
        "table": table,
        "curve": curve_of(source),
        "curve_words": {name: curve_words(name) for name in curve_names()},
        "change": shows_change(source, several),
        "draws": source.draws(several.cells),
        "exports": {what: query_exports(f"several.{what}") for what in ("distributions", "curves")},
        "has_curves": any(version.run_id for version in several.versions),
    }


class VersionRow(NamedTuple):
    """A version with its settings and metrics by name."""

    version: VersionSettings
    values: VersionValues

    def is_named(self, source: Query) -> bool:
        """Return whether the filter's words are in its reference or any of its values."""
        shown = [value_words(*setting) for setting in self.values.settings.items()]
        values = [*self.values.settings.values(), *shown, *self.values.metrics.values()]
        return matches(source, f"{self.version.reference} {' '.join(map(str, values))}")


def all_table(source: Query, shown: AllVersions) -> Table:
    """Return versions as settings and metrics; settings that are equal in all only with `equal=show`."""
    settings = shown.settings if source.text("equal") == "show" else shown.varying
    rows = [VersionRow(*pair) for pair in zip(shown.versions, shown.rows, strict=True)]
    metric = _chosen_metric(source, shown)
    few = listed_records([(row.version.dataset or "", metric) for row in rows])
    records = dict(zip([row.version.reference for row in rows], few, strict=True))
    repeated = named_spreads({row.version.network for row in rows})
    columns = (
        Column("tick", "Select", "version.reference", "tick", exported=False, quiet=True, css="tick"),
        Column(
            "version",
            "Version",
            "version.reference",
            sortable=True,
            sort_key=lambda row: (row.version.network, row.version.number),
            largest_first=True,
        ),
        *(_setting_column(shown, name) for name in settings),
        *(_metric_column(shown, name) for name in shown.metrics),
        *_doubt_columns(records, repeated),
    )
    return Table(
        "all_versions",
        columns,
        [row for row in rows if row.is_named(source)],
        "All versions",
        query_exports("several.all_numbers"),
        link=lambda row: _version_page(row.version),
        header="version",
        empty="no version has that",
    ).in_order(chosen_order(source, columns))


def _chosen_metric(source: Query, shown: AllVersions) -> str:
    return source.text("metric") or next(iter(shown.metrics), "")


def _doubt_columns(records: Mapping[str, int | None], repeated: Mapping[str, str]) -> list[Column]:
    """Return how far scores can be trusted, where it is known: on how few records they rest, and how far they vary."""
    columns = [
        Column(
            "records",
            "Measured on",
            shown=lambda row: records_words(records[row.version.reference]),
            exported=False,
            css="right muted",
            help=FEW,
        ),
        Column(
            "repeated",
            "Repeated",
            shown=lambda row: repeated.get(row.version.network),
            exported=False,
            css="muted",
            help=REPEATED,
        ),
    ]
    return [one for one, known in zip(columns, (any(records.values()), repeated), strict=True) if known]


def _setting_column(shown: AllVersions, name: str) -> Column:
    values = [row.settings.get(name) for row in shown.rows]
    key, heading = f"setting.{name}", setting_words(name)

    def value(row: VersionRow) -> Any:  # noqa: ANN401 - a setting's value
        return row.values.settings.get(name)

    def shown_value(row: VersionRow) -> Any:  # noqa: ANN401 - a setting's value
        return value_words(name, value(row))

    return _sortable(key, values, heading, value=value, shown=shown_value, format="setting", css="right")


def _metric_column(shown: AllVersions, name: str) -> Column:
    values, heading = [row.metrics.get(name) for row in shown.rows], metric_words(name)
    return _sortable(f"metric.{name}", values, heading, value=lambda row: row.values.metrics.get(name), format="number")


def all_page(source: Query, shown: AllVersions) -> dict[str, Any]:
    """Return what the page of all versions shows."""
    table = all_table(source, shown)
    rows = list(table.rows)
    metric = _chosen_metric(source, shown)
    most = max(MOST_NODES // (2 * len(table.columns) + 3), 1)
    return {
        "shown": shown,
        "query": source,
        "sentence": _all_sentence(shown, rows, metric),
        "drawing": _drawing(shown, rows, metric),
        "table": table.part(0, most),
        "left_out": max(len(rows) - most, 0),
        "metric": metric,
        "metrics": [(name, metric_words(name)) for name in shown.metrics],
    }


def _drawing(shown: AllVersions, rows: Sequence[VersionRow], metric: str) -> Markup:
    settings = shown.varying[: MOST_AXES - 2]
    metrics = [metric] if metric in shown.metrics else []
    metrics += [name for name in shown.metrics if name != metric][: max(MOST_AXES - len(settings) - len(metrics), 0)][
        :2
    ]
    axes = [
        Axis(setting_words(name), [_on_axis(name, row.values.settings.get(name)) for row in rows]) for name in settings
    ]
    axes += [Axis(metric_words(name), [row.values.metrics.get(name) for row in rows]) for name in metrics]
    threads = [
        Thread(
            _version_page(row.version),
            f"{row.version.reference}: {metric_words(metric)} {number(row.values.metrics.get(metric))}",
        )
        for row in rows
    ]
    sign = {True: 1, False: -1, None: math.nan}[is_higher_better(metric)]  # nothing is best by an unknown metric
    values = [row.values.metrics.get(metric) for row in rows]
    return threads_plot(
        axes,
        threads,
        [None if value is None else sign * value for value in values],
        f"Settings against metrics of {plural(len(rows), 'version')}",
    )


def _on_axis(name: str, value: Any) -> Any:  # noqa: ANN401 - a setting's value
    return setting(value) if isinstance(value, bool) else value_words(name, value)


def _sentence(several: Several) -> str:
    differing = [fact for fact in several.facts if fact.kind == "setting" and not fact.equal and fact.name != "epoch"]
    text = f"{plural(len(several.versions), 'version')} side by side"
    if differing:
        text += f"; they differ in {', '.join(words_of(fact) for fact in differing[:4])}"
        text += f" and {plural(len(differing) - 4, 'further setting')}" if len(differing) > 4 else ""
    if warning := other_data(several.versions):
        return f"{text}. {warning}"
    score, known = _best_by(several)
    oldest_first = sorted(range(len(several.versions)), key=lambda place: several.versions[place].created)
    best = best_of(score, {place: known[score].values[place] for place in oldest_first}) if score else None
    if score is None or best is None:
        return f"{text}."
    value = number(known[score].values[best])
    text += f"; {several.versions[best].reference} has the best {metric_words(score)}, {value}"
    return f"{text}."


def _best_by(several: Several) -> tuple[str | None, dict[str, SeveralFact]]:
    """Return the metric by which one of the versions is the best, and the metrics that all of them have."""
    known = {f.name: f for f in several.facts if f.kind == "metric" and all(v is not None for v in f.values)}
    return _score(several.versions, known), known


def _sides(several: Several) -> list[tuple[Network, Version]]:
    networks = {name: get_network(workspace(), name) for name in {one.network for one in several.versions}}
    return [(networks[one.network], one) for one in several.versions]


def _score(versions: Sequence[Version], known: Mapping[str, Any]) -> str | None:
    """Return the metric by which one is the best: within a network the one of its best epoch, else what all can have.

    Losses of different kinds do not compare.
    """
    kinds = {(one.network, one.spec.training.best_by, one.spec.training.loss) for one in versions}
    if len(kinds) == 1:
        return deciding_name(kinds.pop()[1], [known]) or metric_name(None, known)
    return metric_name(None, known)


def _all_sentence(shown: AllVersions, rows: Sequence[VersionRow], metric: str) -> str:
    count = plural(len(rows), "version")
    where = f"of {shown.network}" if shown.network else "of all networks"
    text = f"{count} {where}{', the newest' if shown.more else ''}"
    text += f"; {plural(len(shown.varying), 'setting differs', 'settings differ')}"
    values = {row.version.reference: row.values.metrics.get(metric) for row in rows}
    oldest_first = [version.reference for version in reversed(shown.versions)]  # of equals the first one is best
    known = {name: value for name in oldest_first if (value := values.get(name)) is not None}
    return f"{text}; {best}." if (best := best_words(metric, known)) else f"{text}."


def best_words(metric: str, known: Mapping[str, float]) -> str:
    """Say what is best by a metric, the first of equals, and how many are as good; empty without a direction."""
    best = best_of(metric, known)
    if best is None:
        return ""
    others = list(known.values()).count(known[best]) - 1
    as_good = f" and {plural(others, 'other version')}" if others else ""
    return f"best {metric_words(metric)}: {number(known[best])} of {best}{as_good}"


def _version_page(version: VersionSettings) -> str:
    return url_for("versions.show", name=version.network, number=version.number)
