"""The mark that old programs put behind the end of a text: it is no part of the last cell."""

import os
from pathlib import Path

END_MARK = b"\x1a"


def drop_end_mark(path: Path) -> None:
    """Cut the marks for the end of a text (control-Z) off a file."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        while size:
            file.seek(size - 1)
            if file.read(1) != END_MARK:
                return
            size = file.truncate(size - 1)
