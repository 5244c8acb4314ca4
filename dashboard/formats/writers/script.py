"""A program of plain NumPy (.py) with the weights in it: it predicts the records of a CSV."""

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dashboard.formats.description import Description
from dashboard.formats.script_text import program_text
from dashboard.formats.types import Array, plain
from dashboard.formats.writer import Writer

MOST_BYTES = 4 * 2**20
"""Of the weights: a larger program takes long to start, and editors cannot open it."""
RUNS = "script"
WEIGHTS_MARK = "@DATA@"


def write(description: Description, arrays: Iterator[Array], path: Path) -> None:
    """Write the program of a version, its weights as text of base 85."""
    before, after = program_text(description, WRITER.name, "FILE.py").split(WEIGHTS_MARK)
    with path.open("x", encoding="ascii", newline="\n") as file:
        file.write(before)
        for tensor, array in zip(description.tensors, arrays, strict=True):
            text = base64.b85encode(plain(array).reshape(-1).view(np.uint8).data).decode()
            file.write(f'    {tensor.name!r}: ({tensor.dtype!r}, {tensor.shape}, "{text}"),\n')
        file.write(after)


def why_no_program(description: Description) -> str:
    """Return why a version cannot become a program, as a sentence; empty if it can."""
    if not description.layers:
        return "It has no layers of this dashboard, which a program could compute."
    if not description.preprocessing:
        return "It has no preprocessing: nothing says what its inputs are."
    return ""


def _why_not(description: Description) -> str:
    if reason := why_no_program(description):
        return reason
    if description.bytes > MOST_BYTES:
        return f"Its weights have more than {MOST_BYTES // 2**20} MB: take the ZIP with a file of weights."
    return ""


WRITER = Writer(
    "script",
    "Python program",
    ".py",
    "The whole way from a CSV to answers in plain NumPy, weights inside: the same outputs as here, to the bit.",
    "Dates have to be given as their parts, such as when.year.",
    write,
    _why_not,
    runs=RUNS,
)
