"""Pixels as small drawings in SVG: ink in the page's own colour, and contributions in the two colours of signs."""

from typing import Any

import numpy as np
from markupsafe import Markup

from dashboard.charts.svg import element

Array = np.ndarray[Any, Any]
MOST_SIDE = 64
FAINTEST = 0.02


def ink_drawing(pixels: Array, ground: float, ink: float, label: str) -> Markup:
    """Return a picture (height, width), or (height, width, 3), as ink on the page; large ones are drawn coarser."""
    grey = pixels.mean(axis=2) if pixels.ndim == 3 else pixels
    shares = np.clip((grey - ground) / ((ink - ground) or 1.0), 0.0, 1.0)
    return _drawing(_coarser(shares), label, "pixels")


def signed_drawing(values: Array, label: str) -> Markup:
    """Return contributions (height, width), the largest in size in full colour: one colour for each sign."""
    coarse = _coarser(values)
    return _drawing(coarse / (float(np.abs(coarse).max(initial=0.0)) or 1.0), label, "pixels signed")


def _coarser(values: Array) -> Array:
    """Return the means of blocks, so that no side has more than 64 of them."""
    step = -(-max(values.shape) // MOST_SIDE)
    if step == 1:
        return values
    height, width = (-(-side // step) for side in values.shape)
    padded = np.zeros((height * step, width * step))
    padded[: values.shape[0], : values.shape[1]] = values
    return np.asarray(padded.reshape(height, step, width, step).mean(axis=(1, 3)))


def _drawing(shares: Array, label: str, css: str) -> Markup:
    height, width = shares.shape
    squares = [
        element(
            "rect",
            x=int(x),
            y=int(y),
            width=1,
            height=1,
            class_="negative" if shares[y, x] < 0 else "positive",
            fill_opacity=f"{abs(shares[y, x]):.2f}",
        )
        for y, x in np.argwhere(np.abs(shares) > FAINTEST).tolist()
    ]
    box = f"0 0 {width} {height}"
    return element("svg", *squares, viewBox=box, class_=css, role="img", aria_label=label)
