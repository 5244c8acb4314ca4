import numpy as np
from analysis_arrays import bit_patterns
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dashboard.analysis.activity import ActivityCount
from dashboard.analysis.health import MEANINGS, Cut, LayerHealth, duplicate_units, largest_sums, layer_health

WEIGHT = np.array(
    [
        [0.0, 1.0, 2.0, -1.0, 1.0, 9.0],
        [-0.0, 2.0, 2.0, -3.0, 2.0, -7.0],
    ]
)


def test_each_finding_names_its_units():
    after = np.ones((6, 3))
    after[1] = 0.0
    found = layer_health(WEIGHT, np.array([1.0, 0.5, 0.0, 0.0, 0.5, 0.0]), after, Cut((0.0, 1.0)))
    assert found == LayerHealth(
        units=6,
        records=0,
        dead=(0, 1, 3),
        no_input=(0,),
        no_output=(1,),
        never_active=(3,),
        unvarying=None,
        undefined=(),
        constant=(2,),
        saturating=None,
        duplicates=((1, 4),),
    )
    assert set(MEANINGS) == set(LayerHealth._fields) - {"units", "records", "dead"}


def test_records_show_what_tables_cannot():
    """Of a relu: unit 0 is never active, 1 always answers 2, 2 varies, 3 answers NaN once."""
    count = ActivityCount(4, is_rectifier=True, saturates=False)
    count.add(np.array([[-1.0, 2.0, 1.0, 1.0]]), np.array([[0.0, 2.0, 1.0, 1.0]]))
    count.add(np.array([[-9.0, 2.0, -1.0, np.nan]]), np.array([[0.0, 2.0, 0.0, np.nan]]))
    found = layer_health(np.ones((2, 4)), cut=Cut(), activity=count.result())
    assert (found.records, found.dead, found.never_active) == (2, (0, 1), (0,))
    assert (found.unvarying, found.undefined, found.saturating) == ((0, 1), (3,), ())
    assert layer_health(np.ones((2, 4)), activity=count.result()).never_active == (0,)


def test_behind_an_activation_that_does_not_cut_off_a_unit_below_zero_is_not_dead():
    count = ActivityCount(1, is_rectifier=True, saturates=False)
    count.add(np.array([[-1.0], [-2.0]]), np.array([[-0.01], [-0.02]]))
    found = layer_health(np.ones((2, 1)), activity=count.result())
    assert (found.never_active, found.dead) == ((0,), ())


def test_units_of_cells_that_are_no_numbers_are_unknown_and_neither_dead_nor_double():
    weight = np.full((16, 3), np.nan, np.float32)
    weight[:, 2] = 0.0
    found = layer_health(weight, after=np.full((3, 2), np.nan))
    assert (found.undefined, found.dead, found.no_input, found.no_output) == ((0, 1), (2,), (2,), ())
    assert (found.constant, found.duplicates) == ((), ())


def test_without_the_next_layer_or_a_range_of_inputs_nothing_is_guessed():
    found = layer_health(WEIGHT)
    assert (found.no_output, found.never_active) == ((), ())


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
    found = layer_health(weight, bias, cut=Cut(inputs))
    assert all((sums[:, unit] <= 1e-12).all() for unit in found.never_active)


@given(bit_patterns())
def test_any_table_has_a_finding_for_at_most_all_its_units(array):
    found = layer_health(array.reshape(array.shape[0] if array.ndim else 1, -1 if array.size else 0))
    assert all(0 <= unit < found.units for unit in (*found.dead, *found.constant, *found.undefined))
    assert all(len(group) > 1 for group in found.duplicates)


def test_units_without_inputs_are_deaf():
    assert layer_health(np.empty((0, 2))).no_input == (0, 1)
