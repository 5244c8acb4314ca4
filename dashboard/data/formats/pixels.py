"""Pictures as a CSV: a record a picture, its label first, then its pixels, row by row, named after their places."""

from dashboard.data.formats.output import Output

NUMBERS = [str(number).encode() for number in range(256)]


def write_header(output: Output, rows: int, columns: int) -> None:
    """Write the names of the columns: label, 1x1, 1x2 and so on."""
    names = (f"{row}x{column}" for row in range(1, rows + 1) for column in range(1, columns + 1))
    output.write(",".join(["label", *names]).encode() + b"\n")


def write_record(output: Output, label: bytes, pixels: bytes) -> None:
    """Write a picture: its label as it stands in the file, and a byte for each pixel."""
    output.write(b",".join([label, *map(NUMBERS.__getitem__, pixels)]) + b"\n")
