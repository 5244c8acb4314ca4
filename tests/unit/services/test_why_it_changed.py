"""Why a loss changed: shares that sum to the change, faults that are found, and refusals in words."""

import numpy as np
import pytest

from dashboard.errors import Conflict, NotFound, UserError
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.records.change import parse_change
from dashboard.records.why import WhyRequest, WhyResult
from dashboard.services.changes.children import preview_child, save_child
from dashboard.services.versions.reading import get_detail, get_version
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.why import results
from dashboard.services.why.results import cell_shares, known_why, why, why_or_run
from tests.unit.services.carry_out import carry_out
from tests.unit.services.foreign_versions import save_foreign
from tests.unit.services.saved_versions import iris_preprocessing, new_network, save, save_two

pytestmark = pytest.mark.slow

TWO = WhyRequest("small:1", "small:2")


def tensors_of(workspace, number):
    return read_tensors(workspace, get_version(workspace, "small", number))


def test_the_shares_of_tensors_units_and_cells_sum_to_the_change_of_the_validation_loss(workspace):
    save_two(workspace)
    result = why(workspace, TWO)
    assert (result.part, result.loss_name, result.metric_name) == ("validation", "cross_entropy", "accuracy")
    assert result.change == result.other_score.loss - result.base_score.loss
    assert result.error <= result.tolerance == 1e-3 * abs(result.change)
    for parts in (result.tensors, result.units):
        assert sum(one.share for one in parts) == pytest.approx(result.sum, abs=1e-12)
    for one in result.tensors:
        assert cell_shares(workspace, TWO, one.name).sum() == pytest.approx(one.share, abs=1e-12)
    assert sum(one.share for one in result.classes) == pytest.approx(result.change)
    assert [point.t for point in result.path][:: len(result.path) - 1] == [0.0, 1.0]
    assert (result.curve[-1].back, result.curve[-1].rest) == (result.base_score, result.other_score)
    assert WhyResult.from_json(result.to_json()) == result == known_why(workspace, TWO)


@pytest.fixture
def faulty(workspace):
    """A version, the same with unit 1 of layer 1 negated (2), and a version with units 0 and 1 swapped (3)."""
    network = new_network(workspace, layers=({"units": 5, "activation": "tanh"},))
    rng = np.random.default_rng(4)
    good = {name: rng.normal(size=shape).astype(np.float32) for name, shape in network.spec.tensor_shapes}
    about = {"preprocessing": iris_preprocessing(workspace)}
    save(workspace, network, good, **about)
    negated, swapped = ({name: array.copy() for name, array in good.items()} for _ in range(2))
    for name in ("layer_01.weight", "layer_01.bias"):
        negated[name][..., 1] *= -1
        swapped[name][..., [0, 1]] = good[name][..., [1, 0]]
    save(workspace, network, negated, **about)
    save(workspace, network, swapped, **about)
    return workspace


def test_a_planted_fault_is_the_first_unit_and_putting_it_back_restores_every_bit(faulty):
    result = why(faulty, TWO)
    first = result.units[0]
    assert (first.layer, first.unit, first.changed, result.changed_units) == (1, 1, 5, 1)
    assert first.put_back == result.base_score
    assert result.loss_restored(first.put_back) == 1.0
    untouched = cell_shares(faulty, TWO, "layer_01.weight")[:, [0, 2, 3, 4]]
    assert untouched.tolist() == np.zeros((4, 4)).tolist()
    child = save_child(
        faulty, "small", 2, {"change": "put_back", "base": "small:1", "units": [{"layer": 1, "unit": 1}]}
    ).version
    assert child.sha256 == get_version(faulty, "small", 1).sha256
    assert get_detail(faulty, "small", child.number).origin["put_back"] == {
        "units": [{"layer": 1, "unit": 1}],
        "tensors": [],
    }


def test_two_swapped_units_are_both_listed_and_restore_the_loss_together(faulty):
    result = why(faulty, WhyRequest("small:1", "small:3"))
    assert {(one.layer, one.unit) for one in result.units} == {(1, 0), (1, 1)}
    assert result.curve[-1].back == result.base_score
    change = parse_change({"change": "put_back", "base": "small:1", "units": "1.0, 1.1"}, "small:3")
    made = preview_child(faulty, "small", 3, change).made.all_tensors()
    assert all(np.array_equal(made[name], array) for name, array in tensors_of(faulty, 1).items())


def test_swapping_base_and_other_negates_every_share(workspace):
    save_two(workspace)
    for name in tensors_of(workspace, 1):
        there = cell_shares(workspace, TWO, name)
        back = cell_shares(workspace, WhyRequest("small:2", "small:1"), name)
        assert np.allclose(there, -back, rtol=1e-9, atol=1e-12)


def test_one_class_and_one_record_have_shares_of_their_own(workspace):
    save_two(workspace)
    whole = why(workspace, TWO)
    for one in whole.classes:
        own = why(workspace, WhyRequest("small:1", "small:2", label=one.label))
        assert (own.records, own.change) == (one.records, pytest.approx(one.other.loss - one.base.loss))
        assert own.is_complete
    lost = (whole.lost + whole.gained)[0]
    own = why(workspace, WhyRequest("small:1", "small:2", record=lost.record))
    assert (own.records, own.change) == (1, pytest.approx(lost.other_loss - lost.base_loss))
    assert own.is_complete


REFUSED = [
    (WhyRequest("small:1", "small:9"), NotFound, "other"),
    (WhyRequest("small:1", "small:2", label="tulip"), NotFound, "class"),
    (WhyRequest("small:1", "small:2", record=150), NotFound, "record"),
    (WhyRequest("small:1", "other:1"), Conflict, "other"),
    (WhyRequest("elsewhere:1", "elsewhere:2"), Conflict, "base"),
    (WhyRequest("small:1", "small:3"), Conflict, "other"),
    (WhyRequest("small:1", "small:4"), Conflict, "other"),
    (WhyRequest("small:1", "tanh:1"), Conflict, "other"),
]


def test_what_has_no_line_between_its_weights_is_refused_in_words(workspace):
    network = save_two(workspace)
    about = {"preprocessing": iris_preprocessing(workspace)}
    other_scaling = {"preprocessing": about["preprocessing"] | {"scaling": "standard"}}
    tensors = tensors_of(workspace, 1)
    save(workspace, network, tensors, **other_scaling)
    save(workspace, network, tensors | {"layer_01.bias": np.full(3, np.nan, np.float32)}, **about)
    save(workspace, new_network(workspace, "tanh", ({"units": 3, "activation": "tanh"},)), tensors, **about)
    wide = new_network(workspace, "other", ({"units": 4, "activation": "relu"},))
    shapes = {name: np.zeros(shape, np.float32) for name, shape in wide.spec.tensor_shapes}
    save(workspace, wide, shapes, **about)
    for _ in range(2):
        save_foreign(workspace, "elsewhere", {"a": np.zeros((2, 2), np.float32)})
    for request, error, field in REFUSED:
        with pytest.raises(UserError) as raised:
            why(workspace, request)
        assert (request, type(raised.value), raised.value.field) == (request, error, field)


@pytest.fixture
def alone(workspace):
    """A workspace whose runs are carried out by this process alone."""
    with coordinator_lock(workspace.settings.home_folder):
        yield workspace


def test_a_run_counts_what_takes_long_and_stops_when_it_is_cancelled(alone, monkeypatch):
    workspace = alone
    monkeypatch.setattr(results, "AT_ONCE_WORK", 0)
    save_two(workspace)
    queued = why_or_run(workspace, TWO, "Ada")
    assert (queued.result, known_why(workspace, TWO)) == (None, None)
    with pytest.raises(Conflict):
        cell_shares(workspace, TWO, "layer_01.bias")
    assert carry_out(workspace, told_to_stop=True).state == "cancelled"
    assert known_why(workspace, TWO) is None
    again = why_or_run(workspace, TWO, "Ada")
    assert again.run_id != queued.run_id
    run = carry_out(workspace)
    assert (run.state, run.done, run.total, run.started_by) == ("finished", 3, 3, "Ada")
    assert run.result == {"base": "small:1", "other": "small:2"}
    result = why_or_run(workspace, TWO).result
    assert result is not None
    assert result == known_why(workspace, TWO)
    assert cell_shares(workspace, TWO, "layer_01.bias").shape == (3,)
