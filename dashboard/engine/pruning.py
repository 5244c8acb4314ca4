"""Pruning: weights or whole units of small magnitude become 0 (Han et al., 2015; Li et al., 2017); biases are kept."""

from collections.abc import Mapping, Sequence

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.hidden_layers import HiddenLayer


def prune(weights: Mapping[str, Array], share: float) -> dict[str, Array]:
    """Set the share of the weights with the smallest magnitude, over all arrays together, to 0; return new arrays.

    `round(share · weights)` of them, as torch.nn.utils.prune does. Of equal magnitudes the first ones go first. What is
    0 already counts among them; NaN is kept.
    """
    count = round(share * sum(array.size for array in weights.values()))
    pruned = {name: np.array(array) for name, array in weights.items()}
    if count == 0:
        return pruned
    magnitudes = np.concatenate([_magnitudes(array) for array in pruned.values()])
    limit = np.partition(magnitudes, count - 1)[count - 1]
    left = count - np.count_nonzero(magnitudes < limit)  # of those equal to the limit
    for array in pruned.values():
        size = _magnitudes(array)
        equal = np.flatnonzero(size == limit)[:left]
        left -= len(equal)
        flat = array.reshape(-1)
        flat[size < limit] = 0
        flat[equal] = 0
    return pruned


def prune_units(tensors: Mapping[str, Array], layers: Sequence[HiddenLayer], share: float) -> dict[str, Array]:
    """Take the weakest units out of each hidden layer; return new tensors.

    These are the `round(share · units)` units whose incoming weights have the smallest L2 norm, before anything is
    pruned: the weights into them and out of them become 0.
    """
    pruned = {name: np.array(array) for name, array in tensors.items()}
    for layer in layers:
        units = _weakest(tensors[layer.weight], share)
        pruned[layer.weight][:, units] = 0
        pruned[layer.after][units, :] = 0
    return pruned


def _weakest(incoming: Array, share: float) -> Array:
    """Return the numbers of the units with the smallest norms, of equals the first ones."""
    norms = np.sqrt(np.square(incoming.astype(np.float64)).sum(axis=0))
    weakest: Array = np.argsort(norms, kind="stable")[: round(share * len(norms))]
    return weakest


def _magnitudes(array: Array) -> Array:
    """Return |w| as a type in which it is exact and whose NaN sorts last, flat."""
    wide = array.dtype if array.dtype.name in ("float32", "float64") else np.float32
    magnitudes: Array = np.abs(array.reshape(-1).astype(wide))
    return magnitudes
