"""Networks through the API: defined, listed, read, deleted; bad definitions are refused and leave nothing."""

from typing import Any

import pytest

from dashboard.services.datasets import add_bundled
from dashboard.services.store.trash import delete_permanently, list_trash

NETWORKS = "/api/v1/networks"

BOOK: dict[str, Any] = {
    "name": "Rashid's book 1".replace("'", ""),
    "purpose": "Digits",
    "dataset": "iris",
    "fields": {"chapter": "2"},
    "layers": [{"units": 200, "activation": "sigmoid", "bias": False}],
    "output": {"activation": "sigmoid", "bias": False},
    "training": {
        "loss": "squared_error", "optimizer": "sgd", "learning_rate": 0.1, "batch_size": 1, "epochs": 5, "seed": 1,
        "initializer": "normal_sqrt", "dtype": "float32", "scaling": "book", "save": "every",
    },
}  # fmt: skip


@pytest.fixture
def iris(workspace):
    return add_bundled(workspace, "iris")


def changed(**more):
    return BOOK | more


@pytest.mark.usefixtures("iris")
def test_a_network_is_kept_in_the_words_in_which_it_is_defined(client):
    made = client.fetch("POST", NETWORKS, json=BOOK)
    assert made.status_code == 201
    network = client.get(made.headers["Location"])
    assert network == made.json
    assert network["layers"] == [
        {"units": 200, "activation": "sigmoid", "bias": False, "dropout": 0.0, "frozen": False}
    ]
    assert network["output"] == {"units": 3, "activation": "sigmoid", "bias": False, "dropout": 0.0, "frozen": False}
    assert network["training"] | BOOK["training"] == network["training"]
    assert (network["inputs"], network["parameters"]) == (4, 4 * 200 + 200 * 3)
    assert (network["fields"], network["purpose"], network["last_version"]) == ({"chapter": "2"}, "Digits", 0)


@pytest.mark.usefixtures("iris")
def test_what_is_not_given_gets_its_default(client):
    network = client.post(NETWORKS, json={"name": "plain", "dataset": "iris"}, status=201)
    assert network["layers"] == []
    assert network["output"]["activation"] == "softmax"
    assert (network["training"]["optimizer"], network["training"]["dtype"]) == ("adam", "float32")


@pytest.mark.usefixtures("iris")
def test_a_list_comes_in_pages_the_newest_first(client):
    for number in range(5):
        client.post(NETWORKS, json=changed(name=f"net {number}"), status=201)
    first = client.get(f"{NETWORKS}?limit=2")
    assert [network["name"] for network in first["items"]] == ["net 4", "net 3"]
    second = client.get(f"{NETWORKS}?limit=2&offset={first['next']}")
    third = client.get(f"{NETWORKS}?limit=2&offset={second['next']}")
    assert [network["name"] for network in second["items"] + third["items"]] == ["net 2", "net 1", "net 0"]
    assert third["next"] is None
    assert [network["name"] for network in client.get(f"{NETWORKS}?search=T+3")["items"]] == ["net 3"]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "offset=-1", "limit=1.5", "page=2"])
def test_a_bad_page_is_refused_at_its_field(client, query):
    assert client.fails("GET", f"{NETWORKS}?{query}", 422)["field"] == query.partition("=")[0]


@pytest.mark.usefixtures("kept")
def test_the_list_shows_versions_and_their_best(client):
    (network,) = client.get(NETWORKS)["items"]
    assert (network["versions"], network["latest"], network["active_runs"]) == (3, 3, [])
    assert network["metrics"] == {"loss": 0.25}


@pytest.mark.usefixtures("iris")
def test_a_name_with_spaces_points_and_other_scripts_has_an_address(client):
    for name in ("a b", "v1.2", "naïve Σ 3", "csv.csv", "名前"):
        made = client.fetch("POST", NETWORKS, json=changed(name=name))
        assert client.get(made.headers["Location"])["name"] == name
        assert made.headers["Location"].isascii()


def test_a_deleted_network_is_hidden_and_gone_with_versions_and_files_once_it_is_deleted_from_the_trash(client, kept):
    client.delete(f"{NETWORKS}/iris-net", status=204)
    client.fails("GET", f"{NETWORKS}/iris-net", 404)
    assert "trash" in client.fails("DELETE", "/api/v1/datasets/iris", 409)["message"]
    (item,) = list_trash(kept)
    delete_permanently(kept, item.key)
    assert kept.store.tables() == []
    client.delete("/api/v1/datasets/iris", status=204)


@pytest.mark.usefixtures("iris_network")
def test_a_network_with_a_queued_run_is_not_deleted(client):
    client.post(f"{NETWORKS}/iris-net/runs", status=202)
    assert "cancel" in client.fails("DELETE", f"{NETWORKS}/iris-net", 409)["message"]


@pytest.mark.usefixtures("iris")
def test_a_taken_name_is_409_and_another_case_is_another_name(client):
    client.post(NETWORKS, json=changed(name="Twin"), status=201)
    assert client.fails("POST", NETWORKS, 409, json=changed(name="Twin"))["field"] == "name"
    client.post(NETWORKS, json=changed(name="twin"), status=201)


def training(**more):
    return {"training": BOOK["training"] | more}


BAD = [
    ({"name": 'quo"te'}, "name"),
    ({"name": "a/b"}, "name"),
    ({"name": "../a"}, "name"),
    ({"name": "\N{GRINNING FACE}"}, "name"),
    ({"name": "n" * 300}, "name"),
    ({"name": ["x"]}, "name"),
    ({"name": None}, "name"),
    ({"dataset": "nothing"}, "dataset"),
    ({"dataset": 5}, "dataset"),
    ({"layers": [{"units": -5}]}, "layers.0.units"),
    ({"layers": [{"units": 0}]}, "layers.0.units"),
    ({"layers": [{"units": 10**30}]}, "layers.0.units"),
    ({"layers": [{"units": 2.5}]}, "layers.0.units"),
    ({"layers": [{}]}, "layers.0.units"),
    ({"layers": [{"units": 3, "activation": "softmax"}]}, "layers.0.activation"),
    ({"layers": [{"units": 3, "activation": ["relu"]}]}, "layers.0.activation"),
    ({"layers": [{"units": 3, "dropout": 1}]}, "layers.0.dropout"),
    ({"layers": [3]}, "layers.0"),
    ({"layers": {"units": 3}}, "layers"),
    ({"layers": [{"units": 1}] * 201}, "layers"),
    ({"output": {"units": 3}}, "output.units"),
    ({"output": "softmax"}, "output"),
    ({"fields": {"k" * 65: "v"}}, "fields"),
    ({"fields": {"k": 5}}, "fields.k"),
    (training(epochs=0), "training.epochs"),
    (training(epochs=-1), "training.epochs"),
    (training(batch_size=0), "training.batch_size"),
    (training(learning_rate=0), "training.learning_rate"),
    (training(learning_rate="fast"), "training.learning_rate"),
    (training(learning_rate=1e308), "training.learning_rate"),
    (training(loss="hinge"), "training.loss"),
    (training(loss="cross_entropy"), "output.activation"),
    (training(save="0"), "training.save"),
    (training(seed=2**31), "training.seed"),
    (training(epoch=3), "training.epoch"),
]


@pytest.mark.parametrize(("change", "field"), BAD, ids=lambda value: str(value)[:60])
@pytest.mark.usefixtures("iris")
def test_a_bad_definition_is_refused_at_its_field_and_leaves_nothing(client, change, field):
    error = client.fails("POST", NETWORKS, 422, json=BOOK | change)
    assert field in error["errors"]
    assert client.get(NETWORKS)["items"] == []


@pytest.mark.usefixtures("iris")
def test_a_billion_parameters_are_refused_with_the_limit_named(client):
    error = client.fails("POST", NETWORKS, 422, json=changed(layers=[{"units": 40_000}, {"units": 25_000}]))
    assert error["field"] == "layers"
    assert "50,000,000" in error["message"]
    assert "WEIGHTBASE_MAX_PARAMETERS" in error["message"]
    assert client.get(NETWORKS)["items"] == []
