"""The CSV that a format writes: limited in size, whatever a small file claims to unpack to."""

from typing import BinaryIO

from dashboard.data.formats.options import ImportOptions, Taken
from dashboard.errors import Invalid, TooLarge

NO_OPTIONS = ImportOptions()


class Output:
    """A file that takes no more than so many bytes; raises TooLarge beyond.

    `options` are the choices for what is converted; a format notes in `taken` those that it takes.
    """

    def __init__(self, file: BinaryIO, most: int, options: ImportOptions = NO_OPTIONS) -> None:
        self.file, self.most, self.size = file, most, 0
        self.options, self.taken = options, Taken()

    def write(self, piece: bytes) -> int:
        """Write a piece and return its length."""
        self.size += len(piece)
        if self.size > self.most:
            limit = f"{self.most // 2**20:,} MB" if self.most >= 2**20 else f"{self.most:,} bytes"
            raise TooLarge(f"Unpacked, the file is larger than {limit}. Send less, or raise the limit.", "file")
        return self.file.write(piece)


def refuse(message: str) -> Invalid:
    """Return the error of a file that cannot be imported, under its field."""
    return Invalid({"file": message})
