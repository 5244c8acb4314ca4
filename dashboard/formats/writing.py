"""Writes a version into a file, in a process of its own: the process that serves pages loads no library for it.

What is written goes to the process as a stream, one tensor after the other, so that no network is ever whole in memory.
"""

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from dashboard.errors import WeightbaseError
from dashboard.formats.description import Description
from dashboard.formats.reading import PACKAGES
from dashboard.formats.types import Array, pieces_of
from dashboard.formats.writer import Writer

PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from dashboard.formats.writing_process import main; main()"
LENGTH_BYTES = 8
LAST_WORDS = 2000

log = logging.getLogger(__name__)


def write_file(writer: Writer, description: Description, arrays: Iterable[Array], path: Path) -> None:
    """Write a version, whose arrays come in the order of its description, to the new file `path`.

    Raises OSError where the disk is full, and what `arrays` raises; nothing is left then. `writer.why_not` must be "".
    """
    job = json.dumps({"writer": writer.name, "path": str(path.absolute()), "parent": os.getpid()})
    try:
        run_with(PROGRAM, job, _stream(description, arrays))
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def run_with(program: str, job: str, stream: Iterator[bytes | memoryview]) -> bytes:
    """Run a program of ours with a job, feed it a stream, and return what it prints, which is short.

    Raises OSError if it was one that ended the program, WeightbaseError if it failed otherwise.
    """
    environment = {"PATH": os.environ.get("PATH", os.defpath), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-I", "-c", program, str(PACKAGES), job]
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, env=environment, stdin=subprocess.PIPE, stdout=printed, stderr=errors, cwd="/",
            start_new_session=True,
        )  # fmt: skip
        try:
            _feed(process, stream)
            code = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        answer = _all_of(printed)
        if code == 0:
            return answer
        with suppress(ValueError, KeyError, TypeError):
            number = int(json.loads(answer)["errno"])
            raise OSError(number, os.strerror(number))
        log.error("A process that writes or proves a file of weights ended with %s: %s", code, _all_of(errors).decode())
        raise WeightbaseError("The file could not be written: the reason is in the log of the dashboard.")


def _feed(process: "subprocess.Popen[bytes]", stream: Iterator[bytes | memoryview]) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as pipe:  # it has ended: its code says why
        for piece in stream:
            pipe.write(piece)


def _stream(description: Description, arrays: Iterable[Array]) -> Iterator[bytes | memoryview]:
    text = json.dumps(description.to_json()).encode()
    yield len(text).to_bytes(LENGTH_BYTES, "little") + text
    for array in arrays:
        yield from pieces_of(array)


def _all_of(file: IO[bytes]) -> bytes:
    file.seek(max(0, file.seek(0, os.SEEK_END) - LAST_WORDS))
    return file.read()
