"""Files as people send them, of kinds that public bug reports tell of: each is read as its owner means it."""

import pytest
from data_files import look, make, write

from dashboard.data.detection import detect
from dashboard.data.end_mark import drop_end_mark

ROWS = 12
CELLS = [f"{row}.5,{row * row / 4},{'abc'[row % 3]}" for row in range(ROWS)]
HEADER = "a,b,label\n"
BODY = "\n".join(CELLS)
HALVES = ("\n".join(CELLS[:6]), "\n".join(CELLS[6:]))
TABS = BODY.replace(",", "\t")
GROUPED = "\n".join(f"{row}.5,{row}.25,{row}.75,{row}.125,{'ab'[row % 2]}" for row in range(ROWS))
PRICES = "price;n;label\n" + "\n".join(f"€ {row},5;{row};a" for row in range(ROWS))
WORDS = "text,n,label\n" + "\n".join(
    f"{('“fine”', 'it’s', 'a – b', '25 °C')[row % 4]},{row},{'ab'[row % 2]}" for row in range(ROWS)
)

FILES = {
    # name: (the file, its encoding, the names of its columns)
    "two marks of UTF-8": ("\ufeff\ufeffa,b,label\n" + BODY, "utf-8", ["a", "b", "label"]),
    "files put together with their marks": (f"\ufeff{HEADER}{HALVES[0]}\n\ufeff{HEADER}{HALVES[1]}", "utf-8", None),
    "names in merged cells": (f"One,,Two,,\nx,y,x,y,label\n{GROUPED}", "utf-8", ["x", "y", "x.1", "y.1", "label"]),
    "types and roles below the names": (f"a\tb\tlabel\nc\tc\td\n\t\tclass\n{TABS}", "utf-8", ["a", "b", "label"]),
    "years that go down": (
        "who,2020,2019,2018,2017\n" + "\n".join(f"p{row % 3},{row}.5,{row}.25,{row}.5,{row}.75" for row in range(ROWS)),
        "utf-8",
        ["who", "2020", "2019", "2018", "2017"],
    ),
    "years with gaps": (
        "who,1990,2000,2005,2015\n" + "\n".join(f"p{row % 3},{row}.5,{row}.25,{row}.5,{row}.75" for row in range(ROWS)),
        "utf-8",
        ["who", "1990", "2000", "2005", "2015"],
    ),
    "comments above numbers": ("% made by hand\n% 2 of 3\n" + TABS.replace("\t", " "), "utf-8", None),
    "print signs of Windows": (WORDS, "cp1252", ["text", "n", "label"]),
    "the euro of Windows": (PRICES, "cp1252", ["price", "n", "label"]),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_of_this_kind_has_all_its_rows_and_names(tmp_path, kind):
    text, encoding, names = FILES[kind]
    found = look(tmp_path, text, encoding=encoding)
    assert found.rows == ROWS
    assert found.names == (names or found.names)
    assert not any(column.words and column.is_numeric for column in found.columns)


def test_signs_and_the_euro_are_those_of_windows(tmp_path):
    assert look(tmp_path, WORDS, encoding="cp1252").columns[0].examples == ("“fine”", "it’s", "a – b", "25 °C")
    price = look(tmp_path, PRICES, encoding="cp1252").columns[0]
    assert (price.low, price.high) == (0.5, 11.5)


def test_the_mark_behind_the_end_of_a_text_is_no_part_of_the_last_cell(tmp_path):
    path = write(tmp_path, f"a,b,label\n{BODY}\x1a\x1a")
    drop_end_mark(path)
    assert path.read_text() == f"a,b,label\n{BODY}"
    path.write_bytes(b"\x1a")
    drop_end_mark(path)
    assert path.read_bytes() == b""


def test_a_quoted_cell_at_the_end_of_the_sample_makes_no_row_ragged(tmp_path):
    text = "text,n,label\n" + "".join(f'"one\n\ntwo {row % 3}",{row}.5,{"ab"[row % 2]}\n' for row in range(800))
    assert detect(write(tmp_path, text)).guesses["ragged"].sure


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (
            lambda row: "<0.5" if row % 5 == 0 else f"{row}.25",
            "32 of its cells are numbers, but 8 are not, such as",
        ),
        (lambda row: f"{row}.5*" if row % 5 == 0 else f"{row}.25", "32 of its cells are numbers, but 8 are not"),
        (lambda row: f"{row}.5{'KM'[row % 2]}", "are numbers with more behind or before them"),
        (lambda row: f"{row} ± 0.5", "are numbers with more behind or before them"),
        (
            lambda row: f"2020-03-{row % 28 + 1}" if row % 2 else f"{row % 28 + 1}/03/2020",
            "dates in different orders",
        ),
    ],
)
def test_a_column_that_is_nearly_one_of_numbers_or_dates_is_ignored_with_that_reason(tmp_path, cell, said):
    text = "w,x,label\n" + "".join(f"{cell(row)},{row}.5,{'ab'[row % 2]}\n" for row in range(40))
    column = look(tmp_path, text).columns[0]
    assert column.kind == "ignore"
    assert said in column.reason


def test_numbers_with_many_other_cells_are_numbers_once_it_is_said_what_these_are(tmp_path):
    cells = ("<0.5" if row % 5 == 0 else f"{row}.25" for row in range(40))
    text = "w,x,label\n" + "".join(f"{cell},{row}.5,{'ab'[row % 2]}\n" for row, cell in enumerate(cells))
    _, description = make(tmp_path, text, kinds={"w": "numeric"}, odd={"w": "missing"})
    assert description["columns"][0]["missing"] == 8


@pytest.mark.parametrize("pair", [("Nein", "Ja"), ("FALSCH", "WAHR"), ("non", "oui"), ("No", "Sí"), ("нет", "да")])
def test_yes_and_no_in_other_languages_are_one_input(tmp_path, pair):
    text = "w,x,label\n" + "".join(f"{pair[row % 2]},{row}.5,{'ab'[row % 3 == 0]}\n" for row in range(ROWS))
    assert look(tmp_path, text).columns[0].truths == pair
