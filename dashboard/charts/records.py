"""Records of pixels as a picture: grey ones as dark ink on the page's own background, whatever the theme."""

import io
from typing import Any

import numpy as np
from PIL import Image

from dashboard.analysis.images import unit_mosaic
from dashboard.charts.palette import DIVERGING, INK, rgb

FULL = 255.0

Array = np.ndarray[Any, Any]


def records_png(pixels: Array, shape: tuple[int, ...], theme: str, zoom: int) -> bytes:
    """Return records (records, pixels) as pictures of a shape in one row.

    0, or the lowest number below it, is the page's colour, the highest is ink; what is not a number is drawn as 0.
    Pictures of shape (height, width, 3) have their own red, green and blue, of 255, or of 1 if nothing is above it.
    """
    known = np.nan_to_num(pixels, nan=0.0)
    low, high = min(float(known.min(initial=0.0)), 0.0), float(known.max(initial=0.0))
    if len(shape) == 3:
        image = _coloured((known - low) / ((max(high, FULL) if high > 1 else 1.0) - low), shape, theme, zoom)
    else:
        image = _grey((known - low) / ((high - low) or 1.0), shape, theme, zoom)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def records_size(shape: tuple[int, ...], count: int, pixels: int) -> tuple[int, int, int]:
    """Return the (zoom, width, height) of so many pictures in one row, each about `pixels` wide."""
    zoom = pixels // max(shape[1], 1) or 1
    return zoom, (count * (shape[1] + 1) - 1) * zoom, shape[0] * zoom


def _grey(shares: Array, shape: tuple[int, ...], theme: str, zoom: int) -> Image.Image:
    image = Image.fromarray(_enlarged(_row(shares, shape), zoom), mode="P")
    steps = np.linspace(_ground(theme), rgb(INK[theme]), 256)
    image.putpalette(np.rint(steps).astype(np.uint8).tobytes())
    return image


def _coloured(shares: Array, shape: tuple[int, ...], theme: str, zoom: int) -> Image.Image:
    height, width, channels = shape
    table = shares.reshape(len(shares), height * width, channels)
    colours = [_row(table[:, :, channel], (height, width)) for channel in range(channels)]
    picture = np.stack(colours, axis=-1)
    picture[:, width :: width + 1] = _ground(theme)
    return Image.fromarray(_enlarged(picture, zoom), mode="RGB")


def _row(shares: Array, shape: tuple[int, ...]) -> Array:
    """Return the levels, uint8, of pictures side by side, one pixel of 0 between them."""
    mosaic = unit_mosaic(shares.T, shape, range(len(shares)), max(len(shares), 1))
    levels: Array = np.rint(mosaic * 255).astype(np.uint8)
    return levels


def _enlarged(picture: Array, zoom: int) -> Array:
    enlarged: Array = np.repeat(np.repeat(picture, zoom, axis=0), zoom, axis=1)
    return enlarged


def _ground(theme: str) -> tuple[int, int, int]:
    return rgb(DIVERGING[theme][len(DIVERGING[theme]) // 2])
