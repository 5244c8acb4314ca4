"""Records of pixels as a picture: dark ink on the page's own background, whatever the theme."""

import io

import numpy as np
from PIL import Image

from dashboard.analysis.images import unit_mosaic
from dashboard.charts.palette import DIVERGING, INK, rgb


def records_png(
    pixels: "np.ndarray[tuple[int, int], np.dtype[np.float64]]", shape: tuple[int, int], theme: str, zoom: int
) -> bytes:
    """Return records (records, height × width) as pictures in one row.

    0, or the lowest number below it, is the page's colour, the highest is ink; what is not a number is drawn as 0.
    """
    known = np.nan_to_num(pixels, nan=0.0)
    low, high = min(float(known.min(initial=0.0)), 0.0), float(known.max(initial=0.0))
    shares = (known - low) / ((high - low) or 1.0)
    levels = np.rint(unit_mosaic(shares.T, shape, range(len(shares)), max(len(shares), 1)) * 255).astype(np.uint8)
    image = Image.fromarray(np.repeat(np.repeat(levels, zoom, axis=0), zoom, axis=1), mode="P")
    ground = rgb(DIVERGING[theme][len(DIVERGING[theme]) // 2])
    steps = np.linspace(ground, rgb(INK[theme]), 256)
    image.putpalette(np.rint(steps).astype(np.uint8).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()
