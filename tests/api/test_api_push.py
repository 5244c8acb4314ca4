"""Pushing versions: a manifest, what is missing of it, the manifest again; one key is one version, whatever happens."""

import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.services.push import saving
from dashboard.services.versions.reading import list_versions
from tests.api.examples import special_tensors
from tests.api.test_api_never_breaks import TEXTS, VALUES, some
from tests.pushes import content_of, digest_of, manifest_of, push
from tests.unit.services.carry_out import carry_out

FUZZ = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)
ARRAYS = {"model.0.weight": WEIGHT, "model.0.bias": np.array([0.5, -1.0], np.float32)}
ADDRESS = "/api/v1/networks/mine/versions"


@pytest.fixture
def mine(client):
    """A client, and a foreign network called mine."""
    client.post("/api/v1/networks", json={"name": "mine", "kind": "foreign"}, status=201)
    return client


def contents_left(workspace):
    return [path for path in (workspace.settings.home_folder / "contents").rglob("*") if path.is_file()]


def test_a_version_is_pushed_with_what_is_missing_of_it(mine, workspace):
    manifest = manifest_of(ARRAYS, epoch=3, metrics={"val_accuracy": 0.97, "gap": None})
    answer = mine.fetch("POST", ADDRESS, json=manifest)
    assert (answer.status_code, answer.json) == (202, {"missing": [digest_of(array) for array in ARRAYS.values()]})
    assert push(mine, "mine", ARRAYS, epoch=3, metrics={"val_accuracy": 0.97, "gap": None})[0] == 201
    version = mine.get(f"{ADDRESS}/1")
    assert (version["epoch"], version["metrics"]) == (3, {"val_accuracy": 0.97, "gap": None})
    assert [(one["name"], one["shape"], one["sha256"]) for one in version["tensors"]] == [
        ("model.0.weight", [2, 3], digest_of(WEIGHT)),
        ("model.0.bias", [2], digest_of(ARRAYS["model.0.bias"])),
    ]
    assert contents_left(workspace) == []


def test_the_same_key_with_the_same_contents_is_the_same_version(mine):
    assert push(mine, "mine", ARRAYS)[0] == 201
    status, version = push(mine, "mine", ARRAYS)
    assert (status, version["version"]) == (200, 1)
    assert len(mine.get(ADDRESS)["items"]) == 1


def test_the_same_key_with_other_contents_is_refused(mine):
    push(mine, "mine", ARRAYS)
    other = manifest_of(ARRAYS | {"model.0.bias": np.zeros(2, np.float32)})
    assert "other weights" in mine.fails("POST", ADDRESS, 409, json=other)["message"]
    assert "other epoch" in mine.fails("POST", ADDRESS, 409, json=manifest_of(ARRAYS, epoch=9))["message"]


def test_contents_that_a_version_has_are_not_sent_again(mine):
    push(mine, "mine", ARRAYS, "first")
    changed = ARRAYS | {"model.0.bias": np.array([1.5, 2.5], np.float32)}
    answer = mine.fetch("POST", ADDRESS, json=manifest_of(changed, "second"))
    assert answer.json == {"missing": [digest_of(changed["model.0.bias"])]}
    assert push(mine, "mine", changed, "second")[0] == 201
    assert len(mine.get("/api/v1/store/tables")["items"]) == 3
    compared = mine.get("/api/v1/compare?base=mine:1&other=mine:2")
    assert [tensor["status"] for tensor in compared["tensors"]] == ["equal", "changed"]


def test_every_type_name_and_rank_comes_back_bit_for_bit(mine):
    arrays = special_tensors() | {
        "a/../../b": np.zeros((0, 3), np.float32),
        "日本.重み": np.full((1, 2, 1, 2), -0.0, np.float64),
        "x" * 1024: np.array([1.5], np.float16),
    }
    assert push(mine, "mine", arrays)[0] == 201
    tensors = mine.get(f"{ADDRESS}/1")["tensors"]
    assert {one["name"]: one["sha256"] for one in tensors} == {name: digest_of(one) for name, one in arrays.items()}
    proof = mine.post(f"{ADDRESS}/1/verify")
    assert proof["identical"]


def test_units_and_parents_are_written_down(mine, workspace):
    push(mine, "mine", ARRAYS, "first")
    moved = {name: array + 1 for name, array in ARRAYS.items()}
    manifest = manifest_of(moved, "second", parent=1)
    manifest["tensors"][0]["units_axis"] = 0
    for array in moved.values():
        mine.fetch("PUT", f"/api/v1/contents/{digest_of(array)}", data=content_of(array))
    version = mine.post(ADDRESS, json=manifest, status=201)
    assert (version["parent"], version["changed_since"]) == ("mine:1", 1)
    assert "no version 7" in mine.fails("POST", ADDRESS, 422, json=manifest_of(moved, "x", parent=7))["message"]
    assert mine.fails("POST", ADDRESS, 422, json=manifest_of(moved, "x", run=7))["field"] == "run"


def test_a_dense_network_takes_the_tensors_of_its_definition(client, iris_network):
    shapes = {"layer_01.weight": (4, 8), "layer_01.bias": (8,), "layer_02.weight": (8, 3), "layer_02.bias": (3,)}
    arrays = {name: np.ones(shape, np.float32) for name, shape in shapes.items()}
    assert push(client, "iris-net", arrays)[0] == 201
    wrong = client.fails("POST", "/api/v1/networks/iris-net/versions", 409, json=manifest_of(ARRAYS, "other"))
    assert "tensors of its definition" in wrong["message"]
    assert "foreign network" in wrong["message"]


def test_what_was_sent_has_exactly_the_bytes_of_its_tensor(mine):
    manifest = manifest_of(ARRAYS)
    manifest["tensors"][0]["shape"] = [3, 3]
    mine.fetch("PUT", f"/api/v1/contents/{digest_of(WEIGHT)}", data=content_of(WEIGHT))
    bias = ARRAYS["model.0.bias"]
    mine.fetch("PUT", f"/api/v1/contents/{digest_of(bias)}", data=content_of(bias))
    error = mine.fails("POST", ADDRESS, 422, json=manifest)
    assert (error["field"], "36 bytes, and what was sent has 24" in error["message"]) == ("tensors.0.shape", True)
    truth = np.array([0, 2], np.uint8)
    mine.fetch("PUT", f"/api/v1/contents/{digest_of(truth)}", data=content_of(truth))
    tensor = {"name": "t", "dtype": "bool", "shape": [2], "sha256": digest_of(truth)}
    assert mine.fails("POST", ADDRESS, 422, json={"key": "b", "tensors": [tensor]})["field"] == "tensors.0.dtype"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("key", {"key": ""}),
        ("key", {"key": "x" * 161}),
        ("epoch", {"epoch": -1}),
        ("metrics.loss", {"metrics": {"loss": "low"}}),
        ("metrics.ok", {"metrics": {"ok": True}}),
        ("metrics", {"metrics": {str(number): 1 for number in range(201)}}),
        ("tags", {"tags": {"stage": "prod"}}),
        ("run", {"run": "seven"}),
        ("parent", {"parent": "../1"}),
        ("tensors", {"tensors": []}),
        ("tensors", {"tensors": {"name": "w"}}),
        ("tensors", {"tensors": [None] * 10_001}),
        ("tensors.0", {"tensors": [7]}),
        ("tensors.0.name", {"tensors": [{"name": "a\x00b"}]}),
        ("tensors.0.name", {"tensors": [{"name": "x" * 1025}]}),
        ("tensors.1.name", {"tensors": manifest_of(ARRAYS)["tensors"][:1] * 2}),
    ],
)
def test_a_wrong_field_is_refused_by_name(mine, field, changes):
    error = mine.fails("POST", ADDRESS, 422, json=manifest_of(ARRAYS) | changes)
    assert field in error["errors"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dtype", "complex64"),
        ("dtype", None),
        ("shape", [2, -3]),
        ("shape", [1] * 9),
        ("shape", [2.0, 3]),
        ("shape", "2x3"),
        ("shape", [0]),
        ("sha256", "A" * 64),
        ("sha256", None),
        ("units_axis", 2),
        ("units_axis", True),
        ("color", "red"),
    ],
)
def test_a_wrong_field_of_a_tensor_is_refused_by_name(mine, field, value):
    manifest = manifest_of(ARRAYS)
    manifest["tensors"][1][field] = value
    errors = mine.fails("POST", ADDRESS, 422, json=manifest)["errors"]
    assert f"tensors.1.{field if value != [0] else 'sha256'}" in errors


def test_more_weights_than_the_limit_are_refused_before_anything_is_sent(mine):
    manifest = manifest_of(ARRAYS)
    manifest["tensors"][0]["shape"] = [10_000, 10_000]
    error = mine.fails("POST", ADDRESS, 413, json=manifest)
    assert "WEIGHTBASE_MAX_PARAMETERS" in error["message"]
    assert "16 MB" in mine.fails("POST", ADDRESS, 413, data=b" " * 2**24, content_type="application/json")["message"]


def test_a_large_version_is_saved_by_a_run(mine, workspace, monkeypatch):
    monkeypatch.setattr(saving, "AT_ONCE_CELLS", 5)
    monkeypatch.setattr(saving, "WAIT_SECONDS", 0)
    status, body = push(mine, "mine", ARRAYS, epoch=2)
    assert (status, set(body)) == (202, {"run"})
    assert push(mine, "mine", ARRAYS, epoch=2) == (202, body)
    assert mine.get(f"/api/v1/runs/{body['run']}")["kind"] == "push"
    done = carry_out(workspace)
    assert (done.state, done.result) == ("finished", {"version": 1})
    assert push(mine, "mine", ARRAYS, epoch=2)[0] == 200
    assert [path.suffix for path in contents_left(workspace)] == [".manifest"]


def test_a_push_that_is_carried_out_again_finds_its_version(mine, workspace, monkeypatch):
    monkeypatch.setattr(saving, "AT_ONCE_CELLS", 5)
    monkeypatch.setattr(saving, "WAIT_SECONDS", 0)
    _, body = push(mine, "mine", ARRAYS)
    carry_out(workspace)
    mine.post(f"/api/v1/runs/{body['run']}/restart", status=202)
    assert carry_out(workspace).result == {"version": 1}
    assert len(list_versions(workspace, "mine", 10).items) == 1


def test_what_a_cancelled_push_has_sent_can_be_pushed_again(mine, workspace, monkeypatch):
    monkeypatch.setattr(saving, "AT_ONCE_CELLS", 5)
    monkeypatch.setattr(saving, "WAIT_SECONDS", 0)
    push(mine, "mine", ARRAYS)
    assert carry_out(workspace, told_to_stop=True).state == "cancelled"
    assert list_versions(workspace, "mine", 10).items == []
    assert "run" in push(mine, "mine", ARRAYS)[1]
    assert carry_out(workspace).state == "finished"
    assert len(list_versions(workspace, "mine", 10).items) == 1


def test_two_programs_that_push_one_key_make_one_version(mine, app, workspace):
    for array in ARRAYS.values():
        mine.fetch("PUT", f"/api/v1/contents/{digest_of(array)}", data=content_of(array))
    answers = []

    def post():
        answers.append(app.test_client().post(ADDRESS, json=manifest_of(ARRAYS), base_url="http://127.0.0.1"))

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {200, 201, 202}
    assert push(mine, "mine", ARRAYS)[0] == 200
    assert len(list_versions(workspace, "mine", 10).items) == 1  # whose number may be 2: another sweeps what it began


TENSORS = st.lists(
    st.fixed_dictionaries(
        {"name": TEXTS, "dtype": st.sampled_from(["float32", "bool"]) | VALUES},
        optional={
            "shape": st.lists(st.integers(0, 3), max_size=3) | VALUES,
            "sha256": st.sampled_from([digest_of(WEIGHT), digest_of(np.zeros(0))]) | VALUES,
            "units_axis": VALUES,
        },
    )
    | VALUES,
    max_size=3,
)


@FUZZ
@given(
    st.fixed_dictionaries(
        {"key": st.just("k") | VALUES, "tensors": TENSORS | VALUES},
        optional={"epoch": VALUES, "metrics": some({"loss"}) | VALUES, "run": VALUES, "parent": VALUES},
    )
    | VALUES
)
def test_any_manifest_is_kept_or_refused(mine, body):
    assert mine.fetch("POST", ADDRESS, json=body).status_code in {200, 201, 202, 400, 409, 413, 422}
