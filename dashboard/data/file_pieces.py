"""A file cut into pieces of whole lines where pyarrow would cut it, so that the blocks of both are the same."""

import io
import os
from collections.abc import Iterator

BLOCK_BYTES = 4 << 20
LONGEST_PIECE = 3 * BLOCK_BYTES
TAIL = 1 << 14
MARK = b"\xef\xbb\xbf"

Piece = tuple[int, int | None]
"""Where a piece begins and ends in its file."""


def pieces(file: int) -> Iterator[Piece]:
    """Yield (start, end) of pieces of a file that end with the last line that ends in each four megabytes.

    The end is None, and the piece the last one, where no line ends for so long.
    """
    size, start = os.fstat(file).st_size, 0
    for place in range(BLOCK_BYTES, size, BLOCK_BYTES):
        end = _line_end(file, place - BLOCK_BYTES, place)
        yield start, end
        if end is None:
            return
        start = end
    if start < size:
        yield start, size


def _line_end(file: int, start: int, end: int) -> int | None:
    """Return the place behind the last end of a line in a part of a file, or None."""
    for place in range(end - TAIL, start - 1, -TAIL):
        tail = os.pread(file, TAIL, place)
        if (last := max(tail.rfind(b"\n"), tail.rfind(b"\r"))) >= 0:
            return place + last + 1
    return None


class Rest(io.RawIOBase):
    """The rest of a file, read so that pyarrow cuts it where it would cut the whole file."""

    def __init__(self, file: io.FileIO, start: int) -> None:
        self.file, self.start, self.place = file.fileno(), start, start

    def readable(self) -> bool:
        """Say that it is read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the bytes up to the next multiple of a block's size; none at the end of the file."""
        place = self.place
        content = os.pread(self.file, BLOCK_BYTES - place % BLOCK_BYTES, place)
        self.place += len(content)
        return within_file(content, place) if place == self.start else content


def within_file(content: bytes, start: int) -> bytes:
    """Return what begins at a place of a file, so that pyarrow does not take a mark there for that of the file."""
    return b"\n" + content if start and content.startswith(MARK) else content
