"""What a reader of a format is: one object, listed in `dashboard/formats/registry.py`."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from dashboard.formats.sink import Sink
from dashboard.formats.source import Source


class Reader(NamedTuple):
    """A format of files of weights.

    `recognises` gets the first bytes (none for a folder) and the names of the members of a ZIP or folder.
    `read` puts what it reads into the sink; it raises UnreadableFile or TooLarge. `libraries` are imported before
    the process locks itself in, so that only the process that reads ever loads them. One that `is_fallback`
    is tried only where the file is not known to be of another kind. `units_axis` is the axis of a weight along which
    its units are: 1 where they are the columns, 0 where they are the rows, None where the format leaves it open.
    """

    name: str
    words: str
    endings: tuple[str, ...]
    recognises: Callable[[bytes, Sequence[str]], bool]
    read: Callable[[Source, Sink], None]
    libraries: tuple[str, ...] = ()
    is_fallback: bool = False
    units_axis: int | None = None
