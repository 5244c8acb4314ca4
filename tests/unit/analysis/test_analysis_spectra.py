import numpy as np
import pytest
from analysis_arrays import bit_patterns, wide
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.analysis.spectra import singular_values, spectral_tail, stretch


def finite_table(array):
    table = wide(array.reshape(array.shape[0] if array.ndim else 1, -1 if array.size else 0))
    return np.where(np.isfinite(table), table, 0.0)


@given(bit_patterns(("float32", "float16", "bfloat16")))
def test_spectral_norm_and_stable_rank_equal_those_of_numpys_singular_values(array):
    found = stretch(array)
    table = finite_table(array)
    largest = np.abs(table).max(initial=0.0)
    if not largest:
        assert found == (0.0, None)
        return
    sigma = np.linalg.svd(table / largest, compute_uv=False)
    assert found.spectral_norm == pytest.approx(sigma[0] * largest, rel=1e-6)
    assert found.stable_rank == pytest.approx(np.square(sigma).sum() / sigma[0] ** 2, rel=1e-6)


@pytest.mark.parametrize(
    "shape", [(300, 200), (200, 300), pytest.param((1200, 700), marks=pytest.mark.soak), (1, 50), (50, 1)]
)
@pytest.mark.slow
def test_large_tables_have_numpys_spectral_norm(shape):
    table = np.random.default_rng(9).standard_normal(shape).astype(np.float32)
    sigma = np.linalg.svd(table.astype(np.float64), compute_uv=False)
    found = stretch(table)
    assert found.spectral_norm == pytest.approx(sigma[0], rel=1e-6)
    assert found.stable_rank == pytest.approx(np.square(sigma).sum() / sigma[0] ** 2, rel=1e-6)
    np.testing.assert_allclose(singular_values(table)[: len(sigma)], sigma, rtol=1e-6, atol=1e-5)


def test_values_near_the_ends_of_float64_are_no_trouble():
    table = np.array([[3e200, 0.0], [0.0, 4e200]])
    assert stretch(table) == (pytest.approx(4e200), pytest.approx(25 / 16))
    assert singular_values(table * 1e-300).tolist() == [pytest.approx(4e-100), pytest.approx(3e-100)]


def test_a_table_of_equal_rows_has_stable_rank_one():
    assert stretch(np.ones((30, 20))) == (pytest.approx(np.sqrt(600)), pytest.approx(1.0))


def test_all_singular_values_are_computed_only_of_tables_small_enough():
    assert singular_values(np.zeros((1025, 1025), dtype=np.float16)) is None
    assert singular_values(np.empty((0, 3))) is None


@settings(max_examples=settings().max_examples // 10)  # each takes a quarter of a second
@given(st.floats(1.5, 5.0), st.integers(0, 100))
@pytest.mark.slow
def test_the_tail_of_a_power_law_has_its_exponent(exponent, seed):
    shares = np.random.default_rng(seed).random(3000)
    eigenvalues = (1 - shares) ** (-1 / (exponent - 1))  # Pareto from 1 on, by inversion
    found = spectral_tail(np.sqrt(eigenvalues))
    assert found.exponent == pytest.approx(exponent, rel=0.35)
    assert found.distance < 0.1
    assert 0 < found.start <= 1


def test_too_few_or_all_equal_singular_values_have_no_tail():
    assert spectral_tail(np.ones(100)) is None
    assert spectral_tail(np.arange(5.0)) is None
    assert spectral_tail(np.empty(0)) is None
