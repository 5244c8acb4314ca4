import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.data.block_reader import read_blocks
from dashboard.data.blocks import MISSING, NUMBER, WORD
from dashboard.data.cells import is_code, is_missing, number, shown_number
from dashboard.data.csv_format import CsvFormat

LIKELY = (
    st.text("0123456789+-.,eE xNnaAuUlL?/\u00a0\u00e9", max_size=8) | st.floats().map(repr) | st.integers().map(str)
)


@pytest.mark.parametrize(
    "text", ["", "  ", "NA", "n/a", "NaN", "null", "None", "?", "-", " na ", "#N/A", "<NA>", "-NaN", "1.#IND"]
)
def test_the_words_for_not_known_are_missing(text):
    assert is_missing(text)


@pytest.mark.parametrize("text", ["0", "nano", "--", "none of these", "#", "1.#"])
def test_other_texts_are_not_missing(text):
    assert not is_missing(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1.0), (" -2.5 ", -2.5), ("+3", 3.0), (".5", 0.5), ("5.", 5.0), ("1e-3", 0.001), ("0007", 7.0)],
)
def test_numbers_are_read_as_people_write_them(text, value):
    assert number(text) == value


@pytest.mark.parametrize(
    "text", ["", "1,5", "1.2.3", "inf", "-Infinity", "nan", "1e999", "1e39", "0x1F", "1_000", "1 2", "٣"]
)
def test_what_no_network_could_read_is_not_a_number(text):
    assert number(text) is None


def test_a_decimal_comma_takes_the_place_of_the_point():
    assert number("1,5", ",") == 1.5
    assert number("1.5", ",") is None


@settings(deadline=None)
@given(st.floats(-1e38, 1e38))
def test_a_number_written_by_python_is_read_back_to_the_bit(value):
    assert number(repr(value)) == value
    assert number(repr(value).replace(".", ","), ",") == value


@pytest.mark.parametrize(("value", "name"), [(7.0, "7"), (-3.0, "-3"), (0.5, "0.5"), (1e22, "1e+22")])
def test_a_class_that_is_a_number_is_named_as_one_would_write_it(value, name):
    assert shown_number(value) == name


@pytest.mark.parametrize("text", ["007", "00", "-01", "001E01", "12E4", "9223372036854775800", " 07 "])
def test_what_would_lose_its_identity_as_a_number_is_a_code(text):
    assert is_code(text)


@pytest.mark.parametrize("text", ["0", "-7", "1.0", "0.5", "1e+22", "2.5e3", "9007199254740991", "a07", ""])
def test_other_numbers_and_words_are_no_codes(text):
    assert not is_code(text)


@settings(deadline=None)
@given(st.lists(LIKELY, min_size=1, max_size=30), st.sampled_from(".,"))
def test_whole_columns_are_read_by_the_same_rules_as_single_cells(tmp_path_factory, texts, decimal):
    path = tmp_path_factory.mktemp("cells") / "cells.csv"
    path.write_text("".join(f'"{text}";x\n' for text in texts), encoding="utf-8", newline="")
    (block,) = read_blocks(path, CsvFormat(";", False, "utf-8", decimal), 2)
    codes, kinds, _, _, coded = block[0].by_text
    cells = zip(texts, kinds[codes], block[0].values, coded[codes], strict=True)
    for text, kind, value, is_coded in cells:
        expected = number(text, decimal)
        if is_missing(text):
            assert kind == MISSING, text
        elif expected is None:
            assert kind == WORD, text
        else:
            assert (kind, value) == (NUMBER, expected), text
            assert is_coded == is_code(text), text
