"""The losses that training minimises: a value for each record, followed by its derivative.

The loss of a batch is the *mean over its records of the sum over the outputs*. With ``squared_error`` = ½·Σ(t − o)²,
a batch of one record and plain SGD this is the book's rule to the letter, Δw = rate·(t − o)·o·(1 − o)·input
(Rashid, Make Your Own Neural Network, 2016, ch. 1).

``value(outputs, targets)`` returns the loss of each record (batch,); ``slope(outputs, targets, out)`` writes dL/do
(batch, outputs), of a record, not yet divided by the batch. A loss `fused_with` an output activation skips its
Jacobian: `value` is given the *sums* z of the last layer, so that no logarithm meets a rounded 0, and `slope` is given
the outputs and writes dL/dz.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dashboard.engine.arrays import Array


@dataclass(frozen=True)
class Loss:
    """A pair of functions, and the output activation that they are fused with, if any."""

    value: Callable[[Array, Array], Array]
    slope: Callable[[Array, Array, Array], None]
    fused_with: str | None = None


def squared_error(outputs: Array, targets: Array) -> Array:
    """Return ½·Σ(o − t)²."""
    errors = outputs - targets
    return np.asarray(0.5 * np.add.reduce(errors * errors, axis=-1))


def absolute_error(outputs: Array, targets: Array) -> Array:
    """Return Σ|o − t|."""
    return np.asarray(np.add.reduce(np.abs(outputs - targets), axis=-1))


def absolute_error_slope(outputs: Array, targets: Array, out: Array) -> None:
    """Write the sign of o − t (0 at equality)."""
    np.subtract(outputs, targets, out=out)
    np.sign(out, out=out)


def huber(outputs: Array, targets: Array) -> Array:
    """Return Σ of ½e² where |e| ≤ 1, else |e| − ½, e being o − t (Huber 1964, δ = 1)."""
    size = np.abs(outputs - targets)
    inside = np.minimum(size, 1.0)
    return np.asarray(np.add.reduce(inside * (size - 0.5 * inside), axis=-1))


def huber_slope(outputs: Array, targets: Array, out: Array) -> None:
    """Write e, cut to −1 … 1."""
    np.subtract(outputs, targets, out=out)
    np.clip(out, -1.0, 1.0, out=out)


def binary_cross_entropy(sums: Array, targets: Array) -> Array:
    """Return −Σ(t·log σ(z) + (1 − t)·log(1 − σ(z))), written max(z, 0) + log(1 + exp(−|z|)) − t·z."""
    return np.asarray(np.add.reduce(np.maximum(sums, 0.0) + np.log1p(np.exp(-np.abs(sums))) - targets * sums, axis=-1))


def cross_entropy(sums: Array, targets: Array) -> Array:
    """Return −Σ t·log softmax(z) for targets that sum to 1, written log Σ exp(z) − Σ t·z, shifted by max(z)."""
    shifted = sums - np.maximum.reduce(sums, axis=-1, keepdims=True)
    return np.asarray(np.log(np.add.reduce(np.exp(shifted), axis=-1)) - np.add.reduce(targets * shifted, axis=-1))


def difference(outputs: Array, targets: Array, out: Array) -> None:
    """Write o − t: the slope of squared_error in o, and of both cross-entropies, fused, in z."""
    np.subtract(outputs, targets, out=out)


LOSSES: dict[str, Loss] = {
    "squared_error": Loss(squared_error, difference),
    "absolute_error": Loss(absolute_error, absolute_error_slope),
    "huber": Loss(huber, huber_slope),
    "binary_cross_entropy": Loss(binary_cross_entropy, difference, fused_with="sigmoid"),
    "cross_entropy": Loss(cross_entropy, difference, fused_with="softmax"),
}
