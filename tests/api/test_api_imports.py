"""Files of weights through the API: what is read is answered, and what is chosen is saved, bit for bit."""

import io
import json
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save as safetensors_bytes
from werkzeug.datastructures import FileStorage

from dashboard.errors import Invalid, NotFound
from dashboard.services.imports.plan import IMPORT_SETTINGS, LISTS, read_plan
from dashboard.services.imports.receiving import receive_import
from dashboard.services.upload_parts import SentFile
from dashboard.services.versions.reading import get_detail, get_version
from dashboard.services.versions.tensors import read_tensors
from tests.unit.services.carry_out import carry_out, train

IMPORTS = "/api/v1/imports"


def tensors(scale=1.0, hidden=5):
    """Two dense layers as PyTorch keeps them, with a NaN whose bits are its own."""
    weight = (np.arange(hidden * 4, dtype=np.float32).reshape(hidden, 4) - 7) * np.float32(scale)
    weight[0, 0] = np.frombuffer(np.uint32(0x7FC12345).tobytes(), np.float32)[0]
    return {"fc1.weight": weight, "fc1.bias": np.zeros(hidden, np.float32), "steps": np.array(3, np.int64)}


def file_of(name, content):
    return FileStorage(io.BytesIO(content), name)


def send(client, *files, **more):
    return client.post(IMPORTS, data={"file": [file_of(*one) for one in files]}, **{"status": 201} | more)


def save(client, workspace, token, **choices):
    run = client.post(f"{IMPORTS}/{token}/versions", json=choices, status=202)["run"]
    ended = carry_out(workspace)
    assert (ended.id, ended.state, ended.error) == (run["id"], "finished", None)
    return ended.result


def zipped(files):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return whole.getvalue()


def bits(arrays):
    return {name: (array.dtype.name, array.shape, array.tobytes()) for name, array in arrays.items()}


def test_a_file_is_answered_and_saved_bit_for_bit_and_does_not_wait_any_longer(client, workspace):
    waiting = send(client, ("mlp.safetensors", safetensors_bytes(tensors())))
    assert {one["name"]: one["shape"] for one in waiting["tensors"]} == {
        "fc1.weight": [5, 4],
        "fc1.bias": [5],
        "steps": [],
    }
    result = save(client, workspace, waiting["token"], network="mlp", leave_out=["steps"])
    assert result == {"network": "mlp", "versions": [1]}
    expected = tensors()
    del expected["steps"]
    assert bits(read_tensors(workspace, get_version(workspace, "mlp", 1))) == bits(expected)
    assert client.fails("GET", f"{IMPORTS}/{waiting['token']}", 404)["field"] == "file"
    assert list(workspace.uploads_folder.iterdir()) == []


def test_tensors_are_kept_and_left_out_by_their_names_or_a_part_of_them(client, workspace):
    waiting = send(client, ("mlp.safetensors", safetensors_bytes({**tensors(), "fc*": np.ones(1, np.float32)})))
    token, dense = waiting["token"], {"network": "all", "as": "dense", "activations": ["softmax"]}
    refused = client.fails("POST", f"{IMPORTS}/{token}/versions", 422, json={**dense, "keep": ["fc1.*"]})
    assert refused["field"] == "keep"
    save(client, workspace, token, network="some", keep=["fc1*", "fc*"], leave_out=["*.bias"])
    assert set(read_tensors(workspace, get_version(workspace, "some", 1))) == {"fc1.weight", "fc*"}


def test_a_series_becomes_versions_in_the_order_of_its_numbers_with_their_metrics(client, workspace):
    names = [f"epoch={epoch}-val_loss={1 / epoch:.2f}.safetensors" for epoch in (10, 2, 5)]
    files = [(name, safetensors_bytes(tensors(scale))) for scale, name in enumerate(names, start=1)]
    waiting = send(client, *files)
    assert [one["number"] for one in waiting["checkpoints"]] == [2, 5, 10]
    save(client, workspace, waiting["token"], network="series")
    versions = [get_version(workspace, "series", number) for number in (1, 2, 3)]
    assert [(one.epoch, one.metrics) for one in versions] == [
        (2, {"val_loss": 0.5}),
        (5, {"val_loss": 0.2}),
        (10, {"val_loss": 0.1}),
    ]


def test_a_zip_of_checkpoints_is_a_series_and_what_cannot_be_read_is_named(client):
    content = safetensors_bytes(tensors())
    files = {"run/m_1.safetensors": content, "run/m_2.safetensors": content[:-8], "run/log.md": b"hello"}
    waiting = send(client, ("run.zip", zipped(files)))
    assert [one["name"] for one in waiting["checkpoints"]] == ["run/m_1.safetensors"]
    assert [one["name"] for one in waiting["skipped"]] == ["run/log.md", "run/m_2.safetensors"]


def test_shards_are_joined_to_one_version(client, workspace):
    whole = tensors()
    parts = {"m-1.safetensors": {"fc1.weight": whole["fc1.weight"]}, "m-2.safetensors": {"fc1.bias": whole["fc1.bias"]}}
    index = {"weight_map": {name: part for part, own in parts.items() for name in own}}
    files = [(f"repo/{name}", safetensors_bytes(own)) for name, own in parts.items()]
    waiting = send(client, *files, ("repo/m.safetensors.index.json", json.dumps(index).encode()))
    save(client, workspace, waiting["token"], network="repo")
    assert read_tensors(workspace, get_version(workspace, "repo", 1)).keys() == {"fc1.weight", "fc1.bias"}
    origin = get_detail(workspace, "repo", 1).origin
    assert origin["file"] == {
        "name": "repo/m.safetensors",
        "bytes": sum(len(safetensors_bytes(own)) for own in parts.values()),
    }
    assert [file["name"] for file in origin["files"]] == ["repo/m-1.safetensors", "repo/m-2.safetensors"]


def test_a_change_of_shape_is_shown_and_saved_only_once_it_is_accepted(client, workspace):
    first, second = safetensors_bytes(tensors()), safetensors_bytes(tensors(hidden=6))
    waiting = send(client, ("m_1.safetensors", first), ("m_2.safetensors", second))
    changed = waiting["checkpoints"][1]["changes"]["changed"]
    assert [one["name"] for one in changed] == ["fc1.bias", "fc1.weight"]
    address = f"{IMPORTS}/{waiting['token']}/versions"
    assert client.fails("POST", address, 409, json={"network": "grown"})["field"] == "accept_changes"
    assert client.get("/api/v1/networks")["items"] == []
    assert save(client, workspace, waiting["token"], network="grown", accept_changes=True)["versions"] == [1, 2]


def test_the_tensors_of_each_checkpoint_can_be_read(client):
    files = [(f"m_{hidden}.safetensors", safetensors_bytes(tensors(hidden=hidden))) for hidden in (5, 6)]
    token = send(client, *files)["token"]
    read = [client.get(f"{IMPORTS}/{token}?checkpoint={place}")["tensors"] for place in (0, 1)]
    shapes = [{one["name"]: one["shape"] for one in tensors}["fc1.weight"] for tensors in read]
    assert shapes == [[5, 4], [6, 4]]
    assert client.fails("GET", f"{IMPORTS}/{token}?checkpoint=2", 404)["field"] == "checkpoint"


def test_a_run_that_is_carried_out_again_saves_nothing_twice(client, workspace):
    files = [(f"m_{epoch}.safetensors", safetensors_bytes(tensors(epoch))) for epoch in (1, 2)]
    token = send(client, *files)["token"]
    client.post(f"{IMPORTS}/{token}/versions", json={"network": "again"}, status=202)
    client.post(f"{IMPORTS}/{token}/versions", json={"network": "again"}, status=202)
    assert carry_out(workspace).result["versions"] == [1, 2]
    ended = carry_out(workspace)
    assert (ended.state, ended.error) == ("failed", "This import is not here any more. Send the file again.")
    assert client.get("/api/v1/networks/again")["last_version"] == 2


def layers(seed=0, inputs=4, hidden=5, outputs=3):
    """Two dense layers as PyTorch keeps them: units first."""
    random = np.random.default_rng(seed)
    return {
        "fc1.weight": random.normal(size=(hidden, inputs)).astype(np.float32),
        "fc1.bias": random.normal(size=hidden).astype(np.float32),
        "fc2.weight": random.normal(size=(outputs, hidden)).astype(np.float32),
        "fc2.bias": random.normal(size=outputs).astype(np.float32),
    }


def test_a_chain_of_layers_is_proposed_and_saved_turned_and_measured_on_a_dataset(client, workspace):
    client.post("/api/v1/datasets", json={"bundled": "iris"}, status=201)
    waiting = send(client, ("mlp.safetensors", safetensors_bytes(layers())))
    assert [(one["weight"], one["turned"], one["units"]) for one in waiting["proposals"][0]["layers"]] == [
        ("fc1.weight", True, 5),
        ("fc2.weight", True, 3),
    ]
    choices = {"network": "dense", "as": "dense", "activations": ["relu", "softmax"], "dataset": "iris"}
    save(client, workspace, waiting["token"], **choices, scaling="standard")
    version = get_version(workspace, "dense", 1)
    given, kept = layers(), read_tensors(workspace, version)
    assert bits(kept) == bits(
        {
            "layer_01.weight": np.ascontiguousarray(given["fc1.weight"].T),
            "layer_01.bias": given["fc1.bias"],
            "layer_02.weight": np.ascontiguousarray(given["fc2.weight"].T),
            "layer_02.bias": given["fc2.bias"],
        }
    )
    assert version.can_run
    assert {"val_loss", "val_accuracy", "test_accuracy"} <= version.metrics.keys()
    measured = client.post("/api/v1/networks/dense/versions/1/evaluate", json={"dataset": "iris"})
    assert 0 <= measured["accuracy"] <= 1


def without_dataset(client, workspace, **choices):
    """Import a dense network of 4 inputs and 3 outputs without a dataset."""
    about = {"network": "dense", "as": "dense", "activations": ["relu", "softmax"]} | choices
    save(client, workspace, send(client, ("a.safetensors", safetensors_bytes(layers())))["token"], **about)
    for name in ("wine", "iris"):
        client.post("/api/v1/datasets", json={"bundled": name}, status=201)


def test_a_network_without_a_dataset_is_trained_on_one_that_fits(client, workspace):
    without_dataset(client, workspace, scaling="standard")
    run, dataset = "/api/v1/networks/dense/runs", "/api/v1/networks/dense/dataset"
    assert "Choose one that fits" in client.fails("POST", run, 409, json={"parent": 1})["message"]
    refused = client.fails("PUT", dataset, 422, json={"dataset": "wine"})
    assert (refused["field"], refused["message"]) == (
        "dataset",
        "wine has 13 inputs, the network 4. Choose another dataset.",
    )
    assert client.put(dataset, json={"dataset": "iris"})["dataset"] == "iris"
    assert client.put(dataset, json={"dataset": "iris"})["dataset"] == "iris"  # again changes nothing
    assert client.fails("PUT", dataset, 409, json={"dataset": "wine"})["field"] == "dataset"
    train(workspace, "dense", {"parent": 1, "epochs": 3, "save": "last"})
    trained = get_version(workspace, "dense", 2)
    assert (trained.parent, trained.dataset) == ("dense:1", "iris")
    assert trained.preprocessing["classes"] == ["setosa", "versicolor", "virginica"]
    assert trained.preprocessing["scaling"] == "standard"
    assert read_tensors(workspace, trained)["layer_01.weight"].shape == (4, 5)


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        (["virginica", "versicolor", "setosa"], "iris has the classes in another order"),
        (["a", "b", "c"], "iris has other classes"),
    ],
)
def test_classes_of_outputs_are_not_taken_for_others(client, workspace, classes, words):
    without_dataset(client, workspace, classes=classes)
    refused = client.fails("PUT", "/api/v1/networks/dense/dataset", 422, json={"dataset": "iris"})
    assert words in refused["message"]


def test_a_foreign_network_has_no_dataset_to_train_on(client, workspace):
    save(client, workspace, send(client, ("a.safetensors", safetensors_bytes(layers())))["token"], network="foreign")
    assert client.fails("PUT", "/api/v1/networks/foreign/dataset", 409, json={"dataset": "iris"})["field"] == "network"


def test_a_dense_network_takes_further_versions_of_its_own_task_only(client, workspace):
    choices = {"network": "dense", "as": "dense", "activations": ["relu", "sigmoid"]}
    save(client, workspace, send(client, ("a.safetensors", safetensors_bytes(layers())))["token"], **choices)
    address = f"{IMPORTS}/{send(client, ('b.safetensors', safetensors_bytes(layers(1))))['token']}/versions"
    assert client.fails("POST", address, 422, json=choices | {"task": "regression"})["field"] == "task"


def test_activations_that_the_file_does_not_say_are_asked(client):
    token = send(client, ("mlp.safetensors", safetensors_bytes(layers())))["token"]
    address, choices = f"{IMPORTS}/{token}/versions", {"network": "dense", "as": "dense"}
    errors = client.fails("POST", address, 422, json=choices)["errors"]
    assert sorted(errors) == ["activations.0", "activations.1"]
    wrong = client.fails("POST", address, 422, json=choices | {"activations": ["softmax", "softmax"]})
    assert wrong["field"] == "activations.0"


def test_two_readings_that_fit_equally_well_are_asked_about_unless_a_dataset_decides(client, workspace):
    client.post("/api/v1/datasets", json={"bundled": "iris"}, status=201)
    book = {"wih": np.ones((5, 4), np.float32), "who": np.ones((3, 5), np.float32)}
    waiting = send(client, ("book.safetensors", safetensors_bytes(book)))
    assert {one["is_ambiguous"] for one in waiting["proposals"]} == {True}
    choices = {"network": "book", "as": "dense", "activations": ["sigmoid", "sigmoid"]}
    address = f"{IMPORTS}/{waiting['token']}/versions"
    assert client.fails("POST", address, 422, json=choices)["field"] == "proposal"
    save(client, workspace, waiting["token"], **choices, dataset="iris")
    assert get_version(workspace, "book", 1).spec.inputs == 4


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("a.safetensors", b"", 422, "unreadable"),
        ("a.safetensors", b"a title, and no numbers", 422, "unreadable"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"0" * 20, 415, "unknown_format"),
        ("big.safetensors", b"0" * (2**20 + 1), 413, "too_large"),
        ("texts.zip", zipped({"readme.md": b"hello"}), 422, "invalid"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason_and_nothing_stays(client, workspace, name, content, status, code):
    error = client.fails("POST", IMPORTS, status, data={"file": [file_of(name, content)]})
    assert (error["code"], error["field"]) == (code, "file")
    assert list(workspace.uploads_folder.iterdir()) == []


WRONG_CHOICES = [
    ({}, "network"),
    ({"network": "x", "as": "dense"}, "as"),
    ({"network": "x", "checkpoints": [1]}, "checkpoints"),
    ({"network": "x", "checkpoints": "all"}, "checkpoints"),
    ({"network": "x", "leave_out": ["fc1.weight", "fc1.bias", "steps"]}, "leave_out"),
    ({"network": "x", "leave_out": ["fc2*"]}, "leave_out"),
    ({"network": "x", "keep": ["fc1"]}, "keep"),
    ({"network": "x", "keep": "fc1.bias"}, "keep"),
    ({"network": "x", "names": {"fc1.weight": "fc1.bias"}}, "names"),
    ({"network": "x", "metrics": 3}, "metrics"),
    ({"network": "x", "further": 1}, "further"),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)
CHOICES = st.dictionaries(st.sampled_from(sorted({*IMPORT_SETTINGS, *LISTS})), VALUES, max_size=5)


@pytest.fixture
def waiting(workspace):
    return receive_import(workspace, [SentFile(io.BytesIO(safetensors_bytes(layers())), "mlp.safetensors")])


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHOICES, st.sampled_from(["dense", "foreign"]))
def test_whatever_is_chosen_is_a_plan_or_refused_by_its_field(workspace, waiting, choices, kind):
    data = {"network": "x", "as": kind, "proposal": 0, "activations": ["relu", "softmax"]} | choices
    try:
        plan = read_plan(workspace, waiting, data)
    except (Invalid, NotFound):
        return
    assert len(plan.versions) == 1


def test_wrong_choices_are_refused_by_their_field_and_the_import_still_waits(client):
    weights = {"fc1.weight": np.zeros((2, 3, 4)), "fc1.bias": np.zeros(3), "steps": np.zeros(())}
    token = send(client, ("mlp.safetensors", safetensors_bytes(weights)))["token"]
    for choices, field in WRONG_CHOICES:
        error = client.fails("POST", f"{IMPORTS}/{token}/versions", 422, json=choices)
        assert (choices, error["field"]) == (choices, field)
    client.delete(f"{IMPORTS}/{token}", status=204)
