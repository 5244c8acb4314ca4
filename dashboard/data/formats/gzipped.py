"""A gzip file (.gz): what is in it, unpacked piece by piece."""

import gzip
import zlib
from pathlib import Path

from dashboard.data.formats.output import Output, refuse

PIECE = 2**20


def recognises(start: bytes) -> bool:
    """Return whether a file is one, by its first bytes."""
    return start.startswith(b"\x1f\x8b")


def convert(path: Path, output: Output) -> None:
    """Write what is in the file; raises Invalid if it is damaged, TooLarge beyond the output's limit."""
    try:
        with gzip.open(path) as file:
            while piece := file.read(PIECE):
                output.write(piece)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise refuse(f"The gzip file is damaged or cut ({error}): pack it again, or upload it unpacked.") from error
