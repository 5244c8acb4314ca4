"""Rows of pixels: read as bytes they are the numbers and gaps that are read from texts, or they are left to these."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from dashboard.data.block_reader import RowParser
from dashboard.data.blocks import AS_USUAL, MISSING, WORD, Reading
from dashboard.data.csv_format import CsvFormat
from dashboard.data.pixel_rows import PixelParser

PIXELS = ["0", "7", "255", "", "007", "00"]
OTHERS = [
    "256",
    "999",
    "0007",
    "1000",
    " 7",
    "+7",
    "-7",
    "7.0",
    "1e1",
    "0x1F",
    "0X1",
    "nan",
    "na",
    "?",
    "-",
    "٣",
    "7 7",
    "x",
]


def parsed(rows, readings=None):
    """Return the parser, and what it makes of rows of three columns of which it is given the last two."""
    parser = PixelParser(CsvFormat(), 3, [1, 2], readings or [AS_USUAL] * 2, [0])
    return parser, parser.parse("".join(",".join(row) + "\n" for row in rows).encode())


@given(st.lists(st.tuples(*[st.sampled_from(PIXELS * 3 + OTHERS)] * 3), min_size=1, max_size=6))
@example([("x", "0", "255"), ("0y", "", "007")])
@example([("0x1", "1", "2")])
@example([("", "", ""), ("Größe", "0007", "300")])
def test_what_is_read_as_pixels_is_what_is_read_from_the_texts(rows):
    content = "".join(",".join(row) + "\n" for row in rows).encode()
    columns = RowParser(CsvFormat(), 3, [1, 2], [AS_USUAL] * 2).parse(content)
    _, pixels = parsed(rows)
    if pixels is None:
        assert any(text not in PIXELS for row in rows for text in row)
        return
    assert not any(column.has(WORD) for column in columns)
    for place, column in enumerate(columns):
        missing = np.zeros(len(rows), bool) if pixels.missing is None else pixels.missing[:, place]
        assert missing.tolist() == column.missing.tolist()
        assert pixels.values[~missing, place].tolist() == column.values[~missing].tolist()
        assert column.has(MISSING) == bool(missing.any())


def test_rows_of_pixels_are_read_as_pixels_whatever_the_other_columns_hold():
    _, pixels = parsed([("a fox", "0", "255"), ("", "", "7")])
    assert pixels is not None
    assert (pixels.values.tolist(), pixels.missing.tolist()) == ([[0, 255], [0, 7]], [[False, False], [True, False]])
    assert pixels.texts == [["a fox", ""]]


def test_lines_may_end_in_any_way():
    parser = PixelParser(CsvFormat(), 2, [0, 1], [AS_USUAL] * 2)
    for content in (b"1,20\r\n,255", b"1,20\r,255\r", b"1,20\n,255\n"):
        pixels = parser.parse(content)
        assert pixels is not None
        assert (pixels.values.tolist(), pixels.missing.tolist()) == ([[1, 20], [0, 255]], [[False] * 2, [True, False]])


def test_a_file_is_not_tried_again_after_another_number():
    parser, pixels = parsed([("", "0", "255.5")])
    assert (pixels, parser.may_be) == (None, False)


def test_columns_that_are_read_in_another_way_are_no_pixels():
    for reading in (Reading(words=("", "255")), Reading(truth=True), Reading(strip=True), Reading(words=("na",))):
        assert parsed([("", "0", "255")], [AS_USUAL, reading])[1] is None
