import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.weights.cell_sums import cell_sums, find_changes, grid_shape


def test_the_sums_of_six_cells_are_these():
    bits = np.array([1, 2, 3, 10, 20, 30], np.uint32)  # the grid: 1 2 3 / 10 20 30
    assert grid_shape(6) == (2, 3)
    assert cell_sums(bits).tolist() == [6, 60, 14, 140, 11, 22, 33, 21, 42, 63]


@pytest.mark.parametrize("cells", [0, 1, 2, 3, 100, 101])
def test_the_grid_holds_all_cells_and_unchanged_ones_are_found_unchanged(cells):
    bits = np.random.default_rng(1).integers(0, 2**64, cells, np.uint64)
    height, width = grid_shape(cells)
    assert height * width >= cells
    assert find_changes(bits, cell_sums(bits)) == (type(find_changes(bits, cell_sums(bits))))({}, True, ())


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64"])
@given(data=st.data())
def test_one_changed_cell_is_found_with_the_bits_that_it_had(dtype, data):
    cells = data.draw(st.integers(1, 200))
    limit = 2 ** (8 * np.dtype(dtype).itemsize)
    saved = np.random.default_rng(cells).integers(0, limit, cells, dtype)
    cell, bits = data.draw(st.integers(0, cells - 1)), data.draw(st.integers(0, limit - 1))
    found = saved.copy()
    found[cell] = bits
    changes = find_changes(found, cell_sums(saved))
    assert changes.complete
    assert changes.cells == ({} if bits == saved[cell] else {cell: int(saved[cell])})


@given(seed=st.integers(0, 10**6), first=st.integers(0, 9000), length=st.integers(1, 100))
def test_a_whole_burst_of_changed_cells_is_restored(seed, first, length):
    random = np.random.default_rng(seed)
    saved = random.standard_normal(10_000).astype(np.float32).view(np.uint32)
    found = saved.copy()
    found[first : first + length] = random.integers(0, 2**32, length, np.uint32)
    changes = find_changes(found, cell_sums(saved))
    assert changes.complete
    assert changes.cells == {int(c): int(saved[c]) for c in np.flatnonzero(saved != found)}


def test_a_few_scattered_cells_are_restored_even_when_rounding_hides_low_bits():
    saved = np.ones(1_000_000).view(np.uint64)
    found = saved.copy()
    cells = [5, 1005, 2007, 500_123, 999_999]
    found[cells] = np.full(5, 2.0).view(np.uint64)
    changes = find_changes(found, cell_sums(saved))
    assert changes.complete
    assert list(changes.cells) == cells


def test_damage_beyond_repair_is_said_to_be_incomplete_and_its_first_row_is_suspected():
    saved = np.random.default_rng(1).integers(0, 2**32, 10_000, np.uint32)
    found = saved.copy()
    found[4200:] ^= 12345
    changes = find_changes(found, cell_sums(saved))
    assert changes.complete is False
    assert 4200 in changes.suspects
    assert min(changes.suspects) >= 4200


def test_sums_of_another_length_explain_nothing():
    assert find_changes(np.zeros(9, np.uint32), np.zeros(3, np.uint64)).complete is False
