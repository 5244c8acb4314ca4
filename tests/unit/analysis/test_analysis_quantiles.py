from typing import Any

import numpy as np
import pytest
from analysis_arrays import NUMBER_DTYPES, bit_patterns, wide
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis.cells import FEW_CELLS
from dashboard.analysis.quantiles import quantiles


def finite(array):
    values = wide(array.reshape(-1))
    return values[np.isfinite(values)]


@given(bit_patterns(NUMBER_DTYPES), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_quantiles_equal_those_that_numpy_sorts_for(array, shares):
    values = finite(array)
    found = quantiles(array, shares)
    if not values.size:
        assert np.isnan(found).all()
        return
    ordered, places = np.sort(values), np.array(shares) * (values.size - 1)
    low, high = ordered[np.floor(places).astype(int)], ordered[np.ceil(places).astype(int)]
    assert np.all((found >= low) & (found <= high))
    scale = 2.0**-10  # so that numpy's own interpolation does not overflow
    expected = np.quantile(values * scale, shares)
    rounding = np.abs(high * scale - low * scale).max() * 1e-14 + 1e-322  # the last for denormals
    np.testing.assert_allclose(found * scale, expected, rtol=1e-14, atol=rounding)


@given(bit_patterns(("float32", "float64")), st.integers(2, 9))
def test_counting_by_few_bits_finds_the_same_cells_as_sorting(array, bits):
    shares = (0.0, 0.1, 0.5, 0.9, 1.0)
    expected = quantiles(array, shares)
    counted = quantiles(array, shares, few=1, bits=bits)  # so that counting is needed for a handful of cells
    np.testing.assert_array_equal(counted, expected)


@pytest.mark.parametrize("make", ["normal", "uniform", "sparse", "few"])
def test_a_tensor_of_more_cells_than_are_ever_sorted_has_numpys_quantiles(make):
    random = np.random.default_rng(7)
    size = 2 * FEW_CELLS + 1
    cells: Any = {
        "normal": lambda: random.standard_normal(size).astype(np.float32),
        "uniform": lambda: random.uniform(1, 2, size),
        "sparse": lambda: random.standard_normal(size) * (random.random(size) < 0.01),
        "few": lambda: random.integers(-2, 3, size).astype(np.float16),
    }[make]()
    shares = (0.005, 0.05, 0.25, 0.5, 0.75, 0.95, 0.995)
    np.testing.assert_allclose(quantiles(cells, shares), np.quantile(cells.astype(np.float64), shares), rtol=1e-12)


def test_quantiles_of_sizes_take_no_account_of_signs():
    assert quantiles(np.array([-4.0, 1.0, 2.0, np.nan, -3.0]), (0.0, 0.5, 1.0), sizes=True).tolist() == [1.0, 2.5, 4.0]
