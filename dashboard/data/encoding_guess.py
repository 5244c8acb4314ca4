"""The encoding of a file, guessed from all of its bytes."""

import codecs
from pathlib import Path

from dashboard.data.guesses import Guess
from dashboard.data.sampling import pieces
from dashboard.data.signatures import REMEDY, UTF_16, refuse_binary
from dashboard.errors import Invalid


def _start(path: Path) -> bytes:
    """Return a file's first bytes; raises Invalid for what is not text."""
    with path.open("rb") as file:
        start = file.read(4096)
    refuse_binary(start)
    return start


def check_encoding(path: Path, encoding: str) -> str:
    """Return the encoding that a person chose; raises Invalid if the file is not text, or not in this encoding."""
    _start(path)
    if not decodes(path, encoding):
        raise Invalid({"encoding": f"The file cannot be read as {encoding}: choose another encoding."})
    return encoding


def guess_encoding(path: Path) -> Guess:
    """Return the codec that decodes the whole file; raises Invalid for what is not text."""
    start = _start(path)
    if start.startswith(UTF_16):
        if not decodes(path, "utf-16"):
            raise Invalid({"file": "The file begins like UTF-16 text but is damaged: save it again as UTF-8."})
        return Guess("utf-16", "The file begins with the mark of UTF-16.")
    if any(b"\0" in piece for piece in pieces(path)):
        return _with_nulls(path, start)
    if decodes(path, "utf-8"):
        if start.startswith(codecs.BOM_UTF8):
            return Guess("utf-8-sig", "The file begins with the mark of UTF-8.")
        return Guess("utf-8", "All of the file is valid UTF-8.")
    return Guess("cp1252" if decodes(path, "cp1252") else "latin-1", "", sure=False)


def _with_nulls(path: Path, start: bytes) -> Guess:
    """Return UTF-16 without a mark if every second byte is NUL, as it is for most texts; raises Invalid if not."""
    for encoding, zeros, others in (("utf-16-le", start[1::2], start[::2]), ("utf-16-be", start[::2], start[1::2])):
        if others.count(0) * 2 < len(others) < zeros.count(0) * 2 and decodes(path, encoding):
            return Guess(encoding, "Most second bytes are NUL, as in UTF-16.")
    raise Invalid({"file": f"This is not a CSV file: it holds NUL bytes. {REMEDY}"})


def decodes(path: Path, encoding: str) -> bool:
    """Return whether a whole file can be read in an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in pieces(path):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True
