"""The map of a change on its page: its picture, its legend, and the addresses of other parts of it."""

import math
from typing import Any

from dashboard.charts.images import drawn_size
from dashboard.charts.palette import THEMES
from dashboard.services.compare.detail import INPUT, axis_of, top_cells
from dashboard.services.compare.pairs import TensorPair
from dashboard.services.compare.pictures import ChangeMap, change_map
from dashboard.services.compare.share_map import ShareMap
from dashboard.web.compare.query import RECORDS, CompareQuery, why_request
from dashboard.web.compare.words import map_legend, side_words
from dashboard.web.kit.tables import exports
from dashboard.web.kit.urls import address

DOWN, ACROSS = 13, 25
"""How many inputs and units are shown around one cell."""

SHORTEST = 8
"""A part is at least this long on each side, if the table is."""

SHARES_OF = "each cell's share of the change of the loss in"
MOVES = (("←", "left", 0, -1), ("→", "right", 0, 1), ("↑", "up", -1, 0), ("↓", "down", 1, 0))


def map_page(params: CompareQuery, pair: TensorPair, keys: dict[str, Any]) -> dict[str, Any]:
    """Return what the page shows of a tensor's map; `keys` are the values of its picture's address.

    `data` is for the script, `zooms` and `moves` are (address, key, words).
    """
    drawn = drawn_map(params, pair)
    places, inputs = drawn.part
    is_whole = len(places) == drawn.units and len(inputs) == drawn.inputs
    is_share = params.shade == "share"
    values = {"order": params.map.order} | ({} if is_whole else {"places": _text(places), "inputs": _text(inputs)})
    values |= {"shade": params.shade, **params.given(*RECORDS)} if is_share else {}
    numbers = {name: value for name, value in keys.items() if name != "v"} | values
    return {
        "drawn": drawn,
        "pictures": [address("changes.heat_map", theme=theme, **keys, **values) for theme in THEMES],
        "size": drawn_size(len(inputs), len(places)),
        "is_share": is_share,
        "alt": "Heat map of " + (SHARES_OF if is_share else "the change in"),
        "other_shade": params.address(shade="" if is_share else "share"),
        "legend": map_legend(drawn, is_whole, params.map.order, side_words(pair)),
        "data": _data(params, pair, drawn, keys),
        "zooms": _zooms(params, drawn, pair, is_whole),
        "moves": _moves(params, drawn),
        "exports": exports("changes.map_numbers", **numbers),
    }


def drawn_map(params: CompareQuery, pair: TensorPair) -> ChangeMap:
    """Return the map that the query shows: of the change, or of each cell's share of the change of the loss."""
    if params.shade == "share":
        return ShareMap(pair, why_request(params), params.map).facts()
    return change_map(pair, params.map)


def _data(params: CompareQuery, pair: TensorPair, drawn: ChangeMap, keys: dict[str, Any]) -> dict[str, Any]:
    """Return what the script knows of the map: its rows and columns, and where a click or a drag leads."""
    places, inputs = drawn.part
    tensor = pair.one.name
    shown = {name: keys[name] for name in ("tensor", "v")}
    return {
        "units": " ".join(map(str, drawn.shown_units)),
        "lines": drawn.lines,
        "place": places.start,
        "places": len(places),
        "input": inputs.start,
        "inputs": len(inputs),
        "words": " ".join(side_words(pair)),
        "select": params.address(unit="", tensor=tensor),
        "zoom": params.address(places="", inputs="", tensor=tensor),
        "pixel": params.address("changes.pixel", unit="", **shown),
        "cell": params.address("compare.pixel", unit="", tensor=tensor),
    }


def map_around(params: CompareQuery, pair: TensorPair, row: int, column: int) -> dict[str, Any]:
    """Return a map of the cells around one, in the order of the table."""
    middle = {"column": (column, range(pair.one.columns)), "row": (row, range(pair.one.rows))}
    places, inputs = _around(ACROSS, *middle[axis_of(pair)]), _around(DOWN, *middle[axis_of(pair, INPUT)])
    shown = {"order": "raw", "places": _text(places), "inputs": _text(inputs)}
    shown |= {"row": "", "column": "", "unit": "", "axis": ""}
    pictures = [params.address("changes.heat_map", theme=theme, **shown) for theme in THEMES]
    return {
        "pictures": pictures,
        "size": drawn_size(len(inputs), len(places)),
        "address": params.address(**shown),
    }


def _zooms(params: CompareQuery, drawn: ChangeMap, pair: TensorPair, is_whole: bool) -> list[tuple[str, str, str]]:
    """Return the addresses of the part inside this one, of the part around it, and of the whole."""
    middle = _middle(drawn, pair)
    closer = [_halved(part, centre) for part, centre in zip(drawn.part, middle, strict=True)]
    wider = [
        _around(2 * len(part), (part.start + part.stop) // 2, range(total))
        for part, total in zip(drawn.part, (drawn.units, drawn.inputs), strict=True)
    ]
    return [
        (_part_address(params, *closer) if closer != list(drawn.part) else "", "+", "closer"),
        ("" if is_whole else _part_address(params, *wider), "-", "wider"),
        ("" if is_whole else params.address(places="", inputs=""), "0", "whole"),
    ]


def _moves(params: CompareQuery, drawn: ChangeMap) -> list[tuple[str, str, str]]:
    """Return the addresses of the parts next to this one."""
    places, inputs = drawn.part
    moves = []
    for key, words, down, across in MOVES:
        moved = _moved(places, drawn.units, across), _moved(inputs, drawn.inputs, down)
        moves.append((_part_address(params, *moved) if moved != (places, inputs) else "", key, words))
    return moves


def _middle(drawn: ChangeMap, pair: TensorPair) -> tuple[int, int]:
    """Return the centre of a closer look: the largest change in the part, else the part's middle."""
    places, inputs = drawn.part
    if not drawn.pooled:
        place_of = {unit: place for place, unit in zip(places, drawn.shown_units, strict=True)}
        is_column = axis_of(pair) == "column"
        for cell in top_cells(pair, 100):
            unit, along = (cell.column, cell.row) if is_column else (cell.row, cell.column)
            if unit in place_of and along in inputs:
                return place_of[unit], along
    return (places.start + places.stop) // 2, (inputs.start + inputs.stop) // 2


def _halved(part: range, middle: int) -> range:
    """Return half of a part, around a middle in it."""
    return _around(max(math.ceil(len(part) / 2), min(SHORTEST, len(part))), middle, part)


def _around(length: int, middle: int, whole: range) -> range:
    """Return a part of this length (at most) around a middle, inside the whole."""
    length = min(length, len(whole))
    start = min(max(middle - length // 2, whole.start), whole.stop - length)
    return range(start, start + length)


def _moved(part: range, total: int, step: int) -> range:
    """Return the part half its length further."""
    start = min(max(part.start + step * max(len(part) // 2, 1), 0), total - len(part))
    return range(start, start + len(part))


def _part_address(params: CompareQuery, places: range, inputs: range) -> str:
    return params.address(places=_text(places), inputs=_text(inputs))


def _text(part: range) -> str:
    return f"{part.start}-{part.stop - 1}"
