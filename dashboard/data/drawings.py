"""Drawings as a dataset's own pictures: strokes are scaled, drawn with its pen and placed as its ink is.

What "as its ink is" means is measured from the records, not written down for one dataset: the longer side of the ink,
whether its centre of mass or the middle of its box varies less and where that is, and the width of its strokes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from dashboard.data.dataset import Array

MOST_MEASURED = 3_000
FINER, MOST_FINE = 16, 4096
"""Strokes are drawn so many times finer than pixels, in a frame of at most so many, and averaged."""
INK = 0.05
"""Ink is what differs from the ground by more than this share."""

Stroke = Sequence[tuple[float, float]]


class Look(NamedTuple):
    """How the ink of a dataset's pictures looks: `ground` and `ink` are its values, the rest is in pixels.

    `centre` (y, x) is where the centre of mass is, or with `by_mass` false the middle of the box; `is_whole` says that
    all values are whole numbers.
    """

    shape: tuple[int, ...]
    ground: float
    ink: float
    is_whole: bool
    side: float
    by_mass: bool
    centre: tuple[float, float]
    pen: float


def measure_look(pixels: Array, shape: tuple[int, ...]) -> Look:
    """Measure pictures (records, pixels) of a shape: (height, width), or (height, width, 3) with colours."""
    height, width = shape[:2]
    pictures = np.nan_to_num(np.asarray(pixels[:MOST_MEASURED], np.float64)).reshape(len(pixels), *shape)
    grey = pictures.mean(axis=3) if len(shape) == 3 else pictures
    low, high = float(grey.min(initial=0.0)), float(grey.max(initial=0.0)) or 1.0
    border = np.concatenate([grey[:, [0, -1]].ravel(), grey[:, :, [0, -1]].ravel()])
    is_dark = float(np.median(border)) > (low + high) / 2.0
    ground, far = (high, low) if is_dark else (low, high)
    shares = np.abs(grey - ground) / ((high - low) or 1.0)
    shares = shares[(shares > INK).any(axis=(1, 2))]
    is_whole = bool((pictures == np.floor(pictures)).all())
    if not len(shares):
        middle = (height / 2.0, width / 2.0)
        return Look(shape, ground, far, is_whole, 0.7 * max(height, width), False, middle, max(height, width) / 11.0)
    boxes = np.array([_box(one > INK) for one in shares], np.float64)
    masses = np.array([_mass(one) for one in shares])
    middles = np.stack([boxes[:, :2].mean(axis=1), boxes[:, 2:].mean(axis=1)], axis=1)
    by_mass = bool(masses.std(axis=0).sum() < middles.std(axis=0).sum())
    y, x = (masses if by_mass else middles).mean(axis=0).tolist()
    side = float(np.median(np.maximum(boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2])))
    return Look(shape, ground, far, is_whole, side, by_mass, (y, x), float(np.median([_pen(one) for one in shares])))


def draw_strokes(strokes: Sequence[Stroke], look: Look, nudge: tuple[int, int] = (0, 0)) -> Array:
    """Return strokes of (x, y) as a picture of the dataset, its shape, moved by `nudge` pixels (right, down).

    Where on what canvas, how large and with what pen they were drawn makes no difference.
    """
    shares = _scaled_and_drawn(strokes, look)
    own = _mass(shares) if look.by_mass else _middle(shares)
    down, right = (round(wanted - is_at) for wanted, is_at in zip(look.centre, own, strict=True))
    shares = _moved(shares, down + nudge[1], right + nudge[0])
    values = look.ground + shares * (look.ink - look.ground)
    values = np.round(values) if look.is_whole else values
    return np.repeat(values[:, :, np.newaxis], look.shape[2], axis=2) if len(look.shape) == 3 else values


def _scaled_and_drawn(strokes: Sequence[Stroke], look: Look) -> Array:
    """Return the ink, 0 to 1, of strokes of the dataset's size and pen, in the middle of the frame."""
    height, width = look.shape[:2]
    finer = max(1, min(FINER, MOST_FINE // max(height, width)))
    points = np.array([point for stroke in strokes for point in stroke], np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max())
    scale = max(look.side - look.pen, 1.0) * finer / extent if extent > 0 else 0.0
    image = Image.new("L", (width * finer, height * finer))
    pen = ImageDraw.Draw(image)
    radius = max(look.pen * finer / 2.0, 0.5)
    start = (np.array([width, height]) * finer - (high - low) * scale) / 2.0
    for stroke in strokes:
        places = [tuple(place) for place in ((np.array(stroke, np.float64) - low) * scale + start).tolist()]
        pen.line(places, fill=255, width=max(1, round(2 * radius)), joint="curve")
        for x, y in places:
            pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=255)
    return np.asarray(image.resize((width, height), Image.Resampling.BOX), np.float64) / 255.0


def _moved(shares: Array, down: int, right: int) -> Array:
    """Return a picture moved by whole pixels; what leaves the frame is lost."""
    moved = np.zeros_like(shares)
    height, width = shares.shape
    if abs(down) >= height or abs(right) >= width:
        return moved
    source = shares[max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)]
    moved[max(down, 0) : height - max(-down, 0), max(right, 0) : width - max(-right, 0)] = source
    return moved


def _box(ink: Array) -> tuple[int, int, int, int]:
    """Return (top, bottom, left, right) of what is ink, the ends not included."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _middle(shares: Array) -> tuple[float, float]:
    top, bottom, left, right = _box(shares > min(INK, float(shares.max()) / 2.0))
    return (top + bottom) / 2.0, (left + right) / 2.0


def _mass(shares: Array) -> tuple[float, float]:
    """Return the centre of mass (y, x) in pixels from the upper left corner."""
    total = shares.sum()
    y = float(shares.sum(axis=1) @ np.arange(shares.shape[0]) / total + 0.5)
    return y, float(shares.sum(axis=0) @ np.arange(shares.shape[1]) / total + 0.5)


def _pen(shares: Array) -> float:
    """Return about how wide a stroke is: twice its ink by the length of its outline."""
    outline = np.abs(np.diff(shares, axis=0)).sum() + np.abs(np.diff(shares, axis=1)).sum()
    return float(2.0 * shares.sum() / max(outline * np.pi / 4.0, 1e-9))
