"""The process that reads one untrusted file: it limits itself, leaves tensors and a manifest in a folder, and ends.

It is started with Python's -I by `dashboard/formats/reading.py`, which trusts nothing that is left.
"""

import errno
import importlib
import json
import sys
from pathlib import Path
from typing import Any

from dashboard.errors import TooLarge, UnknownFormat, UnreadableFile
from dashboard.formats import manifest
from dashboard.formats.confinement import end_with, limit_resources, lock_in_to
from dashboard.formats.contents import Contents
from dashboard.formats.limits import Limits
from dashboard.formats.reader import Reader
from dashboard.formats.sink import Sink
from dashboard.formats.sniffing import reader_of
from dashboard.formats.source import Source


def main() -> None:
    """Carry out the job in the first argument, a JSON text, and leave its contents or an error."""
    job = json.loads(sys.argv[1])
    end_with(job["parent"])
    output = Path(job["output"])
    try:
        answer = manifest.to_json(_confined(job, output))
    except (TooLarge, UnknownFormat, UnreadableFile) as error:
        answer = {"error": {"code": error.code, "message": error.message}}
    except MemoryError:
        answer = {"error": {"code": TooLarge.code, "message": "Reading the file takes more memory than it may."}}
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        answer = {"error": {"code": TooLarge.code, "message": "The file unfolds to more than it may."}}
    manifest.leave(output, answer)


def _confined(job: dict[str, Any], output: Path) -> Contents:
    path, limits = Path(job["path"]), Limits(**job["limits"])
    source = Source(path, limits, job["name"])
    most = limits.unfolded(source.size) + manifest.MOST_BYTES
    limit_resources(limits.time(source.size), limits.address_space(source.size), most, limits.open_files)
    readers: tuple[Reader, ...] = importlib.import_module(job["registry"]).READERS
    reader = reader_of(source, readers)
    for library in reader.libraries:
        importlib.import_module(library)
    lock_in_to(path, output)
    return read_with(reader, source, output)


def read_with(reader: Reader, source: Source, output: Path) -> Contents:
    """Let a reader read a file into the output folder; raises UnreadableFile, TooLarge."""
    sink = Sink(output, source.limits, source.size)
    reader.read(source, sink)
    return sink.contents(reader.name)
