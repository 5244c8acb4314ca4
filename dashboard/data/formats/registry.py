"""The import formats other than CSV: a module each, and an entry in FORMATS."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dashboard.data.formats import gzipped, idx, parquet, zipped
from dashboard.data.formats.output import Output, refuse

MOST_LAYERS = 3
START = 16


@dataclass(frozen=True)
class ImportFormat:
    """How files end, whether a file is one (by its first bytes), and what writes the CSV, or what is packed in it."""

    endings: tuple[str, ...]
    recognises: Callable[[bytes], bool]
    convert: Callable[[Path, Output], None]


FORMATS = (
    ImportFormat((".gz",), gzipped.recognises, gzipped.convert),
    ImportFormat((".zip",), zipped.recognises, zipped.convert),
    ImportFormat((".parquet",), parquet.recognises, parquet.convert),
    ImportFormat((), idx.recognises, idx.convert),
)
TEXT_ENDINGS = (".csv", ".tsv", ".txt")
ENDINGS = (*TEXT_ENDINGS, *(ending for one in FORMATS for ending in one.endings))
WORDS = (
    "CSV, TSV or other text, also packed as .gz or .zip; Parquet; MNIST's two IDX files in a ZIP; a ZIP of pictures in "
    "folders named after their classes"
)


def make_csv(path: Path, most: int) -> None:
    """Replace a file by the CSV that is in it, if it is of another format; a CSV stays as it is.

    No layer may unpack to more than `most` bytes. Raises Invalid or TooLarge; the file may then be of any layer.
    """
    for _ in range(MOST_LAYERS):
        with path.open("rb") as file:
            start = file.read(START)
        known = next((one for one in FORMATS if one.recognises(start)), None)
        if known is None:
            return
        fresh = path.with_suffix(".unpacked")
        try:
            with fresh.open("wb") as target:
                known.convert(path, Output(target, most))
                target.flush()
                os.fsync(target.fileno())
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    raise refuse(f"The file is packed more than {MOST_LAYERS - 1} times: unpack it once, then upload it.")
