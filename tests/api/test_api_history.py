"""Histories, time-lines, health and several versions through the API."""

import pytest

from dashboard.api.history import SECONDS

NETWORK = "/api/v1/networks/iris-net"

pytestmark = pytest.mark.usefixtures("kept")


def test_a_history_has_every_version_with_its_statistics_and_its_change(client):
    history = client.get(f"{NETWORK}/history?tensor=layer_01.weight")
    assert (history["tensor"], history["since"], history["uncounted"]) == ("layer_01.weight", "previous", 0)
    first, second = history["items"]  # version 3 has no such tensor
    assert (first["version"], first["since"], first["change"]) == (1, None, None)
    assert (second["version"], second["since"]) == (2, 1)
    assert (second["change"]["changed"], second["change"]["min"]) == (1, -0.5 - 21 / 8)
    assert second["statistics"]["min"] == -0.5
    assert second["spectrum"]["spectral_norm"] > 0
    since_first = client.get(f"{NETWORK}/history?tensor=layer_01.weight&since=first")["items"]
    assert [item["since"] for item in since_first] == [None, 1]


def test_a_time_line_says_which_version_changed_a_cell_last(client):
    line = client.get(f"{NETWORK}/timeline?tensor=layer_01.weight&row=2&column=5")
    assert (line["what"], line["row"], line["column"]) == ("cell", 2, 5)
    assert [item["value"] for item in line["items"]] == [21 / 8, -0.5]
    assert [item["changed"] for item in line["items"]] == [False, True]
    assert (line["last_changed"]["version"], line["died"]) == (2, None)
    still = client.get(f"{NETWORK}/timeline?tensor=layer_01.weight&unit=3")
    assert (still["what"], still["last_changed"], still["records"]) == ("unit", None, 0)
    whole = client.get(f"{NETWORK}/timeline?tensor=layer_01.bias")
    assert (whole["what"], [item["value"] for item in whole["items"]]) == ("tensor", [0.0, 0.0])
    assert whole["died"]["version"] == 1


def test_cells_that_are_no_numbers_are_null(client):
    line = client.get(f"{NETWORK}/timeline?tensor=special.float32&row=0&column=1")
    assert [item["value"] for item in line["items"]] == [None]


def test_health_has_its_measures_and_the_units_of_each_finding(client):
    health = client.get(f"{NETWORK}/health?tensor=layer_01.weight")
    first = health["items"][0]
    assert (first["version"], first["norm_growth"], first["not_finite"]) == (1, 1.0, 0)
    assert first["findings"]["units"] == 8
    assert first["findings"]["duplicates"] == []
    assert (first["dead"], first["saturating"], first["findings"]["saturating"]) == (None, None, None)
    assert (first["findings"]["records"], health["uncounted"]) == (0, 0)


def test_several_versions_stand_side_by_side(client):
    found = client.get("/api/v1/compare/several?version=iris-net:2&version=iris-net:1")
    assert [version["version"] for version in found["versions"]] == [2, 1]
    facts = {(fact["kind"], fact["name"]): fact for fact in found["facts"]}
    assert facts["metric", "loss"]["values"] == [0.5, 0.75]
    assert facts["setting", "dataset"]["equal"] is True
    assert facts["weights", "min"]["values"] == [-0.5, 0.0]
    assert client.get("/api/v1/compare/several?version=iris-net:1&version=iris-net:3")["tensors"] == []


def test_all_versions_come_in_pages_with_their_settings_and_metrics(client):
    page = client.get("/api/v1/compare/all?limit=2")
    assert [item["version"] for item in page["items"]] == ["iris-net:3", "iris-net:2"]
    assert page["items"][1]["settings"]["layers"] == "8 tanh, 3 softmax"
    rest = client.get(f"/api/v1/compare/all?limit=2&offset={page['next']}&network=iris-net")
    assert ([item["version"] for item in rest["items"]], rest["next"]) == (["iris-net:1"], None)


WRONG = [
    (f"{NETWORK}/history?tensor=nothing", 404),
    ("/api/v1/networks/nobody/history", 404),
    (f"{NETWORK}/history?since=then", 422),
    (f"{NETWORK}/history?sinse=first", 422),
    (f"{NETWORK}/timeline?tensor=layer_01.weight&row=4", 404),
    (f"{NETWORK}/timeline?tensor=layer_01.weight&unit=x", 422),
    (f"{NETWORK}/health?tensor=nothing", 404),
    ("/api/v1/compare/several?version=iris-net:1", 400),
    ("/api/v1/compare/several?version=iris-net:1&version=iris-net:9", 404),
    ("/api/v1/compare/several?version=iris-net:1&version=iris-net:2&tensor=nothing", 404),
    ("/api/v1/compare/all?network=nobody", 404),
]


def test_what_is_wrong_is_said(client):
    assert all(client.fails("GET", address, status)["message"] for address, status in WRONG)


def test_an_answer_that_needs_two_computations_is_given_within_ten_seconds():
    assert 2 * SECONDS.seconds < 10
