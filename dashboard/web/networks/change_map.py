"""The change map: which tensor moved how far in which step, a field each, leading to what changed there.

Each step is from the version that another one came from; its row says how far it has moved in the norm of the one
before. A darker field is a larger change, on a scale of logarithms: early steps are often a hundred times later ones.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from flask import url_for

from dashboard.metrics import metric_name, metric_words
from dashboard.services.history.tensor_steps import TensorStep, TensorSteps
from dashboard.web.kit.formats import change, number, plural, shade
from dashboard.web.kit.query import query
from dashboard.web.kit.tables import Column, Exports, Table, exports
from dashboard.web.kit.urls import address, numbered
from dashboard.web.kit.urls import compared as compared_at

MOST_TENSORS, MOST_FIELDS = 16, 1200
"""So many tensors, those that changed most, and fields, those of the newest versions, are on the page."""
LEVELS = 10
History = Mapping[int, Mapping[str, Any]]


class Field(NamedTuple):
    """One tensor's change in one step: its shade, the address of the comparison, and what is said of it on hover."""

    css: str
    address: str
    words: str


class MapRow(NamedTuple):
    """A tensor, where its history is, and a field for each version; None for one that comes from none."""

    name: str
    address: str
    fields: list[Field | None]


class MapPage(NamedTuple):
    """What the map shows. `columns` are (number, address) of versions, `ends` the smallest and largest change in words.

    `left_out` says what it does not show, `waiting` how many steps are not counted yet; `poll` is where counting goes
    on, `count` the address of this page that counts without script. `toggle` shows, or hides, the row of the metric.
    """

    columns: list[tuple[int, str]]
    rows: list[MapRow]
    metric: MapRow | None
    ends: tuple[str, str] | None
    left_out: str
    waiting: int
    poll: str
    count_address: str
    toggle: tuple[str, str] | None
    exports: Exports


class _Shown(NamedTuple):
    steps: Sequence[TensorStep]
    tensors: Sequence[str]
    low: float
    high: float


def map_page(walk: TensorSteps, history: History, with_metric: bool) -> MapPage | None:
    """Return the map of a network; None where no version comes from another one."""
    if not any(step.base is not None for step in walk.steps):
        return None
    name, shown = walk.network.name, _shown(walk)
    metric = next((one for metrics in history.values() if (one := metric_name(walk.network.task, metrics))), None)
    words = metric_words(metric) if metric else ""
    page = numbered("versions.show", "number", name=name)
    other = query().address("networks.show", metric="" if with_metric else "1", offset="", _anchor="step-map")
    return MapPage(
        columns=[(step.number, page(step.number)) for step in shown.steps],
        rows=[_row(name, tensor, shown) for tensor in shown.tensors],
        metric=_metric_row(name, metric, shown, history) if metric and with_metric else None,
        ends=(share_words(shown.low), share_words(shown.high)) if shown.high else None,
        left_out=_left_out(walk, shown),
        waiting=walk.waiting,
        poll=url_for("networks.change_map_part", name=name, metric="1" if with_metric else None),
        count_address=query().address("networks.show", count="1", _anchor="step-map"),
        toggle=(f"{'hide' if with_metric else 'show'} the {words}", other) if metric else None,
        exports=exports("networks.change_map", name=name),
    )


def _shown(walk: TensorSteps) -> _Shown:
    tensors = _most_changed(walk)
    steps = walk.steps[-max(MOST_FIELDS // max(len(tensors), 1), 1) :]
    changes = [step.changes.get(name) for step in steps if step.changes for name in tensors]
    some = [value for value in changes if value]
    return _Shown(steps, tensors, min(some, default=0.0), max(some, default=0.0))


def _most_changed(walk: TensorSteps) -> list[str]:
    """Return the tensors that changed most in any step, in the order of the network."""
    if len(walk.tensors) <= MOST_TENSORS:
        return walk.tensors
    largest = dict.fromkeys(walk.tensors, 0.0)
    for step in walk.steps:
        for name, value in (step.changes or {}).items():
            if value and value > largest.get(name, math.inf):
                largest[name] = value
    some = set(sorted(largest, key=lambda name: -largest[name])[:MOST_TENSORS])
    return [name for name in walk.tensors if name in some]


def _left_out(walk: TensorSteps, shown: _Shown) -> str:
    """Say which tensors and versions are not on the map."""
    parts = []
    if len(shown.tensors) < len(walk.tensors):
        parts.append(f"the {len(shown.tensors)} tensors that changed most of {len(walk.tensors):,}")
    if len(shown.steps) < len(walk.steps):
        parts.append(f"the newest {len(shown.steps)} of {plural(len(walk.steps), 'version')}")
    return f"Shown are {' and '.join(parts)}; the CSV has all." if parts else ""


def _row(network: str, tensor: str, shown: _Shown) -> MapRow:
    compared = compared_at(network, tensor)
    fields = [_field(step, tensor, compared, shown) for step in shown.steps]
    return MapRow(tensor, address("history.show", name=network, tensor=tensor), fields)


def _field(step: TensorStep, tensor: str, compared: Callable[[int, int], str], shown: _Shown) -> Field | None:
    if step.base is None or (step.changes is not None and tensor not in step.changes):
        return None
    value = None if step.changes is None else step.changes[tensor]
    words = f"v{step.base} → v{step.number}, {tensor}: {_words(step, value)}"
    return Field(_level(value, shown), compared(step.base, step.number), words)


def _words(step: TensorStep, value: float | None) -> str:
    if value is not None:
        return share_words(value) if value else "no change"
    if step.changes is not None:
        return f"no share, as all of it was 0 in v{step.base}"
    return "not counted yet" if step.is_waiting else "not known; the comparison counts it"


def share_words(value: float) -> str:
    """Write a share in percent with four significant digits, however small it is."""
    return f"{number(100 * value)} %"


def _level(value: float | None, shown: _Shown) -> str:
    """Return the class of a field: `m0` without a change, `m1` to `m10` by its logarithm, `mu` if it is not known."""
    if not value:
        return "mu" if value is None else "m0"
    length = math.log(shown.high) - math.log(shown.low)  # their ratio may be too large for a number
    place = (math.log(value) - math.log(shown.low)) / length if length else 1.0
    return f"m{1 + round(place * (LEVELS - 1))}"


def _metric_row(network: str, metric: str, shown: _Shown, history: History) -> MapRow:
    """Return how much each step changed the metric, with its sign."""
    words, compared = metric_words(metric), compared_at(network)
    gains = {step.number: _gain(metric, step, history) for step in shown.steps}
    limit = max((abs(gain) for gain in gains.values() if gain is not None), default=0.0)
    fields = [
        None
        if step.base is None
        else Field(
            "mu" if gains[step.number] is None else shade(gains[step.number], limit),
            compared(step.base, step.number),
            f"v{step.base} → v{step.number}, {words}: {change(gains[step.number])}",
        )
        for step in shown.steps
    ]
    return MapRow(words, "", fields)


def _gain(metric: str, step: TensorStep, history: History) -> float | None:
    base, other = (history.get(number or 0, {}).get(metric) for number in (step.base, step.number))
    return other - base if base is not None and other is not None else None


CHANGE_COLUMNS = (
    Column("base"),
    Column("version"),
    Column("tensor"),
    Column("relative_change"),
    Column("metric"),
    Column("metric_change"),
)


def changes_table(walk: TensorSteps, history: History) -> Table:
    """Return the change of every tensor in every step, the oldest first; without a number where it is not known."""
    metric = next((one for metrics in history.values() if (one := metric_name(walk.network.task, metrics))), None)
    rows = (row for step in walk.steps if step.base is not None for row in _change_rows(step, metric, history))
    return Table(f"{walk.network.name}_changes", CHANGE_COLUMNS, list(rows))


def _change_rows(step: TensorStep, metric: str | None, history: History) -> Iterable[dict[str, Any]]:
    gain = _gain(metric, step, history) if metric else None
    about = {"base": step.base, "version": step.number, "metric": metric, "metric_change": gain}
    changes = [(None, None)] if step.changes is None else step.changes.items()
    return ({**about, "tensor": name, "relative_change": value} for name, value in changes)
