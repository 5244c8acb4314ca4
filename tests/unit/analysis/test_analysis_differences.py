import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from analysis_arrays import FLOAT_DTYPES, NUMBER_DTYPES, bit_patterns, numpy_dtype, pairs, shapes, wide
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dashboard.analysis.cells import BLOCK_CELLS, Change
from dashboard.analysis.changed_cells import CellChange, cell_rank, top_changes
from dashboard.analysis.changed_units import unchanged_rows, unit_arrays, unit_differences
from dashboard.analysis.differences import tensor_difference


def bits(array):
    return array.reshape(-1).view(f"u{array.dtype.itemsize}")


def as_table(array):
    return wide(array.reshape(array.shape[0] if array.ndim else 1, math.prod(array.shape[1:])))


def comparable(base, other):
    a, b = (wide(side.reshape(-1)) for side in (base, other))
    both = np.isfinite(a) & np.isfinite(b)
    return a[both], b[both], both


@given(pairs())
def test_what_is_counted_is_what_the_bits_and_signs_say(arrays):
    base, other = arrays
    found = tensor_difference(base, other)
    a, b, both = comparable(base, other)
    assert found.count == base.size
    assert found.changed == np.count_nonzero(bits(base) != bits(other))
    assert found.changed_share == (found.changed / base.size if base.size else 0.0)
    assert found.not_comparable == base.size - both.sum()
    assert found.sign_flips == np.count_nonzero(np.sign(a) * np.sign(b) == -1)
    assert found.identical == (base.tobytes() == other.tobytes())


@given(bit_patterns(NUMBER_DTYPES))
def test_a_tensor_of_any_bits_is_identical_to_itself(array):
    found = tensor_difference(array, array.copy())
    assert found.identical
    assert (found.changed, found.max_abs, found.mean_abs, found.rms, found.sign_flips) == (0, 0.0, 0.0, 0.0, 0)
    assert found.relative in (0.0, None)
    assert found.cosine in (1.0, None)
    assert (found.first_cell, found.ulp_max or 0.0, found.wasserstein or 0.0) == (None, 0.0, 0.0)
    assert top_changes(array, array.copy(), 5) == []
    assert unchanged_rows(array, array.copy()) == (array.shape[0] if array.ndim else 1)


@given(bit_patterns(), st.data())
def test_one_bit_that_changed_is_the_one_cell_that_changed(array, data):
    if not array.size:
        return
    cell = data.draw(st.integers(0, array.size - 1))
    bit = data.draw(st.integers(0, 8 * array.dtype.itemsize - 1))
    other = array.copy()
    other.reshape(-1).view(f"u{array.dtype.itemsize}")[cell] ^= np.array(1 << bit, dtype=f"u{array.dtype.itemsize}")
    found = tensor_difference(array, other)
    assert (found.changed, found.identical) == (1, False)
    place = divmod(cell, max(math.prod(array.shape[1:]), 1))
    assert found.first_cell == place
    if found.max_abs:
        assert found.max_cell == place
    (named,) = top_changes(array, other, 5)  # whatever the bit: a sign of zero and a payload of NaN, too
    assert (named.row, named.column) == place


@given(hnp.arrays(np.float32, shapes, elements=st.floats(-100, 100, width=32)), st.data())
def test_the_numbers_of_plain_tensors_equal_numpys_over_whole_arrays(base, data):
    other = data.draw(hnp.arrays(np.float32, base.shape, elements=st.floats(-100, 100, width=32)))
    found = tensor_difference(base, other)
    a, b = (wide(side.reshape(-1)) for side in (base, other))
    if not a.size:
        assert (found.max_cell, found.relative, found.cosine) == (None, None, None)
        return
    d = b - a
    place = int(np.argmax(np.abs(d)))
    assert (found.max_abs, found.base_value, found.other_value) == (abs(d[place]), a[place], b[place])
    assert found.max_cell == np.unravel_index(place, as_table(base).shape)
    scale = max(np.abs(a).max(), np.abs(b).max())
    assert found.mean_abs == pytest.approx(np.abs(d).mean(), rel=1e-12)
    assert found.rms == pytest.approx(math.sqrt(np.square(d / scale).mean()) * scale if scale else 0.0, rel=1e-12)
    norms = [np.linalg.norm(side / np.abs(side).max()) * np.abs(side).max() if side.any() else 0.0 for side in (a, b)]
    assert (found.relative is None) == (norms[0] == 0)
    assert (found.cosine is None) == (0 in norms)
    if found.cosine is not None and min(norms) > 1e-30:
        assert found.relative == pytest.approx(np.linalg.norm(d) / norms[0], rel=1e-10)
        assert found.cosine == pytest.approx(a @ b / norms[0] / norms[1], abs=1e-12)


def test_the_correlation_is_numpys_also_where_the_mean_hides_the_spread():
    random = np.random.default_rng(5)
    base = random.normal(1e4, 1e-2, (300, 700))
    other = base + random.normal(0.0, 1e-2, base.shape)
    found = tensor_difference(base, other)
    assert found.correlation == pytest.approx(np.corrcoef(base.reshape(-1), other.reshape(-1))[0, 1], rel=1e-9)
    assert tensor_difference(np.full(5, 0.1), np.arange(5.0)).correlation is None


@example((np.array([-1.7e308, 1.0, 1.7e308]), np.array([1.7e308, 1.0, -1.7e308])))
@example((np.array([5e-324, 0.0]), np.array([0.0, 1e-320])))
@given(pairs(("float64",)))
def test_values_whose_squares_leave_the_range_of_float64_are_summed_all_the_same(arrays):
    base, other = arrays
    a, b, _ = comparable(base, other)
    found = tensor_difference(base, other)
    if not a.size:
        return
    exact = [Fraction(two) - Fraction(one) for one, two in zip(a.tolist(), b.tolist(), strict=True)]
    mean: Any = sum(abs(d) for d in exact) / len(exact)
    square: Any = sum(d * d for d in exact) / len(exact)
    if math.isfinite(found.mean_abs):
        assert abs(Fraction(found.mean_abs) - mean) <= mean * Fraction(1, 10**9) + Fraction(1e-322)
    if math.isfinite(found.rms):
        ratio: Any = Fraction(found.rms) ** 2 / square if square > Fraction(1, 10**600) else 1
        assert abs(ratio - 1) < Fraction(1, 10**9)
    length = sum(Fraction(one) ** 2 for one in a.tolist())
    if length and found.relative is not None and math.isfinite(found.relative) and found.relative > 1e-290:
        assert abs(Fraction(found.relative) ** 2 * length / (square * len(exact)) - 1) < Fraction(1, 10**9)


def test_nan_inf_and_negative_zero_have_their_stated_meaning():
    quiet, payload = np.array([0x7FC00000, 0x7FC00001], dtype=np.uint32).view(np.float32)
    base = np.array([quiet, quiet, 0.0, np.inf, np.inf, 1.0, -2.0], dtype=np.float32)
    other = np.array([quiet, payload, -0.0, np.inf, -np.inf, np.nan, 2.0], dtype=np.float32)
    found = tensor_difference(base, other)
    assert found.changed == 5  # not: the NaN of the same bits, and +Inf to +Inf
    assert found.not_comparable == 5  # all but the zeros and the last
    assert (found.max_abs, found.max_cell, found.sign_flips) == (4.0, (6, 0), 1)
    assert (found.mean_abs, found.relative, found.cosine) == (2.0, 2.0, -1.0)


@pytest.mark.parametrize("dtype", FLOAT_DTYPES)
def test_a_signalling_nan_is_compared_without_a_warning(dtype):
    signalling = {"float16": 0x7C01, "bfloat16": 0x7F81, "float32": 0x7F800001, "float64": 0x7FF0000000000001}[dtype]
    size = numpy_dtype(dtype).itemsize
    base = np.array([signalling] * 3, dtype=f"u{size}").view(numpy_dtype(dtype))
    found = tensor_difference(base, np.zeros(3, dtype=base.dtype))
    assert (found.changed, found.not_comparable) == (3, 3)


def test_a_change_beyond_the_largest_float64_is_given_as_that():
    found = tensor_difference(np.array([-1.7e308, 1.0]), np.array([1.7e308, 1.0]))
    assert found.max_abs == np.finfo(np.float64).max
    assert found.relative == pytest.approx(2.0)
    assert found.to_json()["rms"] is None
    assert found.mean_abs == pytest.approx(1.7e308)


def test_numbers_that_no_float64_can_hold_are_none_in_json():
    found = tensor_difference(np.array([5e-324]), np.array([1e300])).to_json()
    assert found["relative"] is None
    assert found["max_cell"] == [0, 0]
    assert found["identical"] is False


def test_tensors_of_different_dtypes_are_compared_by_value():
    base = np.array([0.1, 0.5], dtype=np.float32)
    assert tensor_difference(base, base.astype(np.float64)).identical
    assert tensor_difference(base, np.array([0.1, 0.5])).changed == 1


def test_tensors_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(3, 2\)"):
        tensor_difference(np.zeros((2, 3)), np.zeros((3, 2)))


@given(pairs(FLOAT_DTYPES), st.integers(1, 8))
def test_the_top_changes_are_the_largest_of_all_in_table_order(arrays, k):
    base, other = arrays
    change = Change(base, other).block(0, base.size)
    sizes = np.abs(np.where(np.isfinite(change), change, 0.0))
    moved = bits(base) != bits(other)
    order = [cell for cell in np.lexsort((np.arange(sizes.size), -sizes)) if sizes[cell] > 0 or moved[cell]][:k]
    found = top_changes(base, other, k)
    columns = max(math.prod(base.shape[1:]), 1)
    assert [(cell.row * columns + cell.column) for cell in found] == order
    a, b = (wide(side.reshape(-1)) for side in (base, other))
    said = np.array([(cell.base, cell.other, cell.change) for cell in found]).reshape(-1, 3)
    assert np.array_equal(said, np.array([(a[i], b[i], change[i]) for i in order]).reshape(-1, 3), equal_nan=True)


def test_top_changes_are_found_in_any_block():
    base = np.zeros((4, BLOCK_CELLS))
    other = base.copy()
    other[3, 7], other[0, 5], other[2, 2] = 1.0, -3.0, 1.0
    assert top_changes(base, other, 2) == [CellChange(0, 5, 0.0, -3.0, -3.0), CellChange(2, 2, 0.0, 1.0, 1.0)]


@given(pairs(FLOAT_DTYPES), st.data())
def test_a_cell_knows_its_place_among_all_that_changed_and_its_neighbours(arrays, data):
    base, other = arrays
    if not base.size:
        return
    ranked = [
        (cell.row, cell.column) for cell in top_changes(base, other, base.size) if 0 < abs(cell.change) < math.inf
    ]
    cell = divmod(data.draw(st.integers(0, base.size - 1)), math.prod(base.shape[1:]))
    found = cell_rank(base, other, *cell)
    if cell not in ranked:
        assert found == (None, None, None)
        return
    place = ranked.index(cell)
    assert found.place == place + 1
    assert found.before == (ranked[place - 1] if place else None)
    assert found.after == (ranked[place + 1] if place + 1 < len(ranked) else None)


def test_a_cells_place_is_found_across_blocks_equal_changes_in_table_order():
    base = np.zeros((4, BLOCK_CELLS))
    other = base.copy()
    other[3, 7], other[0, 5], other[2, 2], other[1, 9] = 1.0, -3.0, 1.0, np.nan
    assert cell_rank(base, other, 2, 2) == (2, (0, 5), (3, 7))
    assert cell_rank(base, other, 0, 5) == (1, None, (2, 2))
    assert cell_rank(base, other, 3, 7) == (3, (2, 2), None)
    assert cell_rank(base, other, 1, 9) == (None, None, None)


@pytest.mark.parametrize("axis", ["column", "row"])
@given(arrays=pairs(("float32", "float16")))
def test_units_are_ranked_by_the_norm_of_their_change(axis, arrays):
    base, other = arrays
    found = unit_differences(base, other, axis).ranked()
    with np.errstate(invalid="ignore"):
        d = as_table(other) - as_table(base)
    d[~np.isfinite(d)] = 0.0
    moved = (bits(base) != bits(other)).reshape(d.shape)
    along = 0 if axis == "column" else 1
    norms = np.linalg.norm(d, axis=along)
    assert sorted(unit.unit for unit in found) == list(range(norms.size))
    assert [unit.norm for unit in found] == sorted((unit.norm for unit in found), reverse=True)
    for unit in found:
        own = np.take(d, unit.unit, axis=1 - along)
        assert unit.norm == pytest.approx(norms[unit.unit], rel=1e-12)
        assert unit.max_abs == np.abs(own).max(initial=0.0)
        assert unit.changed == np.count_nonzero(np.take(moved, unit.unit, axis=1 - along))
        for side, whole in zip(unit_arrays(base, other, axis, unit.unit), arrays, strict=True):
            assert np.array_equal(wide(side), np.take(as_table(whole), unit.unit, axis=1 - along), equal_nan=True)


@given(pairs())
def test_a_row_is_unchanged_when_all_its_bits_are(arrays):
    base, other = arrays
    rows = base.shape[0] if base.ndim else 1
    one, two = (bits(side).reshape(rows, math.prod(base.shape[1:])) for side in (base, other))
    assert unchanged_rows(base, other) == np.count_nonzero((one == two).all(axis=1))


def test_a_tensor_of_several_blocks_is_compared_as_a_whole():
    random = np.random.default_rng(11)
    base = random.standard_normal((401, 500)).astype(np.float32)
    other = base.copy()
    other[::3] += random.standard_normal(other[::3].shape).astype(np.float32) * np.float32(0.01)
    a, b = base.astype(np.float64), wide(other)
    found = tensor_difference(base, other)
    assert found.max_cell == np.unravel_index(np.argmax(np.abs(b - a)), a.shape)
    assert found.relative == pytest.approx(np.linalg.norm(b - a) / np.linalg.norm(a), rel=1e-12)
    assert found.cosine == pytest.approx((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b), rel=1e-12)
    assert found.changed == np.count_nonzero(a != b)
    assert unchanged_rows(base, other) == 401 - 134
    along_rows = unit_differences(base, other, "row")
    assert along_rows.norms == pytest.approx(np.linalg.norm(b - a, axis=1), rel=1e-12)
    assert along_rows.changed.tolist() == np.count_nonzero(a != b, axis=1).tolist()
