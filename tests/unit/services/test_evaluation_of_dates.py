"""A version that reads dates, measured on files whose dates are written in another way."""

import io

import pytest

from dashboard.services.datasets import create_dataset, receive_upload
from dashboard.services.versions.evaluation import evaluate_in_full
from dashboard.services.versions.evaluation_file import add_evaluation_file
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.saved_versions import version_of_a_table

pytestmark = pytest.mark.slow

TRAINED = "when,x,label\n" + "".join(f"{day}/03/2024,{day % 5},{'ab'[day % 2]}\n" for day in range(1, 31))


@pytest.fixture
def workspace(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path / "home")))
    yield opened
    opened.catalogue.close()


@pytest.fixture
def version(workspace):
    return version_of_a_table(workspace, TRAINED, {"name": "days", "kinds": {"when": "date", "x": "numeric"}})


@pytest.mark.parametrize(
    ("cell", "days"),
    [("05/03/2024", 4), ("25/03/2025", 389), ("2024-03-05", 4), ("2024-03-05 12:00", 4.5), ("5 March 2024", 4)],
)
def test_a_file_of_one_date_is_read_into_the_parts_that_the_version_knows(workspace, version, cell, days):
    file = io.BytesIO(f"x,label,when\n1,a,{cell}\n".encode())
    dataset = add_evaluation_file(workspace, "small", version, file, "mine.csv")
    (record,) = evaluate_in_full(workspace, "small", version, dataset.name).worst
    assert record.inputs.keys() == {"when.day", "when.weekday", "when.days", "x"}
    assert record.inputs["when.days"] == days


@pytest.mark.parametrize("kind", ["ignore", "categorical", "date"])
def test_a_dataset_is_read_so_whatever_kind_its_dates_have(workspace, version, kind):
    rows = "".join(f"2024-04-{day},{day % 5},{'ab'[day % 2]}\n" for day in (10, 11, 12) * 4)
    upload = receive_upload(workspace, io.BytesIO(f"when,x,label\n{rows}".encode()), "april.csv")
    kinds = {"when": kind, "x": "numeric"}
    create_dataset(workspace, upload, {"name": "april", "target": "label", "kinds": kinds})
    records = evaluate_in_full(workspace, "small", version, "april").worst
    assert {record.inputs["when.days"] for record in records} == {40, 41, 42}
