"""The pool: each different table once, under a name made of its content; versions hold hard links to it.

A version's folder is therefore always complete, and a copy of it elsewhere is made of plain files. A file in the
pool that no version links to any more has a link count of 1; removing it can cost a later save a little work, never
a version its table. Where the file system has no hard links, every version keeps its own files and the pool holds
marks only.
"""

import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from dashboard.files import UNFINISHED, atomic_write, open_regular
from dashboard.weights.csv_marks import Marks, Stamp, load_marks
from dashboard.weights.csv_tables import SIDES, TABLE, named, remove_table, stamp_of
from dashboard.weights.files import link
from dashboard.weights.table_text import Cut

log = logging.getLogger(__name__)

MARKS = ".marks.npy"
PLACE = ".place"
"""The file that notes the device and the inode of the folder."""
LONGEST_PLACE = 1000


class Pool:
    """The files of the pool in `folder`; a table and its side files are named by a content id and an ending."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, content: str, ending: str) -> Path:
        """Return the path of a file of the table with this content id."""
        return self.folder / (content + ending)

    def link_to(self, content: str, cut: Cut, target: Path) -> bool:
        """Link a table that was checked, and is as it was then, to `target` plus endings; False if there is none.

        Sides first: clearing the pool removes the table before its sides.
        """
        if not self._checked(content, cut, self.folder / content):
            return False
        for ending in (*SIDES, TABLE):
            link(self.path(content, ending), named(target, ending))
        if self._checked(content, cut, target):
            return True
        remove_table(target)
        return False

    def _checked(self, content: str, cut: Cut, stem: Path) -> bool:
        """Return whether the table at `stem` is in the files that the marks were made for when it was proven."""
        try:
            return load_marks(self.path(content, MARKS), cut, stamp_of(stem)) is not None
        except FileNotFoundError:
            return False

    def adopt(self, content: str, cut: Cut, source: Path, marks: Marks) -> None:
        """Take the checked table at `source` (plus endings) in, or exchange it for the equal one that is there."""
        spare = source.parent / "spare"
        if self.link_to(content, cut, spare):
            for ending in (*SIDES, TABLE):
                if named(spare, ending).exists():
                    named(spare, ending).replace(named(source, ending))
            return
        for ending in (*SIDES, TABLE):
            self.path(content, ending).unlink(missing_ok=True)
            with suppress(FileExistsError):  # another save of the same table was quicker: each keeps its own file
                link(named(source, ending), self.path(content, ending))
        self.keep_marks(content, marks, stamp_of(source))

    def keep_marks(self, content: str, marks: Marks, stamp: Stamp) -> None:
        """Write the marks of the table that has this stamp, all at once, if that is possible."""
        try:
            atomic_write(self.path(content, MARKS), lambda file: marks.save(file, stamp))
        except OSError as error:
            # A sweep took it for a left-over, or we may only read: marks can be made again at any time.
            log.debug("No marks are stored for %s: %s", content, error)

    def clear(self, contents: Iterable[str]) -> None:
        """Remove those of these tables that no version links to, after a version that had them was deleted."""
        for content in contents:
            self._clear_unlinked(content)
            if not self.path(content, TABLE).exists():
                self.path(content, MARKS).unlink(missing_ok=True)

    def _clear_unlinked(self, content: str) -> list[str]:
        """Remove a table that no version links to: the marks first, so that it is not taken for a checked one."""
        table = self.path(content, TABLE)
        removed = [self.path(content, MARKS)] if _is_unlinked(table) else []
        removed += [path for path in (table, *(self.path(content, side) for side in SIDES)) if _is_unlinked(path)]
        for path in removed:
            path.unlink(missing_ok=True)
        return [path.name for path in removed]

    def is_copied(self) -> bool:
        """Return whether the folder was copied since its place was noted: copies of links are files of their own."""
        status = self.folder.stat()
        place = f"{status.st_dev} {status.st_ino}".encode()
        try:
            with open_regular(self.folder / PLACE) as file:
                if file.read(LONGEST_PLACE) == place:
                    return False
        except FileNotFoundError:
            log.debug("It was not noted yet where %s is.", self.folder)
        atomic_write(self.folder / PLACE, place)
        return True

    def sweep(self) -> list[str]:
        """Remove unused tables, and temporary files that a crash has left; return the names of the files.

        Marks without a table in the pool stay: they serve versions that keep files of their own.
        """
        names = [entry.name for entry in os.scandir(self.folder)]
        temporary = [name for name in names if name.startswith(UNFINISHED)]
        for name in temporary:
            (self.folder / name).unlink(missing_ok=True)
        contents = {name.split(".", 1)[0] for name in names if not name.startswith((UNFINISHED, PLACE))}
        return sorted(temporary) + [name for content in sorted(contents) for name in self._clear_unlinked(content)]


def _is_unlinked(path: Path) -> bool:
    try:
        return path.stat().st_nlink == 1
    except FileNotFoundError:
        return False
