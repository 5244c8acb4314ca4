"""A cell is named by its place in the tensor, whatever the table in which it is stored looks like."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dashboard.records.tensor import TensorInfo, cell_name


@given(st.lists(st.integers(1, 5), min_size=0, max_size=4), st.data())
def test_a_cell_is_named_by_its_indices_in_the_tensor(shape, data):
    info = TensorInfo("a", tuple(shape), "float32", "", 0, "", {})
    place = data.draw(st.integers(0, int(np.prod(shape)) - 1))
    row, column = divmod(place, info.columns)
    assert cell_name(shape, row, column) == str([int(index) for index in np.unravel_index(place, shape)])
