import itertools
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dashboard.engine.hidden_layers import HiddenLayer, hidden_layers
from dashboard.engine.mixing import average, interpolate
from dashboard.engine.network import Network
from dashboard.engine.pruning import prune, prune_units
from dashboard.engine.rounding import round_once, to_grid
from dashboard.engine.unit_matching import best_pairs, match_units
from dashboard.records.network import LayerSpec, NetworkSpec

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
FLOATS = [np.dtype(np.float16), BFLOAT16, np.dtype(np.float32), np.dtype(np.float64)]
ODD = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -2.5, 1e-40, 65504.0]


def bits(array):
    return np.ascontiguousarray(array).view(f"u{array.dtype.itemsize}").tolist()


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_ends_of_an_interpolation_are_the_bits_of_its_sides(dtype, share):
    first, second = np.array(ODD).astype(dtype), np.array(ODD[::-1]).astype(dtype)
    assert bits(interpolate(first, second, share)) == bits(second if share else first)


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_cells_of_equal_bits_are_copied_by_every_mix(dtype):
    odd = np.array(ODD).astype(dtype)
    assert bits(interpolate(odd, odd.copy(), 0.3)) == bits(odd)
    assert bits(average([odd, odd.copy(), odd.copy()], [1.0, 0.1, 3.0])) == bits(odd)


def test_an_interpolation_is_computed_in_float64_and_rounded_once():
    first, second = np.array([0.1, 1.0], np.float32), np.array([0.7, 3.0], np.float32)
    expected = (0.75 * first.astype(np.float64) + 0.25 * second.astype(np.float64)).astype(np.float32)
    assert bits(interpolate(first, second, 0.25)) == bits(expected)


def test_an_average_weights_by_shares():
    parts = [np.array([1.0, 0.0]), np.array([5.0, 8.0])]
    assert average(parts, [3.0, 1.0]).tolist() == [2.0, 2.0]


@given(st.floats(allow_nan=False, allow_infinity=False, width=64), st.sampled_from([BFLOAT16, np.dtype(np.float16)]))
def test_a_double_is_rounded_to_the_nearest_narrow_number(value, dtype):
    rounded = round_once(np.array(value), dtype)
    if not np.isfinite(float(rounded)):
        largest = float(ml_dtypes.finfo(dtype).max)
        assert abs(value) > largest
        return
    near = int(rounded.view(np.uint16))
    others = [np.array(near + step, np.uint16).view(dtype) for step in (-1, 1) if 0 <= near + step <= 0xFFFF]
    distance = abs(Fraction(float(rounded)) - Fraction(value))
    nearer = [other for other in others if np.isfinite(float(other)) and float(other) * float(rounded) > 0]
    assert all(distance <= abs(Fraction(float(other)) - Fraction(value)) for other in nearer)


def test_bfloat16_is_not_rounded_by_way_of_float32():
    just_above_a_tie = np.array(1 + 2**-8 + 2**-40)
    assert float(just_above_a_tie.astype(BFLOAT16)) == 1.0
    assert float(round_once(just_above_a_tie, BFLOAT16)) == 1 + 2**-7


@given(arrays(np.float32, (7, 5), elements=st.floats(-10, 10, width=32)), st.floats(0, 1))
def test_pruning_zeroes_the_share_of_the_smallest(weights, share):
    pruned = prune({"w": weights}, share)["w"]
    kept, gone = weights[pruned != 0], weights[(pruned == 0) & (weights != 0)]
    assert (pruned[pruned != 0] == kept).all()
    assert np.count_nonzero(weights == 0) + len(gone) >= round(share * weights.size)
    assert len(gone) <= round(share * weights.size)
    assert not len(gone) or not len(kept) or np.abs(gone).max() <= np.abs(kept).min()


def test_pruning_over_all_tensors_takes_from_the_one_with_the_smaller_weights():
    pruned = prune({"a": np.array([[1.0, 2.0]]), "b": np.array([[0.1, 0.2]])}, 0.5)
    assert {name: array.tolist() for name, array in pruned.items()} == {"a": [[1.0, 2.0]], "b": [[0.0, 0.0]]}


def test_of_equal_magnitudes_the_first_ones_are_pruned():
    assert prune({"a": np.array([[1.0, -1.0, 1.0, -1.0]])}, 0.5)["a"].tolist() == [[0.0, 0.0, 1.0, -1.0]]


def test_nan_is_never_pruned_before_numbers():
    pruned = prune({"a": np.array([[np.nan, 5.0, -1.0]])}, 0.67)["a"]
    assert np.isnan(pruned[0, 0])
    assert pruned[0, 1:].tolist() == [0.0, 0.0]


def test_a_pruned_unit_has_no_weights_into_it_and_out_of_it():
    tensors = {"in": np.array([[1.0, 0.1], [1.0, 0.1]]), "bias": np.array([3.0, 4.0]), "out": np.ones((2, 3))}
    pruned = prune_units(tensors, [HiddenLayer("in", "bias", "out")], 0.5)
    assert pruned["in"].tolist() == [[1.0, 0.0], [1.0, 0.0]]
    assert pruned["out"].tolist() == [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]
    assert pruned["bias"].tolist() == [3.0, 4.0]


def test_a_grid_has_the_largest_weight_of_each_unit_on_it():
    weights = np.array([[0.5, 100.0], [-1.27, 3.0], [0.0, -51.0]], np.float32)
    snapped, scale = to_grid(weights, 8, 1)
    assert scale.tolist() == pytest.approx([1.27 / 127, 100.0 / 127])
    assert np.rint(snapped / scale).tolist() == [[50, 127], [-127, 4], [0, -65]]
    assert snapped.dtype == np.float32


def test_a_grid_leaves_a_unit_of_zeros_at_zero():
    snapped, scale = to_grid(np.array([[0.0, 1.0], [0.0, 2.0]]), 4, 1)
    assert snapped[:, 0].tolist() == [0.0, 0.0]
    assert scale.tolist() == [0.0, 2.0 / 7]


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_the_pairs_of_units_are_the_best_of_all_orders(size, seed):
    gain = np.random.default_rng(seed).normal(size=(size, size))
    order = best_pairs(gain)
    best = max(sum(gain[row, places[row]] for row in range(size)) for places in itertools.permutations(range(size)))
    assert sorted(order.tolist()) == list(range(size))
    assert gain[np.arange(size), order].sum() == pytest.approx(best, abs=1e-9)


def test_units_in_another_order_are_put_back():
    layers = (LayerSpec(9, "relu"), LayerSpec(6, "tanh"), LayerSpec(3, "softmax"))
    spec = NetworkSpec(5, layers)
    network = Network(spec)
    network.initialize(1)
    base = {name: np.array(tensor) for name, tensor in network.tensors().items()}
    rng = np.random.default_rng(2)
    shuffled = dict(base)
    for layer in hidden_layers(spec):
        order = rng.permutation(shuffled[layer.weight].shape[1])
        shuffled[layer.weight] = shuffled[layer.weight][:, order]
        shuffled[layer.bias] = shuffled[layer.bias][order]
        shuffled[layer.after] = shuffled[layer.after][order]
    assert not all(np.array_equal(shuffled[name], base[name]) for name in base)
    matched = match_units(base, shuffled, hidden_layers(spec))
    assert all(np.array_equal(matched[name], base[name]) for name in base)
