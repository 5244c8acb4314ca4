"""Pages and files state the same facts: which version is best, which data it was measured on, what a name means."""

import io
import json
import zipfile

import numpy as np
import pytest

from dashboard import create_app
from dashboard.catalogue.runs import insert_run
from dashboard.data.dataset import open_arrays
from dashboard.formats.table_files import file_names
from dashboard.services.datasets import add_bundled, get_dataset
from dashboard.services.networks import create_network, get_network
from dashboard.services.versions.reading import delete_version, get_detail
from dashboard.services.versions.saving import Draft, save_version
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.web.page_check import Browser, words

SAME = {"loss": 0.5, "val_loss": 0.5, "val_accuracy": 0.75}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A workspace with two networks on different data, each with versions of two runs that are equally good."""
    opened = open_workspace(Settings(home=str(tmp_path_factory.mktemp("facts"))))
    for name, dataset in (("one", "iris"), ("two", "wine")):
        add_bundled(opened, dataset)
        create_network(opened, {"name": name, "dataset": dataset, "layers": []})
        network, row = get_network(opened, name), get_dataset(opened, dataset)
        about = {"network_id": network.id, "dataset_id": row.id, "spec": network.spec.to_json()}
        for _ in range(2):
            with opened.catalogue.writing() as connection:
                run_id = insert_run(connection, about | {"state": "finished"})
            for epoch in (1, 2):
                tensors = {tensor: np.full(shape, epoch, np.float32) for tensor, shape in network.spec.tensor_shapes}
                save_version(opened, network, Draft(tensors, network.spec, row.id, {}, SAME, {}, epoch, run_id))
    yield opened
    opened.catalogue.close()


@pytest.fixture(scope="module")
def browser(workspace):
    return Browser(create_app(workspace=workspace).test_client())


def test_of_equally_good_versions_the_first_is_best_on_every_page(browser):
    assert browser.raw("/networks.json").json["items"][0]["best"] == 1
    assert browser.raw("/api/v1/networks").json["items"][0]["best"] == 1
    assert "best is v1" in browser.get("/networks/one").sentence
    assert browser.get("/networks/one/versions/1").sentence.startswith("The best version")
    assert browser.raw("/api/v1/networks/one/history").json["best"] == 1
    for chosen in ("version=one:3&version=one:1", "version=one:1&version=one:3"):
        assert "one:1 has the best" in browser.get(f"/compare/several?{chosen}").sentence
    assert "of one:1 and 3 other versions." in browser.get("/compare/all?network=one").sentence


def test_of_many_versions_the_best_is_best_in_lists_also_when_it_is_old(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path)))
    add_bundled(opened, "iris")
    network = create_network(opened, {"name": "many", "dataset": "iris", "layers": []})
    row = get_dataset(opened, "iris")
    tensors = {tensor: np.zeros(shape, np.float32) for tensor, shape in network.spec.tensor_shapes}

    def save(accuracy):
        metrics = {"val_accuracy": accuracy}
        save_version(opened, network, Draft(tensors, network.spec, row.id, {}, metrics, {}))

    for accuracy in (0.5, 0.9, *[0.6] * 22):
        save(accuracy)
    lists = Browser(create_app(workspace=opened).test_client())

    def best():
        answers = (lists.raw(address).json["items"][0]["best"] for address in ("/networks.json", "/api/v1/networks"))
        return {*answers, lists.get("/networks/many").sentence.split("best is v")[1].split(",")[0]}

    assert best() == {2, "2"}
    delete_version(opened, "many", 2)
    assert best() == {3, "3"}
    save(0.95)
    assert best() == {25, "25"}
    opened.catalogue.close()


def test_counts_of_active_runs_are_the_same_wherever_they_are_shown(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path)))
    add_bundled(opened, "iris")
    network = create_network(opened, {"name": "one", "dataset": "iris", "layers": []})
    about = {"network_id": network.id, "dataset_id": get_dataset(opened, "iris").id, "spec": network.spec.to_json()}
    with opened.catalogue.writing() as connection:
        for state in ("running", "queued", "queued", "finished"):
            insert_run(connection, about | {"state": state})
    lists = Browser(create_app(workspace=opened).test_client())
    said = "1 run in progress, 2 queued"
    assert lists.get("/").sentence == f"1 network with 0 versions; {said}."
    assert lists.get("/runs").sentence == f"{said}, 1 ended."
    for address in ("/", "/runs", "/datasets", "/datasets/iris", "/networks/one", "/store"):
        (badge,) = lists.get(address).all("span", title="active runs")
        assert words(badge) == "3"
    assert lists.get("/networks/one").text.count("run 1") >= 1
    summary = lists.raw("/api/v1/networks").json["items"][0]
    assert summary["active_runs"] == [1, 2, 3]
    states = [one["state"] for one in lists.raw("/api/v1/runs").json["items"]]
    assert (states.count("running"), states.count("queued"), states.count("finished")) == (1, 2, 1)
    opened.catalogue.close()


def test_where_there_is_nothing_to_compare_the_page_says_what_to_do(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path)))
    page = Browser(create_app(workspace=opened).test_client()).get("/compare/several")
    assert "No version yet" in page.text
    assert not page.all("input", name="version")
    opened.catalogue.close()


def test_a_filtered_list_says_how_many_of_all_it_shows(browser):
    assert browser.get("/?search=on").sentence == "1 of 2 networks matches “on”."
    assert browser.get("/?search=o").sentence == "2 of 2 networks match “o”."


def test_versions_on_different_data_are_compared_with_a_warning(browser):
    warning = "measured on different data (iris, wine)"
    assert warning in browser.get("/compare?base=one:1&other=two:1").text
    assert warning in browser.get("/compare/several?version=one:1&version=two:1").sentence
    assert browser.raw("/api/v1/compare?base=one:1&other=two:1").json["same_data"] is False
    assert "different data" not in browser.get("/compare?base=one:1&other=one:2").text
    assert browser.raw("/api/v1/compare?base=one:1&other=one:2").json["same_data"] is True


def test_the_curves_of_separate_runs_are_separate_lines(browser):
    drawn = json.loads(browser.raw("/networks/one/curves.figure").data)
    for line in drawn["data"]:
        assert line["x"] == [1, 2, 3, 3, 4]
        assert [value is None for value in line["y"]] == [False, False, True, False, False]
    rows = browser.raw("/networks/one/curves.json").json["items"]
    assert [row["run"] for row in rows] == [1, 1, 2, 2]


def test_a_version_is_not_compared_with_one_of_an_unrelated_run(workspace):
    changes = [get_detail(workspace, "one", number).version.changed for number in (1, 2, 3, 4)]
    assert changes == [None, 1.0, None, 1.0]


def test_settings_and_metrics_of_one_name_are_apart_everywhere(browser):
    row = browser.raw("/compare/all.json?equal=show&network=one").json["items"][0]
    assert (row["setting.loss"], row["metric.loss"]) == ("cross_entropy", 0.5)
    lines = browser.raw("/compare/all.csv?equal=show&network=one").text.splitlines()
    heads = lines[0].split(",")
    assert len(set(heads)) == len(heads)
    assert {head.split(".")[0] for head in heads} == {"version", "setting", "metric"}
    item = browser.raw("/api/v1/compare/all?network=one").json["items"][0]
    assert (item["settings"]["loss"], item["metrics"]["loss"]) == ("cross_entropy", 0.5)
    facts = browser.raw("/api/v1/compare/several?version=one:1&version=one:2").json["facts"]
    assert {fact["kind"] for fact in facts if fact["name"] == "loss"} == {"metric", "setting"}
    diff = browser.raw("/api/v1/compare?base=one:1&other=one:2").json
    named = {
        kind: next(fact["base"] for fact in diff[kind] if fact["name"] == "loss") for kind in ("metrics", "settings")
    }
    assert named == {"metrics": 0.5, "settings": "cross_entropy"}
    page = browser.get("/compare/all?equal=show&network=one")
    assert page.text.count("cross-entropy") >= 4, "the setting is on the page"


EVERY_FILE = (
    "/networks",
    "/networks/one/versions",
    "/networks/one/curves",
    "/networks/one/layers",
    "/networks/one/history",
    "/networks/one/health",
    "/networks/one/versions/1/metrics",
    "/networks/one/versions/1/tensors",
    "/runs",
    "/compare/all",
    "/compare/several/facts?version=one:1&version=two:1",
    "/compare/tensors?base=one:1&other=one:2",
    "/compare/metrics?base=one:1&other=one:2",
    "/compare/settings?base=one:1&other=one:2",
)


@pytest.mark.parametrize("address", EVERY_FILE)
def test_no_file_has_two_columns_of_one_name(browser, address):
    path, _, more = address.partition("?")
    heads = browser.raw(f"{path}.csv?{more}").text.splitlines()[0].split(",")
    assert len(set(heads)) == len(heads)


def test_the_sentence_about_the_most_changed_tensor_agrees_with_the_table(workspace, browser):
    network = create_network(workspace, {"name": "biased", "dataset": "iris", "layers": []})
    dataset = get_dataset(workspace, "iris").id
    for weight, bias in ((1.0, 1.0), (1.246, 1.559)):
        tensors = {name: np.full(shape, 1.0, np.float32) for name, shape in network.spec.tensor_shapes}
        tensors["layer_01.weight"][:], tensors["layer_01.bias"][:] = weight, bias
        save_version(workspace, get_network(workspace, "biased"), Draft(tensors, network.spec, dataset, {}, {}, {}))
    page = browser.get("/compare?base=biased:1&other=biased:2")
    rows = browser.raw("/compare/tensors.json?base=biased:1&other=biased:2").json["items"]
    most = max(rows, key=lambda row: row["relative"])
    assert most["tensor"] == "layer_01.bias"
    assert "layer_01.bias most (55.9 % of its norm)" in page.sentence


def test_what_has_no_preprocessing_is_not_evaluated_and_says_so(browser):
    answer = browser.client.post("/api/v1/networks/one/versions/1/evaluate", json={"dataset": "iris"})
    assert answer.status_code == 409
    assert "one:1 has no preprocessing" in answer.json["error"]["message"]


def test_files_of_a_zip_never_collide_and_its_version_json_names_each():
    names = file_names(["a/b", "a b", "A.B", "a_b_2", "layer_01.weight"])
    assert names["layer_01.weight"] == "layer_01_weight.csv"
    assert len({name.casefold() for name in names.values()}) == len(names)


def test_the_version_json_of_a_zip_names_the_file_of_each_tensor(browser):
    answer = browser.raw("/api/v1/networks/one/versions/1.zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        about = json.loads(archive.read("version.json"))
        assert set(about["files"]) == {tensor["name"] for tensor in about["tensors"]}
        assert {*about["files"].values(), "version.json"} == set(archive.namelist())


def test_a_layer_of_nan_is_unknown_and_not_dead(workspace, browser):
    network = create_network(workspace, {"name": "nan", "dataset": "iris", "layers": [{"units": 16}]})
    tensors = {name: np.full(shape, np.nan, np.float32) for name, shape in network.spec.tensor_shapes}
    dataset = get_dataset(workspace, "iris").id
    save_version(workspace, get_network(workspace, "nan"), Draft(tensors, network.spec, dataset, {}, {}, {}))
    (item,) = browser.raw("/api/v1/networks/nan/health?tensor=layer_01.weight").json["items"]
    assert (item["dead"], item["spectral_norm"], item["undefined"], item["not_finite"]) == (None, None, 16, 64)
    assert item["findings"]["dead"] == []
    assert "the health of 16 units is unknown: NaN or infinite" in browser.get("/networks/nan/health").sentence


def test_anyone_can_recompute_the_test_accuracy_from_the_records_of_the_test_part(workspace, browser):
    """A network without hidden layers is trained on iris by hand: its answers are those of its weights, unscaled."""
    every = browser.raw("/datasets/iris/records.json").json["items"]
    assert [row["record"] for row in every] == list(range(150))
    page = browser.raw("/api/v1/datasets/iris/records?part=test&limit=4").json
    rest = browser.raw(f"/api/v1/datasets/iris/records?part=test&limit=100&offset={page['next']}").json
    tested = page["items"] + rest["items"]
    assert (len(tested), rest["next"]) == (page["total"], None)
    assert [one["record"] for one in tested] == [row["record"] for row in every if row["part"] == "test"]
    arrays = open_arrays(workspace.datasets_folder / get_dataset(workspace, "iris").folder)
    for one in tested:
        assert list(one["inputs"].values()) == arrays.inputs[one["record"]].tolist()
        assert one["target"] == arrays.classes[arrays.target[one["record"]]]
    parts = get_dataset(workspace, "iris").description["split"]
    for part, rows in parts.items():
        lines = browser.raw(f"/datasets/iris/records.csv?part={part}").text.splitlines()
        assert len(lines) == rows + 1
        assert lines[0].startswith("record,part,input.")
    assert "/datasets/iris/records.csv?part=test" in browser.get("/datasets/iris").links()


def test_the_records_of_a_part_that_there_is_not_are_refused(browser):
    assert browser.raw("/datasets/iris/records.csv?part=holdout").status_code == 422
    assert browser.raw("/api/v1/datasets/iris/records?part=holdout").status_code == 422
