"""One column of a block of rows, as its distinct texts and a code per row; what the texts mean.

Only the distinct texts of a block are parsed, which for pixels are 256 of some thousands; the rules are those of
`cells`. pyarrow is imported when it is first used: pages never parse.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dashboard.data.cells import (
    BLANKS,
    CODE_PATTERN,
    LARGEST,
    MISSING_WORDS,
    MOST_EXACT,
    number_pattern,
    separator_pattern,
)
from dashboard.data.csv_format import NONE, Marks
from dashboard.data.spellings import NEWEST_RULES, TIME, hours, without_signs, without_unit
from dashboard.data.truths import truth_value

NUMBER, MISSING, WORD = 0, 1, 2

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]
Bools = NDArray[np.bool_]
Meaning = tuple[NDArray[np.int8], Floats, Any, Bools]
TENS = 10.0 ** np.arange(1, 16)


@dataclass(frozen=True)
class Reading:
    """How the cells of one column are read: which words, in small letters, mean missing.

    With `strip` a sign of currency or per cent, and separators of thousands next to it, are taken off, and what else
    `rules` (see `spellings`) say. A `unit` behind numbers is taken off; with that of times every other cell is a word.
    With `truth` the words for yes and no are the numbers 1 and 0, and every other number is a word.
    """

    words: tuple[str, ...] = MISSING_WORDS
    strip: bool = False
    truth: bool = False
    unit: str = ""
    rules: int = NEWEST_RULES

    @property
    def is_plain(self) -> bool:
        """Whether numbers are read as they stand."""
        return not (self.strip or self.truth or self.unit)


AS_USUAL = Reading()


class Texts(NamedTuple):
    """A column by its distinct texts: row i holds the text `codes[i]`, which is a number, missing or a word.

    `codes` is int32 of shape (rows,), counted in the order in which the texts appear; `kinds` int8 and `numbers`
    float64 (NaN where there is no number) have one entry for each distinct text, as `texts` has (a pyarrow array of
    trimmed strings) and `coded`, true for numbers that are spelled as a code is (`cells.is_code`).
    """

    codes: Codes
    kinds: NDArray[np.int8]
    numbers: Floats
    texts: Any
    coded: Bools


class ColumnBlock(ABC):
    """One column of a block of rows: its numbers row by row, and its distinct texts in `by_text`."""

    @property
    @abstractmethod
    def by_text(self) -> Texts:
        """The column by its distinct texts."""

    @property
    @abstractmethod
    def rows(self) -> int:
        """How many rows the block has."""

    @property
    @abstractmethod
    def values(self) -> Floats:
        """The numbers row by row, NaN where there is none; shape (rows,); not to be written to."""

    @property
    @abstractmethod
    def missing(self) -> Bools:
        """Whether each row's cell is missing; shape (rows,)."""

    @property
    @abstractmethod
    def words(self) -> Bools:
        """Whether each row's cell is neither a number nor missing; shape (rows,)."""

    @property
    @abstractmethod
    def known(self) -> Floats:
        """The numbers without gaps, each at least once, in any order."""

    @abstractmethod
    def has(self, kind: int) -> bool:
        """Return whether a cell is of a kind: NUMBER, MISSING or WORD."""

    @abstractmethod
    def first_texts(self, most: int) -> Any:  # noqa: ANN401 - untyped pyarrow
        """Return the distinct texts as a pyarrow array, in the order of rows: the first `most` at least, if so many."""

    @abstractmethod
    def has_more_texts(self, count: int) -> bool:
        """Return whether there are more distinct texts than `count`."""

    def names(self) -> list[str]:
        """Return the distinct texts, in the order of their codes."""
        names: list[str] = self.by_text.texts.to_pylist()
        return names

    def text(self, row: int) -> str:
        """Return the text of a row."""
        by_text = self.by_text
        return str(by_text.texts[int(by_text.codes[row])].as_py())


class TextBlock(ColumnBlock):
    """A column whose distinct texts have been parsed, instead of its cells."""

    def __init__(self, by_text: Texts) -> None:
        self._by_text = by_text

    @property
    def by_text(self) -> Texts:
        """As in ColumnBlock."""
        return self._by_text

    @property
    def rows(self) -> int:
        """As in ColumnBlock."""
        return len(self._by_text.codes)

    @property
    def values(self) -> Floats:
        """As in ColumnBlock."""
        return self._by_text.numbers[self._by_text.codes]

    @property
    def missing(self) -> Bools:
        """As in ColumnBlock."""
        return np.take(self._by_text.kinds == MISSING, self._by_text.codes)

    @property
    def words(self) -> Bools:
        """As in ColumnBlock."""
        return np.take(self._by_text.kinds == WORD, self._by_text.codes)

    @property
    def known(self) -> Floats:
        """As in ColumnBlock."""
        known: Floats = self._by_text.numbers[self._by_text.kinds == NUMBER]
        return known

    def has(self, kind: int) -> bool:
        """As in ColumnBlock."""
        return bool((self._by_text.kinds == kind).any())

    def first_texts(self, most: int) -> Any:  # noqa: ANN401 - untyped pyarrow
        """As in ColumnBlock: all texts, `most` or not."""
        return self._by_text.texts

    def has_more_texts(self, count: int) -> bool:
        """As in ColumnBlock."""
        return len(self._by_text.kinds) > count


def meanings(columns: list[Any], marks: Marks, readings: Sequence[Reading] | None = None) -> list[Meaning]:
    """Return (kinds, numbers, trimmed texts, coded) for each of some pyarrow arrays of texts.

    Columns that are read alike are parsed in one go.
    """
    alike: dict[Reading, list[int]] = {}
    for place in range(len(columns)):
        alike.setdefault(readings[place] if readings else AS_USUAL, []).append(place)
    parsed: dict[int, Meaning] = {}
    for reading, places in alike.items():
        parsed |= zip(places, _in_one_go([columns[place] for place in places], marks, reading), strict=True)
    return [parsed[place] for place in range(len(columns))]


def _in_one_go(columns: list[Any], marks: Marks, reading: Reading) -> list[Meaning]:
    from dashboard.arrow import pa  # noqa: PLC0415

    ends = np.cumsum([len(column) for column in columns]).tolist()
    texts, kinds, numbers = _meanings(pa.concat_arrays(columns), marks, reading)
    coded = _coded(texts, numbers)
    parts = [slice(start, end) for start, end in zip([0, *ends], ends, strict=False)]
    return [(kinds[part], numbers[part], texts[part], coded[part]) for part in parts]


def _meanings(texts: Any, marks: Marks, reading: Reading) -> tuple[Any, NDArray[np.int8], Floats]:  # noqa: ANN401 - untyped pyarrow
    """Return (trimmed texts, their kinds, their numbers): `cells.is_missing` and `cells.number` for an array."""
    from dashboard.arrow import pa, pc  # noqa: PLC0415

    texts = pc.utf8_trim(texts, characters=BLANKS)
    missing = pc.is_in(pc.utf8_lower(texts), value_set=pa.array(reading.words, pa.string()))
    decimal, thousands = marks
    bare = without_unit(texts, reading.unit) if reading.unit else texts
    bare = without_signs(bare, decimal, reading.rules) if reading.strip else bare
    looks = pc.match_substring_regex(bare, f"^(?:{number_pattern(*marks)})$")
    bare = bare if thousands == NONE else pc.replace_substring_regex(bare, separator_pattern(thousands), "")
    plain = pc.utf8_ltrim(pc.replace_substring(bare, ",", "."), characters="+")
    numeric = pc.if_else(looks, plain, pa.scalar(None, pa.string())).cast(pa.float64())
    numbers = numeric.to_numpy(zero_copy_only=False).astype(np.float64, copy=True)
    numbers[np.abs(numbers) > LARGEST] = np.nan
    if reading.truth or reading.unit == TIME:
        values = map(truth_value if reading.truth else hours, texts.to_pylist())
        numbers = np.array([np.nan if value is None else value for value in values], np.float64)
    is_missing = missing.to_numpy(zero_copy_only=False)
    numbers[is_missing] = np.nan  # a number may be a word for missing: 999
    kinds = np.where(is_missing, MISSING, np.where(np.isnan(numbers), WORD, NUMBER)).astype(np.int8)
    return texts, kinds, numbers


def _coded(texts: Any, numbers: Floats) -> Bools:  # noqa: ANN401 - untyped pyarrow
    """Return which texts are codes: `cells.is_code` for an array.

    Only texts whose length is not that of their whole number are looked at, as nearly all have it.
    """
    from dashboard.arrow import pa, pc  # noqa: PLC0415

    sizes = np.abs(numbers)
    lengths = pc.binary_length(texts).to_numpy(zero_copy_only=False)
    usual = np.searchsorted(TENS, sizes, side="right") + 1 + (numbers < 0)
    places = np.flatnonzero((numbers == np.floor(numbers)) & ((lengths != usual) | (sizes >= MOST_EXACT)))
    coded = np.zeros(len(numbers), bool)
    if places.size:
        odd = texts.take(pa.array(places))
        is_code = pc.match_substring_regex(odd, f"^(?:{CODE_PATTERN})$").to_numpy(zero_copy_only=False)
        is_whole = pc.match_substring_regex(odd, "^[+-]?[0-9]+$").to_numpy(zero_copy_only=False)
        coded[places] = is_code | (is_whole & (sizes[places] >= MOST_EXACT))
    return coded
