from decimal import Decimal, getcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.services.changes.cell_values import cell_before_and_after, parse_cell
from dashboard.weights.dtypes import numpy_dtype

NARROW = {"float16": 0x7BFF, "bfloat16": 0x7F7F, "float32": 0x7F7FFFFF}
"""The bits of the largest number of each type."""


def value_of(code, dtype):
    kind = numpy_dtype(dtype)
    return np.array(code, f"u{kind.itemsize}").view(kind)


@given(st.sampled_from(sorted(NARROW)), st.data())
def test_a_decimal_next_to_a_tie_is_rounded_to_the_side_it_is_on(dtype, data):
    code = data.draw(st.integers(0, NARROW[dtype] - 1))
    low, high = value_of(code, dtype), value_of(code + 1, dtype)
    getcontext().prec = 400
    tie = (Fraction(float(low)) + Fraction(float(high))) / 2
    middle = Decimal(tie.numerator) / Decimal(tie.denominator)
    tiny = Decimal(10) ** -60
    even = low if code % 2 == 0 else high
    assert parse_cell(f"{middle:e}"[:5000], dtype).tobytes() == even.tobytes()
    assert parse_cell(f"{middle * (1 - tiny):e}", dtype).tobytes() == low.tobytes()
    assert parse_cell(f"{middle * (1 + tiny):e}", dtype).tobytes() == high.tobytes()


def test_a_float32_never_passes_through_a_double():
    text = "1.00000005960464477540"  # above the tie of two float32s, and its double is the tie itself
    assert float(text) == 1.0 + 2.0**-24
    assert float(np.float32(float(text))) == 1.0
    assert float(parse_cell(text, "float32")) == 1.0 + 2.0**-23


@pytest.mark.parametrize(
    ("text", "dtype", "shown"),
    [
        ("-0", "float32", "-0.0"),
        ("nan", "float16", "nan"),
        ("-Inf", "bfloat16", "-inf"),
        ("1e-999999", "float64", "0.0"),
        ("+.5", "float32", "0.5"),
        ("-128", "int8", "-128"),
        ("18446744073709551615", "uint64", "18446744073709551615"),
        ("true", "bool", "True"),
    ],
)
def test_a_text_is_read_as_the_type_of_its_tensor(text, dtype, shown):
    assert str(parse_cell(text, dtype)[()]) == shown


@pytest.mark.parametrize(
    ("text", "dtype", "words"),
    [
        ("0,5", "float32", "point as the decimal mark"),
        ("1e39", "float32", "beyond the largest float32"),
        ("65520", "float16", "beyond the largest float16"),
        ("1_000", "float64", "Give a number"),
        ("٣", "int8", "Give a whole number from -128 to 127"),
        ("128", "int8", "Give a whole number from -128 to 127"),
        ("1.0", "int64", "Give a whole number"),
        ("2", "bool", "true, false, 1 or 0"),
        ("", "float32", "Give a number"),
    ],
)
def test_what_is_no_value_of_the_type_is_refused_in_words(text, dtype, words):
    with pytest.raises(ValueError, match=words):
        parse_cell(text, dtype)


def test_a_cell_is_told_with_its_bits_before_and_after():
    assert cell_before_and_after(np.float32(0.1), np.float32(-0.0)) == {
        "before": "0.1",
        "after": "-0.0",
        "bits_before": "3dcccccd",
        "bits_after": "80000000",
    }
