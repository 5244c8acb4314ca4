"""The health of a tensor over all versions: what its weights and the records say of its units."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from flask import Blueprint, Response, jsonify, render_template
from markupsafe import Markup

from dashboard.charts.history_figures import Line, lines_figure
from dashboard.charts.svg import sparkline
from dashboard.http import workspace
from dashboard.services.cache.numbers import Numbers as Counts
from dashboard.services.history.health import MEASURES, HealthHistory, dead_of, get_health
from dashboard.services.history.progress import continue_health
from dashboard.services.history.tensor import TensorVersion
from dashboard.web.history.health_words import (
    FINDINGS,
    MEANINGS,
    finding_words,
    health_note,
    health_sentence,
    meaning,
    measure_name,
)
from dashboard.web.history.page import VERSION, over_versions
from dashboard.web.history.query import HistoryQuery, history_query
from dashboard.web.kit.formats import plural
from dashboard.web.kit.tables import Column, Table, chosen_order, numbers_at, query_exports
from dashboard.web.kit.urls import address

blueprint = Blueprint("health", __name__)

HEALTH = "/networks/<name>/health"
MOST_ROWS, MOST_UNITS, MOST_DEAD, MOST_NAMED = 100, 100, 8, 500


@blueprint.get(HEALTH)
def show(name: str) -> str:
    """Show the health of the tensor `tensor` in every version, and the unhealthy units of the newest."""
    params = history_query(name)
    health = _health(params)
    versions = versions_table(params, health)
    units = units_table(params, health, [len(health.versions) - 1])
    dead_units = dead_of(health.findings[-1] if health.findings else None)
    return render_template(
        "health/show.html",
        health=health,
        params=params,
        matrices=[other for other in health.names if not other.endswith(".bias")],
        sentence=health_sentence(health),
        note=health_note(health),
        progress=params.query.address("health.progress") if params.query.draws_all and health.uncounted else "",
        stop=params.query.address(draw=""),
        measures=[_card(health, measure) for measure in MEASURES],
        measure=_measure(params),
        name_of=measure_name(_measure(params), health.word),
        versions=versions.part(0, MOST_ROWS),
        left_out=max(len(health.versions) - MOST_ROWS, 0),
        dead=[("", str(unit), _unit_page(health, unit)) for unit in dead_units[:MOST_NAMED]],
        dead_words=plural(len(dead_units), f"dead {health.word}"),
        units=units.part(0, MOST_UNITS),
        further=max(len(list(units.rows)) - MOST_UNITS, 0),
    )


@blueprint.get(f"{HEALTH}/progress")
def progress(name: str) -> str:
    """Continue counting for about a second, and show how far it is."""
    params = history_query(name)
    done = continue_health(workspace(), name, params.tensor)
    stop = params.query.address("health.show", draw="")
    return render_template("history/_progress.html", done=done, poll=params.query.address(), stop=stop)


@numbers_at(blueprint, HEALTH)
def health(name: str) -> Table:
    """Return all measures of each version."""
    params = history_query(name)
    return versions_table(params, _health(params))


@numbers_at(blueprint, f"{HEALTH}/units")
def units(name: str) -> Table:
    """Return which units of which version have which finding."""
    params = history_query(name)
    health = _health(params)
    return units_table(params, health, range(len(health.versions)))


@blueprint.get(f"{HEALTH}/trend.figure")
def trend_of(name: str) -> Response:
    """Send one measure over the versions as a figure."""
    params = history_query(name)
    health, measure = _health(params), _measure(params)
    numbers = [version.number for version in health.versions]
    name_of = measure_name(measure, health.word)
    figure = lines_figure(numbers, [Line(name_of, _values(health, measure))], name_of)
    return jsonify(over_versions(health.network.name, health.versions, figure))


def _measure(params: HistoryQuery) -> str:
    """Return the measure that is drawn."""
    return params.query.word("measure", MEASURES, "dead")


def _health(params: HistoryQuery) -> HealthHistory:
    return get_health(workspace(), params.name, params.tensor, params.budget)


class VersionRow(NamedTuple):
    """The health of the tensor in one version."""

    version: TensorVersion
    measures: dict[str, float | None]
    findings: Counts | None


def versions_table(params: HistoryQuery, health: HealthHistory) -> Table:
    """Return the measures of each version."""

    def dead(row: VersionRow) -> list[tuple[str, str]]:
        units = dead_of(row.findings)
        links = [(str(unit), _unit_page(health, unit)) for unit in units[:MOST_DEAD]]
        more = len(units) - MOST_DEAD
        return [*links, (f"and {plural(more, 'other')}", "")] if more > 0 else links

    rows = [VersionRow(*row) for row in zip(health.versions, health.measures, health.findings, strict=True)]
    columns = (
        replace(VERSION, sortable=True, largest_first=True),
        *(
            Column(
                name,
                measure_name(name, health.word).capitalize(),
                f"measures.{name}",
                "number",
                css="wraps",
                sortable=True,
                help=meaning(name, health.word),
            )
            for name in MEASURES
        ),
        Column("records", "Records", "findings.records", "count", help=MEANINGS["records"]),
        Column("dead_units", "Which are dead", dead, "links", exported=False),
    )
    return Table(
        f"{params.name}_{health.tensor}_health",
        columns,
        rows[::-1],
        f"Health of {health.tensor} in each version",
        query_exports("health.health"),
        link=lambda row: address("versions.show", name=params.name, number=row.version.number),
    ).in_order(chosen_order(params.query, columns, "version"))


class UnitRow(NamedTuple):
    """A finding about a unit in one version."""

    version: int
    unit: int
    finding: str


def units_table(params: HistoryQuery, health: HealthHistory, places: range | list[int]) -> Table:
    """Return which units of the versions at these places have which finding."""
    columns = (
        Column("version"),
        Column("unit", health.word.capitalize()),
        Column("finding", "Finding", shown=lambda row: finding_words(row.finding, health.word)),
        Column("meaning", "Meaning", lambda row: meaning(row.finding, health.word), css="wide"),
    )
    return Table(
        f"{params.name}_{health.tensor}_units",
        columns,
        [row for place in places for row in _units(health, place)],
        f"Unhealthy {health.word}s",
        query_exports("health.units"),
        link=lambda row: _unit_page(health, row.unit),
    )


def _units(health: HealthHistory, place: int) -> Iterator[UnitRow]:
    """Return the findings of one version, in the order of units; a group of duplicates names all its members."""
    findings, number = health.findings[place], health.versions[place].number
    if findings is None:
        return
    named = [(unit, finding) for finding in FINDINGS for unit in findings[finding] or ()]
    duplicates = [(unit, "duplicates") for group in findings["duplicates"] for unit in group]
    yield from (UnitRow(number, unit, finding) for unit, finding in sorted([*named, *duplicates]))


def _unit_page(health: HealthHistory, unit: int) -> str:
    return address("history.show", name=health.network.name, tensor=health.tensor, unit=unit)


def _card(health: HealthHistory, measure: str) -> tuple[str, str, str, float | None, Markup]:
    """Return a measure's name, words, meaning, newest value, and its course over the versions as a small drawing."""
    values = _values(health, measure)
    name = measure_name(measure, health.word)
    spark = sparkline(values, f"{name} over the versions", 220, 30)
    return measure, name, meaning(measure, health.word), values[-1], spark


def _values(health: HealthHistory, measure: str) -> list[float | None]:
    return [measures[measure] for measures in health.measures]
