"""Cells of a table that was written, and of one that a person has edited: both parsers say the same of each."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.errors import TensorDamaged
from dashboard.weights.table_reading import convert_cells, read_table
from dashboard.weights.table_text import Cut

DOUBLES = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0])
WRITTEN = DOUBLES.map(lambda number: repr(number).removeprefix("-") if number != number else repr(number))
LONG = st.from_regex(r"-?[0-9]{1,40}(\.[0-9]{1,800})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
NUMBERLIKE = ("-0", "0", "-0.0", "+1", "1.", ".5", "1e5", "1E+5", "007", "0x1", "1_0", " 1", "1 ", "-", "e", "--1")
WORDS = ("", "nan", "-nan", "inf", "-Infinity", "true", "null", '"1"', "[1]", "{}", "1;2", "٣", "1\r", "9" * 400)
EDITED = st.sampled_from(NUMBERLIKE) | st.sampled_from(WORDS)


def cells_of(texts, dtype="float64"):
    """Return the bits of a table's only column, or that it was refused."""
    text = "c0\n" + "".join(f"{cell}\n" for cell in texts)
    try:
        return read_table(lambda: iter([text.encode()]), Cut(len(texts), 1), dtype, "a table").tobytes()
    except TensorDamaged:
        return "refused"


def one_by_one(texts, dtype="float64"):
    """Return the same by Python's own parser, cell by cell."""
    try:
        return b"".join(convert_cells([cell.encode()], dtype).tobytes() for cell in texts)
    except (ValueError, OverflowError):
        return "refused"


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
@given(texts=st.lists(st.one_of(WRITTEN, LONG), min_size=1, max_size=8))
def test_numbers_have_the_bits_that_pythons_own_parser_gives_them(dtype, texts):
    assert cells_of(texts, dtype) == one_by_one(texts, dtype) != "refused"


@given(texts=st.lists(st.one_of(WRITTEN, EDITED), min_size=1, max_size=4))
def test_what_was_edited_is_read_or_refused_as_by_pythons_own_parser(texts):
    assert cells_of(texts) == one_by_one(texts)


def test_a_negative_zero_that_was_edited_keeps_its_sign():
    assert cells_of(["-0", "1.5"]) == struct.pack("<2d", -0.0, 1.5)
    assert cells_of(["1.5", "-0"]) == struct.pack("<2d", 1.5, -0.0)


@pytest.mark.parametrize("cell", ["true", "null", '"1"', "[1]"])
def test_what_json_knows_besides_numbers_is_no_number(cell):
    assert cells_of(["1.5", cell]) == "refused"
