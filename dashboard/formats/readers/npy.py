"""One array of NumPy (.npy), named after its file."""

from collections.abc import Sequence

from dashboard.formats.npy import MAGIC, add_npy
from dashboard.formats.reader import Reader
from dashboard.formats.sink import Sink
from dashboard.formats.source import Source


def recognises(start: bytes, members: Sequence[str]) -> bool:
    """Return whether the file begins as such a file does."""
    return start.startswith(MAGIC)


def read(source: Source, sink: Sink) -> None:
    """Read the array; raises UnreadableFile, TooLarge."""
    add_npy(sink, source.stem, source.pieces_at(0, source.size), source.size)


READER = Reader("npy", "NumPy array", (".npy",), recognises, read)
