"""Some pictures of every class of an uploaded file, for a person who looks at how it is read.

They are read from lines spread over the file, as files of pictures are often sorted by class.
"""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dashboard.data.cells import BLANKS, number
from dashboard.data.columns import Preview
from dashboard.data.csv_format import CsvFormat
from dashboard.data.delimiters import records_of
from dashboard.data.sampling import LONGEST_LINE, codec_within

MOST_CLASSES, EACH = 20, 6
MOST_CELLS = 1_500_000
MOST_PLACES = 600

Array = np.ndarray[Any, Any]


class PictureSample(NamedTuple):
    """A class, empty where records have none, and the pixels of some of its records: float64 (records, pixels)."""

    label: str
    pixels: Array


def pixel_places(preview: Preview) -> list[int]:
    """Return the places of the columns that are pixels, in the file's order; none without pictures."""
    target = preview.suggested_target
    if preview.suggested_image_shape(target) is None:
        return []
    columns = enumerate(preview.columns)
    return [place for place, column in columns if column.name != target and column.kind != "ignore"]


def sample_pictures(path: Path, preview: Preview) -> list[PictureSample]:
    """Return some pictures of each class, at most MOST_CLASSES; without pictures, none.

    Where a number is predicted all are of one class without a name.
    """
    places = pixel_places(preview)
    if not places:
        return []
    target = preview.names.index(preview.suggested_target)
    is_classes = preview.suggested_task(preview.suggested_target) == "classification"
    classes: dict[str, list[Array]] = {}
    for row in itertools.chain(preview.first_rows, _spread_rows(path, preview.format, len(preview.names))):
        label = row[target].strip(BLANKS) if is_classes else ""
        some = classes.setdefault(label, [])
        if len(some) < EACH:
            pixels = _pixels([row[place] for place in places], preview.format)
            some += [] if any(np.array_equal(pixels, one, equal_nan=True) for one in some) else [pixels]
    named = {label: some for label, some in classes.items() if label or not is_classes}
    return [PictureSample(label, np.stack(named[label])) for label in sorted(named, key=_order)[:MOST_CLASSES]]


def _order(label: str) -> tuple[float, str]:
    value = number(label)
    return (np.inf if value is None else value, label)


def _pixels(cells: list[str], csv_format: CsvFormat) -> Array:
    try:
        return np.array(cells).astype(np.float64)
    except ValueError:
        values = (number(text, *csv_format.marks) for text in cells)
        return np.array([np.nan if value is None else value for value in values])


def _spread_rows(path: Path, csv_format: CsvFormat, width: int) -> Iterator[list[str]]:
    """Yield rows from places spread evenly over a file; lines that are no row of the usual width are left out."""
    size = path.stat().st_size
    codec = codec_within(path, csv_format.encoding)
    within = replace(csv_format, skip=0, repeats="keep")
    count = max(min(MOST_CELLS // width, MOST_PLACES), 1)
    with path.open("rb") as file:
        for place in range(count):
            file.seek(size * place // count)
            file.readline(LONGEST_LINE)  # the rest of a line
            line = file.readline(LONGEST_LINE).decode(codec, "replace")
            yield from (fields for _, fields in records_of([line.rstrip("\r\n")], within) if len(fields) == width)
