"""Numbers that are written otherwise: with units, D exponents, as times; and specs of before that do not read them."""

import json

import pytest
from data_files import choose, look, make, write

from dashboard.data.cells import number
from dashboard.data.column_readings import column_choices
from dashboard.data.columns import preview
from dashboard.data.dataset import ingest
from dashboard.data.detection import detect
from dashboard.data.specification import DatasetSpec
from dashboard.data.spellings import hours, unit_of
from dashboard.errors import Invalid
from dashboard.parsing import Fields

ARABIC = {48 + digit: 0x660 + digit for digit in range(10)}


def table(write_cell, count=40):
    return "w,label\n" + "".join(f'"{write_cell(row)}",{"ab"[row % 2]}\n' for row in range(count))


KINDS = {
    # name: (how a row's cell is written, lowest, highest, in the reason)
    "a unit": (lambda row: f"{row + 0.5} kg", 0.5, 39.5, "the unit kg"),
    "a unit without a blank": (lambda row: f"{row}km/h", 0, 39, "the unit km/h"),
    "a unit in any case": (lambda row: f"{row} {('KG', 'kg')[row % 2]}", 0, 39, "taken off"),
    "D exponents": (lambda row: f"{row}.5D+01", 5, 395, "'0.5D+01'"),
    "underscores": (lambda row: f"{5_000 + 100_000 * row:_}", 5_000, 3_905_000, "'5_000'"),
    "Arabic digits": (lambda row: f"{row}.25".translate(ARABIC), 0.25, 39.25, "written otherwise"),
    "times": (lambda row: f"{row % 24:02}:30", 0.5, 23.5, "read as hours: 0.5"),
    "times with seconds": (lambda row: f"{row}:00:36", 0.01, 39.01, "read as hours"),
    "signs": (lambda row: f"$ {row}", 0, 39, "without their sign $"),
    "dashes": (lambda row: f"–{row}.5" if row % 2 else f"{row}.5", -39.5, 38.5, "read as negative"),
    "text of a spreadsheet": (lambda row: f"'{row}.5", 0.5, 39.5, "written otherwise"),
    "accounts": (lambda row: f"({row}.00)" if row % 2 else f"{row}.00", -39, 38, "read as negative"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_that_are_written_otherwise_are_numbers_with_the_reason(tmp_path, kind):
    write_cell, low, high, reason = KINDS[kind]
    column = look(tmp_path, table(write_cell)).columns[0]
    assert (column.kind, column.low, column.high, column.missing) == ("numeric", low, high, 0)
    assert reason in column.reason


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_otherwise_is_stored_so_and_read_again(tmp_path, kind):
    write_cell, low, high, _ = KINDS[kind]
    arrays, description = make(tmp_path, table(write_cell))
    assert (arrays.inputs.min(), arrays.inputs.max()) == (low, high)
    assert description["columns"][0]["kind"] == "numeric"


@pytest.mark.parametrize(
    "texts",
    [
        ["3 kg", "300 g", "2 kg", "4 kg"],
        ["1st", "2nd", "3rd", "4th"],
        ["007A", "012A", "001A"],
        ["red", "blue", "green"],
        ["A1", "A2", "A3"],
        ["10:30", "10:75", "11:00"],
        ["3 kg"],
        [],
    ],
)
def test_texts_without_one_common_unit_have_none(texts):
    assert unit_of(texts) == ""


def test_hours_of_times():
    assert [hours(text) for text in ("10:30", "0:00", "100:15", "1:02:03.5", " 7:45 ")] == [
        10.5,
        0.0,
        100.25,
        1 + 2 / 60 + 3.5 / 3600,
        7.75,
    ]
    assert [hours(text) for text in ("10", "10:3", "10:61", "a:30", "1:2:3", "")] == [None] * 6


def test_the_units_can_be_chosen_and_another_unit_is_no_number(tmp_path):
    path = write(tmp_path, table(lambda row: f"{row} g"))
    csv_format = detect(path).format
    for given, kind in (({"units": ""}, "ignore"), ({"units": "w: kg"}, "ignore"), ({"units": {"w": "g"}}, "numeric")):
        assert preview(path, csv_format, column_choices(Fields(given))).columns[0].kind == kind
    fields = Fields({"units": "kg"})
    column_choices(fields)
    with pytest.raises(Invalid, match="a colon and its unit"):
        fields.done()


OLD_SPEC = {
    # As it was stored before accounts' negatives were read; the file had one odd cell, "(5.00)".
    "format": {"delimiter": ",", "header": True, "encoding": "utf-8", "decimal": ".", "thousands": "none"},
    "target": "label",
    "kinds": {"w": "numeric"},
    "missing": "median",
    "missing_words": ["", "na"],
    "column_words": {},
    "strip": ["w"],
    "odd": {"w": "missing"},
    "task": "classification",
    "validation": 0.1,
    "test": 0.1,
    "seed": 1,
    "image_shape": None,
}


@pytest.mark.parametrize(
    ("format_of_then", "gaps"),
    [({}, 2), ({"quotes_within": "usual", "skip_last": 0}, 1)],
)
def test_a_stored_spec_reads_signs_as_it_did(tmp_path, format_of_then, gaps):
    cells = ["$5", "(5.00)", "1.5D+01", *(f"${row}" for row in range(37))]
    path = write(tmp_path, table(lambda row: cells[row]))
    spec = DatasetSpec.from_json(OLD_SPEC | {"format": OLD_SPEC["format"] | format_of_then})
    folder = tmp_path / "arrays"
    folder.mkdir()
    (column,) = ingest(path, spec, folder)["columns"]
    assert (column["missing"], column["low"]) == (gaps, 0.0 if gaps == 2 else -5.0)
    again = DatasetSpec.from_json(json.loads(json.dumps(spec.to_json())))
    assert again.reading("w") == spec.reading("w")


def test_a_new_spec_says_by_which_rules_it_reads(tmp_path):
    spec = choose(look(tmp_path, table(lambda row: f"{row} kg")))
    assert (spec.units, spec.to_json()["rules"]) == ({"w": "kg"}, 4)
    assert number("3 kg") is None  # only where a column has the unit
