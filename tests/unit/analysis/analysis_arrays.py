"""Random tensors for the tests of `analysis`: any bits at all, or the values that trip people up."""

import ml_dtypes
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

FLOAT_DTYPES = ("float16", "float32", "float64", "bfloat16")
NUMBER_DTYPES = (*FLOAT_DTYPES, "bool", "int8", "uint8", "int64", "uint64")
AWKWARD = [0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 5e-324, 1e-40, 1.5e-300, 3e38, 1.7e308, -1.7e308, 0.1, -2.5]

shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6)


def numpy_dtype(name):
    return np.dtype(ml_dtypes.bfloat16) if name == "bfloat16" else np.dtype(name)


def wide(array):
    """The cells as float64; making a signalling NaN wider is worth no warning in a test."""
    with np.errstate(invalid="ignore"):
        return array.astype(np.float64)


@st.composite
def bit_patterns(draw, dtypes=FLOAT_DTYPES, shape=shapes):
    """Arrays whose cells have any bits: NaN with payloads, infinities, denormals, both zeros."""
    dtype = numpy_dtype(draw(st.sampled_from(dtypes)))
    bits = draw(hnp.arrays(f"u{dtype.itemsize}", shape))
    return (bits % 2).astype(bool) if dtype == np.bool_ else bits.view(dtype)


@st.composite
def pairs(draw, dtypes=FLOAT_DTYPES):
    """Two arrays of one shape and dtype; cells of the second are often those of the first."""
    dtype = numpy_dtype(draw(st.sampled_from(dtypes)))
    shape = draw(shapes)
    values = st.one_of(st.sampled_from(AWKWARD), st.floats(-10, 10, width=16))
    with np.errstate(over="ignore"):
        base, fresh = (draw(hnp.arrays(np.float64, shape, elements=values)).astype(dtype) for _ in range(2))
    moved = draw(hnp.arrays(np.bool_, shape))
    return base, np.where(moved, fresh, base).astype(dtype)
