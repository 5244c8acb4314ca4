"""IDX, the format in which MNIST is published: a file of pictures and a file of their labels.

A file begins with two zero bytes, the type of its numbers (8: one byte each) and how many axes there are; then the
length of each axis, four bytes each, and the numbers (http://yann.lecun.com/exdb/mnist).
"""

import math
import struct
from pathlib import Path
from typing import BinaryIO

from dashboard.data.formats.output import Output, refuse
from dashboard.data.formats.pixels import NUMBERS, write_header, write_record

MOST_PIXELS = 10_000
BYTES = 8


def recognises(start: bytes) -> bool:
    """Return whether a file is one, by its first bytes."""
    return len(start) >= 8 and start[:2] == b"\0\0" and start[2] in {8, 9, 11, 12, 13, 14} and 1 <= start[3] <= 4


def convert(path: Path, output: Output) -> None:
    """Refuse a file by itself: pictures need labels."""
    raise refuse(
        "This is one IDX file. Pictures need their labels: choose the file of pictures and the file of labels "
        "together, or put both into a ZIP."
    )


def convert_pair(first: BinaryIO, second: BinaryIO, output: Output) -> None:
    """Write a record a picture, its label first; raises Invalid unless one file has pictures, the other labels."""
    shapes = [(file, _shape(file)) for file in (first, second)]
    (labels, counted), (pictures, shape) = sorted(shapes, key=lambda one: len(one[1]))
    if len(counted) != 1 or len(shape) != 3:
        raise refuse("Of two IDX files one must hold pictures (three axes), the other their labels (one axis).")
    if counted[0] != shape[0]:
        raise refuse(f"There are {shape[0]:,} pictures but {counted[0]:,} labels: these files do not belong together.")
    pixels = math.prod(shape[1:])
    if not 1 <= pixels <= MOST_PIXELS:
        raise refuse(f"The pictures have {pixels:,} pixels each; 1 to {MOST_PIXELS:,} are possible.")
    write_header(output, shape[1:])
    for _ in range(shape[0]):
        label, picture = labels.read(1), pictures.read(pixels)
        if len(label) < 1 or len(picture) < pixels:
            raise refuse("An IDX file ends before its last record: download it again.")
        write_record(output, NUMBERS[label[0]], picture)


def _shape(file: BinaryIO) -> tuple[int, ...]:
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] != BYTES:
        raise refuse("Only IDX files whose numbers are single bytes can be read, as MNIST's are.")
    lengths = file.read(4 * start[3])
    if len(lengths) < 4 * start[3]:
        raise refuse("An IDX file ends within its head: download it again.")
    return struct.unpack(f">{start[3]}I", lengths)
