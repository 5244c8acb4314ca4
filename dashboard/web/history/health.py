"""The health of a table over all versions: what its stored weights say of dead, doubled and saturated units."""

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from dashboard.charts.history_figures import Line, lines_figure
from dashboard.charts.svg import sparkline
from dashboard.parsing import Fields
from dashboard.services.history.health import MEASURES, HealthHistory, dead_of, get_health
from dashboard.web.history.health_words import FINDINGS, MEANINGS, NAMES, health_sentence
from dashboard.web.history.query import budget
from dashboard.web.kit.query import workspace
from dashboard.web.kit.tables import Numbers, exports, numbers_at
from dashboard.web.kit.urls import address

blueprint = Blueprint("health", __name__)

HEALTH = "/networks/<name>/health"
MOST_ROWS, MOST_UNITS = 100, 100
SORTS = ("version", *MEASURES)


@blueprint.get(HEALTH)
def show(name: str) -> str:
    """Show the health of the table `tensor` in every version, and the units of the newest that are not well."""
    health, sort = _health(name), _sort()
    rows = _sorted(health, sort)
    units = _units(health, len(health.versions) - 1)
    return render_template(
        "health/show.html",
        network=health.network,
        health=health,
        matrices=[other for other in health.names if not other.endswith(".bias")],
        sentence=health_sentence(health),
        measures=[_measure(health, measure) for measure in MEASURES],
        names=NAMES,
        rows=rows[:MOST_ROWS],
        left_out=len(rows) - len(rows[:MOST_ROWS]),
        units=[(unit, finding, MEANINGS[finding]) for unit, finding in units[:MOST_UNITS]],
        further=len(units) - len(units[:MOST_UNITS]),
        sort=sort,
        sorted_by=lambda other: _address(name, sort=other),
        measure=_chosen(),
        figure=_address(name, "health.trend_of", measure=_chosen()),
        exports={what: exports(f"health.{what}", name=name, **_kept()) for what in ("health", "units")},
        anyway=_address(name, draw="1"),
    )


@numbers_at(blueprint, HEALTH)
def health(name: str) -> Numbers:
    """Say all measures of each version."""
    found, sort = _health(name), _sort()
    rows = [[found.versions[place].number, *found.measures[place].values()] for place in _sorted_places(found, sort)]
    return Numbers(["version", *MEASURES], rows, f"{name}_{found.tensor}_health")


@numbers_at(blueprint, f"{HEALTH}/units")
def units(name: str) -> Numbers:
    """Say which units of which version have which finding."""
    found = _health(name)
    rows = [
        [found.versions[place].number, unit, finding, MEANINGS[finding]]
        for place in range(len(found.versions))
        for unit, finding in _units(found, place)
    ]
    return Numbers(["version", "unit", "finding", "meaning"], rows, f"{name}_{found.tensor}_units")


@blueprint.get(f"{HEALTH}/trend.figure")
def trend_of(name: str) -> Response:
    """Send one measure over the versions as a figure."""
    found, measure = _health(name), _chosen()
    numbers = [version.number for version in found.versions]
    values = [measures[measure] for measures in found.measures]
    return jsonify(lines_figure(numbers, [Line(NAMES[measure], values)], NAMES[measure]))


def _health(name: str) -> HealthHistory:
    fields = Fields(request.args.to_dict())
    tensor = fields.text("tensor")
    fields.done()
    return get_health(workspace(), name, tensor, budget())


def _sort() -> str:
    fields = Fields(request.args.to_dict())
    sort = fields.choice("sort", "version", [*SORTS, *(f"-{name}" for name in SORTS)])
    fields.done()
    return sort


def _chosen() -> str:
    fields = Fields(request.args.to_dict())
    measure = fields.choice("measure", "dead", MEASURES)
    fields.done()
    return measure


def _kept() -> dict[str, str]:
    """Return what of the query stays in every address of this page."""
    return {key: request.args[key] for key in ("tensor", "sort", "measure", "draw") if request.args.get(key)}


def _address(name: str, endpoint: str = "health.show", **changed: Any) -> str:  # noqa: ANN401 - values of the query
    return address(endpoint, name=name, **_kept() | changed)


def _sorted_places(found: HealthHistory, sort: str) -> list[int]:
    """Return the places of the versions in the order asked for: the largest first; those without a number last."""
    measure, turned = sort.removeprefix("-"), sort.startswith("-")
    values = [
        version.number if measure == "version" else measures[measure]
        for version, measures in zip(found.versions, found.measures, strict=True)
    ]
    known = [place for place, value in enumerate(values) if value is not None]
    known.sort(key=lambda place: (values[place], place), reverse=not turned)
    return known + [place for place, value in enumerate(values) if value is None]


def _sorted(found: HealthHistory, sort: str) -> list[dict[str, Any]]:
    return [
        {
            "version": found.versions[place],
            "measures": found.measures[place],
            "dead": dead_of(found.findings[place]),
        }
        for place in _sorted_places(found, sort)
    ]


def _measure(found: HealthHistory, measure: str) -> dict[str, Any]:
    """Return a measure with its meaning and its course over the versions as a small drawing."""
    values = [measures[measure] for measures in found.measures]
    drawn = sparkline(values, f"{NAMES[measure]} over the versions", 220, 30)
    return {
        "name": measure,
        "words": NAMES[measure],
        "meaning": MEANINGS[measure],
        "first": values[0],
        "last": values[-1],
        "spark": drawn,
        "address": _address(found.network.name, measure=measure),
    }


def _units(found: HealthHistory, place: int) -> list[tuple[int, str]]:
    """Return (unit, finding) of one version, in the order of units; a group of doubles names all its members."""
    health = found.findings[place]
    if health is None:
        return []
    named = [(unit, finding) for finding in FINDINGS for unit in health[finding]]
    doubles = [(unit, "duplicates") for group in health["duplicates"] for unit in group]
    return sorted([*named, *doubles])
