"""Detection that doubts: kinds of files from public reports of faults, each as a small text."""

from typing import Any

import pytest
from data_files import write
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.data.columns import preview
from dashboard.data.csv_format import FORMAT_SETTINGS, CsvFormat, parse_format
from dashboard.data.detection import detect
from dashboard.errors import Invalid
from dashboard.parsing import Fields


def rows(pattern, count=20):
    """Return lines made of a pattern with n (from 0) and word."""
    words = ("red", "green", "blue")
    return "".join(
        pattern.format(n=n, word=words[n % 3], half=f"{n / 2}", big=f"{900 + 37 * n:,}") + "\n" for n in range(count)
    )


BODY = rows("{n},{half},{word}")
KINDS: dict[str, tuple[Any, dict[str, Any], str | None, int]] = {
    # name: (text, what the format is, names of the columns, rows)
    "numbered columns and a word": ("0,1,2,y\n" + rows("{half},{n},1.5,{n}"), {"header": True}, "0 1 2 y", 20),
    "a label over pixels": ("label,0,1,2\n" + rows("{n},0,255,7"), {"header": True}, "label 0 1 2", 20),
    "years over numbers": ("2019,2020,2021,2022\n" + rows("{half},1.5,{n},3"), {"header": True}, None, 20),
    "counted from one": ("1,2,3,4\n" + rows("0.5,{half},{n},7.25"), {"header": True}, "1 2 3 4", 20),
    "numbers only": (rows("{n},{half},7"), {"header": False}, "column_1 column_2 column_3", 20),
    "rows that count": ("1,2,3,4\n2,3,4,5\n3,4,5,6\n4,5,6,7\n", {"header": False}, None, 4),
    "one odd cell below": ("a,b\n" + rows("{n},{half}") + "x,1\n", {"header": True}, "a b", 21),
    "a header again with other quotes": (
        '"a","b","y"\n' + BODY + "a,b,y\n" + BODY,
        {"header": True, "repeats": "unquoted"},
        "a b y",
        40,
    ),
    "lakhs": ("a;b;y\n" + rows("1,23,456;{half};{word}"), {"thousands": "lakh", "delimiter": ";"}, "a b y", 20),
    "carets": ("a^b^y\n" + rows("{n}^{half}^{word}"), {"delimiter": "^"}, "a b y", 20),
    "tildes": ("a~b~y\n" + rows("{n}~{half}~{word}"), {"delimiter": "~"}, "a b y", 20),
    "control characters": ("a\1b\1y\n" + rows("{n}\1{half}\1{word}"), {"delimiter": "ctrl-a"}, "a b y", 20),
    "lines of delimiters": (
        "a,b,y\n" + BODY + ",,\n" + BODY + ",,\n,,\n",
        {"empty": "drop", "skip_last": 0},
        "a b y",
        40,
    ),
    "lines of blanks": ("a,b,y\n" + BODY + "   \n\t\n" + BODY, {"empty": "drop"}, "a b y", 40),
    "a table of psql": (
        " a | b | y \n---+---+---\n" + rows(" {n} | {half} | {word}") + "(20 rows)\n\n",
        {"delimiter": "|", "empty": "drop", "skip_last": 2},
        "a b y",
        20,
    ),
    "a table of mysql": (
        "+----+----+\n| a | b |\n+----+----+\n" + rows("| {n} | {half} |") + "+----+----+\n20 rows in set\n",
        {"delimiter": "|", "empty": "drop", "trailing": "drop"},
        "column_1 a b",
        20,
    ),
    "a padded note below a padded line": (
        "a,b,y\n" + BODY + ",,\nSource: an office,,\n",
        {"skip_last": 1, "empty": "drop"},
        "a b y",
        20,
    ),
    "a last row of one value": ("a,b,y\n" + BODY + "7,,\n", {"skip_last": 0}, "a b y", 21),
    "a header again": ("a,b,y\n" + BODY + "a,b,y\n" + BODY, {"header": True, "repeats": "drop"}, "a b y", 40),
    "equal names": ("a,a,b,a\n" + rows("{n},{half},1,2"), {}, "a a.1 b a.2", 20),
    "an equal name that is taken": ("a,a,a.1\n" + rows("{n},{half},1"), {}, "a a.2 a.1", 20),
    "units below the header": ("t,v,y\ns,m/s,class\n" + BODY, {"skip_after": 1}, "t v y", 20),
    "english thousands": ("a\tb\n" + rows("{n}\t{big}"), {"thousands": ",", "decimal": "."}, "a b", 20),
    "quoted thousands": ("a,b\n" + rows('{n},"{big}"'), {"thousands": ","}, "a b", 20),
    "thousands with cents": ("a;b\n" + rows("{n};1,234.50"), {"thousands": ",", "decimal": "."}, "a b", 20),
    "german money": ("a;b\n" + rows("{n};1.234,50"), {"thousands": ".", "decimal": ","}, "a b", 20),
    "german whole numbers": ("a;b\n500;1,5\n" + rows("1.234;{n},5"), {"thousands": ".", "decimal": ","}, "a b", 21),
    "thousands by spaces": ("a;b\n" + rows("1 234 567;{n}"), {"thousands": " "}, "a b", 20),
    "thousands by narrow spaces": ("a;b\n" + rows("12\u202f345;{n}"), {"thousands": " "}, "a b", 20),
    "swiss thousands": ("a;b\n" + rows("1'234.5;{n}"), {"thousands": "'", "decimal": "."}, "a b", 20),
    "three digits behind the point": ("a,b\n" + rows("1.234,{half}"), {"thousands": "none"}, "a b", 20),
    "spaces": ("a b c\n" + rows("{n} {half} 7"), {"delimiter": "spaces"}, "a b c", 20),
    "aligned to the right": ("  a   b  c\n" + rows("{n:>4} {half:>5} {word:>6}"), {"delimiter": "spaces"}, "a b c", 20),
    "aligned with spaces within": (
        "full name   age  height\n" + rows("Ann {word:<8}  {n:<3}  1.75"), {"delimiter": "aligned"}, None, 20
    ),
    "row names without a name": ('"a" "b"\n' + rows('"r{n}" {n} {half}'), {"header": True}, "column_1 a b", 20),
    "single quotes": ("'a','b'\n" + rows("'x, {word}',{n}"), {"quote": "'"}, "a b", 20),
    "comments": ("# by a logger\n# m, s\na,b,y\n" + BODY, {"comment": "#", "skip": 0}, "a b y", 20),
    "comments between": ("a,b,y\n" + BODY + "# pause\n" + BODY, {"comment": "#"}, "a b y", 40),
    "comments by percent": ("% made by R\na,b,y\n" + BODY, {"comment": "%"}, "a b y", 20),
    "a title and an empty line": ("Report of March\n\na,b,y\n" + BODY, {"skip": 2, "header": True}, "a b y", 20),
    "a title with a comma": ("Report, March\na,b,y\n" + BODY, {"skip": 1, "header": True}, "a b y", 20),
    "counts": ("20,3,red,green,blue\n" + rows("{n},{half},1.5,0"), {"skip": 1, "header": False}, None, 20),
    "sep=;": ("sep=;\na;b\n" + rows("{n};{half}"), {"delimiter": ";", "skip": 1}, "a b", 20),
    "quoted sep": ('"sep=,"\na,b\n' + rows("{n},{half}"), {"delimiter": ",", "skip": 1}, "a b", 20),
    "a delimiter at the end": ("a,b,y,\n" + rows("{n},{half},{word},"), {"trailing": "drop"}, "a b y", 20),
    "a delimiter behind the rows": ("a,b,y\n" + rows("{n},{half},{word},"), {"trailing": "drop"}, "a b y", 20),
    "an empty column with a name": ("a,b,note\n" + rows("{n},{half},"), {"trailing": "keep"}, "a b note", 20),
    "names in a comment": ("# a,b\n" + rows("{n},{half}"), {"comment": "#", "comment_names": "header"}, "a b", 20),
    "names in numpy's comment": (
        "# made by numpy\n# a b c\n" + rows("{n:.18e} {half} 7"), {"comment_names": "header", "skip": 0}, "a b c", 20
    ),
    "a comment of other words": ("# a note\n" + rows("{n},{half},7"), {"comment_names": "keep"}, None, 20),
    "a comment above a header": ("# x,y\na,b\n" + rows("{n},{half}"), {"comment_names": "keep"}, "a b", 20),
    "fixed columns with empty cells": (
        "name    age  full city\n" + rows("{word:<8}{n:>3}  New York\nBob          Rome\nCleo     31"),
        {"delimiter": "fixed", "starts": "0, 8, 13"}, None, 60
    ),
    "fixed columns with one empty cell": (
        "name      n  half\n" + rows("{word:<8}{n:>3}  {half}") + "elm          1.5\n",
        {"delimiter": "fixed", "starts": "0, 9, 13"}, "name n half", 21
    ),
    "fixed columns with longer cells": (
        "id  name        score  city\n 1  Anna         12.5  Rome\n 2  Bob                New York\n"
        " 3  Cleo Smith    7.1\n 4               11.0  Oslo\n",
        {"delimiter": "fixed", "starts": "0, 4, 16, 23"}, "id name score city", 4
    ),
    "fixed columns without a first name": (
        "     a     b\nx   1.5  20\ny        31\nz   2.5\n", {"delimiter": "fixed"}, "column_1 a b", 3
    ),
    "quoted decimal commas": (
        "a,b\n" + rows('"{n},25","-1,{n}"'), {"delimiter": ",", "decimal": ",", "thousands": "none"}, "a b", 20
    ),
    "quoted german money": ("a,b\n" + rows('{n},"1.234,50"'), {"decimal": ",", "thousands": "."}, "a b", 20),
    "blanks before quotes": (
        'a, "b", y\n' + rows('{n}, "x, {word}", {half}'), {"quotes_within": "spaced"}, "a b y", 20
    ),
    "blanks before quotes over lines": (
        'a, "b", y\n' + rows('{n}, "x\n, ""{word}", {half}'), {"quotes_within": "spaced"}, "a b y", 20
    ),
    "quotes behind backslashes": (
        'a,b,y\n' + rows('"he said \\"hi, {word}\\" ok",{n},{half}'), {"quotes_within": "escaped"}, "a b y", 20
    ),
    "backslashes at the end of cells": (
        'a,b,y\n' + rows('"C:\\{word}\\",{n},{half}'), {"quotes_within": "usual"}, "a b y", 20
    ),
    "a title of a spreadsheet": ("Report,,\n,,\na,b,y\n" + rows("{n},{half},{word}"), {"skip": 2}, "a b y", 20),
    "a first row with one cell": (",,7\n" + rows("{n},{half},1"), {"skip": 0, "header": False}, None, 21),
    "a note below": ("a,b\n" + rows("{n},{half}") + "\nSource: office\n", {"skip_last": 1}, "a b", 20),
    "two notes below": ("a,b\n" + rows("{n},{half}") + "Note\n\nSource: office\n\n", {"skip_last": 4}, "a b", 20),
    "blanks below": ("a,b\n" + rows("{n},{half}") + "   \n", {"empty": "drop"}, "a b", 20),
    "the end of a file in DOS": ("a,b\n" + rows("{n},{half}") + "\x1a", {"skip_last": 1}, "a b", 20),
    "a total below": ("a,b\n" + rows("{word},{half}") + "Total,99\n", {"skip_last": 1}, "a b", 20),
    "no total": ("a,b\n" + rows("{word},{half}") + "Total,1\nx,2\nTotal,9\n", {"skip_last": 0}, "a b", 23),
    "empty lines below": ("a,b\n" + rows("{n},{half}") + "\n\n", {"skip_last": 0}, "a b", 20),
    "a last cell over lines": ('a,b\n' + rows('{n},"x\n{half}\ny"'), {"skip_last": 0}, "a b", 20),
    "colons": ("a:b\n" + rows("{n}:{half}"), {"delimiter": ":"}, "a b", 20),
    "utf-32": ("a,b\n1,2\n3,4\n".encode("utf-32"), {"encoding": "utf-32"}, "a b", 2),
    "ukrainian": ("місто,b\nКиїв,1\nЛьвів,2\nОдеса,3\n".encode("koi8-u"), {"encoding": "koi8-u"}, "місто b", 3),
    "signs of money only": ("a;b\n10–20 €;2\n20–30 €;4\n".encode("cp1252"), {"encoding": "cp1252"}, "a b", 2),
    "a hash as a name": ("#,a,y\n" + BODY, {"comment": "none", "header": True}, "# a y", 20),
    "words over words": ("colour,shape\nred,round\nblue,square\nred,square\n", {"header": True}, "colour shape", 3),
    "utf-16 without a mark": ("a,b\n1,2\n3,4\n".encode("utf-16-le"), {"encoding": "utf-16-le"}, "a b", 2),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_file_is_read_as_its_owner_means_it(tmp_path, kind):
    text, expected, names, count = KINDS[kind]
    path = write(tmp_path, text)
    detected = detect(path)
    assert {name: getattr(detected.format, name) for name in expected} == expected
    found = preview(path, detected.format)
    if names is not None:
        assert found.names == names.split()
    assert found.rows == count
    assert set(detected.guesses) == set(detected.format.to_json())
    assert all(guess.reason.endswith(".") for guess in detected.guesses.values())


def test_a_cell_that_goes_on_into_the_next_fixed_column_is_named(tmp_path):
    text = "name    age\n" + rows("{word:<8}{n:>3}", 30)
    path = write(tmp_path, text + "magenta-red 7\n")
    chosen = CsvFormat(delimiter="fixed", starts="0, 8")
    with pytest.raises(Invalid, match="In line 32 a cell goes on over place 8") as refusal:
        preview(path, chosen)
    assert list(refusal.value.errors) == ["starts"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"delimiter": "fixed"}, "starts"),
        ({"delimiter": "fixed", "starts": "3, 2"}, "starts"),
        ({"starts": "a, b"}, "starts"),
        ({"decimal": ","}, "decimal"),
    ],
)
def test_what_contradicts_itself_is_refused_at_its_field(changes, field):
    with pytest.raises(Invalid) as refusal:
        parse_format(Fields(changes), CsvFormat())
    assert list(refusal.value.errors) == [field]


def test_a_decimal_comma_may_be_kept_in_a_file_of_commas_whose_numbers_are_quoted():
    found = CsvFormat(decimal=",")
    assert parse_format(Fields({"decimal": ",", "delimiter": ","}), found).marks == (",", "none")


def test_a_decimal_comma_is_refused_where_no_number_has_one(tmp_path):
    with pytest.raises(Invalid, match="cannot both be a comma"):
        detect(write(tmp_path, "a,b\n" + rows("{n},{half}")), {"decimal": ",", "delimiter": ","})
    assert detect(write(tmp_path, "a,b\n" + rows('{n},"1,{n}"')), {"decimal": ","}).format.decimal == ","


def highest(folder, text):
    path = write(folder, text)
    return [column.high for column in preview(path, detect(path).format).columns]


def test_a_thousand_is_never_read_as_one_and_a_bit(tmp_path):
    assert highest(tmp_path, "a\tb\n" + rows("{n}\t{big}"))[1] == 900 + 37 * 19
    assert highest(tmp_path, "a;b\n985;0,5\n1.082;1,5\n2.179;2,5\n") == [2179.0, 2.5]
    assert highest(tmp_path, 'a,b\n1,"$1,000.00"\n2,"$2,371.00"\n')[0] == 2.0


@pytest.mark.parametrize("mark", ".,")
@pytest.mark.parametrize("delimiter", ";\t")
def test_what_may_be_both_is_a_question(tmp_path, mark, delimiter):
    lines = [f"{n}{mark}00{n % 9}{delimiter}{'xy'[n % 2]}\n" for n in range(1, 30)]
    guesses = detect(write(tmp_path, f"n{delimiter}y\n" + "".join(lines))).guesses
    assert not guesses["thousands"].sure
    assert not guesses["decimal"].sure
    assert "thousands or a fraction" in guesses["thousands"].reason


def test_points_next_to_whole_numbers_are_a_question_where_commas_part_the_cells(tmp_path):
    path = write(tmp_path, "w,y\n" + rows("12.34{n},a", 9) + "7,b\n")
    guesses = detect(path).guesses
    assert (guesses["decimal"].value, guesses["thousands"].value, guesses["thousands"].sure) == (".", "none", False)
    assert "'12.340' next to '7'" in guesses["thousands"].reason
    for answer, high in (("none", 12.348), (".", 12_348)):
        said = detect(path, {"thousands": answer}).format
        assert preview(path, said).columns[0].high == high
    settled = detect(write(tmp_path, "w,v,y\n" + rows("12.34{n},0.5,a", 9) + "7,0.5,b\n")).guesses
    assert (settled["decimal"].value, settled["thousands"].value, settled["thousands"].sure) == (".", "none", True)


def test_words_that_would_be_numbers_with_other_marks_are_ignored_with_that_reason(tmp_path):
    text = "a;b;y\n" + "".join(f"{n + 1}.234,5{n};0.{n + 10};{'xy'[n % 2]}\n" for n in range(30))
    column = preview(path := write(tmp_path, text), detect(path).format).columns[0]
    assert column.kind == "ignore"
    assert "such as '1.234,50', are no numbers with the marks of the file" in column.reason


RAGGED = {
    # name: (text, the refusal, rows and gaps of the last column if filled (None: refused), rows if left out)
    "a short row": ("a,b,c,y\n" + rows("1,2,3,{word}") + "1,2\n", "Line 22 has 2 fields", (21, 1), 20),
    "a long row": ("a,b,c,y\n" + rows("1,2,3,{word}") + "1,2,3,4,5\n", "there is one such row", None, 20),
    "empty cells behind": ("a,b,c,y\n" + rows("1,2,3,{word}") + "1,2,3,4,,\n", "has 6 fields", (21, 0), 20),
    "a last column that few rows have": (
        "a,b,y,note\n" + rows("1,2,{word}") + rows("1,2,{word},x", 5),
        "there are 20 such rows",
        (25, 20),
        5,
    ),
    "a cell of two lines": ('a,b,c,y\n1,2,3,"x\ny"\n' + rows("1,2,3,{word}") + "1,2\n", "Line 24 has", (22, 1), 21),
}


@pytest.mark.parametrize("kind", RAGGED)
def test_rows_of_another_length_are_counted_and_filled_or_left_out_on_request(tmp_path, kind):
    text, refusal, filled, left = RAGGED[kind]
    path = write(tmp_path, text)
    detected = detect(path)
    assert not detected.guesses["ragged"].sure
    with pytest.raises(Invalid, match=refusal) as refused:
        preview(path, detected.format)
    assert list(refused.value.errors) == ["ragged"]
    assert preview(path, detect(path, {"ragged": "drop"}).format).rows == left
    fill = detect(path, {"ragged": "fill"}).format
    if filled is None:
        with pytest.raises(Invalid, match="its last cells are not empty"):
            preview(path, fill)
    else:
        seen = preview(path, fill)
        assert (seen.rows, seen.columns[-1].missing) == filled


@pytest.mark.slow
def test_a_line_of_delimiters_is_seen_in_the_whole_file(tmp_path):
    path = write(tmp_path, "a,b\n" + "1.5,2\n" * 30_000 + ",\r\n" + "2.5,3\n" * 30_000)
    detected = detect(path)
    assert (detected.format.empty, detected.guesses["empty"].reason) == ("drop", "Line 30,002 has no value.")
    assert preview(path, detected.format).rows == 60_000


def test_what_a_person_settles_is_taken_and_the_rest_guessed_with_it(tmp_path):
    path = write(tmp_path, "a;b,c\n" + rows("{n};1,5"))
    assert detect(path, {"delimiter": ","}).format.delimiter == ","
    found = detect(path, {"skip": 1, "header": "no"}).format
    assert (found.skip, found.header, found.delimiter) == (1, False, ";")


@pytest.mark.slow
def test_a_first_line_longer_than_131072_characters_is_read(tmp_path):
    names = [f"gene_{place:095}" for place in range(1_800)]
    text = ",".join(names) + ",y\n" + "".join(",".join(["1"] * 1_800) + f",{'ab'[n % 2]}\n" for n in range(6))
    found = preview(path := write(tmp_path, text), detect(path).format)
    assert (len(found.columns), found.rows) == (1_801, 6)


@pytest.mark.parametrize("count", [50, 40_000])
@pytest.mark.slow
def test_a_repeated_header_is_seen_in_the_whole_file(tmp_path, count):
    path = write(tmp_path, "a,b\n" + "1,2\n" * count + "a,b\n" + "3,4\n" * count)
    detected = detect(path)
    assert (detected.format.header, detected.format.repeats) == (True, "drop")
    assert f"Line {count + 2:,}" in detected.guesses["repeats"].reason
    assert preview(path, detected.format).rows == 2 * count


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_header_that_is_repeated_once_is_seen_in_any_encoding(tmp_path, encoding):
    path = write(tmp_path, "a,b,y\n" + BODY + "a,b,y\n" + BODY, encoding=encoding)
    detected = detect(path)
    assert (detected.format.repeats, detected.guesses["repeats"].reason) == ("drop", "Line 22 repeats the header.")
    assert preview(path, detected.format).rows == 40


def test_a_line_is_named_by_its_number_in_the_file_whatever_was_left_out_before(tmp_path):
    path = write(tmp_path, "# one\n# two\na,b,y\n" + BODY + "# pause\n1,2\n")
    with pytest.raises(Invalid, match=r"Line 25 has 2 fields where the first line has 3"):
        preview(path, detect(path).format)


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n \n\n", b"a,\0b\n" * 9, bytes(range(256)) * 40, b"\0" * 100])
def test_what_holds_no_table_at_all_is_refused_at_the_file(tmp_path, content):
    with pytest.raises(Invalid) as refusal:
        detect(write(tmp_path, content))
    assert list(refusal.value.errors) == ["file"]


@pytest.mark.parametrize("content", [b"a", b"a,b", b"a,b\n", b"word\nword\n", b"{\n", b"'", b'"', b'"a,b\n', b"#\n#\n"])
def test_what_cannot_be_a_dataset_is_refused_at_a_field_that_is_on_the_page(tmp_path, content):
    path = write(tmp_path, content)
    detected = detect(path)
    with pytest.raises(Invalid) as refusal:
        preview(path, detected.format)
    assert set(refusal.value.errors) <= {"file", *detected.guesses}


PIECES = st.sampled_from(
    [*",;|#%$-ab1", "\t", " ", "  ", "\n", "\r\n", '"', "'", "2.5", "1,082", "NA", "é", "sep=;", "²", "\u2028"]
)


@settings(deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=50).map("".join), st.sampled_from(["utf-8", "utf-16", "cp1252"]))
def test_any_text_is_read_or_refused_at_a_field(tmp_path_factory, text, encoding):
    path = write(tmp_path_factory.mktemp("csv"), text.encode(encoding, "ignore"))
    try:
        preview(path, detect(path).format)
    except Invalid as refusal:
        assert set(refusal.errors) <= {"file", *FORMAT_SETTINGS}  # noqa: PT017 - both endings are right


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=20),
    st.sampled_from([(",", "\t"), (",", ";"), (".", ";"), (" ", ";"), ("'", ",")]),
)
def test_thousands_next_to_smaller_numbers_are_read_to_the_last_digit(tmp_path_factory, numbers, signs):
    separator, delimiter = signs
    numbers = [*numbers, 985, 1082]
    lines = [f"{number:,}".replace(",", separator) + f"{delimiter}{'xy'[n % 2]}\n" for n, number in enumerate(numbers)]
    path = write(tmp_path_factory.mktemp("csv"), f"n{delimiter}y\n" + "".join(lines))
    column = preview(path, detect(path).format).columns[0]
    assert (column.low, column.high) == (min(numbers), max(numbers))
