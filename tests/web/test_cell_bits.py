"""The bits on the page of a cell: against `struct.pack`, flipped ones marked, values exact in their type."""

import struct

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import create_app
from dashboard.services.compare.bits import bit_groups, float_fields
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.foreign_versions import save_foreign, with_axis
from tests.web.page_check import Browser, words

PACKED = {"float16": ">e", "float32": ">f", "float64": ">d", "int64": ">q", "uint8": ">B"}
ODD = [0.1, -0.0, 1e-7, float("inf"), float("nan"), 1.0, 65504.0, -3.5]
SIDES = "base=bits:1&other=bits:2"


def tensors(shift):
    """Return a vector of each type, in the second version changed in some cells."""
    floats = {name: np.array(ODD, name) for name in ("float16", "float32", "float64")}
    others = {
        "int64": np.array([-(2**62) - 1, 7], "i8"),
        "uint8": np.array([200, 3], "u1"),
        "bfloat16": np.array(ODD, ml_dtypes.bfloat16),
    }
    made = floats | others
    for values in made.values():
        values[0] = values[0] + values.dtype.type(shift)
    return made


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    opened = open_workspace(Settings(home=str(tmp_path_factory.mktemp("bits"))))
    for number in (1, 2):
        save_foreign(
            opened,
            "bits",
            [with_axis(name, values, None) for name, values in tensors(number - 1).items()],
            epoch=number,
        )
    yield Browser(create_app(workspace=opened).test_client())
    opened.catalogue.close()


def boards(page):
    """Return of the board of bits: head -> the texts of the row, and the numbers of the flipped boxes."""
    (table,) = page.all("table", class_="bits")
    rows = {words(next(row.iter("th"))): list(row.iter("td")) for row in table.iter("tr") if list(row.iter("td"))}
    numbers = [int(words(e)) for e in table.iter("th") if e.get("scope") == "col"]
    flipped = [n for n, box in zip(numbers, rows["bits:2"], strict=False) if "flipped" in (box.get("class") or "")]
    texts = {
        name: "".join(words(box) for box in boxes[:-1]) for name, boxes in rows.items() if name.startswith("bits:")
    }
    arrows = [n for n, box in zip(numbers, rows["Flipped"], strict=False) if words(box) == "▲"]
    return texts, numbers, flipped, arrows


@pytest.mark.parametrize("dtype", PACKED)
def test_the_boxes_are_the_bits_of_the_packed_number_and_flipped_ones_are_marked(browser, dtype):
    for row in range(len(tensors(0)[dtype])):
        page = browser.get(f"/compare/cell?{SIDES}&tensor={dtype}&row={row}&column=0")
        packed = [struct.pack(PACKED[dtype], tensors(shift)[dtype][row].item()) for shift in (0, 1)]
        expected = ["".join(f"{byte:08b}" for byte in each) for each in packed]
        texts, numbers, flipped, arrows = boards(page)
        assert [texts["bits:1"], texts["bits:2"]] == expected
        assert numbers == list(range(len(expected[0]) - 1, -1, -1))
        assert flipped == arrows == [n for n, a, b in zip(numbers, *expected, strict=True) if a != b]


def test_the_digits_that_are_copied_read_back_as_the_same_bits(browser):
    for dtype, code in PACKED.items():
        page = browser.get(f"/compare/cell?{SIDES}&tensor={dtype}&row=0&column=0")
        texts = [e.get("data-copy") for e in page.root.iter("button") if e.get("aria-label") == "Copy the value"]
        read = [(int if code[1] in "qB" else float)(text) for text in texts]
        expected = [struct.pack(code, tensors(shift)[dtype][0].item()) for shift in (0, 1)]
        assert [struct.pack(code, value) for value in read] == expected
    page = browser.get(f"/compare/cell?{SIDES}&tensor=float32&row=0&column=0")
    assert page.sentence.startswith("0.1 became 1.1: ")


def test_a_bfloat16_has_eight_bits_of_exponent_and_seven_of_mantissa(browser):
    page = browser.get(f"/compare/cell?{SIDES}&tensor=bfloat16&row=0&column=0")
    texts, *_ = boards(page)
    as_float32 = struct.pack(">f", float(tensors(0)["bfloat16"][0]))
    assert texts["bits:1"] == "".join(f"{byte:08b}" for byte in as_float32[:2])
    assert "of the exponent" in words(page.by_id("main"))
    assert [(group.name, len(group.numbers)) for group in bit_groups("bfloat16")] == [
        ("sign", 1),
        ("exponent", 8),
        ("mantissa", 7),
    ]


@given(st.floats(width=32))
def test_sign_mantissa_and_exponent_make_the_number(value):
    (bits,) = struct.unpack(">I", struct.pack(">f", value))
    fields = float_fields(bits, "float32")
    if fields.special:
        assert not np.isfinite(value)
    else:
        assert (-1) ** fields.is_negative * fields.significand * 2.0**fields.exponent == value
        assert fields.step == abs(float(np.spacing(np.float32(value))))
