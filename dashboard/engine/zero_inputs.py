"""Inputs that are 0 in every record: their weights cannot move, so a training leaves them out of its products.

The border of an image is such: 67 of MNIST's 784 pixels are always 0. The gradient of such an input's weights
is exactly 0, so plain steps, velocities and moments leave them as they were drawn; only penalties would move them.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.network import Network, lay_out
from dashboard.engine.samples import Samples

LEAST_SHARE = 0.05
MOST_BYTES = 256_000_000
BLOCK_ROWS = 4096


class Reduced(NamedTuple):
    """A network without the zero inputs, its samples, and the places of its parameters in the whole vector."""

    network: Network
    samples: Samples
    places: Array | slice


def without_zero_inputs(network: Network, train: Samples) -> Reduced:
    """Return what to train instead: the same network and samples where that saves little, or would change anything.

    The samples are copied (selected rows only, in the dtype that they have): MOST_BYTES at most. The smaller network
    holds no weights yet.
    """
    as_it_is = Reduced(network, train, slice(None))
    training = network.spec.training
    if training.weight_decay or training.l1 or training.l2 or train.inputs.ndim != 2 or not len(train):
        return as_it_is
    used = np.flatnonzero(~_is_zero(train, network.dtype))
    inputs = network.spec.inputs
    size = len(train) * len(used) * train.inputs.dtype.itemsize
    if inputs - len(used) < LEAST_SHARE * inputs or not len(used) or size > MOST_BYTES:
        return as_it_is
    mask = np.ones(network.spec.parameters, bool)
    lay_out(network.spec, mask)[0].weight[...] = np.isin(np.arange(inputs), used)[:, None]
    small = Network(dataclasses.replace(network.spec, inputs=len(used)))
    return Reduced(small, _columns(train, used), np.flatnonzero(mask))


def _is_zero(samples: Samples, dtype: np.dtype[np.generic]) -> Array:
    """Return for each input (inputs,) whether it is one number in all selected rows, and 0 once it is scaled."""
    rows = np.arange(len(samples)) if samples.rows is None else samples.rows
    first = np.asarray(samples.inputs[rows[0]])
    is_constant = np.ones(len(first), bool)
    for start in range(0, len(rows), BLOCK_ROWS):
        block = np.asarray(samples.inputs[rows[start : start + BLOCK_ROWS]])
        is_constant &= (block.min(axis=0) == first) & (block.max(axis=0) == first)
    scaled = first.astype(dtype) * np.asarray(samples.scale, dtype) + np.asarray(samples.offset, dtype)
    return np.asarray(is_constant & (scaled == 0.0))


def _columns(samples: Samples, used: Array) -> Samples:
    """Copy the selected rows' inputs that are in use, block by block; targets go with them."""
    rows = np.arange(len(samples)) if samples.rows is None else samples.rows
    inputs = np.empty((len(rows), len(used)), samples.inputs.dtype)
    for start in range(0, len(rows), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        inputs[part] = np.asarray(samples.inputs[rows[part]])[:, used]
    scale, offset = (
        value if np.ndim(value) == 0 else np.asarray(value)[used] for value in (samples.scale, samples.offset)
    )
    return dataclasses.replace(
        samples, inputs=inputs, targets=samples.selected_targets(), scale=scale, offset=offset, rows=None
    )
