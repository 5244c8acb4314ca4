"""A version answers records: as the engine does with the dataset's own encoding, alone as in any batch."""

import csv
import io

import numpy as np
import pytest

from dashboard.data.dataset import open_arrays
from dashboard.data.preprocessing import Preprocessing, encode_inputs
from dashboard.engine.network import Network
from dashboard.services.datasets import get_dataset
from dashboard.services.use.loaded import NetworkCache, load_version
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.tensors import read_tensors
from tests.unit.services.foreign_versions import save_foreign
from tests.unit.services.saved_versions import new_network, save, zeros
from tests.unit.services.used_versions import ROWS, mixed_version, table

VERSION = "/api/v1/networks/mixed/versions/1"


@pytest.fixture
def mixed(client, workspace):
    mixed_version(workspace)
    return client


def rows_of_table():
    return [
        {name: text for name, text in row.items() if name != "label"} for row in csv.DictReader(io.StringIO(table()))
    ]


def test_answers_are_those_of_the_engine_on_the_encoded_dataset(mixed, workspace):
    dataset, version = get_dataset(workspace, "mixed"), get_version(workspace, "mixed", 1)
    preprocessing = Preprocessing.from_json(version.preprocessing)
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    encoded = encode_inputs(arrays, preprocessing, np.dtype(np.float32))
    network = Network(version.spec)
    network.load(read_tensors(workspace, version))
    expected = network.predict(encoded.inputs)
    answered = mixed.post(f"{VERSION}/predict", json={"rows": rows_of_table()})
    assert np.array_equal(np.array(answered["outputs"], np.float32), expected)
    labels = [preprocessing.classes[code] for code in expected.argmax(axis=1)]
    assert [one["label"] for one in answered["answers"]] == labels
    assert answered["answers"][3]["scores"] == {
        name: float(score) for name, score in zip(preprocessing.classes, expected[3], strict=True)
    }
    given = mixed.post(f"{VERSION}/predict", json={"inputs": encoded.inputs[:5].astype(float).tolist()})
    assert given["outputs"] == answered["outputs"][:5]


@pytest.mark.parametrize("output", ["softmax", "sigmoid", "identity"])
def test_the_scores_of_a_record_have_the_same_bits_alone_and_in_any_batch(client, workspace, output):
    mixed_version(workspace, output=output)
    rows = rows_of_table()
    whole = client.post(f"{VERSION}/predict", json={"rows": rows})["answers"]
    for row in (0, 7, ROWS - 1):
        assert client.post(f"{VERSION}/predict", json={"rows": [rows[row]]})["answers"] == [whole[row]]
    turned = client.post(f"{VERSION}/predict", json={"rows": rows[::-1] + rows[:13]})["answers"]
    assert turned == whole[::-1] + whole[:13]


def test_texts_and_numbers_mean_the_same_and_unknown_columns_are_named(mixed):
    text = {"when": "2024-03-04", "size": " 0.50", "weight": "1e1", "member": "YES", "colour": "red", "grade": "9.0"}
    plain = text | {"size": 0.5, "weight": 10, "member": True, "grade": 9, "label": "low", "shoe": 44, "hat": None}
    one, two = (mixed.post(f"{VERSION}/predict", json={"rows": [row]}) for row in (text, plain))
    assert one["answers"] == two["answers"]
    assert (one["passed_over"], two["passed_over"]) == ([], ["hat", "shoe"])
    gap = mixed.post(f"{VERSION}/predict", json={"rows": [text | {"weight": None}]})
    assert gap["answers"] == mixed.post(f"{VERSION}/predict", json={"rows": [text | {"weight": "?"}]})["answers"]


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"size": "big"}, "size", "size is 'big', which is not a number."),
        ({"size": ""}, "size", "size is missing: give a value"),
        ({"when": "soon"}, "when", "when is 'soon', which is not a date with the year first."),
        ({"member": "perhaps"}, "member", "member is 'perhaps', which is not yes or no."),
        ({"colour": "pink"}, "colour", "none of its categories: 'blue', 'green', 'red'."),
        ({"grade": "09"}, "grade", "none of its categories"),
        ({"size": [1]}, "size", "size must be a text, a number"),
    ],
)
def test_a_record_that_cannot_be_read_is_refused_by_its_column(mixed, changes, field, words):
    record = rows_of_table()[1]
    rows = [record, record | changes]
    if changes == {"grade": "09"}:  # 09 is the number 9, which is a category
        assert mixed.post(f"{VERSION}/predict", json={"rows": rows})["answers"]
        return
    error = mixed.fails("POST", f"{VERSION}/predict", 422, json={"rows": rows})
    assert error["field"] == f"rows.1.{field}"
    assert words in error["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "rows"),
        ({"rows": []}, "rows"),
        ({"rows": [3]}, "rows.0"),
        ({"rows": [{}], "inputs": []}, "rows"),
        ({"records": []}, "records"),
        ({"inputs": [[1, 2]]}, "inputs.0"),
        ({"inputs": [[True] * 15]}, "inputs.0"),
        ({"inputs": [[1e300] * 15]}, "inputs.0"),
    ],
)
def test_a_body_of_another_form_is_refused(mixed, body, field):
    assert mixed.fails("POST", f"{VERSION}/predict", 422, json=body)["field"] == field


def test_what_a_version_reads_is_described_with_ranges_levels_and_an_example(mixed):
    inputs = mixed.get(f"{VERSION}/inputs")
    columns = {column["name"]: column for column in inputs["columns"]}
    assert (inputs["classes"], inputs["target"], inputs["task"]) == (
        ["=middle", "high", "low"],
        "label",
        "classification",
    )
    assert {name: column["kind"] for name, column in columns.items()} == {
        **{"when": "date", "size": "numeric", "weight": "numeric", "member": "boolean"},
        **{"colour": "categorical", "grade": "categorical"},
    }
    assert columns["colour"]["levels"] == ["blue", "green", "red"]
    assert columns["member"]["levels"] == ["no", "yes"]
    assert [name for name, column in columns.items() if column["may_miss"]] == ["weight"]
    first = rows_of_table()[0]
    assert {name: column["example"] for name, column in columns.items()} == first
    assert columns["size"]["low"] < float(first["size"]) < columns["size"]["high"]
    example = {name: column["example"] for name, column in columns.items()}
    assert mixed.post(f"{VERSION}/predict", json={"rows": [example]})["answers"]


def test_a_version_without_weights_layers_or_dataset_is_refused_in_words(kept, client, workspace):
    version = "/api/v1/networks/{}/versions/1/predict"
    error = client.fails("POST", version.format("iris-net"), 409, json={"rows": [{}]})
    assert "iris-net:1 lacks weights of its layers" in error["message"]
    network = new_network(workspace)
    save(workspace, network, zeros(network))
    error = client.fails("POST", version.format("small"), 409, json={"rows": [{}]})
    assert "saved without a dataset" in error["message"]
    answered = client.post(version.format("small"), json={"inputs": [[1, 2, 3, 4]]})
    assert (answered["answers"], len(answered["outputs"][0])) == ([], 3)
    save_foreign(workspace, "elsewhere")
    error = client.fails("POST", version.format("elsewhere"), 409, json={"rows": [{}]})
    assert "can be neither run nor trained here" in error["message"]


def test_why_an_answer_is_so_sums_to_the_change_of_the_output_unit_s_sum(mixed):
    row = rows_of_table()[3]
    why = mixed.post(f"{VERSION}/why", json={"row": row | {"shoe": 44}})
    assert why["answer"] == mixed.post(f"{VERSION}/predict", json={"rows": [row]})["answers"][0]
    assert (why["about"], why["passed_over"], why["hidden_units"]) == (why["answer"]["label"], ["shoe"], 6)
    assert [one["column"] for one in why["contributions"]] == list(row)
    total = sum(one["contribution"] for one in why["contributions"])
    assert total == pytest.approx(why["output"] - why["baseline"] + why["residual"], abs=1e-9)
    assert abs(why["residual"]) <= 1e-3 * abs(why["output"] - why["baseline"])
    assert mixed.post(f"{VERSION}/why", json={"record": 3})["contributions"] == why["contributions"]
    assert why["units"]
    assert all(one["layer"] == 1 and 0 <= one["unit"] < 6 and one["output"] > 0 for one in why["units"])


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "row"),
        ({"row": 3}, 422, "row"),
        ({"row": {}, "record": 1}, 422, "row"),
        ({"rows": [{}]}, 422, "rows"),
        ({"row": {"when": "soon"}}, 422, "row.when"),
        ({"record": -1}, 422, "record"),
        ({"record": 99999}, 404, "record"),
    ],
)
def test_what_cannot_be_explained_is_refused_by_its_field(mixed, body, status, field):
    assert mixed.fails("POST", f"{VERSION}/why", status, json=body)["field"] == field


def test_at_most_eight_networks_are_held(mixed, workspace):
    loaded = load_version(workspace, "mixed", 1)
    assert load_version(workspace, "mixed", 1) is loaded
    cache = NetworkCache()
    for key in range(12):
        cache.put(key, loaded)
    assert len(cache) == 8
    assert [cache.get(key) is loaded for key in range(12)] == [False] * 4 + [True] * 8
    small = NetworkCache(most_parameters=10)
    small.put("large", loaded)
    assert len(small) == 0
