"""Every list that comes in pages says on each of them how many rows the whole list has; and what its filter covers."""

from dataclasses import asdict

import numpy as np
import pytest

from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import searches as search_rows
from dashboard.catalogue import trash as trash_rows
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.records.search import Budget, Goal
from dashboard.search.space import SearchSpace
from dashboard.services.datasets import add_bundled, get_dataset
from dashboard.services.networks import create_network
from dashboard.services.versions.saving import Draft, save_version
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.api.examples import IRIS_NETWORK
from tests.web.page_check import Browser, words

MANY = 53
LENGTH = 50


@pytest.fixture(scope="module")
def long_lists(tmp_path_factory):
    """A workspace with 53 of everything; its versions have rows of tables, but no tables."""
    opened = open_workspace(Settings(home=str(tmp_path_factory.mktemp("long"))))
    add_bundled(opened, "iris")
    network = create_network(opened, IRIS_NETWORK)
    for number in range(2 * MANY):
        tensors = {"layer_01.bias": np.array([number], np.float32)}
        draft = Draft(tensors, network.spec, get_dataset(opened, "iris").id, {}, {"val_accuracy": 0.5}, {})
        save_version(opened, network, draft)
    with opened.catalogue.writing() as connection:
        fill(connection, network)
    with coordinator_lock(opened.settings.home_folder):  # nothing is trained in it
        yield opened
    opened.catalogue.close()


def fill(connection, network):
    dataset = dataset_rows.get_dataset(connection, "iris")
    about = {name: value for name, value in asdict(dataset).items() if name != "id"}
    spec = network.spec.to_json()
    for number in range(1, MANY + 1):
        trash_rows.trash_version(connection, MANY + number)
    for number in range(1, MANY):
        dataset_rows.insert_dataset(connection, about | {"name": f"iris-{number}"})
        row = {"name": f"net-{number}", "purpose": "", "task": network.task, "fields": {}, "spec": spec}
        network_rows.insert_network(connection, row | {"dataset_id": dataset.id})
    for number in range(MANY):
        run = {"network_id": network.id, "dataset_id": dataset.id, "spec": spec, "state": "finished"}
        run_rows.insert_run(connection, run)
        add_search(connection, dataset.id, number)
    for _ in range(MANY):
        trial = {"spec": spec, "dataset_id": dataset.id, "request": {"search": "search-0"}}
        known = {"params": {"layers": 1}, "parameters": 9, "score": 0.5, "epochs": 1}
        number = search_rows.insert_trial(connection, 1, trial, known)
        search_rows.settle_trial(connection, 1, number, {"state": "finished"})


def add_search(connection, dataset_id, number):
    row = {
        "name": f"search-{number}",
        "purpose": "",
        "dataset_id": dataset_id,
        "space": SearchSpace().to_json(),
        "sampler": "random",
    }
    row |= {"goal": asdict(Goal("val_accuracy")), "budget": asdict(Budget()), "stopping": "none", "seed": 1}
    search_rows.insert_search(connection, row | {"state": "stopped"})


@pytest.fixture
def lists(app_of, long_lists):
    return Browser(app_of(long_lists).test_client())


@pytest.mark.parametrize(
    ("address", "sentence", "table", "total"),
    [
        ("/", "53 networks with 53 versions; 0 runs in progress, 53 queued.", "Networks", MANY),
        ("/?sort=name", "53 networks with 53 versions; 0 runs in progress, 53 queued.", "Networks", MANY),
        ("/datasets", "53 datasets with 7,950 rows.", "Datasets", MANY),
        ("/networks/iris-net", "53 versions", "Versions", MANY),
        ("/networks/iris-net/history", "53 versions", "layer_01.bias in each version", MANY),
        ("/runs?trials=1", "0 runs in progress, 53 queued, 53 ended.", "Runs", 2 * MANY),
        ("/runs?state=ended", "0 runs in progress, 53 queued, 53 ended.", "Runs", MANY),
        ("/searches", "53 searches.", "Searches", MANY),
        ("/store", "53 tables of 53 versions", "Tables", MANY),
    ],
)
def test_each_page_of_a_list_counts_the_whole_list(lists, address, sentence, table, total):
    for start in range(0, total, LENGTH):
        page = lists.get(f"{address}{'&' if '?' in address else '?'}offset={start}")
        assert page.sentence.startswith(sentence)
        shown = next(each for each in page.root.iter("table") if each.get("aria-label") == table)
        rows = min(LENGTH, total - start)
        assert len(list(shown.find("tbody").iter("tr"))) == rows
        assert f"{start + 1} to {start + rows} of {total}" in words(page.root)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/compare/all", "53 versions of all networks"),
        ("/searches/1", "53 trials tried"),
        ("/store", "53 items, hidden everywhere else. The 50 newest are shown."),
        ("/runs?trials=1", "all 106"),
        ("/runs", "Show 53 trials of searches"),
    ],
)
def test_a_list_that_shows_only_its_newest_counts_all(lists, address, said):
    assert said in words(lists.get(address).root)
