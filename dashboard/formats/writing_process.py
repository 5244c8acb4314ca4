"""The process that writes one file: it takes a description and the tensors' bytes from its input, and ends.

It is started with Python's -I by `dashboard/formats/writing.py`.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from dashboard.formats.confinement import end_with
from dashboard.formats.description import Description, description_from_json
from dashboard.formats.types import Array, numpy_type
from dashboard.formats.writer_registry import WRITERS

LENGTH_BYTES = 8
FAILED = 3


def main() -> None:
    """Carry out the job in the first argument, a JSON text; an error of the system is printed with its number."""
    job = json.loads(sys.argv[1])
    end_with(job["parent"])
    writer = next(one for one in WRITERS if one.name == job["writer"])
    source = sys.stdin.buffer
    description = taken(source)
    try:
        writer.write(description, arrays(description, source), Path(job["path"]))
    except OSError as error:
        print(json.dumps({"errno": error.errno}))
        sys.exit(FAILED)


def taken(source: BinaryIO) -> Description:
    """Return the description with which a stream begins."""
    length = int.from_bytes(source.read(LENGTH_BYTES), "little")
    return description_from_json(json.loads(source.read(length)))


def arrays(description: Description, source: BinaryIO) -> Iterator[Array]:
    """Yield the tensors of a stream; raises EOFError if it ends before the last one."""
    for tensor in description.tensors:
        raw = np.empty(tensor.bytes, np.uint8)
        if source.readinto(raw.data) != tensor.bytes:  # type: ignore[attr-defined]  # a buffered reader has it
            raise EOFError(tensor.name)
        yield raw.view(numpy_type(tensor.dtype)).reshape(tensor.shape)
