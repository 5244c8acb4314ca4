"""Tables of numbers as text: exact, or refused by line and column; folders and ZIPs of them, and our own ZIP."""

import dataclasses
import gzip
import hashlib
import io
import json
import math
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.errors import TooLarge, UnknownFormat, UnreadableFile
from dashboard.formats.archives import Archive
from dashboard.formats.limits import Limits
from dashboard.formats.number_table import read_table
from tests.unit.formats.reading_here import SMALL, arrays_of, assert_read_or_refused, bits, flipped_or_cut


@given(st.lists(st.lists(st.floats(), min_size=3, max_size=3), min_size=1, max_size=5))
def test_every_double_is_read_to_the_bit(rows):
    text = "\n".join(",".join(repr(cell) for cell in row) for row in rows)
    read = read_table(text.encode(), "w.csv")
    expected = np.array([[math.nan if math.isnan(cell) else cell for cell in row] for row in rows])
    assert bits(read) == bits(expected)


@given(st.from_regex(r"[+-]?([0-9]{1,25}(\.[0-9]{0,25})?|\.[0-9]{1,25})([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_a_number_however_it_is_written_is_the_nearest_double(text):
    assert struct.pack("<d", read_table(text.encode(), "w")[0, 0]) == struct.pack("<d", float(text))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1,2\n3,4\n", [[1, 2], [3, 4]]),
        ("1;2\r\n3;4\r\n", [[1, 2], [3, 4]]),
        ("1\t2\n3\t4", [[1, 2], [3, 4]]),
        (" 1.5  2\n  3 4 \n", [[1.5, 2], [3, 4]]),
        ("# numpy.savetxt, 2 rows\n1 2\n3 4\n", [[1, 2], [3, 4]]),
        ("\ufeffw0,w1\n1,2\n\n3,4\n\n", [[1, 2], [3, 4]]),
        ("nan,inf\n-inf,1\n", [[math.nan, math.inf], [-math.inf, 1]]),
        ("c0,c1\n-nan,NaN\n", [[math.nan, math.nan]]),
        ('"1","2"\n"3", "4"\n', [[1, 2], [3, 4]]),
        ("row,c5,c6\n0,1,2\n1,3,4\n", [[1, 2], [3, 4]]),
        ("1\r2\r", [[1], [2]]),
        ("1e400,-1e400\n1e-400,0.1", [[math.inf, -math.inf], [0.0, 0.1]]),
        (".5,5.\n+1,-0\n", [[0.5, 5], [1, -0.0]]),
    ],
)
def test_tables_as_programs_write_them(text, rows):
    np.testing.assert_array_equal(read_table(text.encode(), "w.csv"), np.array(rows, np.float64))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n3\n", "Line 2 of 'w.csv' has 1 cells, the lines before have 2"),
        ("1,2\n\n3,4,5\n", "Line 3 of 'w.csv' has 3 cells"),
        ("a,b\n1,2\n3,x\n", "Line 3, column 2 of 'w.csv' holds 'x', not a number"),
        ("1,2\n3,\n", "Line 2, column 2 of 'w.csv' is empty: a number"),
        ("1,2\n3,0x10\n", "Line 2, column 2"),
        ("1,2\n3,1_0\n", "Line 2, column 2"),
        ("1,2\n3,True\n", "Line 2, column 2"),
        ("0,5;1\n2;3\n", "Line 1, column 1 of 'w.csv' holds '0,5', not a number. Write decimals with a point."),
        (",0,1\n0,1,2\n", "Line 1, column 1 of 'w.csv' is empty"),
        (",a,b\n0,1,2\n", "numbers the rows. Send a table of numbers only (in pandas: to_csv(index=False"),
        ("a,b\n", "has a header and no rows"),
        ("a,b\n1,2,3\n", "Line 2 of 'w.csv' has 3 cells, its header 2"),
        ("\n \n", "has no rows"),
        ("1,2\0", "zero bytes"),
        ("1,\ufffd\n", "Line 1, column 2"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused_by_line_and_column(text, message):
    with pytest.raises(UnreadableFile) as refused:
        read_table(text.encode(), "w.csv")
    assert message in refused.value.message


def test_whole_numbers_beyond_doubles_are_exact():
    text = f"{2**63 - 1},{-(2**63)}".encode()
    assert read_table(text, "w", "int64").tolist() == [[2**63 - 1, -(2**63)]]
    assert read_table(str(2**64 - 1).encode(), "w", "uint64").tolist() == [[2**64 - 1]]
    for text, dtype in ((b"256", "uint8"), (b"-1", "uint8"), (b"2", "bool"), (str(2**64).encode(), "uint64")):
        with pytest.raises(UnreadableFile):
            read_table(text, "w", dtype)
    with pytest.raises(UnreadableFile, match="not a whole number"):
        read_table(b"1.5", "w", "int8")


def packed(files):
    """Return a ZIP of name -> text."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def written(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


TABLES = {"net/W1.csv": "1,2\n3,4\n", "net/b1.csv": "5,6\n", "net/deep/W2.csv": "7\n8\n"}
LEFT = {"__MACOSX/net/._W1.csv": "x", "net/.DS_Store": "x", "net/Thumbs.db": "x"}


def test_a_zip_and_a_folder_of_tables_are_the_same(tmp_path):
    (tmp_path / "file").write_bytes(packed(TABLES | LEFT))
    contents, read = arrays_of(tmp_path / "file")
    assert {name: array.tolist() for name, array in read.items()} == {
        "W1": [[1, 2], [3, 4]],
        "b1": [[5, 6]],
        "deep/W2": [[7], [8]],
    }
    folder = written(tmp_path / "folder", {name.removeprefix("net/"): text for name, text in (TABLES | LEFT).items()})
    assert arrays_of(folder)[0].tensors == contents.tensors
    assert contents.format == "csv-files"


def test_a_table_is_named_after_its_file(tmp_path):
    (tmp_path / "upload").write_text("1,2\n")
    assert set(arrays_of(tmp_path / "upload", name="C:\\weights\\W1.csv")[1]) == {"W1"}


ARRAYS: dict[str, np.ndarray] = {
    "layer_01.weight": np.array([[0.1, -0.0], [math.inf, math.nan], [1e-45, 3.4e38]], np.float32),
    "layer_01.bias": np.array([1.5, -2.25], np.float64),
    "steps": np.array(2**63 - 1, np.int64),
    "kernel": np.arange(24, dtype=np.uint64).reshape(2, 3, 4) + np.uint64(2**64 - 24),
    "mask": np.array([True, False]),
    "empty": np.zeros((0, 3), np.float16),
}


def text_of(cell):
    """Return a number as the store writes it: the shortest text that reads back as the same double, or integer."""
    return repr(int(cell) if cell.dtype.kind in "iub" else float(cell))


def own_zip(**changes):
    """Return version.json and the tables of a ZIP as a version's page gives it."""
    tables, tensors, files = {}, [], {}
    for number, (name, array) in enumerate(ARRAYS.items()):
        file = files[name] = f"t{number}.csv"
        rows = array.reshape(array.shape[0] if array.shape else 1, -1) if array.size else []
        lines = [",".join(map(text_of, row)) for row in rows]
        columns = math.prod(array.shape[1:])
        tables[file] = "\n".join([",".join(f"c{column}" for column in range(columns)), *lines]) + "\n"
        sha256 = hashlib.sha256(array.tobytes()).hexdigest()
        tensors.append({"name": name, "dtype": array.dtype.name, "shape": list(array.shape), "sha256": sha256})
    return {"version.json": json.dumps({"tensors": tensors, "files": files, "network": "book"} | changes)} | tables


def test_our_own_zip_brings_names_types_and_shapes(tmp_path):
    (tmp_path / "file").write_bytes(packed(own_zip()))
    contents, read = arrays_of(tmp_path / "file")
    assert {name: bits(array) for name, array in read.items()} == {name: bits(one) for name, one in ARRAYS.items()}
    assert list(read) == list(ARRAYS)
    assert contents.about["weightbase"]["network"] == "book"
    assert "changed" not in contents.about


def test_a_table_of_our_own_zip_that_was_edited_is_read_and_named(tmp_path):
    files = own_zip()
    (tmp_path / "file").write_bytes(packed(files | {"t1.csv": "c0\n1.5\n2.5\n"}))
    contents, read = arrays_of(tmp_path / "file")
    assert read["layer_01.bias"].tolist() == [1.5, 2.5]
    assert contents.about["changed"] == ["layer_01.bias"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version.json": "{"}, "no sound JSON"),
        ({"version.json": "[]"}, "does not state name, type, shape and file"),
        ({"version.json": '{"tensors": [{"name": "w"}], "files": {"w": "t0.csv"}}'}, "does not state"),
        ({"version.json": '{"tensors": 5, "files": 5}'}, "does not state"),
        ({"t0.csv": "c0,c1\n1,2\n"}, "has 1 × 2 numbers, but version.json states 3 × 2 for 'layer_01.weight'"),
        ({"more.csv": "1"}, "'more.csv' is not in version.json"),
    ],
)
def test_a_version_json_that_does_not_fit_is_refused(tmp_path, changes, message):
    (tmp_path / "file").write_bytes(packed(own_zip() | changes))
    with pytest.raises(UnreadableFile, match=message.replace("×", ".")):
        arrays_of(tmp_path / "file")
    files = own_zip()
    del files["t0.csv"]
    (tmp_path / "file").write_bytes(packed(files))
    with pytest.raises(UnreadableFile, match=r"'t0.csv' that version.json names is missing"):
        arrays_of(tmp_path / "file")


@pytest.mark.parametrize("name", ["../W.csv", "/etc/W.csv", "a/../../W.csv", "C:/W.csv", "a\\W.csv"])
def test_a_member_that_points_outside_is_refused(tmp_path, name):
    (tmp_path / "file").write_bytes(packed({name: "1\n", "b.csv": "1\n"}))
    with pytest.raises(UnreadableFile, match="points outside"):
        arrays_of(tmp_path / "file")


def test_another_member_than_a_table_is_refused_and_a_zip_within_a_zip_is_not_opened(tmp_path):
    (tmp_path / "file").write_bytes(packed({"a.csv": "1\n", "inner.zip": packed({"b.csv": "1\n"})}))
    with pytest.raises(UnreadableFile, match=r"'inner.zip' is no table of numbers"):
        arrays_of(tmp_path / "file")


def test_a_link_in_a_folder_is_refused(tmp_path):
    folder = written(tmp_path / "folder", {"a.csv": "1\n"})
    (folder / "b.csv").symlink_to("/etc/hostname")
    with pytest.raises(UnreadableFile, match="no file but a link"):
        arrays_of(folder)


def hostile(change):
    """Return a ZIP of two tables whose entries were changed after they were written."""
    raw = bytearray(packed({"a.csv": "1,2\n" * 50, "b.csv": "3,4\n" * 50}))
    return bytes(change(raw) or raw)


def in_directory(raw, offset, value, size=2, which=0):
    """Write a number at an offset of an entry of the central directory."""
    place = -1
    for _ in range(which + 1):
        place = raw.index(b"PK\x01\x02", place + 1)
    raw[place + offset : place + offset + size] = value.to_bytes(size, "little")


ATTACKS = {
    "encrypted": (lambda raw: in_directory(raw, 8, 1), "needs a password"),
    "a link": (lambda raw: in_directory(raw, 38, 0o120777 << 16, 4), "is a link"),
    "another compression": (lambda raw: in_directory(raw, 10, 12), "not packed by deflate"),
    "two of one name": (lambda raw: raw.replace(b"b.csv", b"a.csv"), "two members of the name"),
    "sharing bytes": (lambda raw: in_directory(raw, 42, 0, 4, which=1), "overlaps with another one"),
    "claiming less than there is": (lambda raw: in_directory(raw, 24, 10, 4), "damaged or cut"),
    "claiming more than there is": (lambda raw: in_directory(raw, 24, 1000, 4), "size that the ZIP claims|damaged"),
    "another sum": (lambda raw: in_directory(raw, 16, 1, 4), "damaged or cut"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hostile_zip_is_refused_by_the_member(tmp_path, attack):
    change, message = ATTACKS[attack]
    (tmp_path / "file").write_bytes(hostile(change))
    with pytest.raises(UnreadableFile, match=message):
        arrays_of(tmp_path / "file")


def test_bombs_are_refused_by_their_claim_and_too_many_members_by_their_number(tmp_path):
    (tmp_path / "file").write_bytes(packed({"a.csv": "0," * 2**20, "b.csv": "0," * 2**20}))
    with pytest.raises(TooLarge, match="unfolds to 4 MB; 1 MB is the limit"):
        arrays_of(tmp_path / "file", SMALL)
    (tmp_path / "file").write_bytes(packed(dict.fromkeys((f"{number}.csv" for number in range(101)), "")))
    assert SMALL.members == 20_000
    with pytest.raises(TooLarge, match="more than 100 members, which are the most"):
        arrays_of(tmp_path / "file", dataclasses.replace(SMALL, members=100))


def test_members_are_counted_before_an_object_is_made_of_each_whatever_a_zip_says_of_their_number(tmp_path):
    start = b"PK\x03\x04" + bytes(26)
    listed = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(listed) * 100_000, len(start), 0)
    path = tmp_path / "crowded.zip"
    path.write_bytes(start + listed * 100_000 + end)
    tracemalloc.start()
    with pytest.raises(TooLarge, match="more than 20,000 members"):
        Archive(path, Limits())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * 2**20


SOUND = packed(own_zip())


@given(st.data())
def test_a_zip_that_was_cut_or_has_flipped_bits_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "flipped.zip"
    path.write_bytes(flipped_or_cut(data, SOUND))
    assert_read_or_refused(path)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(9), "a PNG picture"),
        (b"%PDF-1.7\n1 0 obj", "a PDF document"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"BM" + bytes(60), "a BMP picture"),
        (b'{"W1": [[1, 2]]}', "JSON or a printed array"),
        (b"PAR1" + bytes(60), "a Parquet table"),
        (packed({"[Content_Types].xml": "<a/>"}), "an office file"),
        (packed({"readme.md": "x"}), "none of the formats that can be read.*'readme.md'"),
        (b"\x00\x01\x02", "none of the formats"),
    ],
)
def test_a_file_of_another_kind_is_named_for_what_it_is(tmp_path, content, what):
    (tmp_path / "weights.csv").write_bytes(content)
    with pytest.raises(UnknownFormat, match=what) as refused:
        arrays_of(tmp_path / "weights.csv")
    assert refused.value.status == 415


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x04\x95" + bytes(20),
        b"\x80\x02}q\x00.",
        b"cposix\nsystem\n(S'true'\ntR.",
        gzip.compress(b"\x80\x04\x95" + bytes(20), mtime=0),
    ],
)
def test_a_pickle_is_a_program(tmp_path, content):
    (tmp_path / "weights.csv").write_bytes(content)
    with pytest.raises(UnreadableFile, match="is a program"):
        arrays_of(tmp_path / "weights.csv")


@pytest.mark.parametrize("header", ["BMI,MZ", "x^2,x", "GIF8,II*", "RIFF"])
def test_a_header_that_begins_as_another_format_does_is_a_header(tmp_path, header):
    columns = header.count(",") + 1
    (tmp_path / "w").write_text(f"{header}\n" + ",".join("1" * columns))
    assert arrays_of(tmp_path / "w")[1]["w"].tolist() == [[1.0] * columns]
