"""Heat maps as PNG images with a palette: one byte a pixel, compressed; the theme only changes the palette."""

import io
from typing import NamedTuple

import numpy as np
from PIL import Image

from dashboard.analysis.images import HeatMap, tile_size
from dashboard.charts.palette import diverging_levels

HEAT_MAP_HEIGHT, HEAT_MAP_WIDTH = 400, 900
LARGEST_CELL = 24
LARGEST_ZOOM = 10


class Size(NamedTuple):
    """How large a heat map is drawn, in pixels; `fills` says whether it is to be as wide as the page allows."""

    width: int
    height: int
    fills: bool


def drawn_size(rows: int, columns: int) -> Size:
    """Return how large a table is drawn: cells up to 24 pixels, the whole within the heat map's bounds."""
    height, width = min(rows, HEAT_MAP_HEIGHT), min(columns, HEAT_MAP_WIDTH)
    down = max(1, min(HEAT_MAP_HEIGHT // max(height, 1), LARGEST_CELL))
    across = max(1, min(HEAT_MAP_WIDTH // max(width, 1), LARGEST_CELL))
    return Size(width * across, height * down, width * LARGEST_CELL >= HEAT_MAP_WIDTH)


def mosaic_size(shape: tuple[int, ...], count: int, across: int) -> tuple[int, int]:
    """Return the (width, height) in pixels of so many pictures of units, `across` in a row, for inputs of a shape."""
    columns = max(min(count, across), 1)
    high, wide = tile_size(shape)
    width, height = columns * (wide + 1) - 1, -(-count // columns) * (high + 1) - 1
    zoom = mosaic_zoom(width)
    return width * zoom, height * zoom


def mosaic_zoom(width: int) -> int:
    """Return how many pixels wide a weight is drawn, so that a row of pictures fills the page."""
    return max(1, min(LARGEST_ZOOM, HEAT_MAP_WIDTH // width))


def png(heat_map: HeatMap, theme: str, zoom: int = 1) -> bytes:
    """Return a heat map as a PNG of its levels, each enlarged to `zoom` × `zoom` pixels."""
    levels = heat_map.levels if heat_map.levels.size else np.full((1, 1), 127, dtype=np.uint8)
    image = Image.fromarray(np.repeat(np.repeat(levels, zoom, axis=0), zoom, axis=1), mode="P")
    image.putpalette([channel for colour in diverging_levels(theme) for channel in colour])
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()
