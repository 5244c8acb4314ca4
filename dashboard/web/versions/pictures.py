"""The pictures of first-layer units on the page of a version: tiles of weights or change, which lead to the unit."""

from collections.abc import Sequence
from typing import NamedTuple

from dashboard.charts.images import mosaic_size
from dashboard.http import workspace
from dashboard.records.network import Version
from dashboard.records.tensor import TensorInfo
from dashboard.services.compare.pictures import tile_size
from dashboard.services.history.film import earliest_before
from dashboard.services.versions import analyses
from dashboard.web.kit.query import query
from dashboard.web.kit.urls import address
from dashboard.web.versions.page import UNITS_ACROSS, UNITS_SHOWN

SHOWN = ("change", "weights")


class Tile(NamedTuple):
    """A unit: where a click leads, what that is, and which part of the picture of all tiles is its own."""

    unit: int
    address: str
    words: str
    view: str


class UnitPictures(NamedTuple):
    """The tiles of some units; `light` and `dark` are pictures of all of them, `width` × `height`.

    `choices` are (words, address, whether it is chosen), `previous` and `next` addresses of other units, or "".
    """

    tensor: str
    light: str
    dark: str
    width: int
    height: int
    tiles: list[Tile]
    what: str
    words: str
    choices: list[tuple[str, str, bool]]
    previous: str
    next: str
    has_colours: bool


def unit_pictures(version: Version, tensors: Sequence[TensorInfo]) -> UnitPictures | None:
    """Return the tiles of the first layer's units, if its inputs are pixels: their change, if there was one before."""
    info = next((tensor for tensor in tensors if tensor.name == "layer_01.weight"), None)
    shape = analyses.image_shape(workspace(), version) if info is not None else None
    if info is None or shape is None:
        return None
    first = earliest_before(workspace(), version, info)
    is_weights = first is None or query().word("show", SHOWN, SHOWN[0]) == "weights"
    since = None if first is None or is_weights else first.number
    total = info.shape[1]
    unit = query().number("unit", 0, 0, max(total - 1, 0))
    count = min(UNITS_SHOWN, total - unit)
    light, dark = (_picture(version, info, unit, count, since, theme) for theme in ("light", "dark"))
    width, height = mosaic_size(shape, count, UNITS_ACROSS)
    return UnitPictures(
        tensor=info.name,
        light=light,
        dark=dark,
        width=width,
        height=height,
        tiles=[_tile(version, info, unit, place, count, shape, since) for place in range(count)],
        what="weights" if since is None else f"change since v{since}",
        words=f"units {unit} to {unit + count - 1} of {total:,}",
        choices=[] if first is None else _choices(first.number, is_weights),
        previous=_step(max(unit - UNITS_SHOWN, 0)) if unit else "",
        next=_step(unit + UNITS_SHOWN) if unit + UNITS_SHOWN < total else "",
        has_colours=len(shape) == 3,
    )


def _choices(first: int, is_weights: bool) -> list[tuple[str, str, bool]]:
    weights, change = (query().address(show=show, _anchor="units") for show in ("weights", ""))
    return [("weights", weights, is_weights), (f"change since v{first}", change, not is_weights)]


def _picture(version: Version, info: TensorInfo, unit: int, count: int, since: int | None, theme: str) -> str:
    drawn = {"unit": unit, "units": count, "theme": theme, "v": info.sha256[:12]}
    drawn |= {"since": since} if since else {}
    return address("versions.units", name=version.network, number=version.number, **drawn)


def _tile(
    version: Version, info: TensorInfo, first: int, place: int, count: int, shape: tuple[int, ...], since: int | None
) -> Tile:
    unit = first + place
    high, wide = tile_size(shape)
    columns = max(min(count, UNITS_ACROSS), 1)
    zoom = mosaic_size(shape, count, UNITS_ACROSS)[0] // (columns * (wide + 1) - 1)
    left, top = place % UNITS_ACROSS * (wide + 1), place // UNITS_ACROSS * (high + 1)
    view = f"{left * zoom} {top * zoom} {wide * zoom} {high * zoom}"
    if since is None:
        over = address(
            "history.show", name=version.network, tensor=info.name, unit=unit, at=version.number, show="weights"
        )
        return Tile(unit, over, f"Unit {unit} over all versions", view)
    base = f"{version.network}:{since}"
    change = address("compare.unit", base=base, other=version.reference, tensor=info.name, unit=unit)
    return Tile(unit, change, f"Unit {unit}: what changed in it since v{since}, cell by cell", view)


def _step(to: int) -> str:
    return query().address(unit=to, _anchor="units")
