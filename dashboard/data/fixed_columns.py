"""Columns that stand at fixed places of each line, found by the gaps that all lines have; cells may be empty."""

from collections.abc import Sequence

from dashboard.data.cells import is_missing, number
from dashboard.data.sampling import Sample

FEWEST_LINES = 3
LEAST_NUMBERS = 0.8


def column_starts(sample: Sample) -> list[int]:
    """Return at which character each column begins; empty where lines have no such columns.

    That is so if a header has a word above each column but the first, and one column at least is of numbers.
    """
    lines = [line.rstrip() for line in sample.lines if line.strip()]
    if len(lines) < FEWEST_LINES or any("\t" in line for line in lines):
        return []
    starts = _starts_of_words(lines)
    if len(starts) < 2:
        return []
    named = cut(lines[0], starts)
    starts = [start for place, start in enumerate(starts) if not place or named[place]]  # else a word of a longer cell
    header, *rows = [cut(line, starts) for line in lines]
    is_named = len(starts) > 1 and not any(number(name) is not None for name in header)
    return starts if is_named and any(map(_are_numbers, zip(*rows, strict=True))) else []


def cut(line: str, starts: Sequence[int]) -> list[str]:
    """Return the cells of a line whose columns begin at these places."""
    ends = [*starts[1:], len(line)]
    return [line[start:end].strip() for start, end in zip([0, *starts[1:]], ends, strict=True)]


def _starts_of_words(lines: Sequence[str]) -> list[int]:
    """Return the places at which something begins behind a place that is blank in all lines."""
    width = max(map(len, lines))
    padded = [line.ljust(width) for line in lines]
    is_blank = [all(line[place] == " " for line in padded) for place in range(width)]
    return [place for place in range(width) if not is_blank[place] and (place == 0 or is_blank[place - 1])]


def _are_numbers(column: Sequence[str]) -> bool:
    known = [text for text in column if not is_missing(text)]
    numbers = sum(any(number(text, mark) is not None for mark in ".,") for text in known)
    return numbers > 0 and numbers >= LEAST_NUMBERS * len(known)
