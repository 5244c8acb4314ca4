"""Heat maps with units as rows: the same levels, in the order that was asked for, pooled by the largest size."""

import numpy as np

from dashboard.analysis.images import NAN_LEVEL, heat_map
from dashboard.analysis.turning import first_units, units_as_rows

TABLE = np.array([[1.0, -2.0, 0.0], [0.5, 2.0, np.nan]])


def test_each_row_holds_one_unit_in_the_order_that_was_asked_for():
    found = heat_map(TABLE, 10, 10, limit=2.0)
    turned = units_as_rows(found, np.array([1, 0, 2]), 10)
    assert turned.levels.tolist() == [[0, 254], [190, 159], [127, NAN_LEVEL]]
    assert (turned.rows, turned.columns, turned.limit, turned.clipped) == (3, 2, 2.0, 0)
    assert not turned.pooled


def test_more_units_than_rows_are_pooled_by_the_largest_size_with_its_sign():
    table = np.array([[0.1, -0.2, 0.3, -0.4, 0.5, -0.6]])
    turned = units_as_rows(heat_map(table, 10, 10, limit=0.6), np.arange(6), 2)
    assert turned.levels.tolist() == [[round(127 + 127 * 0.3 / 0.6)], [0]]
    assert turned.pooled
    assert first_units(6, 2).tolist() == [0, 3]


def test_nan_shows_through_the_pooling():
    turned = units_as_rows(heat_map(TABLE, 10, 10, limit=2.0), np.arange(3), 1)
    assert turned.levels.tolist() == [[0, NAN_LEVEL]]


def test_a_table_without_cells_gives_a_map_without_cells():
    turned = units_as_rows(heat_map(np.empty((3, 0)), 10, 0), np.arange(0), 10)
    assert turned.levels.shape == (0, 3)
    assert turned.levels.size == 0
