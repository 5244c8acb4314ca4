"""Sentences that say what changed: between two versions, in a tensor, on a map, in a unit, in one cell."""

from collections.abc import Sequence

from dashboard.errors import NotFound, UserError
from dashboard.metrics import metric_words
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo, cell_name
from dashboard.records.units import other_axis, unit_word
from dashboard.services.compare.detail import CellChange, CellDetail, UnitDetail, axis_of
from dashboard.services.compare.pairs import TensorPair
from dashboard.services.compare.pictures import ChangeMap
from dashboard.services.compare.versions import TensorDifference
from dashboard.web.kit.formats import JOINED, SIZE_OF_CHANGE, change, exact, full, number, percent, plural, step_words

MOST_NAMED = 3
"""So many versions are named in a warning; more are counted."""
SIDES = ("unit", "input")
"""What is counted of a tensor whose units are known, and by what the cells of one of them are."""


def side_words(pair: TensorPair) -> tuple[str, str]:
    """Return what is counted of a tensor, units as far as they are known, and what the cells of one are counted by."""
    word = unit_word(pair.one, pair.base.version.kind)
    return SIDES if word == SIDES[0] and len(pair.one.shape) > 1 else (word, other_axis(axis_of(pair)))


def axis_words(pair: TensorPair, by: str) -> tuple[str, str]:
    """Return what one of these (see AXES) is, and what its cells are counted by."""
    unit, along = side_words(pair)
    return (unit, along) if axis_of(pair, by) == axis_of(pair) else (along, unit)


def with_nearest(error: UserError) -> str:
    """Say what is wrong with a choice of versions, and which ones are nearest to it."""
    nearest = error.nearest[:5] if isinstance(error, NotFound) else ()
    return f"{error.message} Nearest: {', '.join(nearest)}." if nearest else error.message


def comparison_sentence(
    statuses: Sequence[str], largest: tuple[str, float] | None, score: str, unknown: int = 0, is_in_part: bool = False
) -> str:
    """Say whether two versions differ, where most by the share of a tensor's norm, and what that did to the score.

    So many of the changed ones have no such share: the base is all zero, or the cells are not compared; `is_in_part` if
    only those that the page shows were compared.
    """
    changed = sum(status == "changed" for status in statuses)
    if all(status == "equal" for status in statuses):
        return f"Identical: every tensor is equal, bit for bit.{' ' + score if score else ''}"
    text = f"{changed:,} of {plural(len(statuses), 'tensor')} changed"
    if largest:
        text += f", {'of those compared ' if is_in_part else ''}{largest[0]} most ({percent(largest[1])} of its norm"
        text += f"; {unknown:,} without a known share)" if unknown else ")"
    unpaired = sum(status in {"added", "removed", "reshaped"} for status in statuses)
    if unpaired:
        text += f"; {unpaired:,} without a counterpart"
    return f"{text}.{' ' + score if score else ''}"


def one_cell_sentence(tensor: TensorInfo, cell: CellChange) -> str:
    """Say which cell is the only one that differs, with all digits: the change may be in the last of them."""
    return f"Only one weight differs: {tensor.name} {cell_name(tensor.shape, cell.row, cell.column)}, {became(cell)}."


def became(cell: CellChange) -> str:
    """Say what a cell became, with all digits."""
    return f"{full(cell.base)} became {full(cell.other)}"


def other_data(versions: Sequence[Version]) -> str:
    """Warn if the versions were scored on different datasets, or some on unknown data; empty if on the same."""
    scored = [version for version in versions if version.metrics]
    datasets = list(dict.fromkeys(version.dataset for version in scored if version.dataset))
    unknown = [version.reference for version in scored if not version.dataset]
    if len(datasets) > 1:
        return f"Their metrics were measured on different data ({', '.join(datasets)}) and cannot be compared."
    if not datasets or not unknown:
        return ""
    those = ", ".join(unknown) if len(unknown) <= MOST_NAMED else plural(len(unknown), "version")
    on = f"the data that {those} {'was' if len(unknown) == 1 else 'were'} measured on"
    return f"It is not known whether {on} is {datasets[0]}: the metrics may not compare."


def pair_title(base: Version, other: Version) -> str:
    """Name the two sides of a comparison in short: with their networks only where these are two."""
    if base.network == other.network:
        return f"v{base.number} to v{other.number}"
    return f"{base.network} v{base.number} to {other.network} v{other.number}"


def score_sentence(metric: str, base: float, other: float) -> str:
    """Say how the score changed."""
    if base == other:
        return f"The {metric_words(metric)} stayed at {number(base)}."
    verb = "rose" if other > base else "fell"
    return f"The {metric_words(metric)} {verb} from {number(base)} to {number(other)}."


def change_sentence(
    numbers: TensorDifference,
    units: Sequence[int],
    unchanged: int,
    shape: Sequence[int] = (),
    first: CellChange | None = None,
    sides: tuple[str, str] = SIDES,
) -> str:
    """Say what changed in one tensor; if it is one cell only (`first`), what it became.

    `sides` says what the `units` are, and of what so many are `unchanged` (see `side_words`).
    """
    if numbers.identical:
        return "Equal, bit for bit."
    if numbers.changed == 1 and first is not None:
        name = cell_name(shape, first.row, first.column)
        return f"1 of {plural(numbers.count, 'weight')} changed: {name}, {became(first)}."
    text = f"{numbers.changed:,} of {plural(numbers.count, 'weight')} changed ({percent(numbers.changed_share)})"
    if numbers.relative is not None:
        text += f"; the change is {percent(numbers.relative)} of the tensor's norm"
    text += f"; mean{JOINED}{SIZE_OF_CHANGE} {number(numbers.mean_abs)}, largest {number(numbers.max_abs)}."
    if units:
        text += f" Most moved: {sides[0]}s {', '.join(map(str, units))}."
    if unchanged:
        text += f" {plural(unchanged, sides[1])} never changed."
    return text


def map_legend(drawn: ChangeMap, is_whole: bool, order: str, sides: tuple[str, str] = SIDES) -> str:
    """Say what is across and down on a map of the change, and in which order."""
    places, inputs = drawn.part
    text = f"{plural(len(inputs), sides[1])} down, {plural(len(places), sides[0])} across"
    if not is_whole:
        text = f"{sides[1]}s {inputs.start} to {inputs.stop - 1} down, {plural(len(places), sides[0])} across"
        text += f" from position {places.start + 1}"
    text += ", the most changed on the left" if order == "moved" else ", in the order of the table"
    return f"{text}; a pixel shows the largest of its cells" if drawn.pooled else text


def pixel_words(pair: TensorPair, cell: CellChange) -> str:
    """Say what one cell of the map is: [407, 111]: 0.1234 → 0.2345, Δ +0.1111."""
    name = cell_name(pair.one.shape, cell.row, cell.column)
    return f"{name}: {step_words(number(cell.base), number(cell.other))}, Δ{JOINED}{change(cell.change)}"


def unit_sentence(detail: UnitDetail, by: str) -> str:
    """Say how far one unit has moved, among how many."""
    unit, length = detail.unit, detail.cells.shape[1]
    name, along = axis_words(detail.pair, by)
    is_column = axis_of(detail.pair, by) == "column"
    if not unit.changed:
        return f"Equal, bit for bit: none of its {plural(length, 'weight')} changed."
    text = f"{unit.changed:,} of {plural(length, 'weight')} changed; L2 of Δ {number(unit.norm)}, "
    text += f"place {detail.place:,} of {plural(detail.units, name)}"
    if not unit.norm:
        return f"{text}."
    largest = detail.largest[0]
    return f"{text}; largest {change(largest.change)} at {along} {largest.row if is_column else largest.column}."


def cell_sentence(detail: CellDetail) -> str:
    """Say what one cell became."""
    cell, rank, pair = detail.cell, detail.rank, detail.pair
    base, other = (exact(value, info.dtype) for value, info in zip(detail.values, (pair.one, pair.two), strict=True))
    if detail.bits[0] == detail.bits[1]:
        return f"Equal, bit for bit: {base} on both sides."
    text = f"{base} became {other}: "
    if rank.place is None:
        return f"{text}a change of bits that no number measures."
    largest = "the largest change" if rank.place == 1 else f"the change at place {rank.place:,}"
    return f"{text}{change(cell.change)}, {largest} of {plural(detail.pair.difference().count, 'weight')}."
