import numpy as np
from analysis_arrays import bit_patterns
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dashboard.analysis.health import MEANINGS, LayerHealth, duplicate_units, largest_sums, layer_health

WEIGHT = np.array(
    [
        [0.0, 1.0, 2.0, -1.0, 1.0, 9.0],
        [-0.0, 2.0, 2.0, -3.0, 2.0, -7.0],
    ]
)


def test_each_finding_names_its_units():
    after = np.ones((6, 3))
    after[1] = 0.0
    found = layer_health(WEIGHT, bias=np.array([1.0, 0.5, 0.0, 0.0, 0.5, 0.0]), after=after, inputs=(0.0, 1.0))
    assert found == LayerHealth(
        units=6, deaf=(0,), unheard=(1,), silent=(3,), constant=(2,), saturating=(5,), duplicates=((1, 4),)
    )
    assert found.dead == (0, 1, 3)
    assert set(MEANINGS) == set(LayerHealth._fields) - {"units"}


def test_without_the_next_layer_or_a_range_of_inputs_nothing_is_guessed():
    found = layer_health(WEIGHT)
    assert (found.unheard, found.silent) == ((), ())


def test_a_unit_that_differs_only_in_its_bias_is_no_duplicate():
    weight = np.ones((3, 2), dtype=np.float32)
    assert duplicate_units(weight) == ((0, 1),)
    assert duplicate_units(weight, np.array([0.0, -0.0])) == ()


@given(
    hnp.arrays(np.float32, (4, 3), elements=st.floats(-5, 5, width=32)), st.tuples(st.floats(-2, 0), st.floats(0, 2))
)
def test_no_inputs_in_the_range_give_a_larger_sum(weight, inputs):
    bias = np.array([0.5, 0.0, -1.0])
    corners = np.array(np.meshgrid(*[inputs] * 4)).reshape(4, -1).T
    sums = corners @ weight.astype(np.float64) + bias
    np.testing.assert_allclose(largest_sums(weight, bias, inputs), sums.max(axis=0), rtol=1e-12, atol=1e-12)
    found = layer_health(weight, bias, inputs=inputs)
    assert all((sums[:, unit] <= 1e-12).all() for unit in found.silent)


@given(bit_patterns())
def test_any_table_has_a_finding_for_at_most_all_its_units(array):
    found = layer_health(array.reshape(array.shape[0] if array.ndim else 1, -1 if array.size else 0))
    assert all(0 <= unit < found.units for unit in (*found.deaf, *found.constant, *found.saturating))
    assert all(len(group) > 1 for group in found.duplicates)


def test_units_without_inputs_are_deaf():
    assert layer_health(np.empty((0, 2))).deaf == (0, 1)
