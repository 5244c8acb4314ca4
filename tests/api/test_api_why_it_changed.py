"""Why a loss changed, through the API: shares, units, cells, and what is put back, measured from downloaded tables."""

import csv
import io
from typing import Any

import numpy as np
import pytest

from dashboard.services.why import results
from tests.unit.services.saved_versions import iris_preprocessing, save_two

SIDES = "base=small:1&other=small:2"
WHY = f"/api/v1/compare/why?{SIDES}"


@pytest.fixture
def two(client, workspace):
    save_two(workspace)
    return client


def text(client, address):
    answer = client.client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def table_of(client, number, tensor):
    lines = text(client, f"/api/v1/networks/small/versions/{number}/tensors/{tensor}.csv?header=no").split()
    return np.array([[float(cell) for cell in line.split(",")] for line in lines])


def tables_of(client, number):
    names = ("layer_01.weight", "layer_01.bias", "layer_02.weight", "layer_02.bias")
    return [table_of(client, number, name) for name in names]


def forward(tables, inputs, codes):
    """The mean cross-entropy and the accuracy of a relu network, as anybody would write it."""
    weight, bias, after, last = tables
    sums = np.maximum(inputs @ weight + bias.ravel(), 0.0) @ after + last.ravel()
    sums -= sums.max(axis=1, keepdims=True)
    logs = sums - np.log(np.exp(sums).sum(axis=1, keepdims=True))
    return -logs[np.arange(len(codes)), codes].mean(), (logs.argmax(axis=1) == codes).mean()


def validation(client, workspace):
    page = client.get("/api/v1/datasets/iris/records?part=validation&limit=500")
    names = [column["name"] for column in iris_preprocessing(workspace)["numeric"]]
    classes = iris_preprocessing(workspace)["classes"]
    inputs = np.array([[one["inputs"][name] for name in names] for one in page["items"]])
    return inputs, np.array([classes.index(one["target"]) for one in page["items"]])


def test_every_put_back_score_is_what_the_downloaded_tables_score(two, workspace):
    inputs, codes = validation(two, workspace)
    base, other = tables_of(two, 1), tables_of(two, 2)
    why = two.get(WHY)
    for name, tables in (("base_score", base), ("other_score", other)):
        assert tuple(why[name].values()) == pytest.approx(forward(tables, inputs, codes), rel=1e-12)
    for place, one in enumerate(why["tensors"]):
        tables = [*other[:place], base[place], *other[place + 1 :]]
        assert tuple(one["put_back"].values()) == pytest.approx(forward(tables, inputs, codes), rel=1e-12)
    assert len(why["units"]) == 6
    for count in range(1, 7):
        alone = put_back(other, base, [why["units"][count - 1]])
        scores = why["units"][count - 1]["put_back"]
        assert tuple(scores.values()) == pytest.approx(forward(alone, inputs, codes), rel=1e-12)
    for point in why["curve"]:
        first, rest = why["units"][: point["units"]], why["units"][point["units"] :]
        for name, units in (("back", first), ("rest", rest)):
            expected = forward(put_back(other, base, units), inputs, codes)
            assert tuple(point[name].values()) == pytest.approx(expected, rel=1e-12)


def put_back(other, base, units):
    tables = [table.copy() for table in other]
    for unit in units:
        place = 2 * (unit["layer"] - 1)
        tables[place][:, unit["unit"]] = base[place][:, unit["unit"]]
        tables[place + 1].ravel()[unit["unit"]] = base[place + 1].ravel()[unit["unit"]]
    return tables


def test_units_and_cells_come_as_json_and_csv(two):
    why = two.get(WHY)
    rows = list(csv.DictReader(io.StringIO(text(two, WHY.replace("why?", "why.csv?")))))
    assert [(int(row["layer"]), int(row["unit"]), float(row["share"])) for row in rows] == [
        (one["layer"], one["unit"], one["share"]) for one in why["units"]
    ]
    of_cells = f"why/cells.csv?tensor=layer_01.weight&{SIDES}"
    table = [row[1:] for row in csv.reader(io.StringIO(text(two, f"/api/v1/compare/{of_cells}")))][1:]
    shares = np.array(table, float)
    assert shares.sum() == pytest.approx(why["tensors"][0]["share"], abs=1e-12)
    page = two.get(f"/api/v1/compare/why/cells?tensor=layer_01.weight&limit=5&{SIDES}")
    assert page["next"] == 5
    assert [one["share"] for one in page["items"]] == [shares[one["row"], one["column"]] for one in page["items"]]
    assert abs(page["items"][0]["share"]) == np.abs(shares).max()


def test_putting_back_is_previewed_and_saved_as_a_child(two):
    parts = {"base": "small:1", "units": ["1.0", {"layer": 2, "unit": 2}], "tensors": ["layer_01.bias"]}
    preview = two.post("/api/v1/compare/put-back", json=parts | {"other": "small:2"})
    address = "/api/v1/networks/small/versions/2/children"
    saved = two.post(address, json=parts | {"change": "put_back"}, status=201)
    scores = {(one["part"], one["metric"]): one["after"] for one in preview["scores"]}
    assert saved["metrics"]["val_loss"] == scores["validation", "loss"]
    base, other, child = (tables_of(two, number) for number in (1, 2, 3))
    assert child[0].tolist() == np.column_stack([base[0][:, :1], other[0][:, 1:]]).tolist()
    assert child[1].tolist() == base[1].tolist()
    assert child[3].ravel().tolist() == [*other[3].ravel()[:2].tolist(), base[3].ravel()[2]]


def test_what_takes_long_is_counted_by_a_run(two, monkeypatch):
    monkeypatch.setattr(results, "AT_ONCE_WORK", 0)
    refused = two.get(WHY, status=409)
    assert "POST /api/v1/compare/why" in refused["error"]["message"]
    queued = two.post("/api/v1/compare/why", json={"base": "small:1", "other": "small:2"}, status=202)
    again = two.post("/api/v1/compare/why", json={"base": "small:1", "other": "small:2"}, status=202)
    assert queued == again
    run = two.get(f"/api/v1/runs/{queued['run']}")
    assert (run["kind"], run["state"]) == ("why", "queued")


WRONG_QUERIES = [
    ("&part=all", 422, "part"),
    ("&class=tulip", 404, "class"),
    ("&record=150", 404, "record"),
    ("&record=-1", 422, "record"),
    ("&colour=red", 422, "colour"),
]
NOT_PUT_BACK: list[tuple[dict[str, Any], int, str]] = [
    ({"base": "small:1"}, 422, "units"),
    ({"base": "small:1", "units": [{"layer": 3, "unit": 0}]}, 422, "units.0.layer"),
    ({"base": "small:1", "units": ["1.3"]}, 422, "units.0.unit"),
    ({"base": "small:1", "units": ["seven"]}, 422, "units.0.unit"),
    ({"base": "small:1", "tensors": ["weights"]}, 422, "tensors"),
    ({"base": "small:7", "units": ["1.0"]}, 404, "base"),
    ({"base": "small:1", "units": ["1.0"], "other": 7}, 422, "other"),
    ({"units": ["1.0"]}, 422, "base"),
]


def test_what_is_wrong_with_a_request_is_said_with_its_field(two):
    for more, status, field in WRONG_QUERIES:
        assert (more, two.get(f"{WHY}{more}", status=status)["error"]["field"]) == (more, field)
    for body, status, field in NOT_PUT_BACK:
        answer = two.post("/api/v1/compare/put-back", json={"other": "small:2", **body}, status=status)
        assert (body, answer["error"]["field"]) == (body, field)
