import numpy as np
import pytest
from analysis_arrays import bit_patterns, numpy_dtype, pairs, wide
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis.ulps import UlpDistances, ulp_distance


def place(value):
    """How many numbers of its dtype lie between zero and a value, by its bits, with its sign."""
    bits = int(value.view(f"u{value.dtype.itemsize}"))
    sign = 1 << (8 * value.dtype.itemsize - 1)
    return bits if bits < sign else sign - bits


@given(pairs())
def test_distances_are_those_of_exact_integers(arrays):
    base, other = (side.reshape(-1) for side in arrays)
    found = UlpDistances(base, other).block(0, base.size)
    for a, b, distance in zip(base, other, found, strict=True):
        if np.isfinite(wide(a)) and np.isfinite(wide(b)):
            assert distance == pytest.approx(abs(place(a) - place(b)), rel=1e-15)
        else:
            assert np.isnan(distance)


@given(bit_patterns(("float16", "float32", "bfloat16")), st.integers(1, 5))
def test_a_number_so_many_bits_on_is_that_far_away(array, steps):
    bits = array.reshape(-1).view(f"u{array.dtype.itemsize}")
    other = (bits + np.array(steps, dtype=bits.dtype)).view(array.dtype)
    both = np.isfinite(wide(array.reshape(-1))) & np.isfinite(wide(other))
    distances = UlpDistances(array.reshape(-1), other).block(0, bits.size)
    same_sign = (bits >> (8 * array.dtype.itemsize - 1)) == (other.view(bits.dtype) >> (8 * array.dtype.itemsize - 1))
    assert (distances[both & same_sign] == steps).all()


def test_the_median_and_largest_distance_are_over_the_comparable_cells():
    base = np.array([1.0, 1.0, 0.0, np.nan], dtype=np.float32)
    other = np.array([1.0, np.nextafter(np.float32(1), np.float32(2)), -0.0, 1.0], dtype=np.float32)
    assert ulp_distance(base, other) == (0.0, 1.0)
    assert ulp_distance(base[3:], other[3:]) == (None, None)


def test_integers_are_as_far_apart_as_their_difference():
    assert ulp_distance(np.array([3, -2]), np.array([5, -2])) == (1.0, 2.0)


def test_the_longest_way_of_all_is_from_end_to_end():
    largest = np.finfo(numpy_dtype("float64")).max
    assert ulp_distance(np.array([-largest]), np.array([largest])).max == pytest.approx(2 * 0x7FEFFFFFFFFFFFFF)
