"""Heat maps with units as columns: in the order that was asked for, pooled by the largest size, whole or a part."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis.cells import Cells
from dashboard.analysis.images import NAN_LEVEL, heat_map
from dashboard.analysis.turning import MapPart, UnitOrder, unit_numbers, units_as_columns

TABLE = np.array([[1.0, -2.0, 0.0], [0.5, 2.0, np.nan]])


def turned(table, order, height=10, width=10, limit=2.0, part=None):
    whole = MapPart(range(table.shape[1]), range(table.shape[0]))
    units = UnitOrder(np.array(order, dtype=np.intp), "column")
    return units_as_columns(Cells(table), units, part or whole, height, width, limit)


def test_each_column_holds_one_unit_in_the_order_that_was_asked_for():
    found = turned(TABLE, [1, 0, 2])
    assert found.levels.tolist() == [[0, 190, 127], [254, 159, NAN_LEVEL]]
    assert (found.rows, found.columns, found.limit, found.clipped) == (2, 3, 2.0, 0)
    assert not found.pooled


def test_more_units_than_columns_are_pooled_by_the_largest_size_with_its_sign():
    found = turned(np.array([[0.1, -0.2, 0.3, -0.4, 0.5, -0.6]]), range(6), width=2, limit=0.6)
    assert found.levels.tolist() == [[round(127 + 127 * 0.3 / 0.6), 0]]
    assert found.pooled


def test_nan_shows_through_the_pooling():
    assert turned(TABLE, range(3), width=1).levels.tolist() == [[0], [NAN_LEVEL]]


def test_a_table_without_cells_gives_a_map_without_cells():
    found = turned(np.empty((3, 0)), [])
    assert found.levels.size == 0
    assert (found.rows, found.columns) == (3, 0)


@given(st.data())
def test_a_part_is_the_map_of_that_part_alone(data):
    rows, columns = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    table = np.random.default_rng(rows * columns).normal(size=(rows, columns))
    order = np.array(data.draw(st.permutations(range(columns))))
    ends = [sorted(data.draw(st.tuples(st.integers(0, n - 1), st.integers(1, n)))) for n in (columns, rows)]
    part = MapPart(*(range(low, max(high, low + 1)) for low, high in ends))
    own = table[:, order][part.inputs.start : part.inputs.stop, part.places.start : part.places.stop]
    found = turned(table, order, 4, 3, 0.5, part)
    assert np.array_equal(found.levels, heat_map(own, 4, 3, 0.5).levels)
    assert found.clipped == np.count_nonzero(np.abs(own) > 0.5)
    numbers = unit_numbers(Cells(table), UnitOrder(order, "column"), part, 4, 3)
    stored_by_rows = Cells(np.ascontiguousarray(table.T)), UnitOrder(order, "row"), part
    assert np.array_equal(units_as_columns(*stored_by_rows, 4, 3, 0.5).levels, found.levels)
    assert np.array_equal(unit_numbers(*stored_by_rows, 4, 3), numbers)
    assert np.rint(np.clip(numbers, -0.5, 0.5) / 0.5 * 127 + 127).T.tolist() == found.levels.tolist()
    assert found.pooled == (own.shape[0] > 4 or own.shape[1] > 3)
