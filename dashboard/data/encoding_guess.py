"""The encoding of a file, guessed from all of its bytes.

What is no Unicode is decoded in every usual encoding; the one in which most of the letters beyond ASCII are of one
language wins. Encodings that make the same text of it are the same answer.
"""

import codecs
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from dashboard.data import alphabets
from dashboard.data.guesses import Guess
from dashboard.data.sampling import pieces, whole_lines
from dashboard.data.signatures import REMEDY, UTF_16, refuse_binary
from dashboard.data.text_encodings import ENCODINGS
from dashboard.errors import Invalid

MOST_BYTES = 100_000
FEW_CHARACTERS = 4
SURE_SCORE, SURE_MARGIN, WIDE_MARGIN = 0.85, 0.15, 0.5
FEW_LETTERS = 3
WORDS = re.compile(r"[^\W\d_]{2,}")
BY_DIGITS = re.compile(r"\d[\u00c0-\u05ff]|[\u00c0-\u05ff]\d")
ALONE = re.compile(r"(?<![^\W_])[\u00c0-\u05ff](?=[ \u00a0][\d.])|(?<=\d[ \u00a0])[\u00c0-\u05ff](?![^\W_])")
"""One letter with a blank between it and a number; a capital one is rather a sign of another encoding."""
PLACED = re.compile(
    r"(?<![^\W_])(?:“[^”“\n]*”|„[^“”\n]*[“”]|‘[^’\n]*’)(?![^\W_])"
    r"|(?<=[^\W\d_])’(?=(?:s|t|d|m|re|ll|ve)\b)|(?:(?<=\W[cdjlmnstCDJLMNOST])|(?<=\W[qQ]u))’(?=[^\W\d_])"
    r"|(?<=[ \d])[–—](?=[ \d])|€(?= ?[\d.])|(?<=\d)[ \u00a0]?€"
    r"|°(?=[ \u00a0]?[CFK]\b)|(?<=\d)°|±(?=[ \u00a0]?[\d.])|µ(?=[a-zA-Z]{1,3}\b)|(?<=[a-z])[²³](?![^\W_])"
)
"""Signs where writers put them: quotes around words, apostrophes, a dash by blanks or digits, € and ° by a number."""
PLACED_WEIGHT = 0.5
UTF_32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


class Reading(NamedTuple):
    """A text as an encoding reads it, with the share of its letters that are likely."""

    score: float
    encoding: str
    text: str


def guess_encoding(path: Path) -> Guess:
    """Return the codec that decodes the whole file; raises Invalid for what is not text."""
    start = _start(path)
    if start.startswith(UTF_32) and decodes(path, "utf-32"):
        return Guess("utf-32", "The file begins with the mark of UTF-32.")
    if start.startswith(UTF_16):
        if not decodes(path, "utf-16"):
            raise Invalid({"file": "The file begins like UTF-16 text but is damaged: save it again as UTF-8."})
        return Guess("utf-16", "The file begins with the mark of UTF-16.")
    is_utf8, has_nulls = _looked_at(path)
    if has_nulls:
        return _with_nulls(path, start)
    if is_utf8:
        if start.startswith(codecs.BOM_UTF8):
            return Guess("utf-8-sig", "The file begins with the mark of UTF-8.")
        return Guess("utf-8", "All of the file is valid UTF-8.")
    return _likeliest(path)


def check_encoding(path: Path, encoding: str) -> str:
    """Return the encoding that a person chose; raises Invalid if the file is not text, or not in this encoding."""
    _start(path)
    if not decodes(path, encoding):
        raise Invalid({"encoding": f"The file cannot be read as {encoding}: choose another encoding."})
    return encoding


def _looked_at(path: Path) -> tuple[bool, bool]:
    """Return (whether a whole file is UTF-8, whether it holds a NUL byte)."""
    decoder, is_utf8 = codecs.getincrementaldecoder("utf-8")(), True
    for piece in pieces(path):
        if b"\0" in piece:
            return False, True
        # ASCII needs no decoding, unless a letter was begun in the piece before it.
        if is_utf8 and (not piece.isascii() or decoder.getstate()[0]):
            is_utf8 = _decodes(decoder, piece)
    return is_utf8 and _decodes(decoder, b"", final=True), False


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeError:
        return False
    return True


def decodes(path: Path, encoding: str) -> bool:
    """Return whether a whole file can be read in an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    return all(_decodes(decoder, piece) for piece in pieces(path)) and _decodes(decoder, b"", final=True)


def _start(path: Path) -> bytes:
    """Return a file's first bytes; raises Invalid for what is not text."""
    with path.open("rb") as file:
        start = file.read(4096)
    refuse_binary(start)
    return start


def _with_nulls(path: Path, start: bytes) -> Guess:
    """Return UTF-16 without a mark if every second byte is NUL, as it is for most texts; raises Invalid if not."""
    for encoding, zeros, others in (("utf-16-le", start[1::2], start[::2]), ("utf-16-be", start[::2], start[1::2])):
        if others.count(0) * 2 < len(others) < zeros.count(0) * 2 and decodes(path, encoding):
            return Guess(encoding, "Most second bytes are NUL, as in UTF-16.")
    raise Invalid({"file": f"This is not a CSV file: it holds NUL bytes. {REMEDY}"})


def _likeliest(path: Path) -> Guess:
    """Return the encoding in which the letters beyond ASCII are likeliest, unsure where two are nearly as likely."""
    sample = _lines_beyond_ascii(path)
    readings = sorted(_readings(sample), key=lambda reading: -reading.score)  # equal scores: in the order of SCORES
    best = next((reading for reading in readings if decodes(path, reading.encoding)), None)
    if best is None:
        return Guess("latin-1", "The file is not valid UTF-8, and no encoding makes words of it.", sure=False)
    rival = next((reading for reading in readings if reading.text != best.text), None)
    letters = {character for character in best.text if ord(character) > 127}
    margin = best.score - (rival.score if rival else 0)
    shown = "".join(sorted(letters)[:6])
    name = ENCODINGS[best.encoding]
    least = SURE_MARGIN if len(letters) >= FEW_CHARACTERS else WIDE_MARGIN
    sure = best.score >= SURE_SCORE and margin >= least
    also = f", but {ENCODINGS[rival.encoding]} is possible, too" if rival and margin < SURE_MARGIN else ""
    return Guess(best.encoding, f"It is not UTF-8; {shown} are likely letters in {name}{also}.", sure)


def _lines_beyond_ascii(path: Path) -> bytes:
    """Return lines of a file that are not ASCII, from all of it, at most about 100,000 bytes."""
    most = MOST_BYTES // max(path.stat().st_size >> 20, 1) + 2_000
    lines: list[bytes] = []
    for block in whole_lines(path, b"\n"):
        size = 0
        for line in [] if block.isascii() else block.split(b"\n"):
            if not line.isascii() and size < most:
                lines.append(line[:most])
                size += len(line)
    return b"\n".join(lines)


def _readings(sample: bytes) -> Iterable[Reading]:
    """Yield what each usual encoding that can decode some lines makes of them, with its score."""
    for encoding, score in SCORES.items():
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
        letters = [character for character in text if ord(character) > 127]
        placed = PLACED_WEIGHT * sum(max(len(_marks(match[0])), 1) for match in PLACED.finditer(text))
        yield Reading((score(letters) + placed) / max(len(letters), 1) * _worded(text), encoding, text)


def _marks(text: str) -> str:
    """Return the quotes around a text, both signs, or the one sign that it is."""
    return text[0] + text[-1] if text[0] in "“„‘" else text.strip()


def _worded(text: str) -> float:
    """Return the share of words, of those with letters beyond ASCII, that could be words of some language.

    Such a letter next to a digit is none, nor is a capital one alone by a number.
    """
    words = [word for word in WORDS.findall(text) if not word.isascii()]
    odd = sum(match[0].strip("0123456789").isalpha() for match in BY_DIGITS.finditer(text))
    odd += sum(letter.isupper() for letter in ALONE.findall(text))
    count = len(words) + odd
    return 1 - (sum(map(_is_odd, words)) + odd) / count if count else 1.0


def _is_odd(word: str) -> bool:
    """Return whether a word mixes scripts or cases, or lacks what words of its script have."""
    scripts = {
        "LATIN" if ord(character) < 0x250 else unicodedata.name(character, "").split(" ")[0] for character in word
    }
    if len(scripts) > 1:
        return not scripts <= {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}
    if any(a.islower() and b.isupper() for a, b in pairwise(word)):
        return True
    if len(word) < FEW_LETTERS or not word.islower():
        return False
    return ("CYRILLIC" in scripts and not alphabets.CYRILLIC_VOWELS & set(word)) or (
        "GREEK" in scripts and not alphabets.GREEK_ACCENTS & set(word)
    )


def _latin(characters: list[str], languages: tuple[str, ...]) -> float:
    """Return how many characters one language explains, the best of some; other letters and signs count against it."""
    symbols = sum(character in alphabets.SYMBOLS for character in characters)
    known = max(sum(character in alphabets.LATIN[language] for character in characters) for language in languages)
    return known + 0.6 * symbols - 0.5 * (len(characters) - known - symbols)


def _script(characters: list[str], alphabet: frozenset[str], weight: float = 1.0) -> float:
    """Return how many characters are of one script; a capital counts less, since most letters are small."""
    known = [character for character in characters if character in alphabet]
    capital = sum(character.isupper() for character in known)
    symbols = sum(character in alphabets.SYMBOLS for character in characters)
    return weight * len(known) - 0.1 * capital + 0.5 * symbols - 0.5 * (len(characters) - len(known) - symbols)


def _east_asian(characters: list[str], han: float, kana: float, hangul: float, codec: str) -> float:
    """Return the weights of the characters; Han that is not in the first, common rows of `codec` counts half."""
    total = 0.0
    for character in characters:
        code = ord(character)
        if 0x4E00 <= code <= 0x9FFF:
            total += han * (1 if _is_common(character, codec) else 0.4)
        elif 0x3041 <= code <= 0x30FF:
            total += kana
        elif 0xAC00 <= code <= 0xD7A3:
            total += hangul * (1 if _is_common(character, "euc_kr") else 0.2)
        elif 0x3000 <= code <= 0x303F or 0xFF01 <= code <= 0xFF5E:
            total += 0.8
        else:
            total -= 0.5
    return total


def _is_common(character: str, codec: str) -> bool:
    """Return whether a character is in the common rows of a national character set."""
    try:
        first = character.encode(codec)[0]
    except UnicodeEncodeError:
        return False
    low, high = {"gb2312": (0xB0, 0xD7), "big5": (0xA4, 0xC6), "euc_jp": (0xB0, 0xCF)}.get(codec, (0xB0, 0xC8))
    return low <= first <= high


WEST = ("German", "French", "Spanish", "Portuguese", "Italian", "Nordic", "Icelandic")
CENTRAL = ("Polish", "Czech and Slovak", "Hungarian", "Romanian", "Croatian")
SCORES: dict[str, Callable[[list[str]], float]] = {
    "cp1252": partial(_latin, languages=WEST),
    "gb18030": partial(_east_asian, han=1, kana=-0.2, hangul=-0.5, codec="gb2312"),
    "cp932": partial(_east_asian, han=0.95, kana=1, hangul=-0.5, codec="euc_jp"),
    "euc_jp": partial(_east_asian, han=0.9, kana=1, hangul=-0.5, codec="euc_jp"),
    "big5": partial(_east_asian, han=0.98, kana=-0.2, hangul=-0.5, codec="big5"),
    "cp949": partial(_east_asian, han=-0.2, kana=-0.2, hangul=1.1, codec="euc_kr"),
    "cp1251": partial(_script, alphabet=alphabets.CYRILLIC),
    "koi8_r": partial(_script, alphabet=alphabets.CYRILLIC),
    "koi8-u": partial(_script, alphabet=alphabets.CYRILLIC),
    "cp866": partial(_script, alphabet=alphabets.CYRILLIC),
    "mac-cyrillic": partial(_script, alphabet=alphabets.CYRILLIC, weight=0.98),
    "iso8859-5": partial(_script, alphabet=alphabets.CYRILLIC),
    "cp1253": partial(_script, alphabet=alphabets.GREEK),
    "iso8859-7": partial(_script, alphabet=alphabets.GREEK),
    "cp1255": partial(_script, alphabet=alphabets.HEBREW),
    "cp1256": partial(_script, alphabet=alphabets.ARABIC),
    "iso8859-6": partial(_script, alphabet=alphabets.ARABIC),
    "cp874": partial(_script, alphabet=alphabets.THAI, weight=0.9),
    "cp1250": partial(_latin, languages=CENTRAL),
    "iso8859-2": partial(_latin, languages=CENTRAL),
    "cp1254": partial(_latin, languages=("Turkish",)),
    "cp1257": partial(_latin, languages=("Baltic",)),
    "cp1258": partial(_latin, languages=("Vietnamese",)),
    "mac_roman": partial(_latin, languages=WEST),
    "cp850": partial(_latin, languages=WEST),
    "cp437": partial(_latin, languages=WEST),
    "cp852": partial(_latin, languages=CENTRAL),
}
"""Encoding -> what scores the characters beyond ASCII that it makes of a text; in order of use."""
