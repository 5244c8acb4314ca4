"""One table of numbers as text (.csv, .txt), named after its file: the format that is tried last."""

from collections.abc import Sequence

from dashboard.formats.number_table import read_table
from dashboard.formats.reader import Reader
from dashboard.formats.sink import Sink
from dashboard.formats.source import Source


def recognises(start: bytes, members: Sequence[str]) -> bool:
    """Return whether the file may be text: whatever has no zero byte, and UTF-16, which is refused in words."""
    return bool(start) and not members and (b"\0" not in start or start.startswith((b"\xff\xfe", b"\xfe\xff")))


def read(source: Source, sink: Sink) -> None:
    """Read the table as float64; raises UnreadableFile naming line and column, TooLarge."""
    text = source.bytes_at(0, source.size)
    sink.reserve(source.stem, (len(text) // 2 // 8,), 8)  # a number has a digit and what follows it
    sink.add(source.stem, read_table(text, source.name))


READER = Reader("csv", "CSV table", (".csv", ".txt", ".tsv"), recognises, read, ("pandas",), is_fallback=True)
