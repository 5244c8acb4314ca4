import zipfile

import pytest
from data_files import detect_format, write
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.data.csv_format import CsvFormat, parse_format
from dashboard.errors import Invalid
from dashboard.parsing import Fields

NUMBERS = st.floats(-1e6, 1e6).map(lambda value: repr(round(value, 3)))


@settings(deadline=None)
@given(
    st.sampled_from(",;\t|"),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.integers(2, 6).flatmap(lambda width: st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=3)),
)
def test_how_a_table_of_numbers_is_written_is_found(tmp_path_factory, delimiter, header, comma, encoding, rows):
    comma = comma and delimiter != ","
    lines = [delimiter.join(row).replace(".", "," if comma else ".") for row in rows]
    if header:
        lines.insert(0, delimiter.join(f"größe {place}" for place in range(len(rows[0]))))
    path = write(tmp_path_factory.mktemp("csv"), "\n".join(lines), encoding=encoding)
    found = detect_format(path)
    assert (found.delimiter, found.header, found.decimal) == (delimiter, header, "," if comma else ".")
    is_ascii = not header and encoding == "cp1252"
    assert found.encoding == ("utf-8" if is_ascii else encoding)


@pytest.mark.parametrize(
    ("text", "delimiter", "header", "decimal"),
    [
        ("a,b\n1,2\n3,4\n", ",", True, "."),
        ("1,2\n3,4\n", ",", False, "."),
        ("1,5;2,5\n3,0;4,1\n", ";", False, ","),
        ("name;price\nA, big;1,5\nB, small;2,5\n", ";", True, ","),
        ("text\tlabel\nHello, world\tyes\nBye, then\tno\nHello, you\tyes\n", "\t", True, "."),
        ("colour,shape\nred,round\nblue,square\nred,square\n", ",", True, "."),
        ("red,round\nblue,square\nred,square\nblue,round\n", ",", False, "."),
        ("0,1,2,3\n5.1,3.5,1.4,0\n4.9,3.0,1.4,1\n", ",", True, "."),
        (",a,b\n0,1,2\n1,3,4\n", ",", True, "."),
        ("x,y,z\n", ",", True, "."),
        ("1,2,3\n", ",", False, "."),
        ("a|b\n1|NA\n?|2\n", "|", True, "."),
        ('"a, b","c"\n"1","2"\n"3","4"\n', ",", True, "."),
        ("\n\n a,b\r\n1,2\r\n3,4", ",", True, "."),
    ],
)
def test_common_forms_are_told_apart(tmp_path, text, delimiter, header, decimal):
    found = detect_format(write(tmp_path, text))
    assert (found.delimiter, found.header, found.decimal) == (delimiter, header, decimal)


def test_a_header_can_be_insisted_on_or_denied(tmp_path):
    path = write(tmp_path, "1,2\n3,4\n")
    assert detect_format(path, "yes").header
    assert not detect_format(write(tmp_path, "a,b\n1,2\n"), "no").header
    with pytest.raises(Invalid) as refusal:
        detect_format(path, "perhaps")
    assert refusal.value.errors == {"header": "Choose one of: auto, yes, no."}


def test_one_ragged_row_does_not_change_the_delimiter(tmp_path):
    assert detect_format(write(tmp_path, "a,b\n1,2\n3\n4,5\n")).delimiter == ","


def a_zip(folder):
    with zipfile.ZipFile(folder / "book.xlsx", "w") as archive:
        archive.writestr("sheet.xml", "<x/>")
    return (folder / "book.xlsx").read_bytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"  \r\n\n \n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a PNG image"),
        (b"%PDF-1.7\n1 0 obj", "a PDF document"),
        (b"\x1f\x8b\x08\0a,b", "a gzip archive"),
        (b"<!DOCTYPE html><html><body>1,2</body></html>", "an HTML page"),
        (b'\xef\xbb\xbf{"a": [1, 2]}', "a JSON file"),
        (b"a,b\n1,2\n3,\0\n", "NUL bytes"),
        (bytes(range(1, 32)) * 10, "binary data"),
        (b"\xff\xfea\0,\0b", "UTF-16 text but is damaged"),
        (b"a" * 4_200_000, "Line 1 is longer"),
    ],
)
def test_what_is_no_csv_is_refused_with_the_remedy(tmp_path, content, message):
    with pytest.raises(Invalid) as refusal:
        detect_format(write(tmp_path, content))
    assert list(refusal.value.errors) == ["file"]
    assert message in refusal.value.message


def test_an_excel_workbook_is_refused_by_its_name(tmp_path):
    with pytest.raises(Invalid, match="ZIP archive or an Excel workbook"):
        detect_format(write(tmp_path, a_zip(tmp_path)))


def test_a_nul_byte_far_behind_the_beginning_is_found(tmp_path):
    with pytest.raises(Invalid, match="NUL bytes"):
        detect_format(write(tmp_path, b"1,2\n" * 1_000_000 + b"1,\0\n"))


def test_one_wrong_byte_far_behind_makes_the_file_no_utf_8(tmp_path):
    assert detect_format(write(tmp_path, b"1,2\n" * 1_000_000 + b"1,\xe9\n")).encoding == "cp1252"


DETECTED = CsvFormat(";", True, "utf-8", ",")


def test_corrections_replace_what_was_detected():
    assert parse_format(Fields({}), DETECTED) == DETECTED
    assert parse_format(Fields({"header": "no", "encoding": "cp1252"}), DETECTED) == CsvFormat(
        ";", False, "cp1252", ","
    )
    assert parse_format(Fields({"delimiter": "tab"}), DETECTED).delimiter == "\t"
    assert parse_format(Fields({"delimiter": ","}), DETECTED).decimal == "."


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"delimiter": "x"}, "delimiter"),
        ({"delimiter": ["a"]}, "delimiter"),
        ({"header": "maybe"}, "header"),
        ({"encoding": "ebcdic"}, "encoding"),
        ({"decimal": "'"}, "decimal"),
        ({"delimiter": ",", "decimal": ","}, "decimal"),
    ],
)
def test_a_wrong_correction_is_refused_at_its_field(data, field):
    with pytest.raises(Invalid) as refusal:
        parse_format(Fields(data), DETECTED)
    assert list(refusal.value.errors) == [field]


def test_a_format_survives_json():
    assert CsvFormat.from_json(DETECTED.to_json()) == DETECTED


def test_a_format_that_was_stored_before_it_had_more_fields_means_what_it_meant():
    stored = {"delimiter": " ", "header": True, "encoding": "latin-1", "decimal": ","}
    found = CsvFormat.from_json(stored)
    assert found.is_plain
    assert (found.delimiter, found.thousands, found.quote, found.skip, found.skip_after) == (" ", "none", '"', 0, 0)
