import numpy as np
import pytest
from analysis_arrays import NUMBER_DTYPES, bit_patterns, wide
from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis.cells import BLOCK_CELLS, Change
from dashboard.analysis.distributions import distribution
from dashboard.analysis.outliers import Cell, outliers


def finite(array):
    values = wide(array.reshape(-1))
    return values[np.isfinite(values)]


@given(st.lists(bit_patterns(NUMBER_DTYPES), max_size=3), st.integers(1, 70), st.sampled_from(["robust", "full"]))
def test_every_finite_cell_is_in_one_bin_or_beyond_one_end(arrays, bins, limits):
    found = distribution(arrays, bins, limits)
    assert found.edges.shape == (bins + 1,)
    assert np.isfinite(found.edges).all()
    assert np.all(np.diff(found.edges / 2) > 0)
    for place, array in enumerate(arrays):
        values = finite(array)
        expected = np.array(
            [np.count_nonzero((values >= a) & (values < b)) for a, b in zip(found.edges, found.edges[1:], strict=False)]
        )
        expected[-1] += np.count_nonzero(values == found.edges[-1])
        assert found.counts[place].tolist() == expected.tolist()
        assert found.below[place] == np.count_nonzero(values < found.edges[0])
        assert found.above[place] == np.count_nonzero(values > found.edges[-1])
        assert found.not_finite[place] == array.size - values.size
        if limits == "full":
            assert (found.below[place], found.above[place]) == (0, 0)


def test_robust_bins_reach_from_the_half_percentile_of_any_tensor_to_that_of_any():
    random = np.random.default_rng(2)
    one, two = random.normal(0, 1, 5000), random.normal(3, 2, 5000)
    found = distribution([one, two], 40)
    ends = np.percentile([one, two], (0.5, 99.5), axis=1)
    assert (found.edges[0], found.edges[-1]) == (pytest.approx(ends[0].min()), pytest.approx(ends[1].max()))
    np.testing.assert_allclose(np.diff(found.edges), (found.edges[-1] - found.edges[0]) / 40, rtol=1e-12)
    assert found.counts[1].tolist() == np.histogram(two, found.edges)[0].tolist()


def test_equal_values_lie_in_the_middle_of_bins_around_them():
    found = distribution([np.full((3, 4), 2.0)], 5)
    assert found.counts[0].tolist() == [0, 0, 12, 0, 0]
    assert (found.edges[0], found.edges[-1]) == (pytest.approx(1.998), pytest.approx(2.002))


def test_nothing_to_count_gives_empty_valid_bins():
    found = distribution([np.empty((0, 3)), np.array([np.nan])], 4)
    assert found.edges.tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]
    assert [counts.tolist() for counts in found.counts] == [[0] * 4] * 2
    assert found.not_finite == (0, 1)
    assert distribution([], 2).to_json() == {
        "edges": [-1.0, 0.0, 1.0],
        "counts": [],
        "below": [],
        "above": [],
        "not_finite": [],
    }


def test_the_distribution_of_a_change_needs_no_array_of_changes():
    random = np.random.default_rng(4)
    base = random.standard_normal((500, 300)).astype(np.float32)
    other = base + random.standard_normal(base.shape).astype(np.float32)
    found = distribution([Change(base, other)], 30)
    whole = distribution([wide(other) - base], 30)
    assert found.counts[0].tolist() == whole.counts[0].tolist()


def test_outliers_are_named_with_their_cells_the_farthest_first():
    table = np.tile(np.linspace(-1, 1, 50), (20, 1))
    table[3, 13], table[7, 44], table[9, 2] = -8.0, 9.5, np.nan
    found = outliers(table)
    assert found.count == 2
    assert found.cells == (Cell(7, 44, 9.5), Cell(3, 13, -8.0))
    first, third = np.nanpercentile(table, (25, 75))
    assert (found.low, found.high) == (
        pytest.approx(first - 3 * (third - first)),
        pytest.approx(third + 3 * (third - first)),
    )


def test_only_the_farthest_outliers_are_named_and_all_are_counted():
    table = np.random.default_rng(0).standard_normal((4, BLOCK_CELLS))
    table[:, 5] = [100.0, -200.0, 300.0, 100.0]
    found = outliers(table, most=3)
    assert found.count == np.count_nonzero((table < found.low) | (table > found.high))
    assert [(cell.row, cell.column) for cell in found.cells] == [(2, 5), (1, 5), (0, 5)]


def test_where_the_quartiles_are_equal_nothing_is_called_an_outlier():
    sparse = np.zeros(100)
    sparse[3] = 5.0
    assert outliers(sparse).count == 0
    assert outliers(np.empty(0)).cells == ()
