"""Named arrays of NumPy (.npz): a ZIP of .npy files, each read as it streams out."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dashboard.errors import UnreadableFile
from dashboard.formats.archives import is_left_by_a_system
from dashboard.formats.description import OWN
from dashboard.formats.npy import MOST_HEADER, add_npy, parse_header
from dashboard.formats.reader import Reader
from dashboard.formats.sink import Sink, shown
from dashboard.formats.source import Source
from dashboard.formats.types import narrowed_bits

SUFFIX = ".npy"
ABOUT = f"__{OWN}__{SUFFIX}"
"""What a file of ours states about itself, as an array of bytes."""


def recognises(start: bytes, members: Sequence[str]) -> bool:
    """Return whether it is a ZIP or a folder with an array in it, and without what names another format."""
    return any(name.endswith(SUFFIX) for name in members) and "schema.json" not in members


def read(source: Source, sink: Sink) -> None:
    """Read every array in the order of the file; raises UnreadableFile, TooLarge."""
    own = _own_facts(source, sink)
    names, narrow = _texts(own.get("members")), own.get("bfloat16")
    for name in source.members:
        if name == ABOUT or (is_left_by_a_system(name) and not names):
            continue
        stem = name.removesuffix(SUFFIX)
        tensor = names.get(stem, stem)
        if isinstance(narrow, list) and tensor in narrow:
            _add_narrowed(source, sink, name, tensor)
        elif name.endswith(SUFFIX):
            add_npy(sink, tensor, source.member_pieces(name), source.member_size(name))
        else:
            sink.skip(name, "it is no array")


def _own_facts(source: Source, sink: Sink) -> dict[str, Any]:
    """Return what a file of ours states about itself; nothing of another one."""
    if ABOUT not in source.members:
        return {}
    content = source.member(ABOUT, source.limits.text_bytes)
    sink.take_own(content[parse_header(content[:MOST_HEADER], ABOUT).bytes :])
    facts = sink.about.get(OWN, {})
    return facts if isinstance(facts, dict) else {}


def _texts(value: object) -> dict[str, str]:
    """Return text -> text as a file states it; nothing if it is not so."""
    is_sound = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    return dict(value) if isinstance(value, dict) and is_sound else {}


def _add_narrowed(source: Source, sink: Sink, member: str, name: str) -> None:
    """Take an array of float32 as the bfloat16 that it was before it was written, if all its numbers are that."""
    header = parse_header(source.member_start(member), name)
    if header.dtype != "float32" or header.is_big or header.is_fortran:
        add_npy(sink, name, source.member_pieces(member), source.member_size(member))
        return
    size = sink.reserve(name, header.shape, 4)
    raw = source.member(member, header.bytes + size)[header.bytes :]
    if len(raw) != size:
        raise UnreadableFile(f"The array {shown(name)} has {len(raw):,} bytes and should have {size:,}: save it again.")
    wide = np.frombuffer(raw, "<f4").reshape(header.shape)
    narrow = narrowed_bits(wide)
    sink.add(name, wide if narrow is None else narrow)


READER = Reader("npz", "NumPy arrays", (".npz",), recognises, read)
