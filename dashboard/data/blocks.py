"""A CSV file in blocks of rows, each column as its distinct texts and a code per row.

Only the distinct texts of a block are parsed, which for pixels are 256 of some thousands; the rules are those of
`cells`. pyarrow is imported when it is first used: pages never parse.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.data import lines
from dashboard.data.cells import (
    BLANKS,
    CODE_PATTERN,
    LARGEST,
    MISSING_WORDS,
    MOST_EXACT,
    SIGN_PATTERN,
    number_pattern,
    separator_pattern,
)
from dashboard.data.csv_format import NONE, CsvFormat, Marks
from dashboard.data.table_lines import PlainFile, plain_delimiter
from dashboard.data.truths import truth_value
from dashboard.errors import Invalid

BLOCK_BYTES = 4 << 20
NUMBER, MISSING, WORD = 0, 1, 2
ARROW_ENCODINGS = {"utf-8": "utf8", "utf-8-sig": "utf8"}  # pyarrow skips the mark by itself

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]
Bools = NDArray[np.bool_]
Meaning = tuple[NDArray[np.int8], Floats, Any, Bools]
TENS = 10.0 ** np.arange(1, 16)


@dataclass(frozen=True)
class Reading:
    """How the cells of one column are read: which words, in small letters, mean missing.

    With `strip` a sign of currency or per cent, and separators of thousands next to it, are taken off. With `truth`
    the words for yes and no are the numbers 1 and 0, and every other number is a word.
    """

    words: tuple[str, ...] = MISSING_WORDS
    strip: bool = False
    truth: bool = False


AS_USUAL = Reading()


@dataclass(frozen=True)
class ColumnBlock:
    """One column of a block: row i holds the distinct text `codes[i]`, which is a number, missing or a word.

    `codes` is int32 of shape (rows,); `kinds` int8 and `numbers` float64 (NaN where there is no number) have one
    entry for each distinct text, as `texts` has (a pyarrow array of trimmed strings) and `coded`, true for numbers
    that are spelled as a code is (`cells.is_code`).
    """

    codes: Codes
    kinds: NDArray[np.int8]
    numbers: Floats
    texts: Any
    coded: Bools

    @property
    def values(self) -> Floats:
        """The numbers row by row, NaN where there is none; shape (rows,)."""
        return self.numbers[self.codes]

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Whether each row's cell is missing; shape (rows,)."""
        return np.take(self.kinds == MISSING, self.codes)

    @property
    def words(self) -> NDArray[np.bool_]:
        """Whether each row's cell is neither a number nor missing; shape (rows,)."""
        return np.take(self.kinds == WORD, self.codes)

    def names(self) -> list[str]:
        """Return the distinct texts, in the order of their codes."""
        names: list[str] = self.texts.to_pylist()
        return names


def read_blocks(
    path: Path,
    csv_format: CsvFormat,
    width: int,
    columns: Sequence[int] | None = None,
    readings: Sequence[Reading] | None = None,
) -> Iterator[list[ColumnBlock]]:
    """Yield the data rows of a file of `width` columns in blocks, as the chosen columns (all, in order, by default).

    `readings` has one entry for each chosen column; without it all are read as usual. Raises Invalid naming the line
    for ragged rows, quotes that are never closed and rows longer than a block.
    """
    from dashboard.arrow import pa  # noqa: PLC0415 - see the module's docstring

    chosen = range(width) if columns is None else columns
    try:
        with _reader(path, csv_format, width, chosen) as reader:
            for batch in reader:
                if batch.num_rows:
                    parts = [batch.column(place) for place in range(len(chosen))]
                    yield _parsed(parts, csv_format.marks, readings)
    except (pa.ArrowInvalid, UnicodeError) as error:
        raise _explained(path, csv_format, error) from error
    finally:
        pa.default_memory_pool().release_unused()  # it would keep its blocks for a next file
    if (line := lines.unclosed_quote(path, csv_format)) is not None:
        raise _unclosed(line)


def _reader(path: Path, csv_format: CsvFormat, width: int, chosen: Sequence[int]) -> Any:  # noqa: ANN401 - untyped pyarrow
    from dashboard.arrow import csv as arrow_csv  # noqa: PLC0415
    from dashboard.arrow import pa  # noqa: PLC0415

    names = [str(place) for place in range(width)]
    included = [names[place] for place in chosen]
    distinct = pa.dictionary(pa.int32(), pa.string())
    is_plain = csv_format.is_plain
    encoding = ARROW_ENCODINGS.get(csv_format.encoding, csv_format.encoding)
    return arrow_csv.open_csv(
        path if is_plain else pa.PythonFile(PlainFile(path, csv_format), "r"),
        arrow_csv.ReadOptions(
            block_size=BLOCK_BYTES,
            column_names=names,
            skip_rows=lines.lines_before_rows(path, csv_format),
            encoding=encoding if is_plain else "utf8",
        ),
        arrow_csv.ParseOptions(
            delimiter=plain_delimiter(csv_format),
            quote_char=False if csv_format.quote == NONE else csv_format.quote,
            newlines_in_values=csv_format.quote != NONE,
        ),
        arrow_csv.ConvertOptions(column_types=dict.fromkeys(included, distinct), include_columns=included),
    )


def _unclosed(line: int) -> Invalid:
    message = f"The quote that is opened in line {line:,} is never closed: close or remove it, or choose another quote."
    return Invalid({"quote": message})


def _explained(path: Path, csv_format: CsvFormat, error: Exception) -> Invalid:
    """Return the refusal of a file that pyarrow cannot read, with the line on which it is wrong."""
    if (line := lines.unclosed_quote(path, csv_format)) is not None:
        return _unclosed(line)
    if (ragged := lines.ragged_line(path, csv_format)) is not None:
        return lines.ragged_refusal(path, csv_format, *ragged)
    if "straddl" in str(error):
        return Invalid({"file": f"A row is longer than {BLOCK_BYTES >> 20} MB: this is not a CSV file of rows."})
    return Invalid({"file": f"The file cannot be read as CSV: {error}"})


def _parsed(columns: list[Any], marks: Marks, readings: Sequence[Reading] | None) -> list[ColumnBlock]:
    """Return the columns of a batch, which pyarrow has cut into distinct texts and codes."""
    parts = meanings([column.dictionary for column in columns], marks, readings)
    codes = (column.indices.to_numpy(zero_copy_only=False) for column in columns)
    return [ColumnBlock(own, *part) for own, part in zip(codes, parts, strict=True)]


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
    bare = _without_signs(texts, decimal) if reading.strip else texts
    looks = pc.match_substring_regex(bare, f"^(?:{number_pattern(*marks)})$")
    bare = bare if thousands == NONE else pc.replace_substring_regex(bare, separator_pattern(thousands), "")
    plain = pc.utf8_ltrim(pc.replace_substring(bare, ",", "."), characters="+")
    numeric = pc.if_else(looks, plain, pa.scalar(None, pa.string())).cast(pa.float64())
    numbers = numeric.to_numpy(zero_copy_only=False).astype(np.float64, copy=True)
    numbers[np.abs(numbers) > LARGEST] = np.nan
    if reading.truth:
        values = (truth_value(text) for text in texts.to_pylist())
        numbers = np.array([np.nan if value is None else value for value in values], np.float64)
    is_missing = missing.to_numpy(zero_copy_only=False)
    numbers[is_missing] = np.nan  # a number may be a word for missing: 999
    kinds = np.where(is_missing, MISSING, np.where(np.isnan(numbers), WORD, NUMBER)).astype(np.int8)
    return texts, kinds, numbers


def _without_signs(texts: Any, decimal: str) -> Any:  # noqa: ANN401 - untyped pyarrow
    """Return texts without a sign of currency or per cent, and without separators of thousands."""
    from dashboard.arrow import pc  # noqa: PLC0415

    separator = "," if decimal == "." else "."
    bare = pc.replace_substring_regex(texts, SIGN_PATTERN, "", max_replacements=1)
    grouped = rf"^[+-]?[0-9]{{1,3}}(?:[{separator}][0-9]{{3}})+(?:[{decimal}][0-9]*)?$"
    is_grouped = pc.match_substring_regex(bare, grouped)
    return pc.if_else(is_grouped, pc.replace_substring(bare, separator, ""), bare)


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
