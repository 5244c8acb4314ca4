"""Which reader reads a file: its content decides, never its ending."""

from collections.abc import Sequence

from dashboard.errors import UnknownFormat
from dashboard.formats.other_files import what_it_is
from dashboard.formats.reader import Reader
from dashboard.formats.source import Source


def reader_of(source: Source, readers: Sequence[Reader]) -> Reader:
    """Return the reader of a file; raises UnknownFormat saying what it is instead, UnreadableFile for a program."""
    start, members = source.start, source.members
    refusal = what_it_is(start, members)
    if refusal is not None:
        raise refusal
    for reader in readers:
        if reader.recognises(start, members):
            return reader
    names = ", ".join(reader.words for reader in readers)
    raise UnknownFormat(f"This is none of the formats that can be read: {names}.")
