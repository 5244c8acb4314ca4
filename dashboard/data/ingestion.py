"""From a CSV file to typed arrays on disk, in one pass and block by block.

`inputs.npy` holds the numeric columns in the narrowest exact dtype (NaN where missing), `categories.npy` the
categorical ones as int32 codes (−1 where missing), `target.npy` int32 codes of classes or float64 numbers.
"""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.data import lines
from dashboard.data.block_reader import read_blocks
from dashboard.data.blocks import NUMBER, WORD, ColumnBlock
from dashboard.data.cells import MOST_CATEGORIES
from dashboard.data.columns import NO_INPUT
from dashboard.data.date_columns import DateColumn, date_columns
from dashboard.data.dates import ORDERS
from dashboard.data.groups import output_labels
from dashboard.data.growing import GrowingMatrix, write_array
from dashboard.data.levels import Levels, TooManyLevels
from dashboard.data.moments import Moments, described
from dashboard.data.specification import FEWEST_ROWS, DatasetSpec
from dashboard.data.split_keys import SplitKeys
from dashboard.data.splitting import KEYS_FILE, PARTS_FILE, codes_of_split, sizes_of_split
from dashboard.data.targets import ClassTarget, RegressionTarget
from dashboard.errors import Invalid, StoreUnavailable
from dashboard.files import ONE_HEADER

MOST_ONE_HOT_CELLS = 250_000_000
FEWEST_MARKED, SHARE_MARKED = 5, 0.02
"""Gaps in fewer rows, or in less than this share of them, are filled in without being marked."""
ARRAY_FILES = ("inputs.npy", "categories.npy", "target.npy", PARTS_FILE, KEYS_FILE)

Keep = NDArray[np.bool_]


def ingest(path: Path, spec: DatasetSpec, folder: Path, dates: Sequence[DateColumn] | None = None) -> dict[str, Any]:
    """Write a file's arrays into an existing `folder` and return their description as plain values.

    The description is what `dataset.open_arrays` reads from ``description.json``. `dates` says how columns of dates
    become numbers; without it that is found out, with one more reading of these columns. Raises Invalid, naming line
    and remedy, for what the choices do not fit (and leaves nothing in the folder), StoreUnavailable if it cannot write.
    """
    names, first_rows = lines.head(path, spec.format)
    dates = _date_columns(path, spec, names) if dates is None else dates
    columns = input_columns(names, spec, dates)
    try:
        width = len(columns) - list(columns.values()).count("categorical")
        with (
            GrowingMatrix(folder / "inputs.npy", width) as inputs,
            closing(_Ingestion(path, spec, names, inputs, columns, dates)) as reading,
        ):
            for block in read_blocks(path, spec.format, len(names), reading.chosen, reading.readings):
                reading.add(dict(zip((names[place] for place in reading.chosen), block, strict=True)))
            reading.check()
            description = reading.write(folder)
    except BaseException as error:
        for name in ARRAY_FILES:
            (folder / name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            message = (
                f"The dataset cannot be written ({error.strerror}): free some space or fix the folder's permissions."
            )
            raise StoreUnavailable(message) from error
        raise
    return description | {"first_columns": names, "first_rows": first_rows}


class _Ingestion:
    """The rows used so far, and their statistics."""

    def __init__(
        self,
        path: Path,
        spec: DatasetSpec,
        names: Sequence[str],
        inputs: GrowingMatrix,
        columns: dict[str, str],
        dates: Sequence[DateColumn],
    ) -> None:
        self.path, self.spec, self.inputs, self.dates = path, spec, inputs, dates
        self.order = list(columns)
        self.numeric = [name for name, kind in columns.items() if kind != "categorical"]
        self.categorical = [name for name, kind in columns.items() if kind == "categorical"]
        self.booleans = {name: ["", ""] for name, kind in columns.items() if kind == "boolean"}
        used = {name for name, kind in spec.kinds.items() if kind != "ignore"} | {spec.target, spec.split_by}
        self.chosen = [place for place, name in enumerate(names) if name in used]
        self.readings = [spec.reading(names[place]) for place in self.chosen]
        self.moments = Moments(len(self.numeric))
        self.distinct = [np.empty(0)] * len(self.numeric)
        folder = inputs.path.parent
        self.levels = {name: Levels(folder, *spec.format.marks, spec.rules) for name in self.categorical}
        of_task = RegressionTarget if spec.task == "regression" else ClassTarget
        self.targets = [of_task(spec, name, folder) for name in spec.targets(names)]
        self.keys = SplitKeys(path, spec)
        self.rows = 0
        self.used = 0

    def add(self, block: dict[str, ColumnBlock]) -> None:
        """Take in a block of rows."""
        targets = [block[target.name] for target in self.targets]
        for dates in self.dates:
            block = block | dates.blocks(block[dates.name])
        for name in self.numeric:
            if name not in self.spec.odd:
                self._refuse_words(name, block[name])
        keep = self._keep(block, targets[0].rows)
        for target, column in zip(self.targets, targets, strict=True):
            target.look(column, self.rows)
        is_all = bool(keep.all())
        columns = [block[name].values for name in self.numeric]
        numbers = columns if is_all else [column[keep] for column in columns]
        for place, name in enumerate(self.numeric):
            self._count_distinct(place, block[name], numbers[place], is_all)
        self.moments.add_columns(numbers)
        used = int(np.count_nonzero(keep))
        self.inputs.append(np.stack(numbers, axis=1) if numbers else np.empty((used, 0)))
        for name, words in self.booleans.items():
            _note_words(words, block[name])
        for name, levels in self.levels.items():
            try:
                levels.add(block[name], keep)
            except TooManyLevels as error:
                message = (
                    f"'{name}' has more than {MOST_CATEGORIES:,} categories, the most that are possible: ignore it."
                )
                raise Invalid({f"kinds.{name}": message}) from error
        known = np.logical_and.reduce([keep, *(~column.missing for column in targets)])
        for target, column in zip(self.targets, targets, strict=True):
            target.add(column, known)
        self.keys.add(block, known, self.rows)
        self.rows += len(keep)
        self.used += used

    def _keep(self, block: dict[str, ColumnBlock], rows: int) -> Keep:
        keep = np.ones(rows, bool)
        of_targets = {target.name for target in self.targets}
        for name, answer in self.spec.odd.items():
            if name in of_targets:
                keep &= ~block[name].missing
            if name in of_targets and self.spec.task == "classification":
                continue  # its words are classes
            if answer == "drop" or self.spec.missing == "drop":
                keep &= ~block[name].words
        if self.spec.missing == "drop":
            for name in self.order:
                keep &= ~block[name].missing
        return keep

    def _refuse_words(self, name: str, column: ColumnBlock) -> None:
        if column.has(WORD):
            row = int(np.flatnonzero(column.words)[0])
            line = lines.line_of(self.path, self.spec.format, self.rows + row)
            own, wanted = self._wanted(name)
            message = f"Line {line:,} of '{own}' holds {column.text(row)[:40]!r}, {wanted}"
            raise Invalid({f"kinds.{own}": f"{message}: correct it, or take the column as categorical."})

    def _wanted(self, name: str) -> tuple[str, str]:
        """Return the column of the file that an input is of, and what a cell of it is that cannot be read."""
        for dates in self.dates:
            if name in dates.inputs:
                return dates.name, f"not a date with the {ORDERS[dates.order]}"
        return name, "neither yes nor no" if name in self.booleans else "not a number"

    def _count_distinct(self, place: int, column: ColumnBlock, values: NDArray[np.float64], is_all: bool) -> None:
        if len(self.distinct[place]) <= MOST_CATEGORIES:
            new = column.known if is_all else values[~np.isnan(values)]
            self.distinct[place] = np.union1d(self.distinct[place], new)[: MOST_CATEGORIES + 1]

    def check(self) -> None:
        """Refuse a target with gaps, and what is left if it is too little to learn from; raises Invalid."""
        for target in self.targets:
            target.refuse_missing(self.path)
        fewest = FEWEST_ROWS if self.spec.purpose == "training" else 1
        if self.used < fewest:
            dropped = self.rows - self.used
            message = f"Only {self.used} of {self.rows:,} rows are left; {fewest} are the fewest possible"
            remedy = "choose impute for missing values, or ignore the columns with gaps" if dropped else "add rows"
            raise Invalid({"missing" if dropped else "file": f"{message}: {remedy}."})

    def write(self, folder: Path) -> dict[str, Any]:
        """Write what is not on disk yet and describe all of it."""
        levels = [self.levels[name].names() for name in self.categorical]
        columns = self._columns(levels)
        indicators = self._indicators(columns)
        names = input_names(self.numeric, self.categorical, levels, indicators)
        if self.categorical and len(names) * self.used > MOST_ONE_HOT_CELLS:
            message = f"{len(names):,} inputs of {self.used:,} rows, an input for each category, are more than "
            raise Invalid({"kinds": f"{message}{MOST_ONE_HOT_CELLS:,} numbers: ignore a column with many categories."})
        self._write_arrays(folder)
        shape = self.spec.image_shape
        return {
            "rows": self.used,
            "dropped": self.rows - self.used,
            "task": self.spec.task,
            "target": self.spec.target,
            "targets": [one.name for one in self.targets],
            "numeric": self.numeric,
            "categorical": self.categorical,
            "booleans": self.booleans,
            "dates": [dates.to_json() for dates in self.dates],
            "levels": levels,
            "missing": self.spec.missing,
            "indicators": indicators,
            "inputs": names,
            **self._classes(),
            "columns": columns,
            "target_statistics": next(one.statistics for one in self.targets if one.name == self.spec.target),
            "target_columns": [one.statistics for one in self.targets if one.statistics] if self._is_several else [],
            "split": self._split(folder),
            "given": self.keys.given(),
            "image_shape": list(shape) if shape else None,
        }

    @property
    def _is_several(self) -> bool:
        return len(self.targets) > 1

    def _classes(self) -> dict[str, Any]:
        """Return the classes and the records of each; of several targets `groups`, too, and target=class as names."""
        classes = [list(one.classes) for one in self.targets]
        is_grouped = self._is_several and self.spec.task == "classification"
        names = output_labels([one.name for one in self.targets], classes) if is_grouped else classes[0]
        if len(set(names)) < len(names):  # a target "a" with a class "b=c", and a target "a=b" with a class "c"
            raise Invalid({"kinds": "Two outputs would have the same name, target=class: rename one of the targets."})
        counts = [count for one in self.targets for count in one.counts]
        balance = dict(zip(names, counts, strict=True)) if names else {}
        return {"classes": names, "balance": balance} | ({"groups": classes} if is_grouped else {})

    def _write_arrays(self, folder: Path) -> None:
        """Write the categories and the target; raises Invalid for a target that cannot be learnt."""
        rows, whole = self.used, np.dtype(np.int32)
        codes = zip(*(self.levels[name].pieces() for name in self.categorical), strict=True)
        shape = (rows, len(self.categorical))
        write_array(folder / "categories.npy", whole, shape, (np.stack(piece, axis=1) for piece in codes))
        for target in self.targets:
            target.finish()
        first, *others = self.targets
        pieces = zip(*(target.pieces() for target in self.targets), strict=True)
        several = (np.stack(piece, axis=1) for piece in pieces) if others else first.pieces()
        of_target = (rows, len(self.targets)) if others else (rows,)
        write_array(folder / "target.npy", first.dtype, of_target, several)

    def _split(self, folder: Path) -> dict[str, int]:
        """Return how many rows each part has; what is not split at random is written down row by row."""
        sizes = sizes_of_split(self.targets[0].counts, self.spec.validation, self.spec.test)
        if self.spec.split != "random" or self.spec.given:
            with ONE_HEADER:
                target = np.load(folder / "target.npy", mmap_mode="r")
            parts = self.keys.split(target)
            np.save(folder / PARTS_FILE, codes_of_split(parts, self.used), allow_pickle=False)
            sizes = {name: len(rows) for name, rows in parts._asdict().items()}
        if (keys := self.keys.keys()) is not None:
            np.save(folder / KEYS_FILE, keys, allow_pickle=False)
        return sizes

    def close(self) -> None:
        """Give up what is on disk for the time of reading."""
        for levels in self.levels.values():
            levels.codes.close()
        for target in self.targets:
            target.close()

    def _indicators(self, columns: Sequence[dict[str, Any]]) -> list[str]:
        """Return the columns whose gaps are inputs of their own: frequent enough to learn from; a date counts once."""
        if self.spec.missing != "median":
            return []
        own = {name: dates.name for dates in self.dates for name in dates.inputs}
        marked = (own.get(c["name"], c["name"]) for c in columns if are_marked(c["missing"], self.used))
        return list(dict.fromkeys(marked))

    def _columns(self, levels: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
        """Return the statistics of every input column, in the file's order."""
        nothing = [None] * 4
        columns = {}
        for place, (name, facts) in enumerate(zip(self.numeric, self.moments.facts(), strict=True)):
            gaps = self.used - int(self.moments.count[place])
            own = facts if gaps < self.used else nothing
            kind = "boolean" if name in self.booleans else "numeric"
            columns[name] = described(name, kind, gaps, len(self.distinct[place]), own)
        for name, own_levels in zip(self.categorical, levels, strict=True):
            columns[name] = described(name, "categorical", self.levels[name].gaps, len(own_levels), nothing)
        return [columns[name] for name in self.order]


def _date_columns(path: Path, spec: DatasetSpec, names: Sequence[str]) -> list[DateColumn]:
    readings = {name: spec.reading(name) for name in spec.dates}
    return date_columns(path, spec.format, names, spec.dates, readings, spec.purpose == "evaluation")


def input_columns(names: Sequence[str], spec: DatasetSpec, dates: Sequence[DateColumn]) -> dict[str, str]:
    """Return column -> kind for all that are inputs, in the file's order; a date is as many columns as it has parts."""
    parts = {column.name: dict.fromkeys(column.inputs, "numeric") for column in dates}
    columns: dict[str, str] = {}
    for name in names:
        kind = spec.kinds.get(name, "ignore")
        columns |= parts.get(name, {name: kind}) if kind not in NO_INPUT else {}
    return columns


def _note_words(words: list[str], column: ColumnBlock) -> None:
    """Write the words for 0 and 1 of a block into a list of two, unless they are known already."""
    if not all(words):
        kinds, numbers = column.by_text.kinds.tolist(), column.by_text.numbers.tolist()
        for kind, value, text in zip(kinds, numbers, column.names(), strict=True):
            if kind == NUMBER:
                words[int(value)] = words[int(value)] or text


def are_marked(gaps: int, rows: int) -> bool:
    """Return whether so many missing values of a column, in so many rows, become an input of their own."""
    return gaps >= max(FEWEST_MARKED, rows * SHARE_MARKED)


def input_names(
    numeric: Sequence[str], categorical: Sequence[str], levels: Sequence[Sequence[str]], indicators: Sequence[str] = ()
) -> list[str]:
    """Return the names of a network's inputs: numeric columns, a name for each level of the categorical ones, marks."""
    marks = (f"{name} is missing" for name in indicators)
    one_hot = (f"{name}={level}" for name, own in zip(categorical, levels, strict=True) for level in own)
    return [*numeric, *one_hot, *marks]
