"""The map of a change on its page: where its picture is, what its rows are, and how to look at a part of it."""

import math
from typing import Any

from dashboard.charts.images import drawn_size
from dashboard.services.compare.detail import top_cells
from dashboard.services.compare.pictures import ChangeMap
from dashboard.services.compare.versions import TensorPair
from dashboard.web.compare.query import asked_map, here
from dashboard.web.kit.tables import exports
from dashboard.web.kit.urls import address

DOWN, ACROSS = 13, 25
"""Units and inputs that are seen around one cell."""

SHORTEST = 8
"""No part is shorter than so many cells on a side, unless the table is."""


def map_lines(found: ChangeMap, pair: TensorPair, keys: dict[str, Any]) -> dict[str, Any]:
    """Return what the page shows of a map; `keys` are the values of its picture's address."""
    places, inputs = found.part
    order = asked_map().order
    is_whole = len(places) == found.units and len(inputs) == found.inputs
    seen = {"order": order} | ({} if is_whole else {"places": _text(places), "inputs": _text(inputs)})
    numbers = {name: value for name, value in keys.items() if name != "v"}
    return {
        "light": address("changes.heat_map", theme="light", **keys, **seen),
        "dark": address("changes.heat_map", theme="dark", **keys, **seen),
        "size": drawn_size(len(places), len(inputs)),
        "limit": found.limit,
        "clipped": found.clipped,
        "pooled": found.pooled,
        "order": order,
        "is_whole": is_whole,
        "places": places,
        "inputs": inputs,
        "row_units": found.row_units,
        "shows_cells": not is_whole and not found.pooled,
        "steps": _steps(found, pair),
        "exports": exports("changes.map_numbers", **numbers, **seen),
        "other_order": here(order="" if order == "raw" else "raw", places="", inputs=""),
        "select": here(unit="", tensor=pair.one.name),
        "cell": here("compare.cell", tensor=pair.one.name, row="", column=""),
        "zoom": here(places="", inputs="", tensor=pair.one.name),
    }


def around(pair: TensorPair, row: int, column: int) -> dict[str, Any]:
    """Return a map of the cells around one, in the order of the table, and where it is seen as a part of the whole."""
    key = pair.one.key("", 0)
    places, inputs = _around(DOWN, column, range(key.columns)), _around(ACROSS, row, range(key.rows))
    seen = {"order": "raw", "places": _text(places), "inputs": _text(inputs)}
    gone = {"row": "", "column": "", "unit": "", "axis": ""}
    return {
        "light": here("changes.heat_map", theme="light", **seen, **gone),
        "dark": here("changes.heat_map", theme="dark", **seen, **gone),
        "size": drawn_size(len(places), len(inputs)),
        "address": here(**seen, **gone),
    }


def _steps(found: ChangeMap, pair: TensorPair) -> list[tuple[str, str, str]]:
    """Return (address, key, words) of the parts that lie inside, around and beside this one."""
    places, inputs = found.part
    middle = _middle(found, pair)
    whole = len(places) == found.units and len(inputs) == found.inputs
    closer = [_halved(part, at) for part, at in zip(found.part, middle, strict=True)]
    wider = [
        _around(2 * len(part), (part.start + part.stop) // 2, range(total))
        for part, total in zip(found.part, (found.units, found.inputs), strict=True)
    ]
    steps = [(_at(*closer) if closer != list(found.part) else "", "+", "closer")]
    steps += [(_at(*wider) if not whole else "", "-", "wider"), (_at(None, None) if not whole else "", "0", "whole")]
    for key, words, down, across in (
        ("←", "left", 0, -1),
        ("→", "right", 0, 1),
        ("↑", "up", -1, 0),
        ("↓", "down", 1, 0),
    ):
        beside = _moved(places, found.units, down), _moved(inputs, found.inputs, across)
        steps.append((_at(*beside) if beside != (places, inputs) else "", key, words))
    return steps


def _middle(found: ChangeMap, pair: TensorPair) -> tuple[int, int]:
    """Return where to look closer: at the largest change that lies in the part, else at its middle."""
    places, inputs = found.part
    if not found.pooled:
        at = {unit: place for place, unit in zip(places, found.row_units, strict=True)}
        for cell in top_cells(pair, 100):
            if cell.column in at and cell.row in inputs:
                return at[cell.column], cell.row
    return (places.start + places.stop) // 2, (inputs.start + inputs.stop) // 2


def _halved(part: range, middle: int) -> range:
    """Return half of a part, around a middle in it."""
    return _around(max(math.ceil(len(part) / 2), min(SHORTEST, len(part))), middle, part)


def _around(length: int, middle: int, whole: range) -> range:
    """Return a part of this length (at most) around a middle that lies inside the whole."""
    length = min(length, len(whole))
    start = min(max(middle - length // 2, whole.start), whole.stop - length)
    return range(start, start + length)


def _moved(part: range, total: int, step: int) -> range:
    """Return the part half its length further."""
    start = min(max(part.start + step * max(len(part) // 2, 1), 0), total - len(part))
    return range(start, start + len(part))


def _at(places: range | None, inputs: range | None) -> str:
    return here(places=_text(places), inputs=_text(inputs))


def _text(part: range | None) -> str:
    return f"{part.start}-{part.stop - 1}" if part is not None else ""
