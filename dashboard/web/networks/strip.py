"""What the page of a network leads with: the units that moved most since its first version, as pictures or as bars."""

from collections.abc import Callable
from typing import Any, NamedTuple

from dashboard.charts.palette import THEMES
from dashboard.http import workspace
from dashboard.records.network import Network
from dashboard.services.cache.numbers import Budget
from dashboard.services.compare.detail import UNIT
from dashboard.services.compare.moved import MovedUnits, moved_units
from dashboard.services.compare.pictures import tile_size
from dashboard.services.history.tensor_steps import TensorSteps
from dashboard.web.compare.words import axis_words
from dashboard.web.kit.formats import number, plural
from dashboard.web.kit.urls import address, numbered

BAR = 56
"""How high the longest bar is, in pixels of its drawing."""


class Tile(NamedTuple):
    """A unit: where its change is shown, what that is, its pictures in both themes, or how high its bar is."""

    unit: int
    address: str
    words: str
    pictures: tuple[str, ...]
    bar: float


class Strip(NamedTuple):
    """The tiles, the largest change first, with a sentence about them; `address` has the whole change of the tensor.

    `size` is that of the pictures (height, width), None of bars.
    """

    tiles: list[Tile]
    heading: str
    note: str
    address: str
    size: tuple[int, int] | None


def strip_of(network: Network, steps: TensorSteps) -> Strip | None:
    """Return the strip of a network; None where there is nothing to show. Raises StoreError."""
    numbers = [step.number for step in steps.steps]
    if len(numbers) < 2:
        return None
    budget = Budget(most_work=workspace().settings.draw_cells)
    moved = moved_units(workspace(), network, numbers, _by_change(steps), budget)
    return None if moved is None else _strip(moved)


def _by_change(steps: TensorSteps) -> list[str]:
    """Return the tensors, those first that moved farthest over all steps."""
    total = dict.fromkeys(steps.tensors, 0.0)
    for step in steps.steps:
        for name, value in (step.changes or {}).items():
            if name in total:
                total[name] += value or 0.0
    return sorted(total, key=lambda name: -total[name])


def _strip(moved: MovedUnits) -> Strip:
    base, other, tensor = moved.pair.base.version, moved.pair.other.version, moved.pair.one.name
    keys = {"base": base.reference, "other": other.reference, "tensor": tensor}
    word = axis_words(moved.pair, UNIT)[0]
    longest, page = moved.units[0][1], numbered("compare.unit", "unit", **keys)
    pictures = _pictures(keys, f"{base.sha256[:8]}{other.sha256[:8]}") if moved.picture else []
    tiles = [
        Tile(
            unit,
            page(unit),
            f"{word.capitalize()} {unit}: what changed in it since v{base.number}; it moved {number(norm)} (L2)",
            tuple(picture(unit) for picture in pictures),
            BAR * norm / longest,
        )
        for unit, norm in moved.units
    ]
    what = f"{plural(len(tiles), word)} of {moved.total:,}" if len(tiles) < moved.total else plural(len(tiles), word)
    note = f"The {what} of {tensor} that moved farthest from v{base.number} to v{other.number}, the farthest first."
    return Strip(
        tiles=tiles,
        heading=f"What changed most since v{base.number}",
        note=note,
        address=address("compare.show", **keys),
        size=tile_size(moved.picture) if moved.picture else None,
    )


def _pictures(keys: dict[str, Any], version: str) -> list[Callable[[int], str]]:
    """Return what makes the addresses of the pictures of units, for each theme."""
    return [numbered("changes.unit_picture", "unit", side="change", theme=theme, v=version, **keys) for theme in THEMES]
