"""Files that are no CSV, made one: valid, damaged and hostile ones."""

import gzip
import io
import struct
import zipfile
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dashboard.data.formats.options import parse_options
from dashboard.errors import Invalid, TooLarge
from dashboard.parsing import Fields
from tests.unit.data.data_files import converted

CSV = b"a,b\n1,x\n2,y\n"
MOST = 100_000


@pytest.fixture
def made(tmp_path):
    """Return what becomes of a file's bytes."""

    def make(body, most=MOST, **options):
        return converted(tmp_path, body, most, **options)[0].read_bytes()

    return make


def packed(files, compression=zipfile.ZIP_DEFLATED):
    """Return a ZIP of name -> bytes."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", compression) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return whole.getvalue()


def damaged(whole):
    """Return a ZIP of one small file with bytes of what is packed in it changed."""
    start = 30 + len("a.csv") + 12
    return whole[:start] + bytes(byte ^ 255 for byte in whole[start : start + 20]) + whole[start + 20 :]


def idx_file(array):
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(np.uint8).tobytes()


def picture(colour, size=(8, 8), form="PNG"):
    whole = io.BytesIO()
    Image.new("RGB", size, (colour,) * 3).save(whole, form)
    return whole.getvalue()


def parquet(**columns):
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


PIXELS = np.arange(3 * 2 * 2).reshape(3, 2, 2)
PAIR = {"images-idx3-ubyte.gz": gzip.compress(idx_file(PIXELS)), "labels-idx1-ubyte": idx_file(np.array([5, 0, 9]))}
IDX_CSV = b"label,1x1,1x2,2x1,2x2\n5,0,1,2,3\n0,4,5,6,7\n9,8,9,10,11\n"


READ = {
    "text": (CSV, CSV),
    "nothing": (b"", b""),
    "gzip": (gzip.compress(CSV), CSV),
    "gzip in gzip": (gzip.compress(gzip.compress(CSV)), CSV),
    "ZIP": (packed({"a.csv": CSV}), CSV),
    "ZIP of a Mac": (packed({"d/": b"", "d/a.csv": CSV, "__MACOSX/d/._a.csv": b"x", ".DS_Store": b"x"}), CSV),
    "gzip in ZIP": (packed({"a.csv.gz": gzip.compress(CSV)}), CSV),
    "IDX in ZIP": (packed(PAIR), IDX_CSV),
    "Parquet": (parquet(a=[1, None, 3], b=['x"y', "z", None]), b'"a","b"\n1,"x""y"\n,"z"\n3,\n'),
}


@pytest.mark.parametrize("name", READ)  # not the bytes: those of gzip name the time, and workers must agree on names
def test_what_is_packed_or_written_otherwise_becomes_a_csv(made, name):
    body, csv = READ[name]
    assert made(body) == csv


def test_pictures_in_folders_become_records_of_their_classes(made):
    files = {"set/cat/1.png": picture(10), "set/dog/1.png": picture(200), "set/dog/2.png": picture(255)}
    head, *rows = made(packed(files)).decode().splitlines()
    assert (head[:19], head.count(",")) == ("label,1x1,1x2,1x3,1", 64)
    assert rows == ['"cat"' + ",10" * 64, '"dog"' + ",200" * 64, '"dog"' + ",255" * 64]


def test_pictures_of_different_sizes_are_made_28_by_28_and_padded(made):
    files = {"a/1.jpg": picture(255, (100, 50), "JPEG"), "b/1.png": picture(7, (9, 9))}
    first, second = [row.split(",") for row in made(packed(files)).decode().splitlines()[1:]]
    assert (len(first), len(second), set(second[1:])) == (785, 785, {"7"})
    assert (first[1], first[1 + 14 * 28]) == ("0", "255")


def coloured(pixels, form="PNG"):
    """Return a picture of (rows, columns, 3) numbers."""
    whole = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(whole, form)
    return whole.getvalue()


def test_coloured_pixels_are_three_numbers_one_pixel_after_another(made):
    small = [[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]]
    head, *rows = made(packed({"a/1.png": coloured(small), "b/1.png": picture(9, (2, 2))}), colours="rgb").split()
    assert head.decode().split(",")[:5] == ["label", "1x1.red", "1x1.green", "1x1.blue", "1x2.red"]
    assert rows == [b'"a",1,2,3,4,5,6,7,8,9,10,11,12', b'"b"' + b",9" * 12]


def test_the_size_of_pictures_can_be_chosen_and_keeps_their_form(made):
    files = {"a/1.png": picture(255, (40, 20)), "b/1.png": picture(7, (9, 9))}
    head, first, _ = made(packed(files), picture_size="4 x 4").decode().splitlines()
    assert head.endswith(",4x4")
    black, white = ["0"] * 4, ["255"] * 4
    assert first.split(",")[1:] == [*black, *white, *white, *black]


def test_grey_pictures_of_16_bits_keep_their_shades(made):
    deep = io.BytesIO()
    Image.fromarray(np.array([[0, 32768], [65535, 256]], np.uint16)).save(deep, "PNG")
    rows = made(packed({"a/1.png": deep.getvalue(), "b/1.png": picture(9, (2, 2))})).decode().splitlines()
    assert rows[1] == '"a",0,128,255,1'


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"colours": "blue"}, "colours"),
        ({"picture_size": "big"}, "picture_size"),
        ({"picture_size": "0x4"}, "picture_size"),
        ({"picture_size": "100x100", "colours": "rgb"}, "picture_size"),
    ],
)
def test_choices_for_pictures_that_cannot_be_are_refused(given, field):
    fields = Fields(given)
    parse_options(fields)
    assert list(fields.errors) == [field]


HOSTILE = {
    "gzip that is cut": (gzip.compress(CSV)[:-6], "damaged or cut"),
    "gzip that is damaged": (gzip.compress(CSV)[:12] + b"\xff\xff\xff\xff" + gzip.compress(CSV)[16:], "damaged"),
    "packed too often": (gzip.compress(gzip.compress(gzip.compress(gzip.compress(CSV)))), "packed more than 2 times"),
    "empty ZIP": (packed({}), "holds no file"),
    "two tables": (packed({"a.csv": CSV, "b.csv": CSV}), r"holds 2 files \(a.csv, b.csv\)"),
    "damaged ZIP": (packed({"a.csv": CSV * 50})[:-30], "damaged"),
    "workbook": (packed({"xl/workbook.xml": b"<x/>"}), "The workbook is damaged"),
    "one IDX file": (idx_file(PIXELS), "Pictures need their labels"),
    "IDX of floats": (packed(PAIR | {"labels-idx1-ubyte": b"\0\0\x0d\1\0\0\0\3" + b"\0" * 12}), "single bytes"),
    "IDX of other lengths": (packed(PAIR | {"labels-idx1-ubyte": idx_file(np.arange(4))}), "3 pictures but 4 labels"),
    "IDX that is cut": (packed(PAIR | {"images-idx3-ubyte.gz": gzip.compress(idx_file(PIXELS)[:-1])}), "ends before"),
    "IDX of huge pictures": (
        packed(PAIR | {"images-idx3-ubyte.gz": gzip.compress(b"\0\0\x08\3" + struct.pack(">3I", 3, 9999, 9999))}),
        "pixels each",
    ),
    "LZMA in ZIP that is damaged": (damaged(packed({"a.csv": CSV * 99}, zipfile.ZIP_LZMA)), "damaged, or packed"),
    "bzip2 in ZIP that is damaged": (damaged(packed({"a.csv": CSV * 99}, zipfile.ZIP_BZIP2)), "damaged, or packed"),
    "two IDX of pictures": (packed({"a": idx_file(PIXELS), "b": idx_file(PIXELS)}), "the other their labels"),
    "Parquet that is cut": (parquet(a=[1, 2])[:-9], "cannot be read"),
    "Parquet of lists": (parquet(a=[[1], [2]]), "'a' of the Parquet file holds lists"),
    "pictures without folders": (packed({"1.png": picture(1), "2.png": picture(2)}), "is in no folder"),
    "pictures of one class": (packed({"a/1.png": picture(1), "a/2.png": picture(2)}), "All pictures are in one folder"),
    "no picture": (packed({"a/1.png": picture(1), "b/2.png": b"<svg/>"}), "b/2.png is damaged, or no picture"),
    "picture that is cut": (
        packed({"a/1.png": picture(1), "b/2.png": picture(2, (60, 60))[:-30]}), "b/2.png is damaged, or no picture"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_read_is_refused_in_words(made, name):
    body, words = HOSTILE[name]
    with pytest.raises(Invalid, match=words):
        made(body)


def test_a_picture_that_claims_too_many_pixels_is_refused_before_it_is_decoded(made):
    body = bytearray(picture(1))
    body[16:24] = struct.pack(">2I", 30_000, 30_000)
    body[29:33] = struct.pack(">I", zlib.crc32(bytes(body[12:29])))
    with pytest.raises(Invalid, match=r"b/2\.png has .*pixels"):
        made(packed({"a/1.png": picture(1), "b/2.png": bytes(body)}))


@pytest.mark.parametrize("pack", [gzip.compress, lambda body: packed({"a.csv": body})])
def test_what_unpacks_to_more_than_the_limit_is_given_up(made, pack):
    with pytest.raises(TooLarge, match="larger than"):
        made(pack(b"1,2\n" * 1_000_000))


ARFF = rb"""% A comment.

@RELATION 'some flowers'
@attribute 'petal length' REAL
@ATTRIBUTE width numeric
@attribute kind {setosa,'iris virginica'}
@data
1.5,2,setosa
% another
?, 3, 'iris virginica'
'a \'b\', c',"4",O'Brien
"""


def test_an_arff_file_becomes_a_table_without_its_types(made):
    lines = made(ARFF).decode().splitlines()
    assert lines == [
        "petal length,width,kind",
        "1.5,2,setosa",
        "?,3,iris virginica",
        '"a \'b\', c","""4""",O\'Brien',
    ]
    assert (
        made(b"%\n" * 9_000 + ARFF.replace(b"1.5,2", "é,2".encode("latin-1"))).decode().splitlines()[1] == "é,2,setosa"
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"@relation x\n@attribute a real\n1\n", "no line @data"),
        (b"@relation x\n@attribute a\n@data\n1\n", "Line 2"),
        (b"@relation x\n@attribute a relational\n@data\n1\n", "relational"),
        (b"@relation x\n@attribute a real\n@data\n{0 5}\n{1 5}\n", "Line 5 of the ARFF file is no sparse row of 1"),
        (b"@relation x\n@attribute a real\n@attribute b real\n@data\n{1 5, 0 3}\n", "Line 5 .* no sparse row of 2"),
        (b"@relation x\n@attribute a real\n@data\n{0 five six}x\n", "Line 4"),
        (b"@relation x\n@attribute a real\n@data\n{0 5}, {2}\n", "Line 4"),
    ],
)
def test_an_arff_file_that_cannot_be_read_is_refused_with_the_reason(made, body, words):
    with pytest.raises(Invalid, match=words):
        made(body)


def test_sparse_rows_of_arff_leave_out_zeros_and_the_first_of_named_values(made):
    head = b"@relation x\n@attribute a real\n@attribute b {no,'well, yes'}\n@attribute c string\n"
    head += b"@attribute d INTEGER\n@data\n"
    rows = b"{0 1.5, 1 'well, yes', 2 \"a b\", 3 -2}\n{3 7}\n{ }\n{1 no,2 ?}\n2,no,x,3\n"
    assert made(head + rows).decode().splitlines()[1:] == [
        '1.5,"well, yes",a b,-2',
        "0,no,,7",
        "0,no,,0",
        "0,no,?,0",
        "2,no,x,3",
    ]


def test_an_arff_file_takes_no_more_than_the_limit(made):
    with pytest.raises(TooLarge):
        made(b"@relation x\n@attribute a real\n@data\n" + b"1.25\n" * 30_000)
