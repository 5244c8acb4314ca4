import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from data_files import make, write
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.data import block_reader, file_pieces
from dashboard.data.block_reader import read_blocks
from dashboard.data.blocks import AS_USUAL, Reading, TextBlock, Texts, meanings
from dashboard.data.columns import preview
from dashboard.data.csv_format import CsvFormat
from dashboard.data.number_blocks import number_block
from dashboard.errors import Invalid

READING = "import dashboard.data.dataset, dashboard.data.preprocessing, dashboard.data.bundled, dashboard.data.columns"
PLAIN = [f"{row * 37 % 101 - 50}.{row % 7}" for row in range(80)]
POINT, COMMA, THOUSANDS = (".", "none"), (",", "."), (".", ",")
ODD = [
    *("007", "00", "-01", "001E01", "12E4", "1e5", "1E-5", "1.5e+300", "-2e-3", "1e00005", "0e99999", "1e-00400"),
    *("1e38", "1.1e38", "1e39", "1e999", "inf", "-Infinity", "nan", "NaN", "-nan", "NA", "?", "-", "n/a", "none"),
    *("+", "+5", "+.5", ".5", "5.", ".", "-.5", "-5.", "-0", "0", "-0.0", "1,082", "985", "12,345,678", "1,5", "1.082"),
    *("1.2.3", "--1", "5-", "1-2", "e", "e5", "1e", "1e+", "0x1F", "1_000", "5o.25", "9007199254740993", "1e-999"),
    *("9223372036854775808", "123456789012345678901234567890", "0.1234567890123456789", "3.4028235677973366e+38"),
    *("$5", "5%", "\u00e9", "\u0663", "2020-01-01", "10:30", "true", "999", "", " ", "  ", " 1.5", "1.5 ", "\t2"),
    *("\u00a03", "1 000", "1 2", "0" * 400, "9" * 400, "1." + "0" * 400 + "1"),
]


def test_a_process_that_parses_nothing_does_not_load_pyarrow_or_pandas():
    script = f"import sys; {READING}; sys.exit('pyarrow' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def by_text(texts, marks, reading):
    encoded = pa.array(texts, pa.string()).dictionary_encode()
    (meaning,) = meanings([encoded.dictionary], marks, [reading])
    return TextBlock(Texts(encoded.indices.to_numpy(), *meaning))


def check_is_read_alike(texts, marks, reading=AS_USUAL):
    """Check that cells are the same numbers, gaps and words in both ways; return whether the quick way was taken."""
    quick, slow = number_block(pa.array(texts, pa.string()), marks, reading), by_text(texts, marks, reading)
    if quick is None:
        return False
    assert quick.values.tobytes() == slow.values.tobytes()  # also the sign of 0
    np.testing.assert_array_equal(quick.missing, slow.missing)
    np.testing.assert_array_equal(quick.words, slow.words)
    assert [quick.has(kind) for kind in range(3)] == [slow.has(kind) for kind in range(3)]
    assert set(quick.known.tolist()) == set(slow.known.tolist())
    assert quick.names() == slow.names()
    assert quick.first_texts(3).to_pylist()[:3] == list(dict.fromkeys(slow.names()))[:3]
    return True


@pytest.mark.parametrize("marks", [POINT, COMMA, THOUSANDS])
@pytest.mark.parametrize("reading", [AS_USUAL, Reading(("", "999")), Reading(("", "none")), Reading(strip=True)])
@pytest.mark.slow
def test_each_odd_cell_among_plain_numbers_is_read_as_by_its_text(marks, reading):
    plain = [text.replace(".", marks[0]) for text in PLAIN]
    for odd in ODD:
        check_is_read_alike([*plain, odd, plain[0], odd], marks, reading)
        check_is_read_alike([odd, *plain], marks, reading)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(PLAIN)
        | st.sampled_from(ODD)
        | st.floats().map(repr)
        | st.text("0123456789+-.,eEn ", max_size=7),
        min_size=1,
        max_size=25,
    ),
    st.sampled_from([POINT, COMMA, THOUSANDS]),
)
@pytest.mark.slow
def test_any_column_is_the_same_cell_by_cell_as_by_its_texts(texts, marks):
    check_is_read_alike(texts, marks)


@pytest.mark.parametrize(
    "odd", ["", "NA", "?", "-", "5o.25", "inf", "nan", "+5", " 7", "1,082", "1e5", "007", "9007199254740993", "1-2"]
)
def test_plain_numbers_with_a_few_others_are_read_the_quick_way(odd):
    is_number_elsewhere = odd == "1-2"  # nothing but digits and dashes
    assert check_is_read_alike([*PLAIN, odd], POINT) != is_number_elsewhere
    assert check_is_read_alike([f" {text} " for text in (*PLAIN, odd)], POINT) != is_number_elsewhere


def table():
    """Return a CSV of columns that are hard to read in one go, with an odd cell far behind the beginning."""
    rows = [f"{row * 0.37:.2f},{row * 7919 % 1009}.5,{row:05d},{row + 2**53},{row % 50}" for row in range(900)]
    rows[800] = "5o.25,,NA,inf,x"
    return "a,b,code,big,few,y\n" + "".join(f"{text},{row % 3}\n" for row, text in enumerate(rows))


def all_of_it(folder, text):
    arrays, description = make(folder, text, kinds={"a": "numeric"}, odd=dict.fromkeys(("a", "few"), "missing"))
    found = preview(folder / "table.csv", CsvFormat())
    return repr(found), description, [array.tobytes() for array in (arrays.inputs, arrays.categories, arrays.target)]


def test_a_dataset_is_the_same_whichever_way_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(file_pieces, "BLOCK_BYTES", 8192)
    monkeypatch.setattr(file_pieces, "TAIL", 64)
    quick = all_of_it(tmp_path, table())
    monkeypatch.setattr(block_reader, "number_block", lambda *_: None)
    monkeypatch.setattr(block_reader, "_at_once", block_reader._in_order)
    assert quick == all_of_it(tmp_path, table())


ROWS = "".join(f"{row}.25,w{row % 5}\n" for row in range(120))


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n" + ROWS,
        "\ufeffa,b\r\n" + ROWS.replace("\n", "\r\n"),
        "a,b\n" + ROWS.replace("\n", "\r"),
        "a,b\n" + ROWS + '1,"x\n""y"\n' + ROWS,
        '"a","b"\n' + ROWS,
        "a,b\n" + ROWS + '1,5" pipe\n' + ROWS,
        "a,b\n" + ROWS + "\n" * 700 + ROWS.rstrip(),
        "a,b\n" + ROWS + "1," + "x" * 300 + "\n" + ROWS,
        "a,b\n" + ROWS + "\ufeff1.5,x\n" * 90,
    ],
    ids=["plain", "mark and CR LF", "CR", "quote", "quoted header", "lone quote", "empty lines", "long row", "marks"],
)
def test_pieces_are_cut_where_pyarrow_cuts_a_file(tmp_path, monkeypatch, text):
    monkeypatch.setattr(file_pieces, "BLOCK_BYTES", 256)
    monkeypatch.setattr(file_pieces, "TAIL", 64)
    path = write(tmp_path, text)

    def blocks():
        try:
            return [[column.names() for column in block] for block in read_blocks(path, CsvFormat(), 2)]
        except Invalid as refusal:
            return refusal.message

    at_once = blocks()
    monkeypatch.setattr(block_reader, "_at_once", block_reader._in_order)
    assert at_once == blocks()
    assert len(at_once) > 3
