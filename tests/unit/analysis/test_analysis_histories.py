import numpy as np
import pytest
from analysis_arrays import numpy_dtype
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dashboard.analysis.histories import cell_timeline, unit_timeline

versions = st.lists(
    hnp.arrays(np.float32, (3, 2), elements=st.sampled_from([0.0, -0.0, 1.0, np.nan, -2.5])), min_size=1, max_size=6
)


def test_a_cells_timeline_names_the_version_that_last_changed_it():
    arrays = [np.array([[value, 9.0]]) for value in (1.0, 1.0, 2.0, 2.0)]
    found = cell_timeline(arrays, 0, 0)
    assert found.values.tolist() == [1.0, 1.0, 2.0, 2.0]
    assert found.changed.tolist() == [False, False, True, False]
    assert (found.last_changed, found.died) == (2, None)
    assert cell_timeline(arrays, 0, 1).last_changed is None


def test_a_unit_died_at_the_first_of_the_last_versions_in_which_it_is_all_zero():
    arrays = [np.array([[a, 1.0], [b, 1.0]]) for a, b in ((3.0, 4.0), (0.0, 0.0), (1.0, 0.0), (0.0, -0.0), (0.0, 0.0))]
    found = unit_timeline(arrays, 0)
    assert found.values.tolist() == [5.0, 0.0, 1.0, 0.0, 0.0]
    assert found.died == 3
    assert found.last_changed == 4  # −0.0 became +0.0: other bits
    assert unit_timeline(arrays, 1).died is None


@given(versions)
def test_a_unit_changes_where_one_of_its_cells_does(arrays):
    whole = unit_timeline(arrays, 1)
    cells = [cell_timeline(arrays, row, 1) for row in range(3)]
    assert whole.changed.tolist() == np.any([cell.changed for cell in cells], axis=0).tolist()
    assert not whole.changed[0]
    norms = [np.linalg.norm(np.where(np.isfinite(array), array, 0.0)[:, 1]) for array in arrays]
    np.testing.assert_allclose(whole.values, norms, rtol=1e-6)


def test_vectors_scalars_and_every_dtype_have_timelines():
    vectors = [np.array([1, 2], dtype=numpy_dtype("bfloat16"))] * 2
    assert cell_timeline(vectors, 1, 0).values.tolist() == [2.0, 2.0]
    assert cell_timeline([np.array(3.0)], 0, 0).values.tolist() == [3.0]
    with pytest.raises(IndexError):
        cell_timeline(vectors, 2, 0)


def test_no_versions_make_an_empty_timeline():
    found = unit_timeline([], 0)
    assert (found.values.size, found.changed.size, found.last_changed, found.died) == (0, 0, None, None)
