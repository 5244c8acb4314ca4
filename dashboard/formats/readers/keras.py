"""Keras' own files: a ZIP of a config, which is read as text and never run, and of one HDF5 file of weights."""

import io
from collections.abc import Sequence

from dashboard.errors import UnreadableFile
from dashboard.formats.archives import Archive, refuse_paths
from dashboard.formats.reader import Reader
from dashboard.formats.readers.hdf5 import read_hdf5
from dashboard.formats.sink import Sink
from dashboard.formats.source import Source
from dashboard.formats.texts import parse_json

ENDING = ".weights.h5"


def recognises(start: bytes, members: Sequence[str]) -> bool:
    """Return whether it is a ZIP with a file of Keras' weights in it."""
    return start.startswith(b"PK") and any(name.endswith(ENDING) for name in members)


def read(source: Source, sink: Sink) -> None:
    """Read every tensor of the model; raises UnreadableFile for damaged files, TooLarge for large ones."""
    archive = source.archive
    weights = [name for name in source.members if name.endswith(ENDING)]
    if archive is None or len(weights) != 1:
        raise UnreadableFile(f"The ZIP has {len(weights)} files of weights, and should have one: send them one by one.")
    refuse_paths(archive.names)
    config = parse_json(archive.text("config.json"), "The model's config") if "config.json" in archive.names else {}
    _note_version(archive, sink)
    read_hdf5(io.BytesIO(archive.read(weights[0])), sink, config if isinstance(config, dict) else {})


def _note_version(archive: Archive, sink: Sink) -> None:
    if "metadata.json" in archive.names:
        facts = parse_json(archive.text("metadata.json"), "The model's metadata")
        version = facts.get("keras_version") if isinstance(facts, dict) else None
        if isinstance(version, str):
            sink.about["producer"] = f"Keras {version[:100]}"


READER = Reader("keras", "Keras", (".keras",), recognises, read, ("h5py",), units_axis=1)
