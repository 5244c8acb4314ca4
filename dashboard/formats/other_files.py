"""What a file is that holds no weights that can be read: each with the words that say what to do instead."""

import codecs
import zlib
from collections.abc import Sequence

from dashboard.errors import UnknownFormat, UnreadableFile

OTHERS = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"RIFF", "a picture or a sound"),
    (b"%PDF-", "a PDF document"),
    (b"PAR1", "a Parquet table"),
    (b"GGUF", "a GGUF model, which this version does not read"),
    (b"\x1c\0\0\0TFL3", "a TensorFlow Lite model, which this version does not read"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"version https://git-lfs", "a pointer of Git LFS: fetch the file itself (git lfs pull), and send that"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an office file of the old form"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it, and send a ZIP"),
    (b"Rar!", "a RAR archive: unpack it, and send a ZIP"),
    (b"\xfd7zXZ\0", "packed by xz: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd: unpack it first"),
)
"""How files of other kinds begin, and what they are."""

OFFICE = {
    "[Content_Types].xml": "an office file, such as a workbook: save its table as CSV",
    "saved_model.pb": "a TensorFlow SavedModel: save the model as .keras, or its weights as .weights.h5",
}
"""Members by which a ZIP or folder is known, and what it is."""

CERTAIN = 5
"""A shorter signature could be how a text begins."""

PAGES = (b"<!doctype html", b"<html", b"<?xml", b"<svg")

SCIKIT = (
    "model = joblib.load('model.joblib')",
    "numpy.savez('model.npz', "
    "**{f'{n}.{i}': a for n in ('coefs_', 'intercepts_') for i, a in enumerate(getattr(model, n))})",
)
"""The two lines that turn a network of scikit-learn into a file that is data."""

PROGRAM = (
    "This file is a program: a pickle, as joblib and pickle write it, can do anything when it is loaded, so it is not "
    f"read. Where you trust it, these two lines turn it into data: {SCIKIT[0]} and then {SCIKIT[1]}. "
    "Then send model.npz."
)
PACKED = "This file is packed by gzip, zlib or bzip2: unpack it, and send what is in it."
SCRIPT = (
    "This is the text of a program, and no program is read or run here. Of a version that was exported as one "
    "send the .py.zip, which has the weights as weights.npz, or any other export of it."
)
TEXT_PICKLES = (b"cposix\n", b"cos\n", b"c__builtin__\n", b"cbuiltins\n", b"(dp0\n", b"(lp0\n", b"ccopy_reg\n")
GZIP_OR_ZLIB = 47
"""What zlib calls either of the two (window bits)."""
PACKED_STARTS = (b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"BZh")


def what_it_is(start: bytes, members: Sequence[str]) -> UnknownFormat | UnreadableFile | None:
    """Return the error for a file that no reader is sure of, if it is known what it is; None if it may be text."""
    text = is_text(start)
    for signature, what in OTHERS:
        if start.startswith(signature) and (not text or len(signature) >= CERTAIN):
            return UnknownFormat(f"This is {what}, not a file of weights that can be read.")
    if start.lstrip().lower().startswith(PAGES):
        return UnknownFormat("This is a web page or XML, not a file of weights: was a login page downloaded instead?")
    if text and start.startswith(b"#!"):
        return UnreadableFile(SCRIPT)
    if text and start.lstrip().startswith((b"{", b"[")):
        return UnknownFormat(
            "This is JSON or a printed array, not a file of weights: save the weights by numpy.savez, or as CSV."
        )
    names = {name.rpartition("/")[2] for name in members}
    for name, what in OFFICE.items():
        if name in names:
            return UnknownFormat(f"This is {what}.")
    return _program(start, text)


def is_text(start: bytes) -> bool:
    """Return whether a file that begins so may be a text in UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(start)  # what is cut at the end is no fault
    except UnicodeDecodeError:
        return False
    return b"\0" not in start


def _program(start: bytes, text: bool) -> UnreadableFile | None:
    """Return the error for a pickle, which is a program, and for what joblib packs one into; else None."""
    if text:
        return UnreadableFile(PROGRAM) if start.startswith(TEXT_PICKLES) else None
    if start.startswith(PACKED_STARTS):
        return UnreadableFile(PROGRAM if _is_pickle(_unpacked(start)) else PACKED)
    return UnreadableFile(PROGRAM) if _is_pickle(start) or start.startswith(b"ZF0x") else None


def _is_pickle(start: bytes) -> bool:
    """Return whether a file begins as a pickle of the binary protocols, 2 to 5."""
    return start[:1] == b"\x80" and start[1:2] in {b"\2", b"\3", b"\4", b"\5"}


def _unpacked(start: bytes) -> bytes:
    """Return the first bytes of what is packed by gzip or zlib; none if it is packed otherwise, or damaged."""
    try:
        return zlib.decompressobj(GZIP_OR_ZLIB).decompress(start, 16)
    except zlib.error:
        return b""
