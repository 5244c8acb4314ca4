"""What the page of why a loss changed shows: shares of tensors and units, what putting back restores, the records."""

from typing import Any

from dashboard.charts.figures import Figure
from dashboard.charts.why_figures import restored_figure, way_figure
from dashboard.metrics import heading_words, metric_words
from dashboard.records.why import WHY_PARTS, WhyResult
from dashboard.web.compare.why_query import WhyQuery
from dashboard.web.compare.why_tables import classes_table, records_table, tensors_table, units_table
from dashboard.web.compare.why_words import curve_words, sum_words, why_sentence
from dashboard.web.kit.tables import query_exports
from dashboard.web.kit.urls import address, api_address

UNITS_SHOWN, RECORDS_SHOWN = 12, 12


def why_page(params: WhyQuery, result: WhyResult, classes: tuple[str, ...]) -> dict[str, Any]:
    """Return what the page shows of a result; `classes` are those of the dataset, none of a regression."""
    units = units_table(params, result, is_chosen=True)
    return {
        "result": result,
        "sentence": why_sentence(result),
        "sum_words": sum_words(result),
        "complete": result.is_complete,
        "metric": heading_words(result.metric_name),
        "parts": [(part, f"the {part} part") for part in WHY_PARTS],
        "labels": [("", "all classes"), *((name, name) for name in classes)] if classes else [],
        "part": result.part,
        "label": result.label,
        "tensors": tensors_table(params, result),
        "units": units,
        "units_shown": units.part(0, UNITS_SHOWN),
        "more_units": _more_units(result),
        "classes": classes_table(params, result),
        "lost": records_table(params, result, "lost"),
        "gained": records_table(params, result, "gained"),
        "records_shown": RECORDS_SHOWN,
        "charts": {name: _chart(name, params) for name in FIGURES},
        "curve_words": curve_words(result, result.curve),
        "change": _change_address(result.other),
        "json": api_address("compare", "why", **api_query(params)),
    }


def _more_units(result: WhyResult) -> str:
    """Say how many units are not on the page; empty if all are."""
    listed, changed = len(result.units), result.changed_units
    if changed <= UNITS_SHOWN:
        return ""
    return (
        f"{UNITS_SHOWN} of {changed:,} units are shown; the files have {'all' if listed == changed else f'{listed:,}'}."
    )


def api_query(params: WhyQuery) -> dict[str, object]:
    """Return the query of the JSON API for the same."""
    wanted = params.request
    given = {"part": wanted.part, "class": wanted.label, "record": wanted.record}
    return {"base": wanted.base, "other": wanted.other} | {
        name: value for name, value in given.items() if value not in ("", None)
    }


def _chart(name: str, params: WhyQuery) -> tuple[str, Any]:
    return params.address("why.figure", what=name), query_exports("why.numbers", what=FILES[name])


def _change_address(reference: str) -> str:
    name, _, number = reference.rpartition(":")
    return address("children.change", name=name, number=int(number), change="put_back")


def way(result: WhyResult) -> Figure:
    """Return loss and metric on the line between both versions as a figure."""
    places, losses, scores = zip(*((one.t, one.loss, one.metric) for one in result.path), strict=True)
    return way_figure(places, losses, scores, metric_words(result.metric_name))


def restored_by_units(result: WhyResult) -> Figure:
    """Return the metric by the share of the units that are put back as a figure."""
    points = [(0.0, result.other_score.metric)]
    points += [(one.units / result.changed_units, one.back.metric) for one in result.curve]
    ends = result.base_score.metric, result.other_score.metric
    return restored_figure([x for x, _ in points], [y for _, y in points], ends, metric_words(result.metric_name))


FIGURES = {"way": way, "restored": restored_by_units}
FILES = {"way": "path", "restored": "curve"}
