"""Reads files by the pure readers, in the test's own process, which is quicker than starting one for each."""

import hashlib
import json
import tempfile
from pathlib import Path

from hypothesis import strategies as st

from dashboard.errors import UserError
from dashboard.formats.contents import array_of
from dashboard.formats.limits import Limits
from dashboard.formats.reading_process import read_with
from dashboard.formats.registry import READERS
from dashboard.formats.sniffing import reader_of
from dashboard.formats.source import Source

DEFAULT = Limits()
SMALL = Limits(file_bytes=2**20, unfolded_at_least=2**20)
"""Limits that a test's file can go beyond quickly: an upload of 1 MB, which may unfold to 4."""


def read_here(path, output, limits=DEFAULT, name=""):
    """Return the contents of a file, read into the folder `output`, which is made."""
    output.mkdir()
    source = Source(Path(path), limits, name)
    return read_with(reader_of(source, READERS), source, output)


def arrays_of(path, limits=DEFAULT, name=""):
    """Return (contents, name -> array) of a file; each array's bytes are compared with its SHA-256."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "read"
        contents = read_here(path, output, limits, name)
        arrays = {}
        for tensor in contents.tensors:
            assert hashlib.sha256((output / tensor.file).read_bytes()).hexdigest() == tensor.sha256
            arrays[tensor.name] = array_of(tensor, output).copy()
        return contents, arrays


def bits(array):
    """Return an array's type, shape and bytes, which are equal only if every bit is."""
    return array.dtype.name, array.shape, array.tobytes()


def safetensors_file(header, content=b""):
    """Return the bytes of a safetensors file with this header, whatever it claims."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + content


def flipped_or_cut(data, sound):
    """Return bytes of which Hypothesis has flipped up to three bits, and cut off up to a half."""
    changed = bytearray(sound)
    for _ in range(data.draw(st.integers(0, 3))):
        changed[data.draw(st.integers(0, len(sound) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    return bytes(changed[: data.draw(st.integers(len(sound) // 2, len(sound)))])


def assert_read_or_refused(path):
    """Assert that a file is read, or refused in words as what it is."""
    try:
        contents, _ = arrays_of(path)
    except UserError as error:
        assert error.status in {413, 415, 422}  # noqa: PT017 - either may be
    else:
        assert contents.tensors
