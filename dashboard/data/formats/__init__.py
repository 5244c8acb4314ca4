"""Import formats: each module makes of one kind of file the CSV that everything else reads."""

from dashboard.data.formats.registry import ENDINGS, WORDS, make_csv

__all__ = ["ENDINGS", "WORDS", "make_csv"]
