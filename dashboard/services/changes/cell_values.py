"""The text of a cell's new value, read exactly as the type of its tensor: a float32 never passes through a double."""

import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from dashboard.engine.rounding import round_once
from dashboard.weights.dtypes import FLOATS, Array, bits_of, numpy_dtype

WORDS = {"nan": math.nan, "inf": math.inf, "infinity": math.inf}
DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,6})?", re.ASCII)
FARTHEST = 5000
"""Powers of ten beyond this are 0 or infinite in every type, and are not written out."""
TRUTH = {"true": 1, "false": 0, "1": 1, "0": 0}


def parse_cell(text: str, dtype: str) -> Array:
    """Return the value (a 0-dimensional array of this type) that a text means, rounded once to the nearest.

    Raises ValueError with what is wrong with the text, in words.
    """
    if dtype in FLOATS:
        return _parse_float(text, dtype)
    if dtype == "bool":
        if text.lower() not in TRUTH:
            raise ValueError("A bool is true, false, 1 or 0.")
        return np.array(TRUTH[text.lower()] == 1)
    limits = np.iinfo(dtype)
    if not re.fullmatch(r"[+-]?\d{1,25}", text, re.ASCII) or not limits.min <= int(text) <= limits.max:
        raise ValueError(f"Give a whole number from {limits.min:,} to {limits.max:,}, without separators.")
    return np.array(int(text), numpy_dtype(dtype))


def _parse_float(text: str, dtype: str) -> Array:
    word = text.lower().lstrip("+-")
    if word in WORDS and len(text) - len(word) <= 1:
        value = np.array(-WORDS[word] if text.startswith("-") else WORDS[word])
        return value.astype(numpy_dtype(dtype))
    if not DECIMAL.fullmatch(text):
        raise ValueError("Give a number such as 0.25 or -1e-3, with a point as the decimal mark, or nan, inf, -inf.")
    value = round_once(np.array(_to_odd(text) if dtype != "float64" else float(text)), numpy_dtype(dtype))
    if not np.isfinite(value):
        raise ValueError(f"This is beyond the largest {dtype}. Give a smaller number, or inf.")
    return value


def _to_odd(text: str) -> float:
    """Return a decimal as a double cut off towards 0, its last bit set where that changed it: to be rounded further."""
    near = float(text)
    if not math.isfinite(near) or abs(Decimal(text).adjusted()) > FARTHEST:
        return near
    exact = Fraction(Decimal(text))
    if Fraction(near) == exact:
        return near
    cut = math.nextafter(near, 0.0) if abs(Fraction(near)) > abs(exact) else near
    odd = np.array(cut).view(np.uint64) | np.uint64(1)
    return math.copysign(float(odd.view(np.float64)), near)


def cell_before_and_after(before: Any, after: Any) -> dict[str, Any]:  # noqa: ANN401 - numpy scalars of any type
    """Return both values of a cell as the texts that read back as them, and their bits as hexadecimal digits."""
    return {
        "before": value_text(before),
        "after": value_text(after),
        "bits_before": _bits(before),
        "bits_after": _bits(after),
    }


def value_text(value: Any) -> str:  # noqa: ANN401 - a numpy scalar of any type
    """Return the shortest text that reads back as this value in its own type; of bfloat16, as a double."""
    if value.dtype.name == "bfloat16":
        return repr(float(value))
    return str(value.item() if value.dtype.kind in "iub" else value)


def _bits(value: Any) -> str:  # noqa: ANN401 - a numpy scalar of any type
    bits = bits_of(np.asarray(value))
    return f"{int(bits[0]):0{2 * bits.dtype.itemsize}x}"
