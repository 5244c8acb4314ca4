"""Every way to fail is answered in the one shape (the client asserts it), with the right status and a remedy."""

import io
import logging

import pytest

from dashboard import create_app
from dashboard.errors import StoreUnavailable
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.api.api_client import ApiClient

NETWORKS = "/api/v1/networks"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/networks/a/b/c", "/api/v1/networks/"])
def test_an_unknown_address_is_404_in_json_and_leads_to_the_document(client, method, path):
    error = client.fails(method, path, 404)
    assert error["code"] == "not_found"
    assert "/api/v1/openapi.json" in error["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", NETWORKS, {"GET", "POST"}),
        ("DELETE", "/api/v1/", {"GET"}),
        ("POST", "/api/v1/openapi.json", {"GET"}),
        ("GET", "/api/v1/runs/1/cancel", {"POST"}),
        ("PATCH", "/api/v1/networks/n/versions/1/tensors/layer_01.weight.csv", {"GET"}),
    ],
)
def test_a_wrong_method_is_405_and_the_right_ones_are_named(client, method, path, allowed):
    response = client.fetch(method, path)
    assert response.status_code == 405
    assert response.json["error"]["code"] == "method_not_allowed"
    assert set(response.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == allowed


@pytest.mark.parametrize("body", ["[1]", '"x"', "1", "null", "true"])
def test_json_that_is_no_object_is_400(client, body):
    error = client.fails("POST", NETWORKS, 400, data=body, content_type="application/json")
    assert "JSON object" in error["message"]


@pytest.mark.parametrize("body", ["", "{", '{"name": NaN}', '{"name": "\\ud800"}', b'{"name": "\xff"}', "{'name': 1}"])
def test_what_is_not_json_is_400(client, body):
    error = client.fails("POST", NETWORKS, 400, data=body, content_type="application/json")
    assert "not valid JSON" in error["message"]


def test_json_nested_without_end_is_400(client):
    client.fails("POST", NETWORKS, 400, data='{"name": ' + "[" * 100_000, content_type="application/json")
    client.fails("POST", NETWORKS, 400, data='{"a": ' + "[" * 1000 + "]" * 1000 + "}", content_type="application/json")


def test_a_field_given_twice_is_named(client):
    error = client.fails("POST", NETWORKS, 400, data='{"name": "a", "name": "b"}', content_type="application/json")
    assert error["field"] == "name"
    assert "twice" in error["message"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_body_of_another_type_is_415_and_the_right_type_is_named(client, content_type):
    error = client.fails("POST", NETWORKS, 415, data='{"name": "a"}', content_type=content_type)
    assert "application/json" in error["message"]


def test_a_json_body_beyond_four_megabytes_is_413(client):
    body = b'{"purpose": "' + b"x" * 5 * 2**20 + b'"}'
    error = client.fails("POST", NETWORKS, 413, data=body, content_type="application/json")
    assert "4 MB" in error["message"]
    assert error["code"] == "too_large"


@pytest.mark.parametrize(
    ("path", "content_type", "status"),
    [("networks", "application/json", 413), ("networks", "text/plain", 415), ("nothing", "application/json", 404)],
)
def test_a_refused_body_of_unknown_length_is_read_to_its_end(client, path, content_type, status):
    body = io.BytesIO(b"[" * 5 * 2**20)
    server = {"wsgi.input_terminated": True, "wsgi.input": body, "HTTP_TRANSFER_ENCODING": "chunked"}
    client.fails("POST", f"/api/v1/{path}", status, content_type=content_type, environ_overrides=server)
    assert body.tell() == 5 * 2**20


def test_unknown_fields_and_wrong_ones_are_all_told_at_once(client):
    body = {"name": "a/b", "layers": [{"units": -1}, {"units": 3, "size": 4}], "trainings": {}, "dataset": "iris"}
    error = client.fails("POST", NETWORKS, 422, json=body)
    assert set(error["errors"]) == {"name", "layers.0.units", "layers.1.size", "trainings", "dataset"}
    assert error["code"] == "invalid"


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/api/v1/networks/iris-nt", ["iris-net"]),
        ("/api/v1/networks/iris-net/versions/9", ["iris-net:3", "iris-net:2", "iris-net:1"]),
        ("/api/v1/datasets/irs", ["iris"]),
        ("/api/v1/networks/iris-net/versions/1/tensors/layer_01.weigth.csv", ["layer_01.weight", "layer_01.bias"]),
    ],
)
@pytest.mark.usefixtures("kept")
def test_an_unknown_name_is_404_with_the_nearest_ones(client, path, nearest):
    error = client.fails("GET", path, 404)
    assert error["nearest"] == nearest


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("number", ["99999999999999999999", "999999999999999999", "0"])
@pytest.mark.usefixtures("iris_network")
def test_numbers_beyond_every_database_are_404(client, method, number):
    client.fails(method, f"/api/v1/networks/iris-net/versions/{number}", 404)
    client.fails("GET", f"/api/v1/runs/{number}", 404)


def test_another_sites_request_and_a_foreign_host_are_refused_in_the_shape(client):
    error = client.fails("POST", NETWORKS, 403, json={}, headers={"Origin": "http://evil.example"})
    assert error["code"] == "forbidden"
    error = client.fails("GET", NETWORKS, 400, headers={"Host": "evil.example"})
    assert "WEIGHTBASE_HOSTS" in error["message"]


def test_a_missing_password_is_401_in_the_shape(tmp_path):
    workspace = open_workspace(Settings(home=str(tmp_path), password="open sesame"))
    client = ApiClient(create_app(workspace=workspace))
    assert client.fails("GET", NETWORKS, 401)["code"] == "unauthorized"
    assert client.fails("GET", "/api/v1/nothing", 401)["code"] == "unauthorized"
    assert client.get(NETWORKS, auth=("anybody", "open sesame")) == {"items": [], "next": None}
    workspace.catalogue.close()


def test_a_fault_of_ours_is_500_with_an_id_and_its_traceback_in_the_log_only(app, caplog, monkeypatch):
    def broken():
        """Fail."""
        raise RuntimeError("a secret of the house")

    monkeypatch.setitem(app.view_functions, "api.networks.list_networks", broken)
    with caplog.at_level(logging.ERROR):
        error = ApiClient(app).fails("GET", NETWORKS, 500)
    assert error["id"] in error["message"]
    assert "secret" not in error["message"]
    assert error["id"] in caplog.text
    assert "a secret of the house" in caplog.text


def test_a_store_that_cannot_be_used_is_503_with_its_own_words(app, monkeypatch):
    def full():
        """Fail."""
        raise StoreUnavailable("The disk is full. Free some space.")

    monkeypatch.setitem(app.view_functions, "api.networks.list_networks", full)
    error = ApiClient(app).fails("GET", NETWORKS, 503)
    assert error["message"] == "The disk is full. Free some space."
    assert error["code"] == "store_unavailable"
