import numpy as np
import pytest
from data_files import choose, detect_format
from sklearn import datasets

from dashboard.data.bundled import BUNDLED, FOLDER
from dashboard.data.columns import preview
from dashboard.data.csv_format import CsvFormat
from dashboard.data.dataset import ingest


@pytest.mark.slow
@pytest.mark.parametrize("sample", BUNDLED, ids=lambda sample: sample.name)
def test_a_bundled_set_is_what_it_says(tmp_path, sample):
    assert detect_format(sample.path) == CsvFormat()
    found = preview(sample.path, CsvFormat())
    spec = choose(found, target=sample.target, image_shape=sample.image_shape)
    about = ingest(sample.path, spec, tmp_path)
    assert (about["rows"], about["dropped"], about["task"]) == (sample.rows, 0, sample.task)
    assert sample.source
    assert sample.licence


@pytest.mark.parametrize("sample", BUNDLED, ids=lambda sample: sample.name)
def test_source_and_licence_stand_beside_the_file(sample):
    row = next(line for line in (FOLDER / "README.md").read_text().splitlines() if sample.path.name in line)
    assert sample.licence in row
    assert f"{sample.rows:,} ×" in row


def test_every_csv_that_is_shipped_is_described():
    assert {path.name for path in FOLDER.glob("*.csv")} == {sample.path.name for sample in BUNDLED}


@pytest.mark.slow
def test_the_digits_are_scikit_learns(tmp_path):
    sample = next(sample for sample in BUNDLED if sample.name == "digits")
    spec = choose(preview(sample.path, detect_format(sample.path)), target=sample.target)
    ingest(sample.path, spec, tmp_path)
    theirs = datasets.load_digits()
    np.testing.assert_array_equal(np.load(tmp_path / "inputs.npy"), theirs.data)
    np.testing.assert_array_equal(np.load(tmp_path / "target.npy"), theirs.target)
    assert np.load(tmp_path / "inputs.npy").dtype == np.uint8
    assert spec.image_shape == (8, 8)
