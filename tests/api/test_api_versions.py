"""Versions through the API: lists, all that belongs to one, its ZIP, its proof, its end."""

import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from dashboard.services.store.trash import delete_permanently, list_trash

VERSIONS = "/api/v1/networks/iris-net/versions"


@pytest.mark.usefixtures("kept")
def test_versions_come_in_pages_the_newest_first(client):
    first = client.get(f"{VERSIONS}?limit=2")
    assert [version["reference"] for version in first["items"]] == ["iris-net:3", "iris-net:2"]
    assert first["items"][0]["metrics"] == {"loss": 0.25}
    rest = client.get(f"{VERSIONS}?limit=2&offset={first['next']}")
    assert ([version["version"] for version in rest["items"]], rest["next"]) == ([1], None)


def test_a_network_without_versions_has_an_empty_list(client, iris_network):
    assert client.get(f"/api/v1/networks/{iris_network.name}/versions") == {"items": [], "next": None}


@pytest.mark.usefixtures("kept")
def test_a_version_lists_its_tensors_with_their_numbers(client):
    version = client.get(f"{VERSIONS}/1")
    weight, bias = version["tensors"]
    assert (weight["name"], weight["shape"], weight["dtype"], weight["bytes"]) == (
        "layer_01.weight",
        [4, 8],
        "float32",
        128,
    )
    assert (weight["mean"], weight["min"], weight["max"], weight["zeros"]) == (15.5 / 8, 0.0, 31 / 8, 1 / 32)
    assert (bias["name"], bias["dtype"], bias["zeros"]) == ("layer_01.bias", "float64", 1.0)
    assert (version["before"], version["after"], version["epoch"]) == (None, 2, 1)
    assert version["spec"]["layers"][0]["units"] == 8


@pytest.mark.usefixtures("kept")
def test_statistics_leave_out_what_is_not_finite_and_say_how_much(client):
    special = client.get(f"{VERSIONS}/3")["tensors"][0]
    assert (special["name"], special["count"], special["not_finite"]) == ("special.float32", 6, 3)


@pytest.mark.usefixtures("kept")
def test_the_zip_holds_every_table_and_what_belongs_to_the_version(client):
    response = client.fetch("GET", f"{VERSIONS}/1.zip")
    assert response.headers["Content-Disposition"] == 'attachment; filename="iris-net_v0001.zip"'
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        assert archive.testzip() is None
        about = json.loads(archive.read("version.json"))
        assert about["reference"] == "iris-net:1"
        assert set(archive.namelist()) == {"version.json", "layer_01_weight.csv", "layer_01_bias.csv"}
        table = pd.read_csv(io.BytesIO(archive.read("layer_01_weight.csv")))
    np.testing.assert_array_equal(table.to_numpy(np.float32), np.arange(32, dtype=np.float32).reshape(4, 8) / 8)


@pytest.mark.usefixtures("kept")
def test_an_untouched_version_is_proven_identical(client):
    proof = client.post(f"{VERSIONS}/3/verify")
    assert (proof["version"], proof["identical"]) == ("iris-net:3", True)
    assert all(tensor["identical"] and tensor["problem"] is None for tensor in proof["tensors"])
    assert len(proof["tensors"]) == 6


def test_a_tampered_cell_is_named(client, kept):
    table = kept.store.folder / "iris_net" / "v0001" / "layer_01_weight.csv"
    lines = table.read_text().splitlines(keepends=True)
    cells = lines[1 + 2].rstrip("\n").split(",")
    assert cells[5] == "2.625"
    cells[5] = "2.75"
    lines[1 + 2] = ",".join(cells) + "\n"
    table.write_text("".join(lines))
    proof = client.post(f"{VERSIONS}/1/verify")
    weight, bias = proof["tensors"]
    assert (proof["identical"], weight["identical"], bias["identical"]) == (False, False, True)
    assert weight["first_difference"] == {"row": 2, "column": 5, "expected": "2.625", "found": "2.75"}


def test_a_missing_table_is_told_by_the_proof_and_503_for_its_readers(client, kept):
    (kept.store.folder / "iris_net" / "v0001" / "layer_01_weight.csv").unlink()
    proof = client.post(f"{VERSIONS}/1/verify")
    assert not proof["identical"]
    assert "layer_01_weight" in proof["tensors"][0]["problem"]
    for suffix in ("csv", "json?row=1"):
        error = client.fails("GET", f"{VERSIONS}/1/tensors/layer_01.weight.{suffix}", 503)
        assert error["code"] == "tensor_missing"
    assert client.fails("GET", f"{VERSIONS}/1.zip", 503)["code"] == "tensor_missing"


def test_a_deleted_version_is_hidden_and_its_tables_go_once_it_is_deleted_from_the_trash(client, kept):
    client.delete(f"{VERSIONS}/3", status=204)
    client.fails("GET", f"{VERSIONS}/3", 404)
    client.fails("DELETE", f"{VERSIONS}/3", 404)
    client.fails("POST", f"{VERSIONS}/3/verify", 404)
    assert [version["version"] for version in client.get(VERSIONS)["items"]] == [2, 1]
    (item,) = list_trash(kept)
    delete_permanently(kept, item.key)
    assert {table.versions[0][1] for table in kept.store.tables()} == {1, 2}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [({}, 422, "dataset"), ({"dataset": "nothing"}, 404, "dataset"), ({"data": "iris"}, 422, "data")],
)
@pytest.mark.usefixtures("kept")
def test_a_bad_evaluation_is_refused(client, body, status, field):
    assert client.fails("POST", f"{VERSIONS}/1/evaluate", status, json=body)["field"] == field
