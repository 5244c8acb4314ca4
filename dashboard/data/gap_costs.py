"""What each way of treating missing values costs: rows, classes, and inputs that mark the gaps."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dashboard.data.block_reader import read_blocks
from dashboard.data.columns import NO_INPUT, Preview
from dashboard.data.ingestion import are_marked


class GapCosts(NamedTuple):
    """With the chosen kinds: `gaps` are (column, missing cells), the most first; `marked` get an input of their own.

    Dropping the rows would leave out `dropped` of `rows`, and all rows of the classes in `lost`.
    """

    rows: int
    gaps: list[tuple[str, int]]
    marked: list[str]
    dropped: int
    lost: list[str]


def gap_costs(path: Path, preview: Preview, target: str, kinds: Mapping[str, str], task: str) -> GapCosts | None:
    """Return what missing values cost with a target and kinds of the other columns; None where no input has any.

    Only the columns that have some are read.
    """
    inputs = [name for name, kind in kinds.items() if kind not in NO_INPUT and name != target]
    gaps = [(name, preview.column(name).missing) for name in inputs if preview.column(name).missing]
    if not gaps:
        return None
    names = preview.names
    places = [names.index(name) for name in (target, *(name for name, _ in gaps))]
    is_class = task == "classification"
    dropped, before, after = 0, set[str](), set[str]()
    readings = [preview.columns[place].reading for place in places]
    for first, *others in read_blocks(path, preview.format, len(names), places, readings):
        gone = np.logical_or.reduce([column.missing for column in others])
        dropped += int(np.count_nonzero(gone))
        if is_class:
            texts = first.names()
            codes, known = first.by_text.codes, ~first.missing
            before |= {texts[code] for code in np.unique(codes[known])}
            after |= {texts[code] for code in np.unique(codes[known & ~gone])}
    gaps.sort(key=lambda gap: -gap[1])
    marked = [name for name, missing in gaps if are_marked(missing, preview.rows)]
    return GapCosts(preview.rows, gaps, marked, dropped, sorted(before - after))
