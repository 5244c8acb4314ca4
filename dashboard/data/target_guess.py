"""Which column is to be predicted: a guess by name, place and kind, with its reason, and the other likely ones."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from dashboard.data import suggestions
from dashboard.data.suggestions import Described

STRONG = "label target y outcome output response species diagnosis survived ground_truth class_label target_value"
USUAL = (
    "class category quality price digit variety result churn salary income charges rating score grade status "
    "default approved sales cnt medv mpg rings strength cost revenue demand deposit exited attrition fraud spam "
    "sentiment disease saleprice median_house_value medhouseval consumption yield bought defaulted kind type"
)
UNLIKELY = (
    "year month day date time hour minute week id index name lat lon latitude longitude age sex gender country city "
    "state zip zipcode timestamp size address email phone comment description title"
)
STRONG_NAMES, USUAL_NAMES, UNLIKELY_NAMES = (tuple(words.split()) for words in (STRONG, USUAL, UNLIKELY))
FAMILY = re.compile(r"(?i:(y|target|label|output|outcome|response|class)[ _]?(?:\d+|_\w+))")
LIKELY = 3.0
SHORTEST_WORD = 3
AS_LIKELY = 0.5
BY_PLACE = "it is the last column"


class TargetGuess(NamedTuple):
    """The column that is likely the target, why, and a question where `others` are as likely (else empty)."""

    name: str
    reason: str
    question: str
    others: tuple[str, ...] = ()


class _Candidate(NamedTuple):
    name: str
    score: float
    reason: str


def target_guess(columns: Sequence[Described], rows: int, stem: str = "") -> TargetGuess:
    """Return the likeliest target of a file whose name without ending is `stem`."""
    usable = [c for c in columns if c.kind != "ignore" or (c.distinct == 1 and _by_name(c.name)[0] >= LIKELY)]
    usable = usable or [column for column in columns if column.distinct] or list(columns)
    first, last = usable[0], usable[-1]
    if first.distinct > 1 and suggestions.image_shape(usable[1:]) is not None and not _by_name(last.name)[0]:
        return TargetGuess(first.name, "it is the one column before the pixels", "")
    rated = [_rated(column, column is first, column is last, rows, stem.lower()) for column in usable]
    ranked = sorted(rated, key=lambda one: -one.score)
    best = ranked[0]
    others = [one for one in ranked[1:3] if one.score >= max(best.score - AS_LIKELY, 1.0)]
    others += [one for one in ranked[1:] if one not in others and _are_siblings(best.name, one.name, columns)]
    if not others and best.name == last.name and best.reason == BY_PLACE:
        others = [one for one in rated[-2:-1] if _share_a_word(one.name, last.name, columns)]
    question = ""
    if others:
        names = " or ".join(f"'{one.name}'" for one in (best, *others[:2]))
        why = f"'{others[0].name}' is as likely as '{best.name}': {others[0].reason}"
        question = f"Which column should be predicted, {names}? {why}."
    return TargetGuess(best.name, best.reason, question, tuple(one.name for one in others))


def _rated(column: Described, is_first: bool, is_last: bool, rows: int, stem: str) -> _Candidate:
    score, why = _by_name(column.name)
    name = column.name.lower()
    if stem and len(name) > 1 and name in {stem, stem.removesuffix("s")}:
        score, why = max(score, LIKELY), "the file has its name"
    if is_last:
        score, why = score + 2.0, f"{why}, and it is the last column" if why else BY_PLACE
    elif is_first:
        score, why = score + 1.0, why or "it is the first column"
    if suggestions.task(column, rows) == "classification":
        score += 0.5
    return _Candidate(column.name, score, why or "of its kind")


def _by_name(name: str) -> tuple[float, str]:
    """Return how likely a name makes a column the target, and why."""
    plain = name.lower().strip()
    if plain in STRONG_NAMES:
        return 4.0 - STRONG_NAMES.index(plain) / 100, "targets are usually called so"
    if plain in USUAL_NAMES:
        return LIKELY, "targets are often called so"
    if FAMILY.fullmatch(plain):
        return LIKELY, "its name is that of a target"
    if plain in UNLIKELY_NAMES:
        return -2.0, ""
    parts = set(re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()))
    if not parts.isdisjoint(STRONG_NAMES) or not parts.isdisjoint(USUAL_NAMES):
        return 1.5, "its name has the word for a target in it"
    return 0.0, ""


def second_targets(columns: Sequence[Described], target: str) -> dict[str, str]:
    """Return column -> why it is another target than this one, which would not be known when predicting."""
    own = next(column for column in columns if column.name == target)
    second = {}
    for column in columns:
        if column.name == target or column.kind == "ignore":
            continue
        if own.pattern and column.pattern == own.pattern:
            second[column.name] = f"It says the same as the target '{target}' in other words."
        elif _are_siblings(target, column.name, columns):
            second[column.name] = f"It is a second target by its name, next to '{target}'."
    return second if len(second) < len(columns) - 1 else {}


def _share_a_word(name: str, last: str, columns: Sequence[Described]) -> bool:
    """Return whether two names, and no other, have a word in common: heating load and cooling load."""
    others = [_words(column.name) for column in columns if column.name not in {name, last}]
    return not (_words(name) & _words(last)) <= set().union(*others)


def _words(name: str) -> set[str]:
    return {word for word in re.split(r"[\W\d_]+", name.lower()) if len(word) >= SHORTEST_WORD}


def _are_siblings(target: str, name: str, columns: Sequence[Described]) -> bool:
    """Return whether both names are those of targets: label and target, or y1 and y2 among columns of other names."""
    if target.lower() in STRONG_NAMES[:6] and name.lower() in STRONG_NAMES[:6]:
        return True
    one, other = FAMILY.fullmatch(target), FAMILY.fullmatch(name)
    if not one or not other or one[1].lower() != other[1].lower():
        return False
    family = [column for column in columns if FAMILY.fullmatch(column.name)]
    return len(family) < len(columns)
