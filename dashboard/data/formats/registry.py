"""The import formats other than CSV: a module each, and an entry in FORMATS."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dashboard.data.formats import arff, gzipped, idx, old_office, parquet, zipped
from dashboard.data.formats.options import ImportOptions, Taken
from dashboard.data.formats.output import NO_OPTIONS, Output, refuse

MOST_LAYERS = 3
START = 1 << 16
"""So many bytes say of which format a file is: an ARFF file may begin with pages of comments."""


@dataclass(frozen=True)
class ImportFormat:
    """How files end, whether a file is one (by its first bytes), and what writes the CSV, or what is packed in it."""

    endings: tuple[str, ...]
    recognises: Callable[[bytes], bool]
    convert: Callable[[Path, Output], None]


FORMATS = (
    ImportFormat((".gz",), gzipped.recognises, gzipped.convert),
    ImportFormat((".zip", ".xlsx", ".xlsm"), zipped.recognises, zipped.convert),
    ImportFormat((), old_office.recognises, old_office.convert),
    ImportFormat((".parquet",), parquet.recognises, parquet.convert),
    ImportFormat((), idx.recognises, idx.convert),
    ImportFormat((".arff",), arff.recognises, arff.convert),
)
TEXT_ENDINGS = (".csv", ".tsv", ".txt")
ENDINGS = (*TEXT_ENDINGS, *(ending for one in FORMATS for ending in one.endings))
WORDS = (
    "CSV, TSV or other text, also packed as .gz or .zip; an Excel workbook (.xlsx); Parquet; ARFF; MNIST's two IDX "
    "files, also in a ZIP; a ZIP of pictures in folders named after their classes"
)


def make_csv(path: Path, most: int, options: ImportOptions = NO_OPTIONS, original: Path | None = None) -> Taken:
    """Replace a file by the CSV that is in it, if it is of another format; a CSV stays as it is.

    Returns which options it takes; what was replaced becomes the file `original`, if that is given. No layer may unpack
    to more than `most` bytes. Raises Invalid or TooLarge; the file may then be of any layer.
    """
    taken = Taken()
    for _ in range(MOST_LAYERS):
        with path.open("rb") as file:
            start = file.read(START)
        known = next((one for one in FORMATS if one.recognises(start)), None)
        if known is None:
            return taken
        fresh = path.with_suffix(".unpacked")
        try:
            with fresh.open("wb") as target:
                output = Output(target, most, options)
                known.convert(path, output)
                taken = output.taken if output.taken.options else taken
                target.flush()
                os.fsync(target.fileno())
            if original is not None and not original.exists():
                path.replace(original)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    raise refuse(f"The file is packed more than {MOST_LAYERS - 1} times: unpack it once, then upload it.")
