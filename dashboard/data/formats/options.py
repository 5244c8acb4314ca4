"""What a person chooses of an uploaded file that is no CSV, before it becomes one."""

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

from dashboard.data.cells import MOST_COLUMNS
from dashboard.declarations import declared, read, setting
from dashboard.kinds import Choice, Text
from dashboard.parsing import Fields

COLOURS = {"grey": "grey", "rgb": "red, green and blue"}
LONGEST_SHEET = 200


@dataclass(frozen=True)
class ImportOptions:
    """The choices; `picture_size` is height x width, `sheet` a name or a number from 1, both empty for the default."""

    colours: str = setting(
        Choice(COLOURS), "grey", "Colours of pictures", "With red, green and blue a pixel is three inputs."
    )
    picture_size: str = setting(
        Text(note="Height x width."),
        "",
        "Size of pictures",
        "Height x width, such as 32x32. Left empty: as they are if all are one square of up to 64, else 28x28.",
    )
    sheet: str = setting(
        Text(LONGEST_SHEET, "Its name, or its number from 1."), "", "Sheet", "Of a workbook. Left empty: the first."
    )

    def shape(self, rows: int, columns: int) -> tuple[int, ...]:
        """Return the shape of pictures of so many rows and columns, in the chosen colours."""
        return (rows, columns, 3) if self.colours == "rgb" else (rows, columns)

    @property
    def size(self) -> tuple[int, int] | None:
        """The chosen (height, width); None for the default."""
        sides = re.findall("[0-9]+", self.picture_size)
        return (int(sides[0]), int(sides[1])) if sides else None


class Taken(NamedTuple):
    """Which options a file takes, by name; the sheets that a workbook has, and the one that was read."""

    options: frozenset[str] = frozenset()
    sheets: tuple[str, ...] = ()
    sheet: str = ""


IMPORT_SETTINGS = declared(ImportOptions)
PICTURE_OPTIONS = frozenset({"colours", "picture_size"})
WHERE = {"colours": "a ZIP or folder of pictures", "picture_size": "a ZIP or folder of pictures", "sheet": "a workbook"}


def parse_options(fields: Fields) -> ImportOptions:
    """Read a person's choices; what is wrong is noted in `fields`."""
    options = ImportOptions(**read(fields, IMPORT_SETTINGS))
    text = options.picture_size
    if text and not re.fullmatch(r"[1-9][0-9]{0,3}\s*[x×X,]\s*[1-9][0-9]{0,3}", text):
        fields.refuse("picture_size", "Write height x width in pixels, such as 32x32, or leave it empty.")
    elif options.size and math.prod(options.shape(*options.size)) >= MOST_COLUMNS:
        values = math.prod(options.shape(*options.size))
        fields.refuse("picture_size", f"{values:,} inputs would be too many: {MOST_COLUMNS - 1:,} are possible.")
    return options


def refuse_untaken(fields: Fields, taken: Taken) -> None:
    """Note in `fields` each option that was chosen, though the file takes no such option."""
    for name, where in WHERE.items():
        if fields.data.get(name) not in (None, "") and name not in taken.options:
            fields.refuse(name, f"This choice is for {where}: leave it out.")
