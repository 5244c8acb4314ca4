"""Heat maps as PNG images with a palette: one byte a pixel, compressed; the theme only changes the palette."""

import io

import numpy as np
from PIL import Image

from dashboard.analysis.images import HeatMap
from dashboard.charts.palette import diverging_levels


def png(heat_map: HeatMap, theme: str, zoom: int = 1) -> bytes:
    """Return a heat map as a PNG of its levels, each enlarged to `zoom` × `zoom` pixels."""
    levels = heat_map.levels if heat_map.levels.size else np.full((1, 1), 127, dtype=np.uint8)
    image = Image.fromarray(np.repeat(np.repeat(levels, zoom, axis=0), zoom, axis=1), mode="P")
    image.putpalette([channel for colour in diverging_levels(theme) for channel in colour])
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()
