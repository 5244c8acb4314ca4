"""What a file is that holds no weights that can be read: each with the words that say what to do instead."""

from collections.abc import Sequence

from dashboard.errors import UnknownFormat, UnreadableFile

OTHERS = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
)
"""How files of other kinds begin, and what they are."""


def what_it_is(start: bytes, members: Sequence[str]) -> UnknownFormat | UnreadableFile | None:
    """Return the error for a file that is known to be something else; None if a reader may have it."""
    for signature, what in OTHERS:
        if start.startswith(signature):
            return UnknownFormat(f"This is {what}, not a file of weights.")
    return None
