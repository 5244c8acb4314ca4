"""Reads files of weights: each in a process of its own that is confined, limited in time, and not trusted."""

import dataclasses
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

from dashboard.errors import TooLarge, UnreadableFile
from dashboard.formats import manifest
from dashboard.formats.contents import Contents
from dashboard.formats.limits import Limits
from dashboard.formats.source import Source

REGISTRY = "dashboard.formats.registry"
PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from dashboard.formats.reading_process import main; main()"
PACKAGES = Path(__file__).parent.parent.parent
"""The folder that has the package `dashboard` in it, which Python does not search when it is started with -I."""
WITHOUT_PLUGINS = {"HDF5_PLUGIN_PRELOAD": "::"}
"""HDF5 loads no filter from a library of this machine: these two colons are its word for that."""
SPARE_SECONDS = 5
LAST_WORDS = 2000

log = logging.getLogger(__name__)


def read_file(path: Path, output: Path, limits: Limits, name: str = "", registry: str = REGISTRY) -> Contents:
    """Read a file, or a folder of files, into the new folder `output`, in a confined process; the caller deletes it.

    `name` is what the person calls the file. Raises UnreadableFile, UnknownFormat and TooLarge, and FileNotFoundError
    if the file is not there; then the folder is gone. `registry` is the module with the readers.
    """
    source = Source(path.absolute(), limits, name)
    output.mkdir(mode=0o700, parents=True)
    try:
        return _read(source, output.absolute(), registry)
    except BaseException:
        shutil.rmtree(output)
        raise


def _read(source: Source, output: Path, registry: str) -> Contents:
    limits = source.limits
    job = {
        "path": str(source.path),
        "name": source.name,
        "output": str(output),
        "limits": dataclasses.asdict(limits),
        "registry": registry,
        "parent": os.getpid(),
    }
    seconds = limits.time(source.size)
    with tempfile.TemporaryFile() as errors:
        code = _run(json.dumps(job), seconds, errors)
        if code != 0:
            log.warning("The process that read a file of weights ended with %s: %s", code, _end_of(errors))
            raise _ended(code, seconds)
    try:
        return manifest.take(output, limits, limits.unfolded(source.size))
    except manifest.Unsound as error:
        log.warning("The process that read a file of weights left something unsound: %s", error)
        raise UnreadableFile(
            "The file made the process that reads it fail: save it again, perhaps in another format."
        ) from error


def _run(job: str, seconds: int, errors: IO[bytes]) -> int:
    """Return the code with which the reading process ended; it is killed some time after its own limit."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "OPENBLAS_NUM_THREADS": "1", **WITHOUT_PLUGINS}
    command = [sys.executable, "-I", "-c", PROGRAM, str(PACKAGES), job]
    process = subprocess.Popen(  # noqa: S603 - our own program
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, cwd="/",
        start_new_session=True,
    )  # fmt: skip
    try:
        return process.wait(seconds + SPARE_SECONDS)
    except subprocess.TimeoutExpired:
        return -signal.SIGXCPU
    finally:
        _kill(process)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End the process, if it still runs, with all that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _end_of(errors: IO[bytes]) -> str:
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - LAST_WORDS))
    return errors.read().decode("utf-8", "replace")


def _ended(code: int, seconds: int) -> UnreadableFile | TooLarge:
    """Return the error of a reading process that was ended, or that failed."""
    if code in {-signal.SIGXCPU, -signal.SIGKILL}:
        return TooLarge(f"Reading the file took more than {seconds} seconds, or more memory than there is.", "file")
    if code == -signal.SIGXFSZ:
        return TooLarge("The file unfolds to more than it may.", "file")
    return UnreadableFile("The file made the process that reads it fail: save it again, perhaps in another format.")
