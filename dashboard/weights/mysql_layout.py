"""How a tensor is stored in physical tables: one wide table, or strips of up to 1,000 columns side by side."""

from dataclasses import dataclass

MOST_COLUMNS = 1000


@dataclass(frozen=True)
class Layout:
    """How a table of `rows` × `columns` is stored in the database under `name`, in strips of `strip` columns."""

    name: str
    rows: int
    columns: int
    strip: int
    dtype: str

    @property
    def strips(self) -> list[tuple[str, range]]:
        """The physical tables: (name, columns of the whole); a suffix __s01, ... only if there are several."""
        starts = range(0, max(1, self.columns), self.strip)
        suffixes = strip_suffixes(self.columns, self.strip)
        return [
            (self.name + suffix, range(start, min(start + self.strip, self.columns)))
            for suffix, start in zip(suffixes, starts, strict=True)
        ]

    def renamed(self, name: str) -> "Layout":
        """Return the same layout under another name."""
        return Layout(name, self.rows, self.columns, self.strip, self.dtype)


def strip_suffixes(columns: int, strip: int) -> list[str]:
    """Return what is added to a table's name for each of its strips."""
    count = max(1, -(-columns // strip))
    return [""] if count == 1 else [f"__s{number:02d}" for number in range(1, count + 1)]


def strip_width(page_size: int) -> int:
    """Return how many columns of 8 bytes a table may have: a row must fit half an InnoDB page."""
    return min(MOST_COLUMNS, (page_size // 2 - 132) // 8)
