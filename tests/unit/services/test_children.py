import numpy as np
import pytest

from dashboard.errors import Conflict, Invalid, NotFound, TooLarge, UserError
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.records.change import parse_change
from dashboard.services.changes import children
from dashboard.services.changes.between import get_between
from dashboard.services.changes.children import preview_child, save_child
from dashboard.services.networks import delete_network, get_network
from dashboard.services.runs.runs import get_run, list_runs
from dashboard.services.versions.evaluation import evaluate_version
from dashboard.services.versions.reading import delete_version, get_detail, get_version
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.versions.verification import verify_version
from tests.unit.services.carry_out import carry_out
from tests.unit.services.foreign_versions import save_foreign
from tests.unit.services.saved_versions import iris_preprocessing, new_network, save

pytestmark = pytest.mark.slow


@pytest.fixture
def two(workspace):
    """Two versions of a network on iris, of different random weights, some of which are −0, infinite or tiny."""
    network = new_network(workspace)
    about = {"preprocessing": iris_preprocessing(workspace)}
    for seed in (1, 2):
        rng = np.random.default_rng(seed)
        tensors = {name: rng.normal(size=shape).astype(np.float32) for name, shape in network.spec.tensor_shapes}
        tensors["layer_02.bias"][0] = -0.0
        tensors["layer_01.weight"][0, 0] = np.float32(1e-44) * seed
        save(workspace, network, tensors, **about)
    return workspace


def child(workspace, number=1, **change):
    return save_child(workspace, "small", number, change).version


def bits(workspace, number):
    tensors = read_tensors(workspace, get_version(workspace, "small", number))
    return {name: array.view(np.uint32).tolist() for name, array in tensors.items()}


def test_an_edit_of_one_float32_cell_changes_one_cell(two):
    saved = child(two, change="edit", cells=[{"tensor": "layer_01.weight", "row": 2, "column": 1, "value": "0.1"}])
    before, after = bits(two, 1), bits(two, saved.number)
    changed = {name: np.argwhere(np.array(before[name]) != np.array(after[name])).tolist() for name in before}
    assert changed == {"layer_01.weight": [[2, 1]], "layer_01.bias": [], "layer_02.weight": [], "layer_02.bias": []}
    assert after["layer_01.weight"][2][1] == 0x3DCCCCCD
    assert saved.parent == "small:1"
    origin = get_detail(two, "small", saved.number).origin
    old = np.array(before["layer_01.weight"][2][1], np.uint32)
    assert origin["cells"] == [
        {
            **{"tensor": "layer_01.weight", "row": 2, "column": 1},
            **{"before": str(old.view(np.float32)[()]), "after": "0.1"},
            **{"bits_before": f"{int(old):08x}", "bits_after": "3dcccccd"},
        }
    ]
    assert origin["of"] == [{"version": "small:1", "sha256": get_version(two, "small", 1).sha256, "share": 1.0}]
    assert verify_version(two, "small", saved.number).identical


def test_what_an_edit_leaves_alone_is_no_new_table(two):
    tables = count_tables(two)
    child(two, change="edit", cells=[{"tensor": "layer_01.bias", "row": 0, "value": "5"}])
    assert count_tables(two) == tables + 1


def count_tables(workspace):
    return len(list(workspace.store.tables()))


@pytest.mark.parametrize(("t", "side"), [(0, 1), (1, 2)])
def test_an_interpolation_at_an_end_has_the_bits_of_that_version(two, t, side):
    saved = child(two, change="interpolate", other="small:2", t=t)
    assert bits(two, saved.number) == bits(two, side)
    assert saved.sha256 == get_version(two, "small", side).sha256


def test_an_average_does_not_depend_on_the_order(two):
    one = child(two, 1, change="average", versions=["small:1", "small:2"], shares=[1, 3])
    other = child(two, 2, change="average", versions=["small:2", "small:1"], shares=[3, 1])
    assert one.sha256 == other.sha256
    assert (one.parent, other.parent) == ("small:1", "small:2")
    expected = [
        (np.float64(a) * 1 + np.float64(b) * 3) / 4
        for a, b in zip(
            *(read_tensors(two, get_version(two, "small", n))["layer_01.bias"] for n in (1, 2)), strict=True
        )
    ]
    assert read_tensors(two, one)["layer_01.bias"].tolist() == np.array(expected, np.float32).tolist()


def test_this_version_is_always_part_of_an_average(two):
    alone = child(two, change="average", versions=["small:2"])
    both = child(two, change="average", versions=["small:1", "small:2"])
    assert alone.sha256 == both.sha256


def test_a_child_is_measured_as_an_evaluation_measures_it(two):
    saved = child(two, change="prune", share=0.5, scope="all")
    detail = get_detail(two, "small", saved.number)
    whole = evaluate_version(two, "small", saved.number, "iris")
    parts = {name: values["confusion"] for name, values in detail.evaluation.items()}
    assert saved.metrics["val_accuracy"] == detail.evaluation["validation"]["accuracy"]
    assert saved.metrics["test_loss"] == detail.evaluation["test"]["loss"]
    preview = preview_child(two, "small", 1, parse_change({"change": "prune", "share": 0.5}, "small:1"))
    after = {(row.part, row.metric): row.after for row in preview.scores.rows}
    assert after["validation", "accuracy"] == saved.metrics["val_accuracy"]
    records = {part: np.sum(confusion) for part, confusion in parts.items()}
    hits = sum(after[part, "accuracy"] * records[part] for part in records)
    hits += after["training", "accuracy"] * (150 - sum(records.values()))
    assert hits / 150 == pytest.approx(whole["accuracy"])


def test_a_preview_saves_nothing(two):
    preview = preview_child(two, "small", 1, parse_change({"change": "round", "to": "bfloat16"}, "small:1"))
    assert (preview.changed, preview.cells) == (27, 27)
    assert get_network(two, "small").last_version == 2


def test_rounding_to_a_narrow_type_changes_the_type_of_the_tables(two):
    saved = child(two, change="round", to="bfloat16")
    assert {tensor.dtype for tensor in get_detail(two, "small", saved.number).tensors} == {"bfloat16"}
    assert saved.metrics.keys() >= {"val_accuracy", "test_loss"}


def test_a_grid_is_told_with_its_scales(two):
    saved = child(two, change="round", to="int4")
    detail = get_detail(two, "small", saved.number)
    weights, before = (read_tensors(two, get_version(two, "small", n))["layer_01.weight"] for n in (saved.number, 1))
    scales = detail.origin["scales"]["layer_01.weight"]
    assert scales == {"axis": 1, "scale": [float(np.abs(before[:, unit]).max()) / 7 for unit in range(3)]}
    counts = weights / np.array(scales["scale"])
    assert np.abs(counts - np.rint(counts)).max() < 1e-6
    assert {tensor.dtype for tensor in detail.tensors} == {"float32"}


def test_versions_of_other_tensors_are_not_mixed(two):
    save_foreign(two, "other", {"a": np.zeros((2, 2), np.float32)})
    with pytest.raises(Conflict, match="other:1 has other names, shapes or types than small:1: a, layer_01"):
        child(two, change="interpolate", other="other:1", t=0.5)


def test_whole_numbers_that_differ_stay_those_of_the_first_version(two):
    for number in (1, 2):
        save_foreign(two, "b", {"w": np.full((2, 2), number, np.float32), "steps": np.array(number, np.int64)})
    saved = save_child(two, "b", 1, {"change": "interpolate", "other": "b:2", "t": 0.5}).version
    tensors = read_tensors(two, saved)
    assert (tensors["w"].tolist(), int(tensors["steps"])) == ([[1.5, 1.5], [1.5, 1.5]], 1)
    assert get_detail(two, "b", saved.number).origin["taken_from_first"] == ["steps"]
    assert saved.metrics == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"change": "melt"}, "change"),
        ({"change": "edit", "cells": []}, "cells"),
        ({"change": "edit", "cells": [{"tensor": "no", "row": 0, "value": "1"}]}, "cells.0.tensor"),
        ({"change": "edit", "cells": [{"tensor": "layer_01.bias", "row": 3, "value": "1"}]}, "cells.0.row"),
        ({"change": "edit", "cells": [{"tensor": "layer_01.bias", "row": 0, "value": "x"}]}, "cells.0.value"),
        ({"change": "edit", "cells": [{"tensor": "layer_01.bias", "row": 0, "value": "1"}] * 2}, "cells.1.row"),
        ({"change": "interpolate", "other": "small:2"}, "t"),
        ({"change": "interpolate", "other": "small:2", "t": 1.5}, "t"),
        ({"change": "average", "versions": ["small:1"]}, "versions"),
        ({"change": "average", "versions": ["small:2", "small:2"]}, "versions"),
        ({"change": "average", "versions": ["small:2"], "shares": [1]}, "shares"),
        ({"change": "average", "versions": ["small:2"], "shares": [1, 0]}, "shares.1"),
        ({"change": "prune", "share": -1}, "share"),
        ({"change": "prune", "share": 0.5, "scope": "some"}, "scope"),
        ({"change": "round"}, "to"),
        ({"change": "round", "to": "int3"}, "to"),
        ({"change": "round", "to": "int8", "bits": 3}, "bits"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_saved(two, change, field):
    with pytest.raises(Invalid) as refused:
        save_child(two, "small", 1, change)
    assert field in refused.value.errors
    assert get_network(two, "small").last_version == 2


@pytest.mark.parametrize(("reference", "error"), [("small:9", NotFound), ("none:1", NotFound), ("small", Exception)])
def test_another_version_that_is_not_there_is_named(two, reference, error):
    with pytest.raises(error) as refused:
        child(two, change="interpolate", other=reference, t=0.5)
    assert refused.value.field == "other"


def test_weights_beyond_a_narrow_type_are_refused(two):
    child(two, change="edit", cells=[{"tensor": "layer_01.bias", "row": 0, "value": "70000"}])
    with pytest.raises(Invalid, match=r"1 weights of layer_01.bias are beyond the largest float16"):
        child(two, 3, change="round", to="float16")


def test_what_a_child_was_made_of_survives_its_deletion(two):
    saved = child(two, change="average", versions=["small:2"])
    delete_version(two, "small", 2)
    origin = get_detail(two, "small", saved.number).origin
    assert [one["version"] for one in origin["of"]] == ["small:1", "small:2"]


def test_the_scores_between_two_versions_end_in_their_own(two):
    between = get_between(two, get_version(two, "small", 1), "small:2")
    ends = [evaluate(two, number, between.part) for number in (1, 2)]
    assert (between.t[0], between.t[-1], len(between.t)) == (0.0, 1.0, 21)
    assert [between.values[0], between.values[-1]] == ends


def evaluate(workspace, number, part):
    preview = preview_child(workspace, "small", number, parse_change({"change": "prune", "share": 0}, "small:1"))
    return {(row.part, row.metric): row.before for row in preview.scores.rows}[part, "accuracy"]


def test_a_large_change_is_saved_by_a_run(two, monkeypatch):
    monkeypatch.setattr(children, "AT_ONCE_CELLS", 10)
    monkeypatch.setattr(children, "WAITED_CELLS", 10)
    with coordinator_lock(two.settings.home_folder):
        made = save_child(two, "small", 1, {"change": "prune", "share": 0.5}, "ada")
        assert made.version is None
    carry_out(two)
    run = get_run(two, made.run_id).run
    assert (run.state, run.result, run.started_by) == ("finished", {"version": 3}, "ada")
    monkeypatch.undo()
    assert get_version(two, "small", 3).sha256 == child(two, change="prune", share=0.5).sha256


def test_a_network_in_the_trash_has_no_children(two):
    delete_network(two, "small")
    with pytest.raises(NotFound):
        child(two, change="prune", share=0.5)


def test_a_preview_of_very_many_weights_is_left_to_the_run(two, monkeypatch):
    monkeypatch.setattr(children, "MEASURED_CELLS", 10)
    with pytest.raises(TooLarge, match="small:1 has more than 10 weights: save the change"):
        preview_child(two, "small", 1, parse_change({"change": "prune", "share": 0.5}, "small:1"))


def test_what_is_wrong_with_a_large_change_is_said_before_it_is_queued(two, monkeypatch):
    monkeypatch.setattr(children, "AT_ONCE_CELLS", 10)
    for change in (
        {"change": "interpolate", "other": "small:9", "t": 0.5},
        {"change": "edit", "cells": [{"tensor": "layer_01.bias", "row": 7, "value": "1"}]},
    ):
        with pytest.raises(UserError):
            save_child(two, "small", 1, change)
    assert list_runs(two)[0].items == []
