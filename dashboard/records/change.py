"""Changes: what a person does to the weights of a version, of which a child version comes. One record for each kind."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass
from functools import partial
from typing import Any

from dashboard.declarations import declared, read, setting
from dashboard.kinds import Choice, Flag, Number
from dashboard.parsing import Fields

MOST_CHANGED = 1000
MOST_AVERAGED = 32
LONGEST_REFERENCE = 100
LONGEST_VALUE = 100
LONGEST_TENSOR = 1024
MOST_SHARE = 1e6
MOST_LAYERS, MOST_PLACES = 1_000, 100_000

SCOPES = {
    "all": "all tensors together",
    "each": "each tensor by itself",
    "units": "whole hidden units",
}
GRID_BITS = {"int8": 8, "int4": 4}
TYPES = {
    "float16": "float16: half the size, 3 digits",
    "bfloat16": "bfloat16: half the size, the range of float32, 2 digits",
    "int8": "int8 grid: 255 values a unit",
    "int4": "int4 grid: 15 values a unit",
}
MATCH = "Two trainings learn the same units in another order. The others' units are put in this version's order first."


@dataclass(frozen=True)
class Cell:
    """A cell of a tensor's table, counted from 0, and the text of its new value."""

    tensor: str
    row: int
    column: int
    value: str


@dataclass(frozen=True)
class Edit:
    """Cells by hand."""

    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Interpolate:
    """(1 − t) of this version and t of another."""

    other: str
    t: float = setting(Number(0, 1), label="t", help="0 is this version, 1 the other one.")
    match_units: bool = setting(Flag(), False, "Match units first", MATCH)


@dataclass(frozen=True)
class Average:
    """The mean of this version and others; `shares` are in the order of `versions`, the first of which it is."""

    versions: tuple[str, ...]
    shares: tuple[float, ...]
    match_units: bool = setting(Flag(), False, "Match units first", MATCH)


@dataclass(frozen=True)
class Prune:
    """The smallest weights become 0."""

    share: float = setting(Number(0, 1), label="Share", help="How many of the weights become 0: 0.8 is 80 %.")
    scope: str = setting(Choice(SCOPES), "all", "The smallest of")


@dataclass(frozen=True)
class Round:
    """The weights become a narrower type, or values of a grid."""

    to: str = setting(Choice(TYPES), label="To")


@dataclass(frozen=True)
class UnitPlace:
    """A unit: its layer counted from 1, as in layer_01, its place in the layer from 0."""

    layer: int
    unit: int


@dataclass(frozen=True)
class PutBack:
    """Units and whole tensors get the values that they have in the version `base`.

    Of a unit these are its incoming weights and its bias.
    """

    base: str
    units: tuple[UnitPlace, ...] = ()
    tensors: tuple[str, ...] = ()


Change = Edit | Interpolate | Average | Prune | Round | PutBack
CHANGES: dict[str, type[Change]] = {
    "edit": Edit,
    "interpolate": Interpolate,
    "average": Average,
    "prune": Prune,
    "round": Round,
    "put_back": PutBack,
}
"""The kinds of changes by their names, which are also what the origin of a child says."""
CHANGE_SETTINGS = {name: declared(kind) for name, kind in CHANGES.items()}


def name_of(change: Change) -> str:
    """Return the name of a change's kind."""
    return next(name for name, kind in CHANGES.items() if isinstance(change, kind))


def change_json(change: Change) -> dict[str, Any]:
    """Return a change in the form of the JSON API, which `parse_change` reads."""
    return {"change": name_of(change)} | asdict(change)


def parse_change(data: Mapping[str, Any], reference: str) -> Change:
    """Read a change of the version `reference` from an untrusted mapping; raises Invalid with each wrong field."""
    fields = Fields(data)
    name = fields.choice("change", "", CHANGES)
    if not fields.data.get("change"):
        fields.refuse("change", f"Choose one of: {', '.join(CHANGES)}.")
    fields.done()
    settings = CHANGE_SETTINGS[name]
    fields.known({"change", *settings, *FURTHER.get(name, {})})
    for required, declaration in settings.items():
        if declaration.default is MISSING and fields.data.get(required) in (None, ""):
            fields.refuse(required, f"Say what {required} is.")
    values = read(fields, settings)
    for field, parse in FURTHER.get(name, {}).items():
        values[field] = parse(fields)
    if name == "put_back" and not values["units"] and not values["tensors"]:
        fields.refuse("units", "Name the units or the tensors that are put back.")
    if name == "average":
        values |= _averaged(fields, reference, values["versions"], values["shares"])
    fields.done()
    return CHANGES[name](**values)


def _cells(fields: Fields) -> tuple[Cell, ...]:
    cells: dict[tuple[str, int, int], Cell] = {}
    for inner in fields.items("cells", 1, MOST_CHANGED):
        inner.known({"tensor", "row", "column", "value"})
        tensor = inner.text("tensor", longest=LONGEST_TENSOR)
        if not tensor:
            inner.refuse("tensor", "Name the tensor.")
        cell = Cell(tensor, _place(inner, "row"), _place(inner, "column"), _value(inner))
        if (cell.tensor, cell.row, cell.column) in cells:
            inner.refuse("row", f"Row {cell.row}, column {cell.column} of {tensor[:80]} stands in the list twice.")
        cells[cell.tensor, cell.row, cell.column] = cell
    return tuple(cells.values())


def _place(fields: Fields, name: str) -> int:
    if fields.data.get(name) in (None, "") and name == "row":
        fields.refuse(name, "Say which row, counted from 0.")
    return fields.integer(name, 0, 0, 2**31 - 1)


def _value(fields: Fields) -> str:
    """Return the text of a value; a number of JSON is a double, and stands as its shortest text."""
    value = fields.data.get("value")
    if isinstance(value, bool | int | float):
        value = repr(value).lower()
    if value is None or not isinstance(value, str) or not 1 <= len(value.strip()) <= LONGEST_VALUE:
        fields.refuse("value", f"Give the new value as a text of at most {LONGEST_VALUE} characters, such as 0.25.")
        return ""
    return value.strip()


def _other(fields: Fields, field: str = "other") -> str:
    other = fields.text(field, longest=LONGEST_REFERENCE)
    if not other:
        fields.refuse(field, f"Choose the {field} version, written as name:number.")
    return other


def _units(fields: Fields) -> tuple[UnitPlace, ...]:
    """Return units, each an object with layer and unit, or a text such as 2.7: layer 2, unit 7."""
    listed = _list(fields, "units", MOST_CHANGED)
    each = [_unit_of_text(one) if isinstance(one, str) else one for one in listed]
    units = []
    for inner in Fields({"units": each}, fields.path, fields.errors).items("units", 0, MOST_CHANGED):
        inner.known({"layer", "unit"})
        for name in ("layer", "unit"):
            if inner.data.get(name) in (None, ""):
                inner.refuse(name, "Write a unit as its layer and its place there: 2.7 is unit 7 of layer 2.")
        units.append(UnitPlace(inner.integer("layer", 1, 1, MOST_LAYERS), inner.integer("unit", 0, 0, MOST_PLACES)))
    return tuple(dict.fromkeys(units))


def _unit_of_text(text: str) -> dict[str, str]:
    layer, _, unit = text.partition(".")
    return {"layer": layer.strip(), "unit": unit.strip()}


def _tensors(fields: Fields) -> tuple[str, ...]:
    names = _list(fields, "tensors", MOST_CHANGED)
    if any(not isinstance(name, str) or not 1 <= len(name) <= LONGEST_TENSOR for name in names):
        fields.refuse("tensors", "Write each tensor by its name, such as layer_02.weight.")
        return ()
    return tuple(dict.fromkeys(names))


def _list(fields: Fields, name: str, most: int = MOST_AVERAGED) -> list[Any]:
    """Return a list; a form's text is separated by spaces, commas or lines."""
    value = fields.data.get(name) or []
    if isinstance(value, str):
        value = [part.strip() for part in value.replace("\n", ",").split(",") if part.strip()]
    if not isinstance(value, list | tuple) or len(value) > most:
        fields.refuse(name, f"Give a list of at most {most:,}.")
        return []
    return list(value)


def _versions(fields: Fields) -> tuple[str, ...]:
    names = _list(fields, "versions")
    if any(not isinstance(name, str) or len(name) > LONGEST_REFERENCE for name in names):
        fields.refuse("versions", "Write each version as name:number, such as mnist-digits:3.")
        return ()
    if len(set(names)) != len(names):
        fields.refuse("versions", "A version stands in the list twice.")
    return tuple(names)


def _shares(fields: Fields) -> tuple[float, ...]:
    listed = _list(fields, "shares")
    each = Fields({str(place): share for place, share in enumerate(listed)}, "shares", fields.errors)
    return tuple(each.number(str(place), 1.0, 0, MOST_SHARE, above=True) for place in range(len(listed)))


def _averaged(
    fields: Fields, reference: str, versions: tuple[str, ...], shares: tuple[float, ...]
) -> dict[str, tuple[Any, ...]]:
    """Return all versions that are averaged and their shares: this one is first where it is not in the list."""
    names = versions if reference in versions else (reference, *versions)
    if not 2 <= len(names) <= MOST_AVERAGED:
        fields.refuse("versions", f"Choose 1 to {MOST_AVERAGED - 1} versions besides {reference}.")
    if shares and len(shares) != len(names):
        order = ", ".join(names)[:200]
        fields.refuse("shares", f"Give a share for each of the {len(names)} versions, in this order: {order}.")
    return {"versions": names, "shares": shares or (1.0,) * len(names)}


FURTHER: dict[str, dict[str, Callable[[Fields], Any]]] = {
    "edit": {"cells": _cells},
    "interpolate": {"other": _other},
    "average": {"versions": _versions, "shares": _shares},
    "put_back": {"base": partial(_other, field="base"), "units": _units, "tensors": _tensors},
}
"""What a change has besides its settings, each with what reads it."""
