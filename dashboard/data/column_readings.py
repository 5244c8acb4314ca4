"""How the cells of each column are read: the words for missing, and whether signs of currency are taken off.

A person may choose both; what was not chosen is suggested from the texts of the column.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dashboard.data.blocks import MISSING, NUMBER, WORD, Reading, meanings
from dashboard.data.cells import BLANKS, MISSING_WORDS, NEGATIVE, SIGN
from dashboard.data.csv_format import CsvFormat, Marks
from dashboard.parsing import Fields

MOST_TEXTS = 500
"""So many different texts of a column are looked at for a suggestion."""
SIGNED_SHARE = 0.95
MOST_MARKERS, FEWEST_NUMBERS = 3, 10
"""So many words, next to so many different numbers, may mean missing in a column."""


@dataclass(frozen=True)
class Choices:
    """What a person chose about reading cells; None where nothing was chosen.

    `words` mean missing in the whole file, `column_words` in single columns, as (column, words); `strip` names the
    columns whose signs are taken off.
    """

    words: tuple[str, ...] | None = None
    column_words: tuple[tuple[str, tuple[str, ...]], ...] = ()
    strip: tuple[str, ...] | None = None


NOTHING_CHOSEN = Choices()


def column_choices(fields: Fields) -> Choices:
    """Read what a person chose: `missing_words`, `column_words` and `strip`.

    Words and names are lists, or texts with commas or lines between them; the words of columns are an object, or a text
    with a line such as ``size: NA, ?`` for each.
    """
    words, strip = fields.data.get("missing_words"), fields.data.get("strip")
    return Choices(
        words=None if words is None else _words(words),
        column_words=tuple(sorted((name, _words(own)) for name, own in _by_column(fields).items())),
        strip=None if strip is None else tuple(sorted(_listed(strip, r"\n"))),
    )


def effective(names: Sequence[str], readings: Sequence[Reading], choices: Choices) -> Choices:
    """Return the choices that give these readings, whether they were made or suggested."""
    words = MISSING_WORDS if choices.words is None else choices.words
    own = ((name, reading.words) for name, reading in zip(names, readings, strict=True) if reading.words != words)
    strip = (name for name, reading in zip(names, readings, strict=True) if reading.strip)
    return Choices(words, tuple(sorted(own)), tuple(sorted(strip)))


def _by_column(fields: Fields) -> Mapping[str, object]:
    value = fields.data.get("column_words") or {}
    if not isinstance(value, str):
        return fields.inner("column_words").data
    lines = [line for line in value.splitlines() if line.strip()]
    if wrong := [line for line in lines if ":" not in line]:
        fields.refuse("column_words", f"Write a column, a colon and its words in a line, not {wrong[0][:40]!r}.")
    return {name.strip(): words for name, _, words in (line.rpartition(":") for line in lines)}


def _words(value: object) -> tuple[str, ...]:
    """Return words in small letters, sorted; the empty cell is always one of them."""
    return tuple(sorted({"", *(word.lower() for word in _listed(value, r"[,\n]"))}))


def _listed(value: object, between: str) -> list[str]:
    parts = value if isinstance(value, list | tuple) else re.split(between, str(value))
    return [text for part in parts if (text := str(part).strip(BLANKS))]


def first_readings(names: Sequence[str], choices: Choices) -> list[Reading]:
    """Return how each column is read by what was chosen."""
    words = MISSING_WORDS if choices.words is None else choices.words
    own = dict(choices.column_words)
    return [Reading(own.get(name, words), name in (choices.strip or ())) for name in names]


def adjusted(
    names: Sequence[str],
    readings: list[Reading],
    texts: Sequence[Any],
    choices: Choices,
    csv_format: CsvFormat,
    odd: Collection[int] = (),
) -> list[Reading]:
    """Return the readings with what the texts of each column suggest and nobody has chosen.

    `odd` are the places of columns whose few words are shown as odd cells instead.
    """
    chosen = {name for name, _ in choices.column_words}
    better = list(readings)
    for place, part in enumerate(meanings(list(texts), csv_format.marks, readings)):
        kinds, _, trimmed, _ = part
        if not (kinds == WORD).any():
            continue
        some = trimmed[:MOST_TEXTS].to_pylist()
        words = [text for text, kind in zip(some, kinds.tolist(), strict=False) if kind == WORD]
        gone = [text for text, kind in zip(some, kinds.tolist(), strict=False) if kind == MISSING]
        has_numbers = bool((kinds == NUMBER).any())
        if choices.words is None and names[place] not in chosen:
            own = better[place].words
            if has_numbers and place not in odd:
                own = tuple(sorted({*own, *_markers(trimmed, kinds)}))
            elif level := "" if has_numbers else _level(words, gone):
                own = tuple(word for word in own if word != level)
            better[place] = replace(better[place], words=own)
        if choices.strip is None and _has_signs(trimmed[:MOST_TEXTS], words, readings[place], csv_format.marks):
            better[place] = replace(better[place], strip=True)
    return better


def _markers(texts: Any, kinds: Any) -> set[str]:  # noqa: ANN401 - untyped pyarrow and numpy
    """Return the words, in small letters, that stand for missing among numbers: few different ones without a digit."""
    words = {text.lower() for text in texts.take(np.flatnonzero(kinds == WORD)).to_pylist()}
    is_few = len(words) <= MOST_MARKERS and int((kinds == NUMBER).sum()) >= FEWEST_NUMBERS
    return words if is_few and not any(map(_has_digits, words)) else set()


def _has_digits(word: str) -> bool:
    """Return whether a word may be a number with a fault, such as <0.1, and is no error of a spreadsheet (#DIV/0!)."""
    return not word.startswith("#") and any(character.isdigit() for character in word)


def _level(words: list[str], gone: list[str]) -> str:
    """Return the word for missing, in small letters, that is a category here; empty if none is.

    None is one where nothing else means missing, NA among codes of two capitals (some may be empty), and - where the
    others are +.
    """
    spelled = {text.lower() for text in gone}
    if "na" in spelled:
        spelled, gone = spelled - {""}, [text for text in gone if text]
    if len(spelled) != 1:
        return ""
    (word,) = spelled
    is_level = {
        "none": True,
        "na": all(len(text) == 2 and text.isalpha() and text.isupper() for text in (*words, *gone)),
        "-": set(words) == {"+"},
    }
    return word if is_level.get(word, False) else ""


def _has_signs(texts: Any, words: list[str], reading: Reading, marks: Marks) -> bool:  # noqa: ANN401 - untyped pyarrow
    """Return whether (nearly) all cells are numbers once their signs are taken off, and one sign is used at most."""
    signs = {match[0].strip() for text in words if (match := SIGN.search(text))}
    if len(signs) > 1 or (not signs and not any(map(NEGATIVE.fullmatch, words))):
        return False
    ((kinds, _, _, _),) = meanings([texts], marks, [replace(reading, strip=True)])
    return int((kinds == WORD).sum()) <= (1 - SIGNED_SHARE) * int((kinds != MISSING).sum())


def signs_of(texts: Sequence[str]) -> str:
    """Return the first sign in some texts, for a sentence."""
    return next((match[0].strip() for text in texts if (match := SIGN.search(text))), "")
