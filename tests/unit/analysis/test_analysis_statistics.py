import math
from fractions import Fraction

import numpy as np
import pytest
from analysis_arrays import NUMBER_DTYPES, bit_patterns, wide
from hypothesis import given

from dashboard.analysis.cells import BLOCK_CELLS, LARGEST
from dashboard.analysis.statistics import TensorStatistics, tensor_statistics


def exactly(cells):
    return [Fraction(float(cell)) for cell in cells]


def root(number):
    """The square root of a fraction, right to 100 bits."""
    shift = 200 - number.numerator.bit_length() + number.denominator.bit_length()
    shift += shift % 2
    return Fraction(math.isqrt(int(number * Fraction(2) ** shift))) / Fraction(2) ** (shift // 2)


def near(found, expected, size):
    """Whether a number is right to within the rounding of numbers of this size; None if beyond the largest float64."""
    if found is None:
        return abs(expected) > Fraction(LARGEST) * (1 - Fraction(1, 10**12))
    return abs(Fraction(found) - expected) <= Fraction(size) * Fraction(1, 10**12) + Fraction(5e-324)


@given(bit_patterns(NUMBER_DTYPES))
def test_statistics_of_any_bits_are_those_of_exact_arithmetic_over_the_finite_cells(array):
    cells = wide(array.reshape(-1))
    finite = cells[np.isfinite(cells)]
    found = tensor_statistics(array)
    assert found.count == array.size
    assert found.not_finite == array.size - finite.size
    assert found.zeros == (np.count_nonzero(cells == 0) / array.size if array.size else 0.0)
    if not finite.size:
        assert found.mean is None
        assert found.norm is None
        return
    assert (found.min, found.max) == (finite.min(), finite.max())
    exact, size = exactly(finite), float(np.abs(finite).max())
    mean = sum(exact) / len(exact)
    assert near(found.mean, mean, size)
    assert near(found.std, root(sum((cell - mean) ** 2 for cell in exact) / len(exact)), size)
    assert near(found.norm, root(sum(cell**2 for cell in exact)), size)


def test_the_statistics_of_a_small_tensor_are_those_worked_by_hand():
    found = tensor_statistics(np.array([[3.0, -4.0], [0.0, np.nan]], dtype=np.float32))
    assert (found.count, found.not_finite, found.zeros) == (4, 1, 0.25)
    assert (found.mean, found.min, found.max, found.median) == (pytest.approx(-1 / 3), -4.0, 3.0, 0.0)
    assert found.std == pytest.approx(math.sqrt((25 / 3) - (1 / 9)))
    assert (found.q25, found.q75) == (-2.0, 1.5)
    assert found.norm == 5.0
    assert found.limit == pytest.approx(
        3.0 + 0.99 * 1.0
    )  # the sizes are 0, 3 and 4: 0.995 of the way from first to last


def test_a_tensor_of_several_blocks_has_numpys_statistics():
    cells = np.random.default_rng(3).normal(1000.0, 1e-3, 2 * BLOCK_CELLS + 17)
    found = tensor_statistics(cells)
    assert found.mean == pytest.approx(cells.mean(), rel=1e-14)
    assert found.std == pytest.approx(cells.std(), rel=1e-9)
    assert found.norm == pytest.approx(np.linalg.norm(cells), rel=1e-13)


def test_an_empty_tensor_has_counts_and_no_numbers():
    assert tensor_statistics(np.empty((0, 5))) == TensorStatistics(0, 0, 0.0)


def test_statistics_survive_their_way_through_json():
    found = tensor_statistics(np.arange(5.0))
    assert TensorStatistics(**found.to_json()) == found
