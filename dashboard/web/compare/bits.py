"""The bits of a cell before and after as boxes, the flipped ones marked, and in words what they say."""

from typing import NamedTuple

from dashboard.services.compare.bits import BitGroup, bit_groups, float_fields
from dashboard.services.compare.detail import CellDetail
from dashboard.web.kit.formats import full, number, plural


class BitBox(NamedTuple):
    """One bit: its number, 0 or 1, whether it differs between the two sides, and whether it begins a group."""

    number: int
    bit: str
    is_flipped: bool
    begins: bool

    @property
    def css(self) -> str:
        """The class of its box."""
        return " ".join(word for word, holds in (("flipped", self.is_flipped), ("begins", self.begins)) if holds)


class BitRow(NamedTuple):
    """The bits of one side: of which version, the boxes, and in words what they say."""

    name: str
    boxes: list[BitBox]
    meaning: str


class BitBoard(NamedTuple):
    """The bits of both sides below each other; of two types each side has a board of its own."""

    dtype: str
    groups: list[BitGroup]
    rows: list[BitRow]

    @property
    def flips(self) -> list[BitBox]:
        """The boxes of the last row, to say below each whether it is flipped."""
        return self.rows[-1].boxes if len(self.rows) > 1 else []


def bit_boards(detail: CellDetail) -> list[BitBoard]:
    """Return the bits of a cell on both sides, on one board if both have the same type."""
    pair = detail.pair
    sides = [
        (version.reference, info.dtype, int(digits, 16))
        for version, info, digits in zip(
            (pair.base.version, pair.other.version), (pair.one, pair.two), detail.bits, strict=True
        )
    ]
    flipped = sides[0][2] ^ sides[1][2]
    if pair.one.dtype == pair.two.dtype:
        return [_board(sides, flipped)]
    return [_board([side], 0) for side in sides]


def flips_sentence(boards: list[BitBoard]) -> str:
    """Say how many bits differ, and of which group."""
    if len(boards) > 1:
        types = " and ".join(board.dtype for board in boards)
        return f"The two sides have different types, {types}: their bits cannot be matched."
    (board,) = boards
    flipped = {box.number for box in board.flips if box.is_flipped}
    total = len(board.flips)
    if not flipped:
        return f"All {total} bits are equal."
    counts = [(group.name, len(flipped.intersection(group.numbers))) for group in board.groups]
    named = " and ".join(f"{count} of the {name}" for name, count in counts if count)
    return f"{plural(len(flipped), 'bit')} of {total} flipped: {named}."


def step_sentence(detail: CellDetail) -> str:
    """Say what a step between neighbouring numbers is, and how large it is here; empty where nothing is between."""
    if detail.ulps is None:
        return "One side is not a finite number, so no steps are counted."
    if detail.pair.one.dtype != detail.pair.two.dtype:
        return "The two sides have different types, so the distance is not counted in steps of one of them."
    fields = float_fields(int(detail.bits[0], 16), detail.pair.one.dtype)
    if fields is None:
        return "Integers are as many steps apart as their difference."
    return (
        f"A step (ULP, unit in the last place) goes from one {detail.pair.one.dtype} number to the next, the smallest "
        f"change that this type can hold. At the value before it is {number(fields.step)}."
    )


def _board(sides: list[tuple[str, str, int]], flipped: int) -> BitBoard:
    dtype = sides[0][1]
    groups = bit_groups(dtype)
    return BitBoard(dtype, groups, [_row(name, groups, bits, flipped, own) for name, own, bits in sides])


def _row(name: str, groups: list[BitGroup], bits: int, flipped: int, dtype: str) -> BitRow:
    boxes = [
        BitBox(place, str(bits >> place & 1), bool(flipped >> place & 1), place == group.numbers[0])
        for group in groups
        for place in group.numbers
    ]
    return BitRow(name, boxes, _meaning(bits, dtype))


def _meaning(bits: int, dtype: str) -> str:
    """Return the number that a float's bits stand for, as sign, mantissa and exponent make it; empty for others."""
    fields = float_fields(bits, dtype)
    if fields is None:
        return ""
    sign = "-" if fields.is_negative else "+"
    if fields.special:
        return fields.special if fields.special == "NaN" else f"{sign}{fields.special}"
    if not fields.significand:
        return f"{sign}0"
    return f"{sign}{full(fields.significand)} × 2^{fields.exponent}"
