"""Office files of the old form (.xls), and workbooks with a password, which have that form, too: refused."""

from pathlib import Path

from dashboard.data.formats.output import Output, refuse

START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
PIECE = 2**20


def recognises(start: bytes) -> bool:
    """Return whether a file is one, by its first bytes."""
    return start.startswith(START)


def convert(path: Path, output: Output) -> None:
    """Refuse the file, saying what it is and what to do."""
    if _holds(path, ENCRYPTED):
        raise refuse("The workbook needs a password: save it without one (.xlsx), or its table as CSV (UTF-8).")
    raise refuse("This is an office file of the old form (.xls or .doc): save the table as .xlsx or as CSV (UTF-8).")


def _holds(path: Path, text: bytes) -> bool:
    rest = b""
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            if text in rest + piece:
                return True
            rest = piece[-len(text) :]
    return False
