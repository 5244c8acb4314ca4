"""A column of a block that is (nearly) all plain numbers, parsed by pyarrow cell by cell, without distinct texts.

What is no plain number (a blank, a word, a sign, separated thousands) is looked at as in `blocks`, if such cells are
few. A column of which that is not so is left to `blocks`. Both ways give the same numbers to the bit.
"""

from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dashboard.data.blocks import MISSING, NUMBER, WORD, Bools, ColumnBlock, Floats, Reading, Texts, meanings
from dashboard.data.cells import BLANKS, LARGEST
from dashboard.data.csv_format import Marks

FIRST_CELLS = 4_096
MOST_OTHERS = 0.25
"""The largest share of cells that may be other than plain numbers."""
MOST_EXPONENT_DIGITS = 4
"""As in `cells.NUMBER_PATTERN`."""
IS_OTHER = np.ones(256, bool)
IS_OTHER[list(b"0123456789.-+eE")] = False
COMMA_FOR_POINT = bytes.maketrans(b",.", b".,")

Ends = NDArray[np.int32]


class _Cells(NamedTuple):
    """Texts one after the other: text i is `data[ends[i]:ends[i + 1]]`, its decimal mark a point."""

    data: bytes
    ends: Ends

    @property
    def lengths(self) -> Ends:
        return np.diff(self.ends)

    def rows_at(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the rows to which some places in `data` belong."""
        return np.searchsorted(self.ends, places, side="right") - 1


class _Parsed(NamedTuple):
    """The numbers of a column, and which cells are missing or words, None where none is; each of shape (rows,)."""

    values: Floats
    missing: Bools | None
    words: Bools | None


class NumberBlock(ColumnBlock):
    """A column of numbers row by row; its distinct texts are made only for who asks for them.

    `cells` is a pyarrow array of texts as they stand in the file.
    """

    def __init__(self, cells: Any, parsed: _Parsed, marks: Marks, reading: Reading) -> None:  # noqa: ANN401 - untyped pyarrow
        self.cells, self.marks, self.reading = cells, marks, reading
        self._values, self._missing, self._words = parsed

    @cached_property
    def by_text(self) -> Texts:
        """As in ColumnBlock."""
        encoded = self.cells.dictionary_encode()
        (meaning,) = meanings([encoded.dictionary], self.marks, [self.reading])
        return Texts(encoded.indices.to_numpy(), *meaning)

    @property
    def rows(self) -> int:
        """As in ColumnBlock."""
        return len(self._values)

    @property
    def values(self) -> Floats:
        """As in ColumnBlock."""
        return self._values

    @property
    def missing(self) -> Bools:
        """As in ColumnBlock."""
        return np.zeros(self.rows, bool) if self._missing is None else self._missing

    @property
    def words(self) -> Bools:
        """As in ColumnBlock."""
        return np.zeros(self.rows, bool) if self._words is None else self._words

    @property
    def known(self) -> Floats:
        """As in ColumnBlock: all numbers, also equal ones."""
        has_gaps = self._missing is not None or self._words is not None
        return self._values[~np.isnan(self._values)] if has_gaps else self._values

    def has(self, kind: int) -> bool:
        """As in ColumnBlock."""
        if kind == NUMBER:
            return bool(self.known.size)
        return (self._missing if kind == MISSING else self._words) is not None

    def first_texts(self, most: int) -> Any:  # noqa: ANN401 - untyped pyarrow
        """As in ColumnBlock; the first cells usually have enough of them."""
        from dashboard.arrow import pc  # noqa: PLC0415 - as in blocks

        for cells in (self.cells[:FIRST_CELLS], self.cells):
            texts = pc.unique(pc.utf8_trim(pc.unique(cells), characters=BLANKS))
            if len(texts) >= most:
                break
        return texts

    def has_more_texts(self, count: int) -> bool:
        """As in ColumnBlock."""
        return len(self.first_texts(count + 1)) > count or len(self.by_text.kinds) > count


def number_block(cells: Any, marks: Marks, reading: Reading) -> NumberBlock | None:  # noqa: ANN401 - untyped pyarrow
    """Return a pyarrow array of texts as numbers; None if too many cells are none, or are written in another way."""
    from dashboard.arrow import pc  # noqa: PLC0415 - as in blocks

    if not reading.is_plain or not are_plain(reading.words):
        return None
    parsed = _parsed(cells, marks, reading)
    if parsed is None and str(cells[0]).strip(BLANKS) != str(cells[0]):
        parsed = _parsed(pc.utf8_trim(cells, characters=BLANKS), marks, reading)
    return None if parsed is None else NumberBlock(cells, parsed, marks, reading)


@lru_cache
def are_plain(words: tuple[str, ...]) -> bool:
    """Return whether the empty cell is among the words that mean missing, and no number is."""
    letters = map(set, words)
    return "" in words and not any(word <= set("0123456789.,-+e") and word & set("0123456789") for word in letters)


def _parsed(texts: Any, marks: Marks, reading: Reading) -> _Parsed | None:  # noqa: ANN401 - untyped pyarrow
    """Return what the cells say; None if they are no plain numbers."""
    cells = _cells(texts, marks)
    is_empty = cells.lengths == 0
    is_other = np.zeros(len(texts), bool)
    values = _cast(cells, is_empty)
    if values is None:
        is_other = _others(cells)
        if np.count_nonzero(is_other) > MOST_OTHERS * len(texts):
            return None
        values = _cast(cells, is_empty | is_other)
    if values is None:
        return None
    missing, words = is_empty, np.zeros(len(texts), bool)
    rows = np.flatnonzero(is_other)
    if rows.size:
        values = values.copy()
        values[rows], missing[rows], words[rows] = _meant(texts, rows, marks, reading)
    return _Parsed(values, missing if missing.any() else None, words if words.any() else None)


def _cells(texts: Any, marks: Marks) -> _Cells:  # noqa: ANN401 - untyped pyarrow
    _, buffer, data = texts.buffers()
    ends = np.frombuffer(buffer, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    content = data.slice(ends[0], ends[-1] - ends[0]).to_pybytes() if data else b""
    if marks[0] == ",":
        content = content.translate(COMMA_FOR_POINT)
    return _Cells(content, ends - ends[0])


def _cast(cells: _Cells, without: Bools) -> Floats | None:
    """Return the numbers, NaN for some rows; None if another cell is not a number as `cells.number` reads it."""
    from dashboard.arrow import pa  # noqa: PLC0415 - as in blocks

    is_all = not without.any()
    known = None if is_all else pa.py_buffer(np.packbits(~without, bitorder="little"))
    buffers = [known, pa.py_buffer(cells.ends), pa.py_buffer(cells.data)]
    try:
        numbers = pa.Array.from_buffers(pa.string(), len(without), buffers).cast(pa.float64())
    except pa.ArrowInvalid:
        return None
    values: Floats = numbers.to_numpy(zero_copy_only=is_all)
    has_letters = any(letter in cells.data for letter in (b"e", b"E", b"n", b"N"))
    if has_letters and not (np.isnan(values) == without).all():  # nan is no number
        return None
    if has_letters and _has_long_exponent(cells, without):
        return None
    return values if _is_all_small(values) else None


def _is_all_small(values: Floats) -> bool:
    """Return whether no number is beyond what is taken as one; NaN does not count."""
    low, high = np.fmin.reduce(values, initial=0.0), np.fmax.reduce(values, initial=0.0)
    return bool(low >= -LARGEST and high <= LARGEST)


def _has_long_exponent(cells: _Cells, without: Bools) -> bool:
    """Return whether a number has more digits behind its E than a number may have."""
    data = np.frombuffer(cells.data, np.uint8)
    places = np.flatnonzero((data | 0x20) == ord("e"))
    rows = cells.rows_at(places)
    is_own = ~without[rows]
    places, ends = places[is_own], cells.ends[rows[is_own] + 1]
    signed = np.isin(data[np.minimum(places + 1, len(data) - 1)], list(b"+-"))
    return bool((ends - places - 1 - signed > MOST_EXPONENT_DIGITS).any())


def _others(cells: _Cells) -> Bools:
    """Return which cells have a character that plain numbers have not, begin with a plus, or are but a dash."""
    data, lengths = np.frombuffer(cells.data, np.uint8), cells.lengths
    is_other = np.zeros(len(lengths), bool)
    is_other[cells.rows_at(np.flatnonzero(IS_OTHER[data]))] = True
    (filled,) = np.nonzero(lengths)
    first = data[cells.ends[filled]]
    is_other[filled[(first == ord("+")) | ((first == ord("-")) & (lengths[filled] == 1))]] = True
    return is_other


def _meant(texts: Any, rows: NDArray[np.intp], marks: Marks, reading: Reading) -> tuple[Floats, Bools, Bools]:  # noqa: ANN401
    """Return (numbers, whether missing, whether words) of some rows."""
    from dashboard.arrow import pa  # noqa: PLC0415 - as in blocks

    encoded = texts.take(pa.array(rows)).dictionary_encode()
    ((kinds, numbers, _, _),) = meanings([encoded.dictionary], marks, [reading])
    codes = encoded.indices.to_numpy()
    return numbers[codes], (kinds == MISSING)[codes], (kinds == WORD)[codes]
