"""Records for use: their texts become what a network is given, and what cannot be read is named, record by record.

Texts mean what they mean in the dataset. A record is encoded the same alone and in any batch.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from dashboard.data.blocks import AS_USUAL, MISSING, WORD, ColumnBlock, Reading, TextBlock, Texts, meanings
from dashboard.data.cells import number, shown_number
from dashboard.data.csv_format import NONE, Marks
from dashboard.data.dataset import Array
from dashboard.data.date_columns import DateColumn
from dashboard.data.dates import ORDERS
from dashboard.data.matching import named
from dashboard.data.pixel_rows import Pixels
from dashboard.data.preprocessing import CategoricalInput, Preprocessing

MOST_PROBLEMS = 5
"""So many columns of a record that cannot be read are named."""
LONGEST_SHOWN = 40
PLAIN_MARKS = (".", NONE)

Problems = dict[int, dict[str, str]]
"""By record, of each column that cannot be read what is wrong."""
TextOf = Callable[[int, str], str]
"""Returns the text of a record in a column."""


class EncodedRecords(NamedTuple):
    """What a network is given, (records, inputs), and what is wrong; the inputs of such records mean nothing."""

    inputs: Array
    problems: Problems

    @property
    def readable(self) -> Array:
        """Whether each record can be read, (records,)."""
        good = np.ones(len(self.inputs), bool)
        good[list(self.problems)] = False
        return good


class RecordReader:
    """Encodes records as a version's preprocessing says; `readings` says how the cells of columns are read."""

    def __init__(self, preprocessing: Preprocessing, readings: Mapping[str, Reading] | None = None) -> None:
        self.preprocessing = preprocessing
        self.readings = readings or {}
        self.kinds = preprocessing.columns
        self.columns = list(self.kinds)
        self.parts = {name: dates.name for dates in preprocessing.dates for name in dates.inputs}
        numeric = preprocessing.numeric
        self.numbers = [column.name for column in numeric if column.name not in self.parts]
        self.places = [place for place, column in enumerate(numeric) if column.name not in self.parts]
        self.others = [*(one.name for one in preprocessing.dates), *(one.name for one in preprocessing.categorical)]
        self.scale, self.offset, self.fill = (
            np.array([getattr(column, name) for column in numeric], np.float64) for name in ("scale", "offset", "fill")
        )
        self.may_miss = np.array([column.may_miss for column in numeric], bool)
        self.levels = {column.name: LevelTexts(column) for column in preprocessing.categorical}
        self.alike = self._alike()
        self.input_places = {column.name: place for place, column in enumerate(numeric)}

    def _reading(self, column: str) -> Reading:
        own = self.readings.get(column, AS_USUAL)
        is_boolean = self.kinds.get(column) == "boolean"
        return own if own.truth == is_boolean else replace(own, truth=is_boolean)

    def file_readings(self, columns: Sequence[str]) -> dict[str, Reading]:
        """Return how the cells of these columns of a file are read; those that are no inputs as usual."""
        return {column: self._reading(column) for column in columns}

    def from_texts(self, records: Sequence[Mapping[str, str]], marks: Marks = PLAIN_MARKS) -> EncodedRecords:
        """Encode records that map columns to texts; a column that is not there is missing."""
        from dashboard.arrow import pa  # noqa: PLC0415 - as in blocks

        numbers = np.empty((len(records), len(self.numbers)))
        kinds = np.empty(numbers.shape, np.int8)
        for reading, places in self.alike.items():
            names = [self.numbers[place] for place in places]
            texts = pa.array([record.get(name, "") for record in records for name in names], pa.string())
            ((own_kinds, own_numbers, _, _),) = meanings([texts], marks, [reading])
            numbers[:, places] = own_numbers.reshape(len(records), -1)
            kinds[:, places] = own_kinds.reshape(len(records), -1)
        others = {
            name: text_block([record.get(name, "") for record in records], marks, self._reading(name))
            for name in self.others
        }
        return self._encoded(numbers, kinds, others, marks, lambda row, name: records[row].get(name, ""))

    def from_pixels(self, pixels: Pixels, blocks: Mapping[str, ColumnBlock], marks: Marks) -> EncodedRecords:
        """Encode a block of rows of a file, given its columns of numbers, and the others by name."""
        values, missing, _ = pixels
        kinds = np.zeros(values.shape, np.int8) if missing is None else missing.astype(np.int8) * np.int8(MISSING)
        others = {name: blocks[name] for name in self.others}
        return self._encoded(values, kinds, others, marks, lambda row, name: blocks[name].text(row))

    def from_blocks(self, blocks: Mapping[str, ColumnBlock], rows: int, marks: Marks) -> EncodedRecords:
        """Encode a block of rows of a file, given its columns by name."""
        numbers = np.empty((len(self.numbers), rows))
        kinds = np.zeros((rows, len(self.numbers)), np.int8)
        for place, name in enumerate(self.numbers):
            column = blocks[name]
            numbers[place] = column.values
            for kind in (MISSING, WORD):
                if column.has(kind):
                    kinds[column.missing if kind == MISSING else column.words, place] = kind
        others = {name: blocks[name] for name in self.others}
        return self._encoded(numbers.T, kinds, others, marks, lambda row, name: blocks[name].text(row))

    def _alike(self) -> dict[Reading, list[int]]:
        """Return the columns of numbers, by their places, that are read alike."""
        alike: dict[Reading, list[int]] = {}
        for place, name in enumerate(self.numbers):
            alike.setdefault(self._reading(name), []).append(place)
        return alike

    def _encoded(
        self, numbers: Array, kinds: Array, others: Mapping[str, ColumnBlock], marks: Marks, text_of: TextOf
    ) -> EncodedRecords:
        values, own_kinds = self._with_parts(numbers, kinds, others)
        problems: Problems = {}
        self._note_numbers(own_kinds, problems, text_of)
        missing = own_kinds == MISSING
        if missing.any():
            np.copyto(values, self.fill, where=missing)
        np.multiply(values, self.scale, out=values)
        parts = [np.add(values, self.offset, out=values)]
        parts += [levels.one_hot(others[name], marks, problems) for name, levels in self.levels.items()]
        parts += [self._gaps(name, missing, others)[:, np.newaxis] for name in self.preprocessing.indicators]
        return EncodedRecords(np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0], problems)

    def _with_parts(self, numbers: Array, kinds: Array, others: Mapping[str, ColumnBlock]) -> tuple[Array, Array]:
        """Return numbers and their kinds as the network's numeric inputs, which parts of dates are among."""
        if not self.parts:
            return numbers.astype(np.float64, order="C"), kinds
        shape = (len(numbers), len(self.preprocessing.numeric))
        values, own_kinds = np.empty(shape), np.zeros(shape, np.int8)
        values[:, self.places], own_kinds[:, self.places] = numbers, kinds
        for dates in self.preprocessing.dates:
            self._put_parts(dates, others[dates.name], values, own_kinds)
        return values, own_kinds

    def _gaps(self, name: str, missing: Array, others: Mapping[str, ColumnBlock]) -> Array:
        gaps = others[name].missing if name in others else missing[:, self.input_places[name]]
        return np.asarray(gaps, np.float64)

    def _put_parts(self, dates: DateColumn, column: ColumnBlock, values: Array, kinds: Array) -> None:
        for name, block in dates.blocks(column).items():
            place = self.input_places[name]
            values[:, place] = block.values
            kinds[block.missing, place] = MISSING
            kinds[block.words, place] = WORD

    def _note_numbers(self, kinds: Array, problems: Problems, text_of: TextOf) -> None:
        """Note the columns of numbers and dates that hold words, or nothing where the dataset had no gaps."""
        wrong = (kinds == WORD) | ((kinds == MISSING) & ~self.may_miss)
        for row in np.flatnonzero(wrong.any(axis=1)).tolist():
            own = problems.setdefault(row, {})
            for place in np.flatnonzero(wrong[row]).tolist():
                name = self.preprocessing.numeric[place].name
                column = self.parts.get(name, name)
                if column in own:
                    continue
                is_missing = kinds[row, place] == MISSING
                own[column] = is_missing_words(column) if is_missing else self._not_read(column, text_of(row, column))
                if len(own) == MOST_PROBLEMS:
                    break

    def _not_read(self, column: str, text: str) -> str:
        order = next((dates.order for dates in self.preprocessing.dates if dates.name == column), "")
        is_boolean = self.kinds[column] == "boolean"
        wanted = f"a date with the {ORDERS[order]}" if order else "yes or no" if is_boolean else "a number"
        return f"{column} is {text[:LONGEST_SHOWN]!r}, which is not {wanted}."


class LevelTexts:
    """The levels of a category: which text is which."""

    def __init__(self, column: CategoricalInput) -> None:
        self.column = column
        self.places = {level: place for place, level in enumerate(column.levels)}
        values = [number(level) for level in column.levels]
        pairs = zip(values, column.levels, strict=True)
        self.are_numbers = all(value is not None and shown_number(value) == level for value, level in pairs)

    def place(self, text: str, marks: Marks) -> int:
        """Return the place of a text among the levels, −1 if it is none; 9.0 is the level 9 where all are numbers."""
        place = self.places.get(text, -1)
        if place < 0 and self.are_numbers and (value := number(text, *marks)) is not None:
            return self.places.get(shown_number(value), -1)
        return place

    def one_hot(self, block: ColumnBlock, marks: Marks, problems: Problems) -> Array:
        """Return an input of 0 or 1 for each level, (rows, levels), and note the rows that have none of them."""
        by_text, name = block.by_text, self.column.name
        places = [self.place(text, marks) for text in block.names()]
        wrong: dict[int, str] = {}
        for code, (kind, text) in enumerate(zip(by_text.kinds.tolist(), block.names(), strict=True)):
            if places[code] < 0 and kind == MISSING:
                places[code] = self.places[self.column.fill]
                if not self.column.may_miss:
                    wrong[code] = is_missing_words(name)
            elif places[code] < 0:
                known = named(self.column.levels)
                wrong[code] = f"{name} is {text[:LONGEST_SHOWN]!r}, which is none of its categories: {known}."
        for code, message in wrong.items():
            for row in np.flatnonzero(by_text.codes == code).tolist():
                problems.setdefault(row, {}).setdefault(name, message)
        return np.eye(len(self.places))[np.array(places, np.intp)[by_text.codes]]


def is_missing_words(column: str) -> str:
    """Say that a column is missing that may not be."""
    return f"{column} is missing: give a value, as every record of the dataset has one."


def text_block(texts: Sequence[str], marks: Marks, reading: Reading) -> ColumnBlock:
    """Return texts as the column of a block."""
    from dashboard.arrow import pa  # noqa: PLC0415 - as in blocks

    encoded = pa.array(texts, pa.string()).dictionary_encode()
    (meaning,) = meanings([encoded.dictionary], marks, [reading])
    return TextBlock(Texts(encoded.indices.to_numpy(zero_copy_only=False), *meaning))
