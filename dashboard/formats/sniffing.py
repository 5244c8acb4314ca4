"""Which reader reads a file: its content decides, never its ending."""

from collections.abc import Sequence

from dashboard.errors import UnknownFormat
from dashboard.formats.other_files import what_it_is
from dashboard.formats.reader import Reader
from dashboard.formats.sink import shown
from dashboard.formats.source import Source


def reader_of(source: Source, readers: Sequence[Reader]) -> Reader:
    """Return the reader of a file; raises UnknownFormat saying what it is instead, UnreadableFile for a program."""
    start, members = source.start, source.members
    for reader in readers:
        if not reader.is_fallback and reader.recognises(start, members):
            return reader
    other = what_it_is(start, members)
    if other is not None:
        raise other
    for reader in readers:
        if reader.is_fallback and reader.recognises(start, members):
            return reader
    inside = f" It holds {', '.join(map(shown, members[:3]))}{' and more' if members[3:] else ''}." if members else ""
    names = ", ".join(reader.words for reader in readers)
    raise UnknownFormat(f"This is none of the formats that can be read: {names}.{inside}")
