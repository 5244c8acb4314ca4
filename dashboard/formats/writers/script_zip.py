"""A ZIP of a program of plain NumPy and of its weights, as a file next to it."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from dashboard.formats.description import Description
from dashboard.formats.script_text import program_text
from dashboard.formats.types import PIECE, Array
from dashboard.formats.writer import Writer
from dashboard.formats.writers import npz, script
from dashboard.formats.zip_writing import add_member, add_text, new_zip

PROGRAM, WEIGHTS = "predict.py", "weights.npz"


def write(description: Description, arrays: Iterator[Array], path: Path) -> None:
    """Write the two files of a version."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, new_zip(path) as archive:
        weights = Path(folder) / WEIGHTS
        npz.write(description, arrays, weights)
        with weights.open("rb") as file:
            add_member(archive, WEIGHTS, weights.stat().st_size, iter(lambda: file.read(PIECE), b""))
        add_text(archive, PROGRAM, program_text(description, WRITER.name, PROGRAM, WEIGHTS))


WRITER = Writer(
    "script-zip",
    "Python program with its weights",
    ".py.zip",
    "The same program as predict.py, and the weights as weights.npz next to it, whatever their size.",
    "Dates have to be given as their parts, such as when.year.",
    write,
    script.why_no_program,
    inner=WEIGHTS,
    runs=script.RUNS,
)
