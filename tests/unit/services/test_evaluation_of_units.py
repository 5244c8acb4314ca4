"""A version that reads numbers with a unit, measured on files with the same unit, without one, and with another."""

import io

import pytest

from dashboard.errors import Invalid
from dashboard.services.datasets import create_dataset, receive_upload
from dashboard.services.versions.evaluation import evaluate_in_full
from dashboard.services.versions.evaluation_file import add_evaluation_file
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.saved_versions import version_of_a_table


def table(unit):
    return "weight,x,label\n" + "".join(f"{row}{unit},{row % 5},{'ab'[row % 2]}\n" for row in range(30))


@pytest.fixture
def workspace(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path / "home")))
    yield opened
    opened.catalogue.close()


@pytest.fixture
def version(workspace):
    return version_of_a_table(workspace, table(" kg"), {"name": "heavy"})


@pytest.mark.parametrize("cell", ["7 kg", "7KG", "7"])
def test_a_file_with_the_unit_that_was_learnt_or_without_one_is_read(workspace, version, cell):
    file = io.BytesIO(f"x,label,weight\n1,a,{cell}\n".encode())
    dataset = add_evaluation_file(workspace, "small", version, file, "mine.csv")
    (record,) = evaluate_in_full(workspace, "small", version, dataset.name).worst
    assert record.inputs == {"weight": 7, "x": 1}


def test_another_unit_is_refused_in_a_file_and_in_a_dataset(workspace, version):
    with pytest.raises(Invalid, match="weight"):
        add_evaluation_file(workspace, "small", version, io.BytesIO(b"x,label,weight\n1,a,7 g\n"), "mine.csv")
    upload = receive_upload(workspace, io.BytesIO(table(" g").encode()), "light.csv")
    create_dataset(workspace, upload, {"name": "light"})
    with pytest.raises(Invalid, match="has learnt 'weight' in kg, and the dataset has it in g"):
        evaluate_in_full(workspace, "small", version, "light")
