"""The page that measures a version on other data: by dataset, by file, with the worst records and the exports."""

import io

import numpy as np
import pytest

from dashboard.data.dataset import open_arrays
from dashboard.data.preprocessing import fit
from dashboard.engine.metrics import evaluate
from dashboard.services.datasets import create_dataset, get_dataset, receive_upload
from dashboard.services.networks import create_network
from dashboard.services.versions import evaluation
from dashboard.services.versions.saving import Draft, save_version
from tests.unit.services.saved_versions import iris_preprocessing, new_network, save
from tests.web.page_check import words

PAGE = "/networks/small/versions/1/evaluate"
HEADER = "species,petal_width_cm,petal_length_cm,sepal_width_cm,sepal_length_cm\n"


@pytest.fixture
def saved(browser, workspace):
    """A version that answers setosa whatever the record, on the bundled iris set."""
    network = new_network(workspace, layers=())
    tensors = {name: np.zeros(shape, np.float32) for name, shape in network.spec.tensor_shapes}
    save(workspace, network, tensors, preprocessing=iris_preprocessing(workspace))
    return browser


def send(browser, content, status=200, name="mine.csv"):
    data = {"file": (io.BytesIO(content.encode()), name)}
    return browser.post(PAGE, data, source=PAGE, status=status, content_type="multipart/form-data")


def test_a_version_is_measured_next_to_the_baseline_with_its_worst_records(saved):
    assert "Evaluate on other data" in words(saved.get("/networks/small/versions/1").root)
    page = saved.get(f"{PAGE}?dataset=iris")
    assert page.sentence == "150 records of iris: accuracy 0.3333 (baseline 0.3333)."
    said = "No better than the baseline: accuracy 0.3333 is not above 0.3333, that of always answering 'setosa'"
    assert said in words(page.root)
    assert "Confusion matrix (iris rows)" in words(page.root)
    worst = saved.raw(f"{PAGE}/records.json?dataset=iris").json["items"]
    assert len(worst) == 150
    assert [row["predicted"] for row in worst] == ["setosa"] * 150
    metrics = {row["metric"]: row for row in saved.raw(f"{PAGE}/metrics.json?dataset=iris").json["items"]}
    assert metrics["accuracy"] == {"metric": "accuracy", "value": 1 / 3, "baseline": 1 / 3}
    confusion = saved.raw(f"{PAGE}/confusion.csv?dataset=iris").data.decode().splitlines()
    assert confusion[1:] == ["setosa,50,0,0", "versicolor,50,0,0", "virginica,50,0,0"]


def test_a_file_of_one_record_in_any_order_becomes_a_dataset_for_evaluation(saved, workspace):
    for name in ("mine", "mine-2"):
        page = send(saved, HEADER + "virginica,2,5,3,6\n")
        assert page.sentence.startswith(f"1 record of {name}: accuracy 0 (baseline 0")
        assert not get_dataset(workspace, name).is_for_training
    (record,) = saved.raw(f"{PAGE}/records.json?dataset=mine").json["items"]
    assert (record["target"], record["predicted"], record["right"]) == ("virginica", "setosa", False)
    assert (record["input.petal_width_cm"], record["input.sepal_length_cm"]) == (2, 6)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("petal_width_cm,colour,species\n2,red,virginica\n", "lacks 'sepal_length_cm', 'sepal_width_cm'"),
        (HEADER + "elephant,2,5,3,6\n", "does not know these classes of the dataset: 'elephant'"),
        ("", "The file is empty."),
    ],
)
def test_a_file_that_does_not_fit_is_refused_naming_what(saved, workspace, content, said):
    page = send(saved, content, status=422)
    assert said in words(page.by_id("problems"))
    assert not list(workspace.uploads_folder.iterdir())


def test_other_datasets_are_refused_on_the_page_naming_their_columns(saved):
    saved.post("/datasets/bundled/wine", {}, source="/datasets/new")
    page = saved.get(f"{PAGE}?dataset=wine", status=422)
    assert "it lacks 'sepal_length_cm'" in words(page.by_id("problems"))
    assert saved.get(f"{PAGE}?dataset=nothing", status=404)


def test_each_of_several_targets_is_measured_by_itself(browser, workspace):
    rows = "".join(f"{30 + n},{n * n},{100 + 5 * n}\n" for n in range(12))
    upload = receive_upload(workspace, io.BytesIO(f"waist,jumps,weight\n{rows}".encode()), "gym.csv")
    kinds = {"waist": "target"}
    dataset = create_dataset(workspace, upload, {"name": "gym", "target": "weight", "kinds": kinds})
    output, training = {"activation": "identity"}, {"loss": "squared_error"}
    definition = {"name": "small", "dataset": "gym", "layers": [], "output": output, "training": training}
    network = create_network(workspace, definition)
    tensors = {name: np.zeros(shape, np.float32) for name, shape in network.spec.tensor_shapes}
    assert tensors["layer_01.bias"].shape == (2,)
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    preprocessing = fit(arrays, np.arange(12), "standard").to_json()
    each = [{"target": name, "mae": 1.0, "rmse": 2.0, "r2": 0.5} for name in ("waist", "weight")]
    measured = {"test": {"rmse": 2.0, "per_target": each}}
    draft = Draft(tensors, network.spec, dataset.id, preprocessing=preprocessing, metrics={}, evaluation=measured)
    save_version(workspace, network, draft)
    page = browser.get(f"{PAGE}?dataset=gym")
    assert "Metrics by target" in words(page.root)
    targets = browser.raw(f"{PAGE}/targets.json?dataset=gym").json["items"]
    assert [row["target"] for row in targets] == ["waist", "weight"]
    assert [row["mae"] for row in targets] == pytest.approx([3.0, 15.0])
    metrics = {row["metric"]: row["value"] for row in browser.raw(f"{PAGE}/metrics.json?dataset=gym").json["items"]}
    assert (metrics["mae"], metrics["r2"]) == (pytest.approx(9.0), pytest.approx(0.0, abs=1e-9))
    worst = browser.raw(f"{PAGE}/records.json?dataset=gym").json["items"][0]
    answers = [worst[name] for name in ("target.waist", "predicted.waist", "predicted.weight")]
    assert answers == pytest.approx([30.0, 35.5, 127.5])
    assert send(browser, "weight,waist,jumps\n100,30,4\n").sentence.startswith("1 record of mine")
    version = words(browser.get("/networks/small/versions/1").root)
    assert "Metrics by target (test rows)" in version
    assert "those above are means over the targets" in version
    shown = words(browser.get("/datasets/gym").root)
    assert "12 rows with 1 input; waist and weight are numbers." in shown
    records = browser.raw("/datasets/gym/records.csv").data.decode().splitlines()
    assert records[0] == "record,part,input.jumps,target.waist,target.weight"


def test_a_column_that_is_constant_in_the_dataset_is_read_all_the_same(saved, workspace):
    rows = "".join(f"{name},2,{length},3,6\n" for name in ("setosa", "virginica") for length in (4, 5, 4))
    upload = receive_upload(workspace, io.BytesIO((HEADER + rows).encode()), "few.csv")
    kinds = dict.fromkeys(("petal_width_cm", "sepal_width_cm", "sepal_length_cm"), "ignore")
    create_dataset(workspace, upload, {"name": "few", "target": "species", "kinds": kinds})
    assert saved.get(f"{PAGE}?dataset=few").sentence.startswith("6 records of few: accuracy 0.5000")
    assert not list(workspace.uploads_folder.iterdir())


def test_the_page_and_its_files_measure_once(saved, workspace, monkeypatch):
    measured = []

    def count(*given):
        measured.append(given)
        return evaluate(*given)

    monkeypatch.setattr(evaluation, "evaluate", count)
    saved.get(f"{PAGE}?dataset=iris")
    for what in ("metrics", "classes", "confusion", "records"):
        assert saved.raw(f"{PAGE}/{what}.csv?dataset=iris").status_code == 200
    assert len(measured) == 1
    send(saved, HEADER + "virginica,2,5,3,6\n")
    assert len(measured) == 2
    saved.post("/datasets/mine/delete", {"typed": "mine"})
    send(saved, HEADER + "virginica,2,5,3,6\n")  # another dataset, though of the same name and content
    assert len(measured) == 3


def test_of_wide_records_only_the_worst_are_listed(saved, monkeypatch):
    monkeypatch.setattr(evaluation, "MOST_CELLS", 40)
    page = saved.get(f"{PAGE}?dataset=iris")
    assert "The files have the 10 records with the worst answers of 150" in words(page.root)
    assert len(saved.raw(f"{PAGE}/records.json?dataset=iris").json["items"]) == 10
