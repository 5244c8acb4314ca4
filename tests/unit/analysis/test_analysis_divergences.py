import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from dashboard.analysis.distributions import Distribution, distribution
from dashboard.analysis.divergences import (
    COARSE_BINS,
    FINE_BINS,
    distribution_distances,
    kl_divergence,
    wasserstein_distance,
)

counts = hnp.arrays(np.int64, 7, elements=st.integers(0, 50))


def binned(one, two):
    return Distribution(np.linspace(-1.0, 2.5, 8), (one, two), (0, 0), (0, 0), (0, 0))


@given(counts, counts)
def test_distances_equal_scipys(one, two):
    found = binned(one, two)
    if not one.any() or not two.any():
        assert (wasserstein_distance(found), kl_divergence(found)) == (None, None)
        return
    middles = (found.edges[1:] + found.edges[:-1]) / 2
    expected = stats.wasserstein_distance(middles, middles, one, two)
    assert wasserstein_distance(found) == pytest.approx(expected, abs=1e-12)
    assert kl_divergence(found) == pytest.approx(stats.entropy(one + 0.5, two + 0.5), abs=1e-12)


def test_with_fine_bins_the_distance_is_that_of_the_cells():
    random = np.random.default_rng(8)
    one, two = random.normal(0, 1, 4000), random.normal(0.3, 1.2, 3000)
    found = distribution([one, two], FINE_BINS, "full")
    width = found.edges[1] - found.edges[0]
    assert wasserstein_distance(found) == pytest.approx(stats.wasserstein_distance(one, two), abs=width)


finite = st.floats(-1e6, 1e6, width=32)


@given(
    hnp.arrays(np.float32, st.integers(1, 30), elements=st.one_of(finite, st.sampled_from([np.nan, np.inf, -0.0]))),
    hnp.arrays(np.float32, st.integers(1, 30), elements=finite),
)
def test_the_cells_themselves_are_as_far_apart_as_scipy_says(one, two):
    found = distribution_distances(one, two)
    cells = [side[np.isfinite(side)].astype(np.float64) for side in (one, two)]
    if not cells[0].size:
        assert found == (None, None)
        return
    assert found.wasserstein == pytest.approx(stats.wasserstein_distance(*cells), rel=1e-9, abs=1e-12)
    assert found.kl is None, "so few cells are no distribution"


def test_the_divergence_is_that_of_the_base_from_the_other_and_only_where_it_is_an_estimate():
    random = np.random.default_rng(10)
    narrow, wide = random.normal(0, 1.0, 5000), random.normal(0, 2.0, 5000)
    counts = distribution([narrow, wide], COARSE_BINS, "full").counts
    assert distribution_distances(narrow, wide).kl == pytest.approx(stats.entropy(counts[0] + 0.5, counts[1] + 0.5))
    assert distribution_distances(wide, narrow).kl is None, "cells of the base are where the other has none"
    assert distribution_distances(narrow, narrow + 50).kl is None, "they do not meet at all"
    assert distribution_distances(narrow[:1279], wide).kl is None, "fewer than 20 cells to a bin"
    assert distribution_distances(narrow[:1280], wide).kl is not None


def test_more_cells_than_are_sorted_are_counted_in_fine_bins():
    random = np.random.default_rng(9)
    one, two = (random.normal(0, spread, 5000).astype(np.float32) for spread in (1.0, 1.5))
    exact = distribution_distances(one, two)
    binned = distribution_distances(one, two, sorted_cells=100)
    width = float(max(one.max(), two.max()) - min(one.min(), two.min())) / FINE_BINS
    assert binned.wasserstein == pytest.approx(exact.wasserstein, abs=width)
    assert binned.kl == pytest.approx(exact.kl, rel=1e-9)


def test_the_distance_of_the_largest_numbers_does_not_overflow():
    assert distribution_distances(np.array([-1.7e308]), np.array([1.7e308])).wasserstein == np.inf


def test_equal_distributions_are_nowhere_apart():
    same = np.array([3, 1, 0, 0, 0, 0, 0])
    assert wasserstein_distance(binned(same, same)) == 0
    assert kl_divergence(binned(same, same)) == 0
