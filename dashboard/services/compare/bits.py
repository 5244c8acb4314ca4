"""The bits of one cell: which of them are the sign, the exponent and the mantissa of its type, and what these say."""

from typing import NamedTuple

from dashboard.weights.dtypes import FLOATS, numpy_dtype

SIGN, EXPONENT, MANTISSA, VALUE = "sign", "exponent", "mantissa", "value"


class BitGroup(NamedTuple):
    """Bits that belong together: their name, and their numbers, the highest first; bit 0 is the lowest of the cell."""

    name: str
    numbers: range

    def field(self, bits: int) -> int:
        """Return the number that a cell's bits have in this group."""
        return bits >> self.numbers[-1] & (1 << len(self.numbers)) - 1


class FloatFields(NamedTuple):
    """What the bits of a float say: it is `significand` × 2^`exponent`, negative if `is_negative`.

    `significand` is from 1 to below 2, or below 1 for the numbers next to zero; `special` is Inf or NaN for what is no
    number, else empty. `step` is how far the next number of the type is from this one, away from zero.
    """

    is_negative: bool
    significand: float
    exponent: int
    special: str
    step: float


def bit_groups(dtype: str) -> list[BitGroup]:
    """Return the groups of a type's bits, the highest first (IEEE 754; integers are two's complement)."""
    top = 8 * numpy_dtype(dtype).itemsize - 1
    if dtype in FLOATS:
        fraction = FLOATS[dtype]
        return [_group(SIGN, top, top), _group(EXPONENT, top - 1, fraction), _group(MANTISSA, fraction - 1, 0)]
    if numpy_dtype(dtype).kind == "i":
        return [_group(SIGN, top, top), _group(VALUE, top - 1, 0)]
    return [_group(VALUE, top, 0)]


def float_fields(bits: int, dtype: str) -> FloatFields | None:
    """Return what the bits of a cell of a floating type say, None for another type."""
    if dtype not in FLOATS:
        return None
    sign, exponent, mantissa = (group.field(bits) for group in bit_groups(dtype))
    fraction, width = FLOATS[dtype], len(bit_groups(dtype)[1].numbers)
    bias = (1 << (width - 1)) - 1
    power = max(exponent, 1) - bias
    if exponent == (1 << width) - 1:
        return FloatFields(bool(sign), 0.0, 0, "NaN" if mantissa else "Inf", 0.0)
    significand = (exponent > 0) + mantissa / (1 << fraction)
    return FloatFields(bool(sign), significand, power, "", 2.0 ** (power - fraction))


def integer(digits: str, dtype: str) -> int | None:
    """Return the integer that these hexadecimal digits are in a type, None for a floating one."""
    if dtype in FLOATS:
        return None
    return int.from_bytes(bytes.fromhex(digits), "big", signed=numpy_dtype(dtype).kind == "i")


def _group(name: str, first: int, last: int) -> BitGroup:
    return BitGroup(name, range(first, last - 1, -1))
