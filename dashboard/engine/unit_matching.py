"""Which hidden unit of one network does what another's does: two trainings learn the same units in another order.

Weight matching (Ainsworth, Hayase & Srinivasa, 2023, "Git Re-Basin"): layer by layer, the units are paired so that the
sum of the products of their weights, incoming, bias and outgoing, is largest; again until nothing changes. In the first
round the outgoing weights are left out: the units that they lead to are not in order yet.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from dashboard.engine.arrays import Array
from dashboard.engine.hidden_layers import HiddenLayer

MOST_ROUNDS = 20


def match_units(
    base: Mapping[str, Array], other: Mapping[str, Array], layers: Sequence[HiddenLayer]
) -> dict[str, Array]:
    """Return the tensors of `other` with its hidden units in the order that fits `base` best: the same function.

    Both have weights (inputs, units) and biases (units,) of the same shapes.
    """
    matched = {name: np.array(array) for name, array in other.items()}
    for layer in layers:
        _match_layer(matched, layer, _incoming(base, matched, layer))
    for _ in range(MOST_ROUNDS):
        changed = [_match_layer(matched, layer, _whole(base, matched, layer)) for layer in layers]
        if not any(changed):
            break
    return matched


def _incoming(base: Mapping[str, Array], other: Mapping[str, Array], layer: HiddenLayer) -> Array:
    """Return the products of the incoming weights and biases of each unit with each other one's, (units, units)."""
    gain: Array = _wide(base[layer.weight]).T @ _wide(other[layer.weight])
    if layer.bias is not None:
        gain += np.outer(_wide(base[layer.bias]), _wide(other[layer.bias]))
    return gain


def _whole(base: Mapping[str, Array], other: Mapping[str, Array], layer: HiddenLayer) -> Array:
    """Return the products of all weights of each unit with each other one's, (units, units)."""
    gain: Array = _incoming(base, other, layer) + _wide(base[layer.after]) @ _wide(other[layer.after]).T
    return gain


def _match_layer(matched: dict[str, Array], layer: HiddenLayer, gain: Array) -> bool:
    """Put the units of one layer in the best order by these gains; return whether that changed anything."""
    order = best_pairs(gain)
    is_better = gain[np.arange(len(order)), order].sum() > np.trace(gain) + 1e-12 * np.abs(gain).max(initial=0.0)
    if is_better:
        matched[layer.weight] = np.ascontiguousarray(matched[layer.weight][:, order])
        matched[layer.after] = np.ascontiguousarray(matched[layer.after][order])
        if layer.bias is not None:
            matched[layer.bias] = matched[layer.bias][order]
    return bool(is_better)


def _wide(array: Array) -> Array:
    return array.astype(np.float64)


def best_pairs(gain: Array) -> Array:
    """Return for each row the column it is paired with, each column once, so that the sum of the gains is largest.

    `gain` is (n, n), finite. The Hungarian method with shortest augmenting paths (Jonker & Volgenant, 1987), O(n³).
    """
    cost = gain.max(initial=0.0) - gain
    size = len(cost)
    rows_of = np.full(size + 1, -1)  # column -> row; the last column stands for "the row that is placed now"
    row_price, column_price = np.zeros(size), np.zeros(size + 1)
    for row in range(size):
        rows_of[size] = row
        before, column = _shortest_path(cost, rows_of, row_price, column_price)
        while column != size:
            rows_of[column] = rows_of[before[column]]
            column = before[column]
    columns = np.empty(size, np.intp)
    columns[rows_of[:size]] = np.arange(size)
    return columns


def _shortest_path(cost: Array, rows_of: Array, row_price: Array, column_price: Array) -> tuple[Array, int]:
    """Return the columns' predecessors and the free column at the end of a shortest path; the prices are brought up."""
    size = len(cost)
    distance = np.full(size, np.inf)
    before = np.full(size, size)
    is_done = np.zeros(size + 1, bool)
    column = size
    while rows_of[column] != -1:
        is_done[column] = True
        row = rows_of[column]
        through = cost[row] - row_price[row] - column_price[:size]
        is_nearer = (through < distance) & ~is_done[:size]
        distance[is_nearer], before[is_nearer] = through[is_nearer], column
        nearest = int(np.argmin(np.where(is_done[:size], np.inf, distance)))
        step = distance[nearest]
        row_price[rows_of[is_done]] += step
        column_price[is_done] -= step
        distance[~is_done[:size]] -= step
        column = nearest
    return before, column
