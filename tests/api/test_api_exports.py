"""Versions leave in every format and come back: the same checksum, no new table, and a proof of each file."""

import io

import numpy as np
import pytest
from werkzeug.datastructures import FileStorage

from dashboard.services.exports import by_runs
from dashboard.services.exports.describing import BY_NAME, leaving
from dashboard.services.exports.offers import FORMATS
from dashboard.services.exports.proving import prove
from dashboard.services.exports.stored import exports_folder
from dashboard.services.store.tables import clear_cache
from dashboard.services.versions.reading import get_version
from tests.api.examples import make_kept
from tests.representatives import most_in_soak
from tests.unit.services.carry_out import carry_out

IRIS = "/api/v1/networks/iris-net/versions"
ANY_TENSORS = most_in_soak(["safetensors", "csv.zip", "pt", "npz", "h5"], 2)


def imported(client, workspace, file, **choices):
    """Import a file through the API, and return the version that it became."""
    waiting = client.post("/api/v1/imports", data={"file": FileStorage(io.BytesIO(file), "file")}, status=201)
    client.post(f"/api/v1/imports/{waiting['token']}/versions", json={"network": "z-back"} | choices, status=202)
    ended = carry_out(workspace)
    assert (ended.state, ended.error) == ("finished", None)
    return get_version(workspace, "z-back", ended.result["versions"][0])


def tables(workspace):
    return {table.name for table in workspace.store.tables()}


@pytest.mark.parametrize("suffix", ANY_TENSORS)
def test_any_tensors_leave_and_come_back_as_the_same_version_without_a_new_table(client, workspace, suffix):
    make_kept(workspace)  # no copy of it: a copied table is not shared before it was read
    file = client.get(f"{IRIS}/3.{suffix}")
    assert client.get(f"{IRIS}/3.{suffix}") == file
    before = tables(workspace)
    back = imported(client, workspace, file)
    assert back.sha256 == get_version(workspace, "iris-net", 3).sha256
    assert tables(workspace) == before


@pytest.mark.parametrize("suffix", most_in_soak(["onnx", "keras", "pt", "weights.h5"], 2))
def test_a_trained_network_comes_back_as_layers_with_the_same_checksum_and_equal_outputs(trained, trained_home, suffix):
    file = trained.get(f"{IRIS}/3.{suffix}")
    waiting = trained.post("/api/v1/imports", data={"file": FileStorage(io.BytesIO(file), "file")}, status=201)
    (proposal,) = waiting["proposals"]
    assert [layer["activation"] for layer in proposal["layers"]] == ["tanh", "softmax"]
    before = tables(trained_home)
    choices = {"network": f"z-{suffix}", "as": "dense"}
    run = trained.post(f"/api/v1/imports/{waiting['token']}/versions", json=choices, status=202)["run"]
    assert trained.wait_for_run(run["id"])["state"] == "finished"
    back = trained.get(f"/api/v1/networks/z-{suffix}/versions/1")
    assert back["sha256"] == trained.get(f"{IRIS}/3")["sha256"]
    assert tables(trained_home) == before


@pytest.mark.parametrize("name", FORMATS)
def test_the_proof_of_a_format_names_its_figures(trained, name):
    proof = trained.post(f"{IRIS}/2/prove", json={"format": name})
    assert proof["tensors"] == {"equal": 4, "different": []}
    assert (proof["outputs"]["records"], proof["outputs"]["labels_equal"]) == (150, 150)
    assert proof["outputs"]["largest_difference"] <= (1e-5 if name == "onnx" else 0)
    offer = next(one for one in trained.get(f"{IRIS}/2/exports") if one["format"] == name)
    assert (offer["why_not"], offer["bytes"], offer["proof"]["sha256"]) == ("", proof["bytes"], proof["sha256"])


def test_a_file_that_is_made_again_is_compared_to_the_byte(client, kept):
    assert client.post(f"{IRIS}/1/prove", json={"format": "npz"})["repeated"] is None
    assert client.post(f"{IRIS}/1/prove", json={"format": "npz"})["repeated"] is True
    offers = {one["format"]: one for one in client.get(f"{IRIS}/1/exports")}
    assert offers["npz"]["bytes"] == len(client.get(f"{IRIS}/1.npz"))
    assert (offers["hdf5"]["bytes"], offers["hdf5"]["proof"]) == (None, None)


def test_a_format_that_cannot_hold_a_version_says_why_and_is_refused(client, kept):
    offers = {one["format"]: one for one in client.get(f"{IRIS}/3/exports")}
    assert "no layers of this dashboard" in offers["pytorch-module"]["why_not"]
    error = client.fails("GET", f"{IRIS}/3.pt.zip", 409)
    assert (error["field"], "no layers of this dashboard" in error["message"]) == ("format", True)
    assert client.fails("POST", f"{IRIS}/3/prove", 422, json={})["field"] == "format"
    assert client.fails("POST", f"{IRIS}/3/prove", 422, json={"format": "gguf"})["field"] == "format"
    client.fails("GET", f"{IRIS}/9.npz", 404)
    client.fails("GET", f"{IRIS}/3.gguf", 404)


def test_the_file_of_a_large_version_is_made_by_a_run_that_can_be_stopped(client, workspace, kept, monkeypatch):
    monkeypatch.setattr(by_runs, "AT_ONCE_CELLS", 10)
    monkeypatch.setattr(by_runs, "WAITED_CELLS", 10)
    run = client.post(f"{IRIS}/2/prove", json={"format": "npz"}, status=202)["run"]
    assert client.post(f"{IRIS}/2/prove", json={"format": "npz"}, status=202)["run"] == run
    error = client.fails("GET", f"{IRIS}/2.npz", 409)
    assert (error["code"], f"Run {run} makes" in error["message"]) == ("being_made", True)
    assert carry_out(workspace, told_to_stop=True).state == "cancelled"
    assert [path for path in exports_folder(workspace).rglob("*") if path.is_file()] == []
    again = client.post(f"{IRIS}/2/prove", json={"format": "npz"}, status=202)["run"]
    assert again != run
    ended = carry_out(workspace)
    assert (ended.state, ended.done, ended.total, ended.result["proof"]["equal"]) == ("finished", 3, 3, 2)
    with np.load(io.BytesIO(client.get(f"{IRIS}/2.npz"))) as file:
        assert file["layer_01.weight"][2, 5] == -0.5


def test_a_run_that_makes_a_file_is_waited_for(trained, monkeypatch):
    monkeypatch.setattr(by_runs, "AT_ONCE_CELLS", 10)
    monkeypatch.setattr(by_runs, "WAIT_SECONDS", 1e9)
    assert trained.get(f"{IRIS}/1.h5")[:4] == b"\x89HDF"


def test_a_damaged_table_is_named_and_nothing_is_left(client, workspace, kept):
    table = next(
        path for path in workspace.settings.home_folder.rglob("*.csv") if "v0002" in str(path) and "weight" in path.name
    )
    workspace.decoded.clear()
    table.write_text(table.read_text().replace("-0.5", "-0.25"))
    message = client.fails("GET", f"{IRIS}/2.npz", 503)["message"]
    assert "layer_01.weight: row 2, column 5 holds -0.25, but -0.5 was saved" in message
    assert [path for path in exports_folder(workspace).rglob("*") if path.is_file()] == []


def test_a_file_of_other_weights_is_found_out_by_the_tensor(client, workspace, kept, tmp_path):
    path = tmp_path / "other.npz"
    path.write_bytes(client.get(f"{IRIS}/1.npz"))
    proof = prove(workspace, BY_NAME["npz"], leaving(workspace, "iris-net", 2), path)
    assert (proof.is_sound, proof.equal, proof.different) == (False, 1, ("layer_01.weight",))


def test_files_that_are_kept_stay_within_the_limit_of_the_cache(client, workspace, kept):
    workspace.decoded.limit_bytes = len(client.get(f"{IRIS}/3.npz")) + 100
    client.get(f"{IRIS}/3.safetensors")
    assert {one["format"] for one in client.get(f"{IRIS}/3/exports") if one["proof"]} == {"safetensors"}
    clear_cache(workspace)
    assert [path for path in exports_folder(workspace).rglob("*") if path.is_file()] == []
    assert client.get(f"{IRIS}/3.npz")
