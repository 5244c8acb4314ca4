"""Columns of numbers that may be something else: markers of missing, dates without separators, names of versions."""

import numpy as np
import pyarrow as pa
import pytest
from data_files import choose, look, make, write

from dashboard.data.column_readings import column_choices
from dashboard.data.columns import preview
from dashboard.data.dataset import ingest
from dashboard.data.detection import detect
from dashboard.data.markers import likely_marker
from dashboard.data.releases import differ_by_zeros, release_name
from dashboard.data.specification import DatasetSpec
from dashboard.parsing import Fields


def table(cells, name="w"):
    return f"{name},x,label\n" + "".join(f"{cell},{row / 4},{'ab'[row % 2]}\n" for row, cell in enumerate(cells))


def cells_with(marker, others=30):
    return [marker if row % 7 == 3 else f"{row}.5" for row in range(others)]


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("-999", "-999 stands in 4 cells, far from the others (0.5 to 29.5): does it mean missing?"),
        ("-9999.0", "-9999 stands in 4 cells"),
        ("9999", "9999 stands in 4 cells"),
        ("99.9", "99.9 stands in 4 cells"),
    ],
)
def test_a_number_that_may_mean_missing_is_asked_about_and_stays_a_number(tmp_path, marker, said):
    column = look(tmp_path, table(cells_with(marker))).columns[0]
    assert (column.kind, column.marker, column.missing) == ("numeric", (marker,), 0)
    assert column.reason.startswith(said)


def test_a_number_that_may_mean_missing_is_missing_once_it_is_said(tmp_path):
    path = write(tmp_path, table(cells_with("-999")))
    said = column_choices(Fields({"column_words": {"w": ["", "-999"]}}))
    column = preview(path, detect(path).format, said).columns[0]
    assert (column.missing, column.low, column.marker) == (4, 0.5, ())


@pytest.mark.parametrize(
    "values",
    [
        [*range(1, 100)],  # percents up to 99
        [-999, *range(-900, 900, 100)],
        [999, 1, 2],
        [0.5, 1.5, 2.5, 3.5],
        [],
        [-999],
    ],
)
def test_numbers_without_one_that_is_far_from_all_others_have_no_marker(values):
    assert likely_marker(np.array(values, np.float64)) is None


def test_dates_without_separators_are_dates(tmp_path):
    days = [f"202{row % 3}{row % 12 + 1:02}{row % 28 + 1:02}" for row in range(40)]
    column = look(tmp_path, table(days, "when")).columns[0]
    assert (column.kind, column.dates) == ("ignore", ("year",))
    assert "number parts" in column.reason
    arrays, about = make(tmp_path, table(days, "when"), kinds={"when": "date"})
    assert about["inputs"][:3] == ["when.year", "when.month", "when.day"]
    np.testing.assert_array_equal(arrays.inputs[0, :3], [2020, 1, 1])


@pytest.mark.parametrize("cell", ["20201301", "20200230", "18991231", "21000101", "2020010"])
def test_numbers_of_which_one_is_no_date_stay_numbers(tmp_path, cell):
    days = [cell, *(f"2020{row % 12 + 1:02}{row % 28 + 1:02}" for row in range(40))]
    assert look(tmp_path, table(days, "when")).columns[0].kind == "numeric"


VERSIONS = ["1.9", "1.10", "1.1", "2.0"]


@pytest.mark.parametrize(
    ("cells", "name", "kind"),
    [
        (VERSIONS * 10, "w", "categorical"),
        (["1.9", "1.10", "1.11"] * 10, "version", "categorical"),
        (["1.9", "1.10", "1.11"] * 10, "w", "numeric"),
        ([f"{row % 50}.{row % 9 + 1}" + "0" * (row == 9) for row in range(80)], "w", "numeric"),
    ],
)
def test_names_of_versions_are_a_doubt_and_categories_where_they_are_likely(tmp_path, cells, name, kind):
    column = look(tmp_path, table(cells, name)).columns[0]
    assert (column.kind, column.is_doubt) == (kind, True)
    assert "names, as of versions, or numbers?" in column.reason


@pytest.mark.parametrize(
    "texts",
    [
        ["1.25", "2.50"],
        ["1.5", "2.0"],
        ["1.05", "1.1", "1.10"],
        ["1", "2"],
        ["7", "1.100", "1.101"],
        ["1.10"],
        ["a", "1.10", "1.9"],
        [],
    ],
)
def test_numbers_that_are_written_alike_are_no_names(tmp_path, texts):
    assert release_name(pa.array(texts, pa.string())) == ""


def test_levels_that_differ_in_zeros_do_not_merge_but_do_so_in_specs_of_before(tmp_path):
    seen = look(tmp_path, table(VERSIONS * 10))
    spec = choose(seen, target="w", kinds={"label": "categorical"})
    (tmp_path / "arrays").mkdir()
    assert ingest(tmp_path / "table.csv", spec, tmp_path / "arrays")["classes"] == ["1.1", "1.10", "1.9", "2.0"]
    stored = spec.to_json()
    del stored["rules"]
    (tmp_path / "old").mkdir()
    old = ingest(tmp_path / "table.csv", DatasetSpec.from_json(stored), tmp_path / "old")
    assert old["classes"] == ["1.1", "1.9", "2"]
    assert not differ_by_zeros(["1", "1.0", "2"])


def test_the_surname_null_is_a_name(tmp_path):
    names = ["Null", "Smith", "Jones", ""] * 10
    column = look(tmp_path, table(names, "name")).columns[0]
    assert (column.missing, column.distinct) == (10, 3)
    assert "null is a category here" in column.reason
    for word in ("NULL", "null"):
        column = look(tmp_path, table([word, "Smith", "Jones", ""] * 10, "name")).columns[0]
        assert column.missing == 20
