"""The list of networks: its last 20 versions, whatever lies between them, and how many there are in all."""

from typing import Any

import pytest

from dashboard.catalogue.networks import list_networks
from dashboard.catalogue.opening import open_catalogue
from dashboard.catalogue.rows import now
from dashboard.catalogue.tables import datasets, networks, versions
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.settings import Settings

SPEC = NetworkSpec(2, (LayerSpec(1),)).to_json()
DATASET: dict[str, Any] = dict.fromkeys(("folder", "sha256", "task", "source", "licence"), "x")
DATASET |= {"id": 1, "name": "d", "rows": 1, "bytes": 1, "spec": {}, "description": {}, "created": now()}


@pytest.fixture
def catalogue(tmp_path):
    found = open_catalogue(Settings(home=str(tmp_path)))
    with found.writing() as connection:
        connection.execute(datasets.insert().values(DATASET))
    yield found
    found.close()


def add(catalogue, network_id, states):
    """Add a network whose versions 1, 2, 3 ... are in these states."""
    head = {"id": network_id, "name": f"n{network_id}", "slug": f"n{network_id}", "purpose": "", "task": "regression"}
    body = {"dataset_id": 1, "fields": {}, "spec": SPEC, "last_version": len(states), "created": now()}
    same = {"network_id": network_id, "epoch": 1, "dataset_id": 1, "spec": SPEC, "preprocessing": {}, "evaluation": {}}
    rows = [
        same
        | {"number": number, "state": state, "metrics": {"loss": number}, "sha256": "", "bytes": 0, "created": now()}
        for number, state in enumerate(states, start=1)
    ]
    with catalogue.writing() as connection:
        connection.execute(networks.insert().values(head | body))
        if rows:
            connection.execute(versions.insert(), rows)


def listed(catalogue):
    with catalogue.reading() as connection:
        found = list_networks(connection, limit=10)
    return {line.network.name: (line.versions, line.latest, [number for number, _ in line.metrics]) for line in found}


def test_a_network_without_versions_is_listed_with_none(catalogue):
    add(catalogue, 1, [])
    assert listed(catalogue) == {"n1": (0, None, [])}


def test_the_last_twenty_versions_of_each_network_are_given_oldest_first(catalogue):
    add(catalogue, 1, ["ready"] * 30)
    add(catalogue, 2, ["ready"] * 3)
    assert listed(catalogue) == {"n1": (30, 30, list(range(11, 31))), "n2": (3, 3, [1, 2, 3])}


def test_versions_that_are_not_ready_are_neither_counted_nor_take_a_place(catalogue):
    add(catalogue, 1, ["ready"] * 25 + ["trash"] * 40 + ["writing"])
    assert listed(catalogue) == {"n1": (25, 25, list(range(6, 26)))}


@pytest.mark.parametrize("store", ["csv:", pytest.param("mysql", marks=pytest.mark.server)])
def test_networks_are_filtered_by_name_or_purpose_as_it_is_written(store, tmp_path, request):
    address = request.getfixturevalue("mysql_url") if store == "mysql" else store
    catalogue = open_catalogue(Settings(home=str(tmp_path), store=address))
    with catalogue.writing() as connection:
        connection.execute(datasets.insert().values(DATASET))
        for number, (name, purpose) in enumerate([("Reader", "100% of axb"), ("100 units", ""), ("a_b", "")], start=1):
            row = {"id": number, "name": name, "slug": str(number), "purpose": purpose, "task": "regression"}
            connection.execute(
                networks.insert().values(row | {"spec": SPEC, "dataset_id": 1, "fields": {}, "created": now()})
            )
    for search, names in (
        ("reader", ["Reader"]),
        ("100%", ["Reader"]),
        ("a_b", ["a_b"]),
        ("AXB", ["Reader"]),
        ("/", []),
    ):
        with catalogue.reading() as connection:
            assert [line.network.name for line in list_networks(connection, 10, search=search)] == names
    catalogue.close()
