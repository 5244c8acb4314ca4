"""Import formats: each module makes of one kind of file the CSV that everything else reads."""

from dashboard.data.formats.options import IMPORT_SETTINGS, ImportOptions, Taken, parse_options, refuse_untaken
from dashboard.data.formats.registry import ENDINGS, WORDS, make_csv

__all__ = [
    "ENDINGS",
    "IMPORT_SETTINGS",
    "WORDS",
    "ImportOptions",
    "Taken",
    "make_csv",
    "parse_options",
    "refuse_untaken",
]
