"""The text encodings that a file may have: all that Python knows, under one name each."""

import codecs
import re
from encodings import normalize_encoding
from encodings.aliases import aliases

from dashboard.kinds import Choice
from dashboard.parsing import Fields

USUAL = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with a byte-order mark",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252 (Western Europe)",
    "latin-1": "Latin-1 (ISO 8859-1)",
    "iso8859_15": "Latin-9 (ISO 8859-15)",
    "cp1250": "Windows-1250 (Central Europe)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "koi8_r": "KOI8-R (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "cp1257": "Windows-1257 (Baltic)",
    "gb18030": "GB 18030 (Chinese)",
    "gbk": "GBK (Chinese)",
    "big5": "Big5 (Chinese)",
    "shift_jis": "Shift JIS (Japanese)",
    "cp932": "Windows-932 (Japanese)",
    "euc_jp": "EUC-JP (Japanese)",
    "euc_kr": "EUC-KR (Korean)",
    "cp949": "Windows-949 (Korean)",
    "mac_roman": "Mac Roman",
    "cp437": "DOS 437",
    "cp850": "DOS 850 (Western Europe)",
    "utf-16-le": "UTF-16 little endian",
    "utf-16-be": "UTF-16 big endian",
    "utf-32": "UTF-32",
}
NOT_ALIASED = (
    *("cp1006", "cp720", "cp737", "cp856", "cp874", "cp875", "koi8_t", "koi8_u"),
    *("mac_arabic", "mac_croatian", "mac_farsi", "mac_romanian"),
)
NOT_FOR_TEXT = frozenset(
    {"base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec", "mbcs", "utf_7"}
    | {"undefined", "unicode_escape", "raw_unicode_escape", "idna", "punycode", "oem"}
)


def _all() -> dict[str, str]:
    """Return Python's name of each text encoding -> what a person reads; the usual ones first."""
    known = {codecs.lookup(name).name for name in USUAL}
    further = {codecs.lookup(name).name for name in {*aliases.values(), *NOT_ALIASED} - NOT_FOR_TEXT}
    return USUAL | {name: name for name in sorted(further - known)}


ENCODINGS = _all()
_BY_CODEC = {codecs.lookup(name).name: name for name in ENCODINGS}


def encoding_of(text: str) -> str | None:
    """Return our name of an encoding that is written in any of Python's ways (``windows-1251``), or None."""
    if text in ENCODINGS:
        return text
    word = normalize_encoding(text.strip().lower()) if re.fullmatch(r"[\w .:\-]{1,40}", text, re.ASCII) else ""
    if word not in aliases and word not in {*aliases.values(), *NOT_ALIASED}:
        return None
    return _BY_CODEC.get(codecs.lookup(word).name) if aliases.get(word, word) not in NOT_FOR_TEXT else None


class EncodingChoice(Choice):
    """One of Python's text encodings, under any of its names."""

    def __init__(self) -> None:
        super().__init__(ENCODINGS)

    def read(self, fields: Fields, name: str, default: str) -> str:
        """Return our name of the encoding in a field."""
        given = fields.data.get(name)
        if given is None or given == "":
            return default
        encoding = encoding_of(given) if isinstance(given, str) else None
        if encoding is None:
            fields.refuse(name, "Choose one of Python's text encodings, such as utf-8, cp1252, gbk or cp1251.")
        return encoding or default
