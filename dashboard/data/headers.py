"""Whether the first record of a table names its columns, and whether the next one holds their units."""

from collections.abc import Sequence
from itertools import pairwise

from dashboard.data.cells import is_missing, number
from dashboard.data.csv_format import Marks
from dashboard.data.guesses import Guess

FEWEST_NUMBERED = 3
LEAST_STEPS = 4
OUTSIDE_SHARE = 0.8
FEW_ODD = 0.1
MOST_UNITS = 2
"""So many lines besides the first one below a header."""
YEARS = range(1500, 2101)

Rows = Sequence[Sequence[str]]


def guess_header(rows: Rows, marks: Marks) -> Guess:
    """Return whether the first of some rows of equal length is a header, by comparing it with those below it.

    `marks` are the decimal mark and the thousands separator. A word over numbers settles it.
    """
    first, rest = rows[0], [row for row in rows[1:] if list(row) != list(rows[0])]
    if not rest:
        is_header = not any(number(text, *marks) is not None for text in first)
        return Guess(
            is_header, "There is one line only, " + ("of words." if is_header else "with numbers."), sure=False
        )
    columns = list(zip(*rest, strict=True))
    numeric = [place for place, column in enumerate(columns) if are_numbers(column, marks)]
    over = [place for place in numeric if not is_missing(first[place]) and number(first[place], *marks) is None]
    if over:
        return Guess(True, f"'{first[over[0]][:40]}' stands over numbers.")
    named = _numbered_names(first, columns, numeric, marks)
    if named is not None:
        return named
    if any(not is_missing(first[place]) for place in numeric):
        return Guess(False, "The first line has numbers where the lines below have numbers.")
    return _words_over_words(first, columns)


def are_numbers(column: Sequence[str], marks: Marks) -> bool:
    """Return whether all cells of a column that are not missing are numbers, but for a few."""
    known = [text for text in column if not is_missing(text)]
    odd = sum(number(text, *marks) is None for text in known)
    return len(known) > odd and odd <= max(FEW_ODD * len(known), len(known) >= LEAST_STEPS)


def _numbered_names(
    first: Sequence[str], columns: Sequence[Sequence[str]], numeric: Sequence[int], marks: Marks
) -> Guess | None:
    """Return the guess for a first line of whole numbers that may be names (0, 1, 2 or 1990, 1991), or None."""
    places = [place for place in numeric if first[place].strip().isdecimal()]
    names = [int(first[place]) for place in places]
    if len(names) < max(FEWEST_NUMBERED, len(numeric) - 1) or not (_is_even(names) or _are_years(names)):
        return None
    below = [number(columns[place][0], *marks) for place in places]
    if None not in below and _is_even([value or 0 for value in below]):
        return None
    if names[0] in {0, 1} and names[1] == names[0] + 1 and (names[0] == 0 or len(names) >= LEAST_STEPS):
        reason = f"The first line counts the columns from {names[0]}."
        return Guess(True, reason, sure=len(names) >= LEAST_STEPS)
    outside = sum(_is_outside(int(first[place]), columns[place], marks) for place in places)
    if len(names) < LEAST_STEPS or outside < OUTSIDE_SHARE * len(places):
        return None
    return Guess(True, f"The first line goes in steps ({names[0]}, {names[1]}, …), unlike the numbers below.")


def _is_even(numbers: Sequence[float]) -> bool:
    """Return whether numbers go up, or down, in equal steps."""
    steps = {after - before for before, after in pairwise(numbers)}
    return len(steps) == 1 and steps != {0}


def _are_years(numbers: Sequence[int]) -> bool:
    """Return whether numbers are years that go up, or go down."""
    return all(one in YEARS for one in numbers) and list(numbers) in (sorted(set(numbers)), sorted(set(numbers))[::-1])


def _is_outside(name: int, column: Sequence[str], marks: Marks) -> bool:
    numbers = [value for text in column if (value := number(text, *marks)) is not None]
    return not min(numbers) <= name <= max(numbers)


def _words_over_words(first: Sequence[str], columns: Sequence[Sequence[str]]) -> Guess:
    words = [text.strip() for text in first]
    again = [text for text, column in zip(first, columns, strict=True) if text.strip() and text in column]
    if again:
        return Guess(False, f"'{again[0][:40]}' of the first line stands in its column again.", sure=len(again) > 1)
    if len(set(words)) < len(words):
        return Guess(False, "Two cells of the first line are equal.", sure=False)
    is_repeated = all(len(set(column)) < len(column) for column in columns)
    return Guess(True, "The words of the first line do not occur below it.", sure=is_repeated)


def guess_units(rows: Rows, marks: Marks) -> Guess:
    """Return how many records below the header hold units, types or the like instead of data: 0, or a few."""
    if len(rows) < LEAST_STEPS:
        return Guess(0, "Too few lines to look for units.")
    second, columns = rows[1], list(zip(*rows[2:], strict=True))
    numeric = [place for place, column in enumerate(columns) if are_numbers(column, marks)]
    odd = [place for place in numeric if number(second[place], *marks) is None and second[place].strip()]
    others = [place for place in range(len(second)) if place not in numeric]
    alone = all(second[place] not in columns[place] for place in others)
    if not numeric or len(odd) < len(numeric) or not (len(odd) > 1 or (others and alone)):
        return Guess(0, "The line below the header is like those that follow.")
    if all(is_missing(second[place]) for place in odd):
        return Guess(0, "The line below the header has no values.", sure=False)
    shown = ", ".join(text[:20] for text in second[:6])
    reason = f"The line below the header ({shown}) has words where all others have numbers: units, it seems."
    count = 1 + _further_units(rows[2:], marks)
    return Guess(count, reason if count == 1 else f"{reason} So do the {count - 1} below it.")


def _further_units(rows: Rows, marks: Marks) -> int:
    """Return how many records below one of units are no data either, as those with types and roles are not."""
    for count in range(min(MOST_UNITS, len(rows) - LEAST_STEPS)):
        first, columns = rows[count], list(zip(*rows[count + 1 :], strict=True))
        has_number = any(number(text, *marks) is not None for text in first)
        is_again = any(text.strip() and text in column for text, column in zip(first, columns, strict=True))
        if has_number or is_again or not any(text.strip() for text in first):
            return count
    return 0
