"""Files of their own for training, validation and test become one dataset, each record in the part of its file."""

import io

import numpy as np
import pytest

from dashboard.data.dataset import open_arrays, split_of
from dashboard.errors import Invalid
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.records.dataset import Dataset
from dashboard.records.run_kinds import REPEATS
from dashboard.services.datasets import receive_upload
from dashboard.services.networks import create_network
from dashboard.services.part_files import create_from_files, receive_part_file
from dashboard.services.runs.repeats import start_repeats
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.carry_out import carry_out

TRAIN = "x,kind,y\n" + "".join(f"{row},{'ab'[row % 2]},{row % 3 / 2}\n" for row in range(30))
VALID = "y;x;kind\n" + "".join(f"{row / 4};{row + 100};b\n" for row in range(8))
TEST = "kind\ty\tx\n" + "".join(f"c\t{row / 8}\t{row + 200}\n" for row in range(6))
CHOICES = {"name": "parts", "target": "y", "task": "regression", "kinds": {"x": "numeric", "kind": "categorical"}}


@pytest.fixture
def workspace(tmp_path):
    opened = open_workspace(Settings(home=str(tmp_path)))
    with coordinator_lock(opened.settings.home_folder):  # nothing is trained by itself
        yield opened
    opened.catalogue.close()


def create(workspace, train=TRAIN, validation="", test="", **more) -> Dataset:
    upload = receive_upload(workspace, io.BytesIO(train.encode()), "train.csv")
    files = {
        part: receive_part_file(workspace, part, io.BytesIO(text.encode("utf-16")), f"{part}.csv", upload, True)
        for part, text in (("validation", validation), ("test", test))
        if text
    }
    return create_from_files(workspace, upload, files, CHOICES | more)


def test_each_record_is_in_the_part_of_its_file_whatever_its_format_and_order_of_columns(workspace):
    dataset = create(workspace, validation=VALID, test=TEST)
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    parts = split_of(arrays, dataset.spec)
    x = np.asarray(arrays.inputs)[:, 0]
    assert [sorted(x[rows].tolist()) for rows in parts] == [
        [*range(30)],
        [*range(100, 108)],
        [*range(200, 206)],
    ]
    assert arrays.levels == [["a", "b", "c"]]
    assert dataset.description["split"] == {"train": 30, "validation": 8, "test": 6}
    assert dataset.description["given"] == {"validation": 8, "test": 6}
    assert dataset.source == "uploaded file train.csv, validation.csv for validation, test.csv for test"
    assert list(workspace.uploads_folder.iterdir()) == []


def test_a_part_without_a_file_is_taken_from_the_training_file(workspace):
    dataset = create(workspace, test=TEST, validation="", split="grouped", split_by="kind")
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    parts = split_of(arrays, dataset.spec)
    assert len(parts.train) + len(parts.validation) == 30
    kinds = np.asarray(arrays.categories)[:, 0]
    assert {*kinds[parts.train]}.isdisjoint({*kinds[parts.validation]})
    assert parts.test.tolist() == list(range(30, 36))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,kind\n1,a\n2,b\n", "The test file: its columns are not those of the training file: it lacks 'y'."),
        ("x,kind,z,y\n1,a,3,2\n2,b,3,1\n", "it has 'z' besides"),
        ("x,kind,why\n1,a,3\n2,b,3\n", "it lacks 'y', and it has 'why' besides"),
        ("x,kind,y\n", "The test file: The file has a header but no rows"),
    ],
)
def test_other_columns_are_refused_by_their_names_and_the_files_still_wait(workspace, text, message):
    with pytest.raises(Invalid) as refused:
        create(workspace, test=text)
    assert message in refused.value.errors["test_file"]


def test_a_share_next_to_a_file_and_a_file_without_usable_rows_are_refused(workspace):
    with pytest.raises(Invalid, match="comes from its own file: leave the share empty"):
        create_share(workspace)
    gaps = "x,kind,y\n,a,1\n,b,2\n"
    with pytest.raises(Invalid, match="Of the test file no row is left"):
        create(workspace, test=gaps, missing="drop")


def create_share(workspace):
    upload = receive_upload(workspace, io.BytesIO(TRAIN.encode()), "train.csv")
    test = receive_part_file(workspace, "test", io.BytesIO(TEST.encode()), "test.csv", upload, True)
    create_from_files(workspace, upload, {"test": test}, CHOICES | {"test": 0.2})


def test_numbers_are_read_in_all_files_as_in_the_first(workspace):
    train = "x;y\n" + "".join(f"{row},5;{row * 2},25\n" for row in range(20))
    test = "y;x\n1,5;2,5\n3,5;4,5\n"
    dataset = create(workspace, train=train, test=test, kinds={"x": "numeric"})
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    assert np.asarray(arrays.target)[-2:].tolist() == [1.5, 3.5]


def test_folds_leave_the_files_for_validation_and_test_where_they_are(workspace):
    create(workspace, validation=VALID, test=TEST)
    output = {"output": {"activation": "identity"}, "training": {"loss": "squared_error", "epochs": 2}}
    create_network(workspace, {"name": "net", "dataset": "parts"} | output)
    start_repeats(workspace, "net", {"folds": 3})
    run = carry_out(workspace, lane=REPEATS)
    sizes = [(one["train"], one["validation"], one["records"]) for one in run.result["trainings"]]
    assert (run.state, sizes) == ("finished", [(20, 8, 10)] * 3)
