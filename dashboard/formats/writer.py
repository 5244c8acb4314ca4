"""What a writer of a format is: one object, listed in `dashboard/formats/writer_registry.py`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from dashboard.formats.description import Description
from dashboard.formats.types import Array


def for_any(description: Description) -> str:
    """Return why a version cannot be written: a format that carries any tensors refuses none."""
    return ""


class Writer(NamedTuple):
    """A format in which a version leaves.

    `carries` and `lacks` say in words what a file of it holds. `why_not` returns why a version cannot be written in it,
    as a sentence, or "". `write` gets a version's tensors one after the other, in their order, little-endian, and
    writes the file; the same version gives the same bytes. `libraries` are imported only where it writes. `inner` is
    the member of a ZIP that is read back, if not the file itself. `runs` says that the file computes outputs by itself.
    """

    name: str
    words: str
    suffix: str
    carries: str
    lacks: str
    write: Callable[[Description, Iterator[Array], Path], None]
    why_not: Callable[[Description], str] = for_any
    libraries: tuple[str, ...] = ()
    inner: str = ""
    runs: str = ""
