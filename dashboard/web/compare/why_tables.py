"""The tables of why a loss changed, on its page and in its files: tensors, units, the curve, classes, records."""

from collections.abc import Callable, Sequence
from typing import Any

from dashboard.metrics import heading_words, metric_words
from dashboard.records.why import CurvePoint, RecordLoss, Scored, UnitShare, WhyResult
from dashboard.web.compare.why_query import WhyQuery
from dashboard.web.kit.formats import number
from dashboard.web.kit.tables import Column, Table, query_exports
from dashboard.web.kit.urls import address

LOWERED = "The loss with what the base has here, all else as in the other version: measured"


def tensors_table(params: WhyQuery, result: WhyResult) -> Table:
    """Return the share of each tensor, the largest in size first, and the scores with the base's tensor."""
    rows = sorted(result.tensors, key=lambda tensor: -abs(tensor.share))
    columns = (
        Column("tensor", "Tensor", "name"),
        *_share_columns(result, [row.share for row in rows]),
        Column("changed", "Cells changed", format="count"),
        *_put_back_columns(result),
    )
    return _table(
        params, "tensors", columns, rows, "Share of each tensor", link=lambda row: tensor_map(params, row.name)
    )


def units_table(params: WhyQuery, result: WhyResult, is_chosen: bool = False) -> Table:
    """Return the share of each unit, the one that restores most by itself first; `is_chosen`: with boxes to tick."""
    tick = Column("pick", "Put back", lambda row: f"{row.layer}.{row.unit}", "unit_tick", exported=False, quiet=True)
    columns = (
        *([tick] if is_chosen else []),
        Column("unit", "Unit", "unit", shown=lambda row: f"layer {row.layer}, unit {row.unit}"),
        Column("layer"),
        *_share_columns(result, [row.share for row in result.units]),
        Column("changed", "Cells changed", format="count"),
        *_put_back_columns(result),
    )
    label = "Units, the one that restores most by itself first"
    table = _table(params, "units", columns, result.units, label, link=lambda row: unit_page(params, row))
    return Table(**{**vars(table), "header": "unit"})


def curve_table(params: WhyQuery, result: WhyResult) -> Table:
    """Return the scores with the first units of the list put back, and with all but these."""
    metric = metric_words(result.metric_name)

    def restored(side: str) -> Callable[[CurvePoint], float | None]:
        return lambda point: result.metric_restored(getattr(point, side))

    columns = (
        Column("units", "Units put back", format="count"),
        Column("share", "Their share", format="percent", help="Of the change of the loss"),
        Column("loss", "Loss", "back.loss", "number"),
        Column(result.metric_name, heading_words(result.metric_name), "back.metric", "number"),
        Column(
            "restored",
            "Undone",
            restored("back"),
            "percent",
            help=f"Of the change of the {metric}: 100 % is as in the base",
        ),
        Column("rest_loss", "Loss, all but these", "rest.loss", "number", help="All other units put back instead"),
        Column(
            f"rest_{result.metric_name}", f"{heading_words(result.metric_name)}, all but these", "rest.metric", "number"
        ),
        Column("rest_restored", value=restored("rest")),
    )
    return _table(params, "curve", columns, result.curve, "Scores with units put back")


def path_table(params: WhyQuery, result: WhyResult) -> Table:
    """Return loss and metric on the line between both versions."""
    columns = (
        Column("t", "Share of the change", format="number"),
        Column("loss", "Loss", format="number"),
        Column(result.metric_name, heading_words(result.metric_name), "metric", "number"),
    )
    return _table(params, "path", columns, result.path, "On the line between both")


def classes_table(params: WhyQuery, result: WhyResult) -> Table:
    """Return the classes, those first that did most of the change."""
    sign = 1 if result.change >= 0 else -1
    rows = sorted(result.classes, key=lambda one: -sign * one.share)
    columns = (
        Column("class", "Class", "label"),
        Column("records", "Records", format="count"),
        *_share_columns(result, [row.share for row in rows], "all of one target sum to it"),
        Column("base_loss", "Loss before", "base.loss", "number"),
        Column("other_loss", "Loss after", "other.loss", "number"),
        Column(
            f"base_{result.metric_name}",
            f"{heading_words(result.metric_name)} before",
            "base.metric",
            "number",
        ),
        Column(f"other_{result.metric_name}", "After", "other.metric", "number"),
    )

    def link(row: Any) -> str:  # noqa: ANN401 - a ClassLoss
        return params.address(**{"class": row.label, "record": ""})

    return _table(params, "classes", columns, rows, "Share of each class", link=link)


def records_table(params: WhyQuery, result: WhyResult, what: str) -> Table:
    """Return the records whose loss rose most (`lost`), or fell most (`gained`)."""
    rows: Sequence[RecordLoss] = getattr(result, what)

    def used(row: RecordLoss) -> str:
        return address("use.show", reference=result.other, record=row.record, also=result.base)

    form = "number" if rows and isinstance(rows[0].target, float) else "text"
    columns = (
        Column("record", "Record", format="count", link=used, help="Its answers by both versions"),
        Column("true", "True", lambda row: _answer(row.target), form),
        Column("base_answer", "Before", lambda row: _answer(row.base_answer), form),
        Column("other_answer", "After", lambda row: _answer(row.other_answer), form),
        Column("base_loss", "Loss before", format="number"),
        Column("other_loss", "Loss after", format="number"),
        Column("share", "Share", format="change", help="Its part of the change of the mean loss"),
        Column("why", "Why", lambda _: "why", link=lambda row: params.address(record=row.record), exported=False),
    )
    label = "Records that lost most" if what == "lost" else "Records that gained most"
    return _table(params, what, columns, rows, label, empty="none")


TABLES: dict[str, Callable[[WhyQuery, WhyResult], Table]] = {
    "tensors": tensors_table,
    "units": units_table,
    "curve": curve_table,
    "path": path_table,
    "classes": classes_table,
    "lost": lambda params, result: records_table(params, result, "lost"),
    "gained": lambda params, result: records_table(params, result, "gained"),
}
"""Each table by the last part of its address."""


def tensor_map(params: WhyQuery, tensor: str) -> str:
    """Return the page of what changed in a tensor, its map shaded by the share of each cell."""
    return params.address("compare.show", tensor=tensor, shade="share")


def unit_page(params: WhyQuery, unit: UnitShare) -> str:
    """Return the page of what changed in a unit."""
    return params.address("compare.unit", tensor=f"layer_{unit.layer:02d}.weight", unit=unit.unit)


def _table(
    params: WhyQuery,
    what: str,
    columns: Sequence[Column],
    rows: Sequence[Any],
    label: str,
    **more: Any,  # noqa: ANN401 - further fields of a table
) -> Table:
    return Table(params.file_name(what), columns, rows, label, query_exports("why.numbers", what=what), **more)


def _share_columns(
    result: WhyResult, shares: Sequence[float], sums: str = "all of them sum to it"
) -> tuple[Column, ...]:
    largest = max(map(abs, shares), default=0.0) or 1.0
    return (
        Column("share", "Share", format="change", help=f"Its part of the change of the loss; {sums}"),
        Column("bar", "As a bar", lambda row: row.share / largest, "balance", exported=False, quiet=True),
        Column(
            "of_change",
            "Of the change",
            lambda row: row.share / result.change if result.change else None,
            "percent",
            exported=False,
        ),
    )


def _put_back_columns(result: WhyResult) -> tuple[Column, ...]:
    """Return the scores with the base's weights, measured, and how much of the change each undoes."""
    metric = metric_words(result.metric_name)

    def undone(share: Callable[[Scored], float | None]) -> Callable[[Any], float | None]:
        return lambda row: None if row.put_back is None else share(row.put_back)

    as_before = "{}: 100 % is as in the base, – where it did not change"
    return (
        Column("put_back_loss", "Loss put back", "put_back.loss", "number", help=LOWERED),
        Column(
            "loss_restored",
            "Undone",
            undone(result.loss_restored),
            "percent",
            help=as_before.format("Of the change of the loss"),
        ),
        Column(
            f"put_back_{result.metric_name}",
            f"{heading_words(result.metric_name)} put back",
            "put_back.metric",
            "number",
        ),
        Column(
            "restored",
            "Undone",
            undone(result.metric_restored),
            "percent",
            help=as_before.format(f"Of the change of the {metric}"),
        ),
    )


def _answer(value: Any) -> Any:  # noqa: ANN401 - a class, a number, or a list of either
    """Return an answer as a cell holds it: those of several targets as one text."""
    if not isinstance(value, list):
        return value
    return ", ".join(one if isinstance(one, str) else number(one) for one in value)
