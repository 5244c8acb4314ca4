"""Pictures as a CSV: a record a picture, its label first, then its pixels, row by row, named after their places."""

from collections.abc import Sequence

from dashboard.data.formats.output import Output
from dashboard.data.suggestions import pixel_names

NUMBERS = [str(number).encode() for number in range(256)]


def write_header(output: Output, shape: Sequence[int]) -> None:
    """Write the names of the columns: label, 1x1, 1x2 and so on, or label, 1x1.red, 1x1.green, 1x1.blue and so on."""
    output.write(",".join(["label", *pixel_names(shape)]).encode() + b"\n")


def write_record(output: Output, label: bytes, pixels: bytes) -> None:
    """Write a picture: its label as it stands in the file, and a byte for each pixel."""
    output.write(b",".join([label, *map(NUMBERS.__getitem__, pixels)]) + b"\n")
