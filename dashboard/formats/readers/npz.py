"""Named arrays of NumPy (.npz): a ZIP of .npy files, each read as it streams out."""

from collections.abc import Sequence

from dashboard.formats.archives import is_left_by_a_system
from dashboard.formats.npy import add_npy
from dashboard.formats.reader import Reader
from dashboard.formats.sink import Sink
from dashboard.formats.source import Source

SUFFIX = ".npy"


def recognises(start: bytes, members: Sequence[str]) -> bool:
    """Return whether it is a ZIP or a folder with an array in it, and without what names another format."""
    return any(name.endswith(SUFFIX) for name in members) and "schema.json" not in members


def read(source: Source, sink: Sink) -> None:
    """Read every array in the order of the file; raises UnreadableFile, TooLarge."""
    for name in source.members:
        if is_left_by_a_system(name):
            continue
        if name.endswith(SUFFIX):
            add_npy(sink, name.removesuffix(SUFFIX), source.member_pieces(name), source.member_size(name))
        else:
            sink.skip(name, "it is no array")


READER = Reader("npz", "NumPy arrays", (".npz",), recognises, read)
