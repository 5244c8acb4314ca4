"""How the cells of each column are read: the words for missing, and whether signs and units are taken off.

A person may choose both; what was not chosen is suggested from the texts of the column.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dashboard.data.blocks import MISSING, NUMBER, WORD, Reading, meanings
from dashboard.data.cells import BLANKS, MISSING_WORDS, SIGN
from dashboard.data.csv_format import CsvFormat, Marks
from dashboard.data.spellings import is_spelled, may_be_negative, unit_of
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
    columns whose signs are taken off, `units` has (column, unit) of those whose unit is.
    """

    words: tuple[str, ...] | None = None
    column_words: tuple[tuple[str, tuple[str, ...]], ...] = ()
    strip: tuple[str, ...] | None = None
    units: tuple[tuple[str, str], ...] | None = None


NOTHING_CHOSEN = Choices()


def column_choices(fields: Fields) -> Choices:
    """Read what a person chose: `missing_words`, `column_words`, `strip` and `units`.

    Words and names are lists, or texts with commas or lines between them; the words and units of columns are an object,
    or a text with a line such as ``size: NA, ?`` for each.
    """
    words, strip = fields.data.get("missing_words"), fields.data.get("strip")
    units = None if fields.data.get("units") is None else _by_column(fields, "units")
    return Choices(
        words=None if words is None else _words(words),
        column_words=tuple(sorted((name, _words(own)) for name, own in _by_column(fields, "column_words").items())),
        strip=None if strip is None else tuple(sorted(_listed(strip, r"\n"))),
        units=None if units is None else tuple(sorted((name, str(unit).strip()) for name, unit in units.items())),
    )


def effective(names: Sequence[str], readings: Sequence[Reading], choices: Choices) -> Choices:
    """Return the choices that give these readings, whether they were made or suggested."""
    words = MISSING_WORDS if choices.words is None else choices.words
    own = ((name, reading.words) for name, reading in zip(names, readings, strict=True) if reading.words != words)
    strip = (name for name, reading in zip(names, readings, strict=True) if reading.strip)
    units = ((name, reading.unit) for name, reading in zip(names, readings, strict=True) if reading.unit)
    return Choices(words, tuple(sorted(own)), tuple(sorted(strip)), tuple(sorted(units)))


def _by_column(fields: Fields, field: str) -> Mapping[str, object]:
    """Return column -> what is said of it, an object or lines such as ``size: NA, ?``."""
    value = fields.data.get(field) or {}
    if not isinstance(value, str):
        return fields.inner(field).data
    lines = [line for line in value.splitlines() if line.strip()]
    if wrong := [line for line in lines if ":" not in line]:
        what = "words" if field == "column_words" else "unit"
        fields.refuse(field, f"Write a column, a colon and its {what} in a line, not {wrong[0][:40]!r}.")
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
    own, units = dict(choices.column_words), dict(choices.units or ())
    return [Reading(own.get(name, words), name in (choices.strip or ()), unit=units.get(name, "")) for name in names]


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
        elif choices.units is None and place not in odd and (unit := unit_of(words)) and not has_numbers:
            better[place] = replace(better[place], unit=unit)
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

    None is one where nothing else means missing, NA among codes of two capitals and the name Null among other names
    (some may be empty), and - where the others are +.
    """
    spelled = {text.lower() for text in gone}
    if not spelled.isdisjoint(("na", "null")):
        spelled, gone = spelled - {""}, [text for text in gone if text]
    if len(spelled) != 1:
        return ""
    (word,) = spelled
    is_level = {
        "none": True,
        "na": all(len(text) == 2 and text.isalpha() and text.isupper() for text in (*words, *gone)),
        "null": {*gone} == {"Null"} and all(word[:1].isupper() and not word.isupper() for word in words),
        "-": set(words) == {"+"},
    }
    return word if is_level.get(word, False) else ""


def _has_signs(texts: Any, words: list[str], reading: Reading, marks: Marks) -> bool:  # noqa: ANN401 - untyped pyarrow
    """Return whether (nearly) all cells are numbers once their signs are taken off, and one sign is used at most."""
    signs = {match[0].strip() for text in words if (match := SIGN.search(text))}
    if len(signs) > 1 or (not signs and not any(may_be_negative(text) or is_spelled(text) for text in words)):
        return False
    ((kinds, _, _, _),) = meanings([texts], marks, [replace(reading, strip=True)])
    return int((kinds == WORD).sum()) <= (1 - SIGNED_SHARE) * int((kinds != MISSING).sum())


def signs_of(texts: Sequence[str]) -> str:
    """Return the first sign in some texts, for a sentence."""
    return next((match[0].strip() for text in texts if (match := SIGN.search(text))), "")
