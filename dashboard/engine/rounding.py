"""Rounding numbers to a type once, to the nearest, ties to even (IEEE 754), whatever type they are computed in."""

import numpy as np

from dashboard.engine.arrays import Array


def round_once(values: Array, dtype: "np.dtype[np.generic]") -> Array:
    """Return float64 values (...) as another floating type, rounded once; what is beyond its largest is infinite.

    To bfloat16 a double is usually rounded by way of a float32, so twice. Rounded to odd there instead, the second
    rounding is right (Boldo & Melquiond, 2008, "Emulation of FMA and correctly rounded sums").
    """
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        return (round_to_odd(values) if dtype.name == "bfloat16" else values).astype(dtype)


def round_to_odd(values: Array) -> Array:
    """Return float64 values (...) as float32, cut off towards zero, the last bit set where that changed them."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        near = np.atleast_1d(values).astype(np.float32)
        wide = near.astype(np.float64)
    is_exact = (wide == np.atleast_1d(values)) | np.isnan(wide)
    bits = near.view(np.uint32)
    cut = bits - (np.abs(wide) > np.abs(np.atleast_1d(values))).astype(np.uint32)
    odd: Array = np.where(is_exact, bits, cut | np.uint32(1)).view(np.float32).reshape(np.shape(values))
    return odd


def to_grid(weights: Array, bits: int, axis: int | None) -> tuple[Array, Array]:
    """Snap weights to a symmetric grid of whole multiples of a scale; return them in their own type, and the scales.

    A grid of `bits` has 2^(bits−1) − 1 steps on either side of 0, so that the largest weight is on it. Each unit has
    its own scale: units are counted along `axis`; None is one scale for all. The scales are float64, (units,) or (1,);
    that of a unit of zeros is 0.
    """
    steps = 2 ** (bits - 1) - 1
    others = None if axis is None else tuple(place for place in range(weights.ndim) if place != axis)
    wide = weights.astype(np.float64)
    largest = np.abs(wide).max(axis=others, keepdims=True, initial=0.0)
    scale = largest / steps
    counts = np.divide(wide, scale, out=np.zeros_like(wide), where=scale > 0)
    return round_once(np.rint(counts) * scale, weights.dtype), scale.reshape(-1)
