"""The store through the API: its tables, its trash, and the long actions on it as runs."""

from dataclasses import replace

import pytest

from tests.unit.services.carry_out import carry_out

VERSION = "/api/v1/networks/iris-net/versions/2"


def names(client):
    return [item["name"] for item in client.get("/api/v1/store/trash")["items"]]


def test_the_store_says_what_it_holds(kept, client):
    store = client.get("/api/v1/store")
    assert (store["kind"], store["place"]) == ("csv", str(kept.settings.home_folder / "weights"))
    assert (store["tables"], store["shared"]) == (2 + 1 + 6, 1)
    assert store["disk_free"] > 0


def test_tables_come_in_pages_each_once_with_their_users(kept, client):
    first = client.get("/api/v1/store/tables?limit=4")
    rest = client.get(f"/api/v1/store/tables?offset={first['next']}")
    tables = first["items"] + rest["items"]
    assert (len(tables), rest["next"]) == (9, None)
    assert {table["name"]: table["bytes"] for table in tables} == {t.name: t.bytes for t in kept.store.tables()}
    shared = next(table for table in tables if table["uses"] == 2)
    assert (shared["tensor"], shared["versions"]) == ("layer_01.bias", ["iris-net:1", "iris-net:2"])
    assert len(client.get("/api/v1/store/tables?prefix=iris_net/v0003")["items"]) == 6
    client.fails("GET", "/api/v1/store/tables?search=x", 422)


def test_a_deleted_version_is_listed_restored_and_deleted_for_good(kept, client):
    before = client.get(VERSION)
    client.delete(VERSION, status=204)
    client.fails("GET", VERSION, 404)
    (item,) = client.get("/api/v1/store/trash")["items"]
    assert (item["name"], item["kind"], item["versions"]) == ("iris-net:2", "version", 1)
    path = f"/api/v1/store/trash/{item['id']}"
    assert client.post(f"{path}/restore")["name"] == "iris-net:2"
    assert client.get(VERSION) == before
    client.fails("POST", f"{path}/restore", 404)
    client.delete(VERSION, status=204)
    client.delete(path, status=204)
    client.fails("DELETE", path, 404)
    assert names(client) == []
    assert {version for table in kept.store.tables() for _, version in table.versions} == {1, 3}


@pytest.mark.parametrize("item", ["version-99", "network-1", "table-1", "version-x", "version-1e3"])
def test_what_is_not_in_the_trash_is_404(kept, client, item):
    client.fails("POST", f"/api/v1/store/trash/{item}/restore", 404)
    client.fails("DELETE", f"/api/v1/store/trash/{item}", 404)


def test_a_network_whose_name_was_taken_is_restored_once_it_is_free(kept, client):
    client.delete("/api/v1/networks/iris-net", status=204)
    client.post("/api/v1/networks", json={"name": "iris-net", "dataset": "iris"}, status=201)
    item = client.get("/api/v1/store/trash")["items"][0]
    error = client.fails("POST", f"/api/v1/store/trash/{item['id']}/restore", 409)
    assert "Delete that one first" in error["message"]
    client.delete("/api/v1/networks/iris-net", status=204)
    client.post(f"/api/v1/store/trash/{item['id']}/restore")
    assert len(client.get("/api/v1/networks/iris-net/versions")["items"]) == 3


def test_the_trash_comes_in_pages_and_is_emptied_by_a_run(kept, client):
    for number in (1, 2, 3):
        client.delete(f"/api/v1/networks/iris-net/versions/{number}", status=204)
    page = client.get("/api/v1/store/trash?limit=2")
    assert [item["name"] for item in page["items"]] == ["iris-net:3", "iris-net:2"]
    assert page["next"] == 2
    run = client.delete("/api/v1/store/trash", status=202)
    assert (run["kind"], run["network"], run["training"]) == ("empty", None, None)
    assert names(client) == []
    carry_out(kept)
    done = client.get(f"/api/v1/runs/{run['id']}")
    assert (done["state"], done["result"], kept.store.tables()) == ("finished", {"removed": 3}, [])
    client.fails("DELETE", "/api/v1/store/trash", 409)


def test_verifying_everything_is_a_run_whose_result_names_the_cell(kept, client):
    path = kept.settings.home_folder / "weights/iris_net/v0002/layer_01_weight.csv"
    path.write_text(path.read_text().replace("-0.5", "-0.75", 1))
    run = client.post("/api/v1/store/verify", status=202)
    assert (run["kind"], run["state"], run["done"]) == ("verify", "queued", 0)
    assert client.post("/api/v1/store/verify", status=202)["id"] == run["id"]
    carry_out(kept)
    done = client.get(f"/api/v1/runs/{run['id']}")
    assert (done["state"], done["done"], done["total"], done["error"]) == ("finished", 3, 3, None)
    assert (done["result"]["proven"], done["result"]["different"]) == (2, 1)
    (line,) = done["result"]["differences"]
    assert (line["version"], line["tensor"], line["row"], line["column"]) == ("iris-net:2", "layer_01.weight", 2, 5)
    assert (line["expected"], line["found"]) == ("-0.5", "-0.75")


def test_a_copy_keeps_its_password_to_itself(kept, client):
    body = {"to": "mysql://me:s3cret@127.0.0.1:1/weights"}
    run = client.post("/api/v1/store/copy", json=body, status=202)
    assert run["request"] == {"to": "mysql://me@127.0.0.1:1/weights", "home": "", "password": True}
    assert "s3cret" not in str(client.get("/api/v1/runs")) + str(client.get(f"/api/v1/runs/{run['id']}"))
    carry_out(kept)
    done = client.get(f"/api/v1/runs/{run['id']}")
    assert done["state"] == "failed"
    assert "s3cret" not in str(done)
    client.fails("POST", f"/api/v1/runs/{run['id']}/restart", 409)


def test_a_copy_is_started_and_ends_with_its_proof(kept, client, tmp_path):
    body = {"to": "csv:", "home": str(tmp_path / "copy")}
    run = client.post("/api/v1/store/copy", json=body, status=202)
    carry_out(kept)
    done = client.get(f"/api/v1/runs/{run['id']}")
    assert (done["state"], done["result"]["copied"], done["result"]["proven"]) == ("finished", 3, 3)
    assert done["done"] == done["total"] == 6


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "to"),
        ({"to": 5}, "to"),
        ({"to": "oracle://x"}, "to"),
        ({"to": "csv:/elsewhere"}, "to"),
        ({"to": "csv:", "home": "/elsewhere"}, "home"),
        ({"to": "mysql://"}, "to"),
        ({"to": "csv:", "where": "x"}, "where"),
    ],
)
def test_a_copy_that_cannot_be_is_refused_and_nothing_is_queued(kept, client, body, field):
    assert client.fails("POST", "/api/v1/store/copy", 422, json=body)["field"] == field
    assert client.get("/api/v1/runs")["items"] == []


OUTSIDE = [
    {"to": "csv:HOME/../elsewhere", "home": "HOME/inside"},
    {"to": "csv:HOME/inside/weights", "home": "HOME/../elsewhere"},
    {"to": "csv:HOME", "home": "HOME/inside"},
    {"to": "csv:HOME/datasets/mine", "home": "HOME/inside"},
    {"to": "csv:HOME/link/weights", "home": "HOME/inside"},
    {"to": "mysql://me@127.0.0.1:1/other"},
    {"to": "mysql://me@127.0.0.1:2/weights"},
    {"to": "mysql://me@127.0.0.1:1/weights?unix_socket=/elsewhere"},
    {"to": "mysql://you@127.0.0.1:1/weights"},
]


@pytest.mark.parametrize("body", OUTSIDE)
def test_a_copy_beyond_the_home_and_the_set_places_is_refused_and_writes_nothing(kept, client, tmp_path, body):
    home = kept.settings.home_folder
    (home / "link").symlink_to(tmp_path)
    before = sorted(tmp_path.iterdir())
    body = {name: text.replace("HOME", str(home)) for name, text in body.items()}
    error = client.fails("POST", "/api/v1/store/copy", 422, json=body)
    assert "WEIGHTBASE_COPY_TO" in error["message"]
    assert sorted(tmp_path.iterdir()) == before
    assert client.get("/api/v1/runs")["items"] == []


def test_a_copy_into_a_folder_of_the_home_needs_no_setting(kept, client):
    copy = kept.settings.home_folder / "copies"
    body = {"to": f"csv:{copy / 'weights'}", "home": str(copy)}
    run = client.post("/api/v1/store/copy", json=body, status=202)
    carry_out(kept)
    done = client.get(f"/api/v1/runs/{run['id']}")
    assert (done["state"], done["result"]["proven"]) == ("finished", 3)


def test_a_queued_copy_is_checked_again_where_it_is_carried_out(kept, client, tmp_path):
    run = client.post("/api/v1/store/copy", json={"to": "csv:", "home": str(tmp_path / "copy")}, status=202)
    carry_out(replace(kept, settings=replace(kept.settings, copy_to="")))
    done = client.get(f"/api/v1/runs/{run['id']}")
    assert done["state"] == "failed"
    assert "WEIGHTBASE_COPY_TO" in done["error"]
    assert not (tmp_path / "copy").exists()


def test_trainings_and_actions_stand_in_one_list(kept, client):
    client.post("/api/v1/networks/iris-net/runs", status=202)
    client.post("/api/v1/store/verify", status=202)
    assert [run["kind"] for run in client.get("/api/v1/runs")["items"]] == ["training", "verify"]
    assert [run["kind"] for run in client.get("/api/v1/runs?network=iris-net")["items"]] == ["training"]
