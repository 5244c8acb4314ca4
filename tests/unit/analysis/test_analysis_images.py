import math

import numpy as np
import pytest
from analysis_arrays import bit_patterns, wide
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis.cells import Change
from dashboard.analysis.images import heat_map, robust_limit, tile_size, unit_mosaic, unit_picture


def as_table(array):
    return wide(array.reshape(array.shape[0] if array.ndim else 1, math.prod(array.shape[1:])))


@given(bit_patterns(), st.integers(1, 5), st.integers(1, 5))
def test_a_pixel_shows_the_cell_that_is_largest_in_size_of_those_it_stands_for(array, height, width):
    table = as_table(array)
    found = heat_map(array, height, width)
    down, across = min(table.shape[0], height), min(table.shape[1], width)
    assert found.levels.shape == (down, across)
    assert (found.rows, found.columns) == table.shape
    assert found.pooled == ((down, across) != table.shape)
    for y in range(down):
        for x in range(across):
            rows = slice(y * table.shape[0] // down, (y + 1) * table.shape[0] // down)
            columns = slice(x * table.shape[1] // across, (x + 1) * table.shape[1] // across)
            assert found.levels[y, x] == level(table[rows, columns].reshape(-1), found.limit)


def level(cells, limit):
    if np.isnan(cells).any():
        return 255
    largest = max(cells, key=lambda cell: (abs(cell), cell))
    return round(min(max(largest, -limit), limit) / limit * 127 + 127)


@given(bit_patterns())
def test_the_limit_is_the_99th_and_a_half_percentile_of_sizes(array):
    sizes = np.abs(wide(array.reshape(-1)))
    sizes = sizes[np.isfinite(sizes)]
    limit = robust_limit(array)
    found = heat_map(array, 3, 3)
    assert limit > 0
    assert found.limit == limit
    values = wide(array.reshape(-1))
    assert found.clipped == np.count_nonzero(np.abs(values) > limit)
    if sizes.size and sizes.max() > 0 and np.quantile(sizes / 4, 0.995) > 1e-300:
        assert limit == pytest.approx(np.quantile(sizes / 4, 0.995) * 4, rel=1e-9)


def test_levels_are_linear_and_symmetric_about_zero():
    found = heat_map(np.array([[-2.0, -1.0, -0.5, 0.0, -0.0, 0.5, 1.0, np.inf, -np.inf, np.nan]]), 1, 10, limit=1.0)
    assert found.levels.tolist() == [[0, 0, 64, 127, 127, 190, 254, 254, 0, 255]]
    assert found.clipped == 3


def test_all_zero_and_empty_tables_have_a_valid_picture():
    assert heat_map(np.zeros((2, 3)), 10, 10).levels.tolist() == [[127] * 3] * 2
    assert heat_map(np.empty((0, 3)), 10, 10).levels.shape == (0, 3)
    assert heat_map(np.empty((3, 0)), 10, 10).levels.shape == (3, 0)
    assert heat_map(np.array(2.0), 10, 10).levels.tolist() == [[254]]


def test_unsigned_integers_have_no_negative_levels():
    assert heat_map(np.array([[0, 200], [100, 200]], dtype=np.uint8), 2, 2, limit=200).levels.min() == 127


def test_the_picture_of_a_change_equals_that_of_the_array_of_changes():
    random = np.random.default_rng(6)
    base, other = random.standard_normal((2, 90, 70))
    lazy, whole = heat_map(Change(base, other), 20, 30), heat_map(other - base, 20, 30)
    assert lazy.levels.tolist() == whole.levels.tolist()
    assert (lazy.limit, lazy.clipped) == (whole.limit, whole.clipped)


def test_a_units_weights_are_a_picture_of_its_inputs():
    weights = np.arange(12.0).reshape(6, 2)
    assert unit_picture(weights, 1, (2, 3)).tolist() == [[1.0, 3.0, 5.0], [7.0, 9.0, 11.0]]


def test_pictures_of_units_stand_side_by_side_with_a_pixel_of_zero_between():
    weights = np.array([[1.0, 2.0, 3.0]])
    assert unit_mosaic(weights, (1, 1), [0, 1, 2], across=2).tolist() == [[1, 0, 2], [0, 0, 0], [3, 0, 0]]
    assert unit_mosaic(weights, (1, 1), [2]).tolist() == [[3.0]]
    assert unit_mosaic(weights, (1, 1), []).size == 1


def test_the_weights_of_three_colours_stand_side_by_side():
    weights = np.arange(12.0).reshape(12, 1)
    red, green, blue = weights[0::3, 0], weights[1::3, 0], weights[2::3, 0]
    expected = np.hstack([part.reshape(2, 2) for part in (red, green, blue)])
    np.testing.assert_array_equal(unit_picture(weights, 0, (2, 2, 3)), expected)
    assert tile_size((2, 2, 3)) == expected.shape == unit_mosaic(weights, (2, 2, 3), [0]).shape
