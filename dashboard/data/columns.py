"""The columns of a CSV file, with suggestions for each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from dashboard.data import column_kinds, lines, suggestions
from dashboard.data.block_reader import read_blocks
from dashboard.data.blocks import AS_USUAL, MISSING, NUMBER, WORD, ColumnBlock, Floats, Meaning, Reading, meanings
from dashboard.data.cell_faults import fault, fault_of_some
from dashboard.data.cells import MISSING_WORDS, MOST_CATEGORIES, MOST_EXACT
from dashboard.data.column_readings import (
    MOST_MARKERS,
    NOTHING_CHOSEN,
    Choices,
    adjusted,
    effective,
    first_readings,
    signs_of,
)
from dashboard.data.csv_format import CsvFormat
from dashboard.data.dates import WITHOUT_MARKS, possible_orders, reason_of_dates
from dashboard.data.markers import MARKERS, count_markers, likely_marker
from dashboard.data.moments import Moments
from dashboard.data.releases import DOUBT, is_release, release_name
from dashboard.data.spellings import reason_of_spelling
from dashboard.data.target_guess import TargetGuess, second_targets, target_guess
from dashboard.data.truths import truth_words

KINDS = {
    "numeric": "number",
    "boolean": "yes or no",
    "categorical": "category",
    "date": "date: number parts",
    "target": "further target",
    "ignore": "ignore",
}
NO_INPUT = ("ignore", "target")
"""The kinds of columns that are no inputs."""
EXAMPLES = 5
ODD_SHOWN = 3
MOST_NAMED_LINE = 300_000
"""Beyond it the row of an odd cell is named instead of its line, which would take a slow reading of the file."""
MOST_PATTERNS, PATTERN_VALUES = 100, 50
"""Only so many columns, of so many different values, are compared with one another."""


@dataclass(frozen=True)
class Column:
    """One column of a file: `kind` (one of KINDS) and `reason` are suggestions, the rest are facts.

    `distinct` counts to 1,000; 1,001 means more. `low`, `high`, `mean` and `std` (of the population) are None, and
    `whole` (only whole numbers) is false, unless all cells that are not missing are numbers, but for a few odd ones.
    `odd` says of such cells what and where they are. `code` is a cell that is spelled as a code is, `pattern` is the
    same for columns that say the same in other words, and `reading` is how the cells are read. `truths` are the words
    for 0 and 1 of a column of yes and no, `dates` the orders in which all its cells are dates, `marker` the spellings
    of a number that may mean missing; all are empty for another column. `is_doubt`: it may hold names, 1.10.
    """

    name: str
    kind: str
    missing: int
    distinct: int
    low: float | None
    high: float | None
    mean: float | None
    std: float | None
    examples: tuple[str, ...]
    whole: bool = False
    reason: str = ""
    numbers: int = 0
    words: int = 0
    odd: str = ""
    code: str = ""
    pattern: str = ""
    reading: Reading = AS_USUAL
    truths: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    marker: tuple[str, ...] = ()
    is_doubt: bool = False

    @property
    def can_be_boolean(self) -> bool:
        """Whether every cell says yes or no, or is 0 or 1."""
        is_binary = self.low in (0, 1) and self.high in (0, 1) and self.whole and not self.words
        return bool(self.truths) or is_binary or not self.distinct

    @property
    def is_numeric(self) -> bool:
        """Whether the column has numbers, and nothing else but missing and a few odd cells."""
        return self.low is not None

    @property
    def would_merge(self) -> bool:
        """Whether different whole numbers of the column would be the same float64."""
        return bool(self.code) and max(abs(self.low or 0), abs(self.high or 0)) >= MOST_EXACT


@dataclass(frozen=True)
class Preview:
    """What a person sees of a file before deciding: its format, columns, number of rows and first rows as text."""

    format: CsvFormat
    columns: tuple[Column, ...]
    rows: int
    first_rows: list[list[str]]
    guess: TargetGuess
    choices: Choices

    @property
    def suggested_target(self) -> str:
        """The name of the likeliest target."""
        return self.guess.name

    @property
    def names(self) -> list[str]:
        """The columns' names, in the file's order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        """Return the column of a name; raises KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def suggested_task(self, target: str) -> str:
        """Return classification or regression for a target."""
        return suggestions.task(self.column(target), self.rows)

    def suggested_kinds(self, target: str) -> dict[str, tuple[str, str]]:
        """Return column -> (kind, why) for all columns but a target; another target is no input."""
        second = second_targets(self.columns, target)
        kinds = {
            column.name: ("ignore", second[column.name]) if column.name in second else (column.kind, column.reason)
            for column in self.columns
            if column.name != target
        }
        if all(kind == "ignore" for kind, _ in kinds.values()):
            only = {column.name for column in self.columns if column.is_numeric and not column.would_merge}
            kinds |= {name: ("numeric", "") for name in kinds if name in only and name not in second}
        return kinds

    def suggested_image_shape(self, target: str) -> tuple[int, ...] | None:
        """Return (rows, columns) of the pixels, or (rows, columns, 3), if the inputs, all but the target, look so."""
        return suggestions.image_shape([c for c in self.columns if c.name != target and c.kind != "ignore"])


def preview(path: Path, csv_format: CsvFormat, choices: Choices = NOTHING_CHOSEN, stem: str = "") -> Preview:
    """Read a whole file in blocks and describe it; `stem` is its name without ending.

    It is read twice where columns need to be read otherwise than usual: without a currency sign, or with the word none
    as a category. Raises Invalid, under the field ``file``, naming the line of a ragged row, for a header without rows,
    for columns of the same name and for more than 20,000 columns.
    """
    names, first_rows = lines.head(path, csv_format)
    readings = first_readings(names, choices)
    profile = _profile(path, csv_format, readings)
    columns = profile.columns(names, csv_format, readings)
    odd = [place for place, column in enumerate(columns) if column.is_numeric]
    better = adjusted(names, readings, profile.seen, choices, csv_format, odd)
    if better != readings:
        readings, profile = better, _profile(path, csv_format, better)
        columns = profile.columns(names, csv_format, readings)
    columns = _with_markers(path, csv_format, _with_pixels(columns), profile, readings)
    columns = _with_odd_cells(path, csv_format, columns, profile.odd)
    guess = target_guess(columns, profile.rows, stem)
    return Preview(csv_format, columns, profile.rows, first_rows, guess, effective(names, readings, choices))


def _profile(path: Path, csv_format: CsvFormat, readings: Sequence[Reading]) -> "_Profile":
    profile = _Profile(len(readings))
    for block in read_blocks(path, csv_format, len(readings), readings=readings):
        profile.add(block)
    return profile


def _with_pixels(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the columns, those of pixels with their constant ones: the border of a picture is often black."""
    is_chosen = [column.kind != "ignore" or (column.distinct == 1 and column.is_numeric) for column in columns]
    chosen = [column for column, used in zip(columns, is_chosen, strict=True) if used]
    if suggestions.image_shape(chosen[1:]) is None and suggestions.image_shape(chosen[:-1]) is None:
        return columns
    return tuple(
        replace(column, kind="numeric", reason="") if used and column.is_numeric else column
        for column, used in zip(columns, is_chosen, strict=True)
    )


def _with_markers(
    path: Path,
    csv_format: CsvFormat,
    columns: tuple[Column, ...],
    profile: "_Profile",
    readings: Sequence[Reading],
) -> tuple[Column, ...]:
    """Return the columns with the number that may mean missing, and the question whether it does."""
    likely = profile.likely_markers(csv_format, readings)
    likely = {place: value for place, value in likely.items() if columns[place].kind == "numeric"}
    marked = list(columns)
    for place, marker in count_markers(path, csv_format, len(columns), likely, readings).items():
        texts = profile.spelled(place, marker.value, csv_format, readings[place])
        marked[place] = replace(
            columns[place], marker=texts, reason=f"{columns[place].reason} {marker.question}".strip()
        )
    return tuple(marked)


def _with_odd_cells(
    path: Path, csv_format: CsvFormat, columns: tuple[Column, ...], odd: dict[int, list[tuple[str, int]]]
) -> tuple[Column, ...]:
    """Return the columns with the words among their numbers named, each with its line."""
    named = list(columns)
    for place, column in enumerate(columns):
        if column.words and column.is_numeric:
            cells = _odd_cells(path, csv_format, odd[place])
            others = f"{column.words:,} other{'s' if column.words > 1 else ''}"
            named[place] = replace(column, odd=f"{column.numbers:,} numbers and {others}: {cells}")
    return tuple(named)


def _odd_cells(path: Path, csv_format: CsvFormat, cells: list[tuple[str, int]]) -> str:
    places = (
        f"line {lines.line_of(path, csv_format, row):,}" if row < MOST_NAMED_LINE else f"row {row + 1:,}"
        for _, row in cells
    )
    return ", ".join(f"{text[:40]!r} in {place}" for (text, _), place in zip(cells, places, strict=True))


class _Profile:
    """The running description of all columns of a file."""

    def __init__(self, width: int) -> None:
        self.rows = 0
        self.missing = np.zeros(width, np.int64)
        self.words = np.zeros(width, np.int64)
        self.is_whole = np.ones(width, bool)
        self.counts = np.ones(width, bool)
        self.moments = Moments(width)
        self.seen: list[Any] = [None] * width
        self.odd: dict[int, list[tuple[str, int]]] = {}
        self.patterns = [_Pattern() for _ in range(width)] if width <= MOST_PATTERNS else []

    def add(self, block: list[ColumnBlock]) -> None:
        rows = block[0].rows
        for place, column in enumerate(block):
            self._see(place, column)
        numbers = [column.values for column in block]
        self.moments.add_columns(numbers)
        self._count(numbers)
        for pattern, column in zip(self.patterns, block, strict=False):
            pattern.add(column)
        self.rows += rows

    def _count(self, numbers: Sequence[Floats]) -> None:
        """See which columns count the rows, 0, 1, 2 … or 1, 2, 3 …; after some rows only those are looked at."""
        left = np.flatnonzero(self.counts).tolist()
        rows = np.arange(self.rows, self.rows + len(numbers[0])) if left else np.empty(0)
        for place in left:
            self.counts[place] = bool((numbers[place] == rows + (self.moments.low[place] == 1)).all())

    def _see(self, place: int, column: ColumnBlock) -> None:
        if column.has(MISSING):
            self.missing[place] += np.count_nonzero(column.missing)
        if column.has(WORD):
            self._see_words(place, column)
        if self.is_whole[place]:
            known = column.known
            self.is_whole[place] = bool((known == np.floor(known)).all())
        before, most = self.seen[place], 2 * MOST_CATEGORIES + 1
        # One more than is counted, for the words that mean missing, and for numbers written in two ways.
        if before is None or len(before) < most:
            self.seen[place] = _joined(before, column.first_texts(most))[:most]

    def _see_words(self, place: int, column: ColumnBlock) -> None:
        words = column.words
        cells = self.odd.setdefault(place, [])
        if len(cells) < ODD_SHOWN:
            rows = np.flatnonzero(words)[: ODD_SHOWN - len(cells)].tolist()
            cells += [(column.text(row), self.rows + row) for row in rows]
        self.words[place] += np.count_nonzero(words)

    def columns(self, names: list[str], csv_format: CsvFormat, readings: Sequence[Reading]) -> tuple[Column, ...]:
        """Return what is known of every column, read so."""
        parts = zip(names, self.moments.facts(), meanings(self.seen, csv_format.marks, readings), readings, strict=True)
        is_nameless = csv_format.header and names[0] == column_kinds.NAMELESS_FIRST
        written = ["" if is_nameless and not place else name for place, name in enumerate(names)]
        return tuple(
            self._column(place, own, *part) for place, (own, part) in enumerate(zip(written, parts, strict=True))
        )

    def _column(
        self, place: int, written: str, name: str, numbers: list[float], part: Meaning, reading: Reading
    ) -> Column:
        facts, examples, dates = self._facts(place, written, part)
        kind, reason = column_kinds.suggested(facts)
        is_numeric = facts.is_numeric
        low, high, mean, std = numbers if is_numeric else (None, None, None, None)
        return Column(
            name=name,
            kind=kind,
            missing=facts.missing,
            distinct=min(facts.different_numbers if facts.is_odd else facts.distinct, MOST_CATEGORIES + 1),
            low=low,
            high=high,
            mean=mean,
            std=std,
            examples=tuple(examples),
            whole=is_numeric and facts.is_whole,
            reason=reason or _of_reading(reading, examples, is_numeric),
            numbers=facts.numbers,
            words=facts.words,
            code=facts.code if is_numeric else "",
            pattern=self.patterns[place].name if self.patterns else "",
            reading=reading,
            truths=facts.truths,
            dates=dates,
            is_doubt=bool(facts.doubt) and kind in ("numeric", "categorical"),
        )

    def _odd_fault(self, place: int, numbers: int, words: int, different: int) -> str:
        """Return what is wrong with a column of numbers with many other cells; empty for another column."""
        is_of_numbers = numbers > words > 0 and different > column_kinds.FEW
        return fault_of_some(numbers, [text for text, _ in self.odd[place]], words) if is_of_numbers else ""

    def likely_markers(self, csv_format: CsvFormat, readings: Sequence[Reading]) -> dict[int, float]:
        """Return the place of a column -> a number of it that may mean missing, by the first different numbers."""
        ends = np.isin(self.moments.low, MARKERS) | np.isin(self.moments.high, MARKERS)
        places = np.flatnonzero(ends).tolist()
        parts = meanings([self.seen[place] for place in places], csv_format.marks, [readings[p] for p in places])
        likely = {
            place: likely_marker(numbers[kinds == NUMBER])
            for place, (kinds, numbers, _, _) in zip(places, parts, strict=True)
        }
        return {place: value for place, value in likely.items() if value is not None}

    def spelled(self, place: int, value: float, csv_format: CsvFormat, reading: Reading) -> tuple[str, ...]:
        """Return how a number is written in a column."""
        ((_, numbers, texts, _),) = meanings([self.seen[place]], csv_format.marks, [reading])
        return tuple(texts.take(np.flatnonzero(numbers == value)).to_pylist())

    def _may_be_dates(self, place: int) -> bool:
        """Return whether a column of numbers may be one of dates without separators."""
        low, high = self.moments.low[place], self.moments.high[place]
        return bool(self.is_whole[place]) and WITHOUT_MARKS[0] <= low <= high <= WITHOUT_MARKS[1]

    def _facts(self, place: int, name: str, part: Meaning) -> tuple[column_kinds.Facts, list[str], tuple[str, ...]]:
        kinds, numbers, texts, coded = part
        known = np.flatnonzero(kinds != MISSING)
        code = _code(texts, np.flatnonzero(coded & (kinds == NUMBER)))
        release = "" if code or self.words[place] or self.is_whole[place] else release_name(texts.take(known))
        is_named = bool(release) and is_release(name, texts.take(known).to_pylist())
        code = release if is_named else code
        values = numbers[kinds == NUMBER]
        words = int(self.words[place])
        different = values.size if code else len(np.unique(values))
        examples = texts.take(known[:EXAMPLES]).to_pylist()
        numbers_known = self.rows - int(self.missing[place]) - words
        cells = [] if numbers_known else texts.take(known).to_pylist()
        of_dates = texts.take(known).to_pylist() if not words and self._may_be_dates(place) else cells
        dates = possible_orders(of_dates)
        facts = column_kinds.Facts(
            name=name,
            rows=self.rows,
            missing=int(self.missing[place]),
            numbers=numbers_known,
            words=words,
            distinct=known.size if words else different,
            different_numbers=different,
            low=float(self.moments.low[place]),
            high=float(self.moments.high[place]),
            is_whole=bool(self.is_whole[place]),
            code=code,
            counts=bool(self.counts[place]) and self.rows > 2,
            example=examples[0] if examples else "",
            truths=truth_words(cells),
            dates=reason_of_dates(of_dates, dates),
            doubt=DOUBT.format(release) if release else "",
            fault=fault(cells) if cells else self._odd_fault(place, numbers_known, words, len(np.unique(values))),
        )
        return facts, examples, dates


def _of_reading(reading: Reading, examples: Sequence[str], is_numeric: bool) -> str:
    """Return what is special about how a column is read, as a sentence; empty if nothing is."""
    if reading.strip or reading.unit:
        return reason_of_spelling(reading.unit, signs_of(examples), examples) if is_numeric else ""
    own = sorted({*reading.words} - {*MISSING_WORDS})
    if is_numeric and 0 < len(own) <= MOST_MARKERS:
        return f"{', '.join(map(repr, own))} is taken as missing, as the other cells are numbers."
    left = [word for word in ("none", "na", "null", "-") if word not in reading.words]
    return f"The word {left[0]} is a category here, not a missing value." if len(left) == 1 else ""


def _code(texts: Any, coded: Any) -> str:  # noqa: ANN401 - untyped pyarrow
    """Return a text that makes a column one of codes, empty if none does.

    An E without a sign may be a number, too (2e3): it counts only next to texts of the same length.
    """
    if not coded.size:
        return ""
    names = [str(text) for text in texts.take(coded).to_pylist()]
    plain = [name for name in names if name.lstrip("+-").isdigit()]
    others = [str(text) for text in texts.to_pylist() if text]
    is_fixed = len({len(text) for text in others}) == 1 and not any("." in text or "," in text for text in others)
    return plain[0] if plain else names[0] if is_fixed and len(names[0]) > 2 else ""


class _Pattern:
    """A running hash of a column's values numbered in the order in which they appear."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.hash = blake2b(digest_size=16)
        self.rows = 0

    def add(self, column: ColumnBlock) -> None:
        if len(self.places) > PATTERN_VALUES:
            return
        if column.has_more_texts(PATTERN_VALUES):
            self.places = dict.fromkeys(map(str, range(PATTERN_VALUES + 1)), 0)
            return
        by_text = column.by_text
        table = np.zeros(len(by_text.kinds), np.uint8)
        for code, text in enumerate(column.names()):
            table[code] = self.places.setdefault("" if by_text.kinds[code] == MISSING else text, len(self.places))
        self.hash.update(table[by_text.codes].tobytes())
        self.rows += column.rows

    @property
    def name(self) -> str:
        """The hash as a text; empty for a column of many values, or of one: any two ids are alike."""
        return self.hash.hexdigest() if 1 < len(self.places) <= min(PATTERN_VALUES, self.rows // 4) else ""


def _joined(before: Any, texts: Any) -> Any:  # noqa: ANN401 - untyped pyarrow
    from dashboard.arrow import pa, pc  # noqa: PLC0415 - as in blocks

    return pc.unique(texts if before is None else pa.concat_arrays([before, texts]))
