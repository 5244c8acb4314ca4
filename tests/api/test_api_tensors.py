"""Tensors through the API: exact in every format, by windows or whole, and asked for again at the price of a 304."""

import csv
import io

import numpy as np
import pandas as pd
import pytest

from tests.api.api_client import HOST
from tests.api.examples import save, special_tensors

VERSION = "/api/v1/networks/iris-net/versions"
WEIGHT = f"{VERSION}/1/tensors/layer_01.weight"

pytestmark = pytest.mark.usefixtures("kept")


def test_a_window_is_the_cells_of_the_array(client):
    window = client.get(f"{WEIGHT}.json?row=1&rows=2&column=3&columns=4")
    array = np.arange(32).reshape(4, 8) / 8
    assert window["cells"] == array[1:3, 3:7].tolist()
    assert (window["row"], window["column"], window["rows"], window["columns"]) == (1, 3, 4, 8)
    assert (window["version"], window["tensor"], window["shape"]) == ("iris-net:1", "layer_01.weight", [4, 8])


def test_without_a_place_the_window_begins_at_the_first_cell(client):
    assert client.get(f"{WEIGHT}.json")["cells"] == (np.arange(32).reshape(4, 8) / 8).tolist()
    assert client.get(f"{WEIGHT}.json?row=3&column=7")["cells"] == [[31 / 8]]


@pytest.mark.parametrize("place", ["row=4", "column=8", "row=999999999999999999"])
@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_cell_out_of_range_is_404_and_the_range_is_named(client, place, form):
    error = client.fails("GET", f"{WEIGHT}.{form}?{place}", 404)
    assert error["field"] == place.partition("=")[0]
    assert "rows 0 to 3 and columns 0 to 7" in error["message"]


@pytest.mark.parametrize(
    "query", ["row=-1", "rows=0", "column=x", "columns=1.5", "row=9" + "9" * 40, "col=3", "header=1"]
)
def test_a_bad_window_is_refused_at_its_field(client, query):
    assert client.fails("GET", f"{WEIGHT}.csv?{query}", 422)["field"] == query.partition("=")[0]


def test_a_window_of_too_many_cells_is_refused_with_the_limit(client, kept):
    save(kept, {"large": np.zeros((600, 600), np.float32)})
    error = client.fails("GET", f"{VERSION}/4/tensors/large.json?rows=600&columns=600", 400)
    assert "250,000" in error["message"]
    allowed = client.client.get(f"{VERSION}/4/tensors/large.json?rows=400&columns=600", base_url=HOST)
    assert len(allowed.json["cells"]) == 400


@pytest.mark.parametrize("name", special_tensors())
def test_npy_is_the_array_bit_for_bit(client, name):
    array = special_tensors()[name]
    read = np.load(io.BytesIO(client.get(f"{VERSION}/3/tensors/{name}.npy")), allow_pickle=False)
    expected = array.astype(np.float32) if array.dtype.name == "bfloat16" else array
    assert (read.dtype, read.shape, read.tobytes()) == (expected.dtype, expected.shape, expected.tobytes())


@pytest.mark.parametrize("name", ["special.float32", "float64", "model/encoder.0.bfloat16"])
def test_csv_reads_back_the_same_numbers_with_pandas_and_with_float(client, name):
    array = special_tensors()[name]
    expected = array.astype(np.float64).reshape(len(array), -1)
    text = client.get(f"{VERSION}/3/tensors/{name}.csv").decode()
    table = pd.read_csv(io.StringIO(text), dtype=np.float64).to_numpy()
    plain = np.array([[float(cell) for cell in row] for row in list(csv.reader(io.StringIO(text)))[1:]])
    for read in (table, plain):
        np.testing.assert_array_equal(read, expected)
        np.testing.assert_array_equal(np.signbit(read[expected == 0]), np.signbit(expected[expected == 0]))


def test_csv_without_header_is_the_lines_of_numbers(client):
    whole = client.get(f"{WEIGHT}.csv").decode()
    assert whole.splitlines()[0] == "c0,c1,c2,c3,c4,c5,c6,c7"
    assert client.get(f"{WEIGHT}.csv?header=no").decode() == "".join(whole.splitlines(keepends=True)[1:])


def test_a_window_as_csv_says_where_it_stands(client):
    assert (
        client.get(f"{WEIGHT}.csv?row=2&rows=2&column=1&columns=2").decode()
        == "row,c1,c2\n2,2.125,2.25\n3,3.125,3.25\n"
    )
    assert client.get(f"{WEIGHT}.csv?row=2&rows=1&columns=2&header=no").decode() == "2.0,2.125\n"


def test_what_json_has_no_numbers_for_is_text(client):
    cells = client.get(f"{VERSION}/3/tensors/special.float32.json")["cells"]
    assert cells == [["nan", "inf"], ["-inf", -0.0], [float(np.float32(1e-45)), float(np.float32(0.1))]]
    assert str(cells[1][1]) == "-0.0"


def test_json_keeps_whole_numbers_truths_and_scalars(client):
    assert client.get(f"{VERSION}/3/tensors/counts.csv.json")["cells"] == [[2**63 - 1, -(2**63)]]
    assert client.get(f"{VERSION}/3/tensors/mask.json")["cells"] == [[True], [False]]
    assert client.get(f"{VERSION}/3/tensors/scalar.json")["cells"] == [[7]]


def test_the_last_suffix_is_the_format_whatever_the_name(client):
    assert client.get(f"{VERSION}/3/tensors/counts.csv.csv").decode().splitlines()[0] == "c0,c1"
    error = client.fails("GET", f"{VERSION}/3/tensors/counts.csv", 404)
    assert "counts.csv" in error["nearest"]


def test_the_distribution_counts_every_weight(client):
    spread = client.get(f"{WEIGHT}/distribution?bins=4&limits=full")
    assert spread["edges"] == np.linspace(0, 31 / 8, 5).tolist()
    assert spread["counts"] == [8, 8, 8, 8]
    special = client.get(f"{VERSION}/3/tensors/special.float32/distribution?bins=2&limits=full")
    assert (sum(special["counts"]), special["not_finite"]) == (3, 3)
    robust = client.get(f"{WEIGHT}/distribution")
    assert sum(robust["counts"]) + robust["below"] + robust["above"] == 32
    assert len(robust["counts"]) == 60


@pytest.mark.parametrize("query", ["bins=1", "bins=1001", "limits=wide"])
def test_a_bad_distribution_is_refused_at_its_field(client, query):
    assert client.fails("GET", f"{WEIGHT}/distribution?{query}", 422)["field"] == query.partition("=")[0]


@pytest.mark.parametrize(
    "path",
    [
        f"{WEIGHT}.csv",
        f"{WEIGHT}.csv?row=1",
        f"{WEIGHT}.json",
        f"{WEIGHT}.npy",
        f"{WEIGHT}/distribution",
        f"{VERSION}/1.zip",
        "/api/v1/compare?base=iris-net:1&other=iris-net:2",
    ],
)
def test_what_never_changes_is_sent_once(client, path):
    first = client.fetch("GET", path)
    assert first.status_code == 200
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = client.fetch("GET", path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.headers["ETag"] == first.headers["ETag"]
    assert client.fetch("GET", path, headers={"If-None-Match": '"another"'}).data == first.data


def etag_of(client, path):
    with client.fetch("GET", path) as answer:
        return answer.headers["ETag"]


def test_marks_differ_by_tensor_version_window_and_format(client):
    paths = [
        f"{WEIGHT}.csv", f"{WEIGHT}.json", f"{WEIGHT}.csv?row=1", f"{WEIGHT}.csv?row=2", f"{WEIGHT}.csv?header=no",
        f"{VERSION}/2/tensors/layer_01.weight.csv", f"{VERSION}/1/tensors/layer_01.bias.csv",
    ]  # fmt: skip
    assert len({etag_of(client, path) for path in paths}) == len(paths)


def test_the_head_of_a_table_is_answered_without_it(client):
    response = client.client.head(f"{WEIGHT}.csv", base_url="http://127.0.0.1")
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["Content-Disposition"] == 'attachment; filename="layer_01_weight_v0001.csv"'


@pytest.mark.parametrize("address", ["1/tensors/layer_01.weight.csv", "1/tensors/layer_01.weight.npy", "1.zip"])
def test_a_file_has_a_size_and_is_sent_in_ranges(kept, app, address):
    client = app.test_client()
    address = f"/api/v1/networks/iris-net/versions/{address}"
    whole = client.get(address)
    assert (whole.content_length, whole.headers["Accept-Ranges"]) == (len(whole.get_data()), "bytes")
    head = client.head(address)
    assert (head.content_length, head.get_data()) == (whole.content_length, b"")
    middle = client.get(address, headers={"Range": "bytes=10-29", "If-Range": whole.headers["ETag"]})
    assert (middle.status_code, middle.content_length) == (206, 20)
    assert middle.headers["Content-Range"] == f"bytes 10-29/{whole.content_length}"
    assert middle.get_data() == whole.get_data()[10:30]
    middle.close()
    assert client.get(address, headers={"Range": "bytes=999999-"}).status_code == 416
    other = client.get(address, headers={"Range": "bytes=10-29", "If-Range": '"another"'})
    assert (other.status_code, other.get_data()) == (200, whole.get_data())
