"""Columns of two words that say whether something is true: yes and no, true and false. They are one input of 0 or 1."""

from collections.abc import Iterable

from dashboard.data.cells import BLANKS

PAIRS = (
    *(("no", "yes"), ("false", "true"), ("n", "y"), ("f", "t"), ("off", "on")),
    *(("nein", "ja"), ("nee", "ja"), ("nej", "ja"), ("non", "oui"), ("no", "sí"), ("no", "si"), ("não", "sim")),
    *(("nie", "tak"), ("нет", "да"), ("hayır", "evet"), ("否", "是"), ("いいえ", "はい")),
    *(("falsch", "wahr"), ("faux", "vrai"), ("falso", "verdadero"), ("falso", "verdadeiro"), ("falso", "vero")),
    ("onwaar", "waar"),
)
"""(The word for 0, the word for 1), in small letters; the last rows are those of spreadsheets."""
VALUES = {word: float(value) for pair in PAIRS for value, word in enumerate(pair)}
"""The word, in small letters -> what it is as a number."""
MOST_SPELLINGS = 64


def truth_words(texts: Iterable[str]) -> tuple[str, ...]:
    """Return (word for 0, word for 1), as first spelled, if texts are all of one pair; one that is not there is empty.

    Case and blanks around a word do not count. Nothing is returned for other texts, or without any.
    """
    first: dict[str, str] = {}
    for count, text in enumerate(texts):
        word = text.strip(BLANKS)
        if word.lower() not in VALUES or count > MOST_SPELLINGS:
            return ()
        first.setdefault(word.lower(), word)
    pair = next((pair for pair in PAIRS if first and first.keys() <= set(pair)), ())
    return tuple(first.get(word, "") for word in pair)


def truth_value(text: str) -> float | None:
    """Return 0 or 1 for a word of any pair, or for the number itself; None for another text."""
    word = text.strip(BLANKS).lower()
    return VALUES.get(word, {"0": 0.0, "1": 1.0}.get(word))
