"""The first steps in a new home: train, compare, import. Each is done when it has happened, whoever did it.

The catalogue knows what was trained and imported. Reading leaves nothing there, so that the first comparison is marked
by an empty file in the home; where nothing can be written, it stays unmarked.
"""

from contextlib import suppress
from typing import NamedTuple

from dashboard.catalogue import versions as version_rows
from dashboard.records.network import Version
from dashboard.services.workspace import Workspace

MARK = "compared"
NEWEST = 1000
"""Among so many versions it is looked whether one was imported."""
TRAINED, IMPORTED = {"training"}, {"import", "push"}


class FirstSteps(NamedTuple):
    """Which of the steps are done; `pair` is a network with two of its versions, to be compared first."""

    trained: bool
    compared: bool
    imported: bool
    pair: tuple[str, int, int] | None

    @property
    def are_done(self) -> bool:
        """Whether nothing is left to show."""
        return self.trained and self.compared and self.imported


def get_first_steps(workspace: Workspace) -> FirstSteps:
    """Return which steps are done."""
    with workspace.catalogue.reading() as connection:
        origins = version_rows.newest_origins(connection, NEWEST)
        pair = version_rows.newest_pair(connection)
    compared = (workspace.settings.home_folder / MARK).exists()
    return FirstSteps(bool(origins & TRAINED), compared, bool(origins & IMPORTED), pair)


def note_comparison(workspace: Workspace, base: Version, other: Version) -> None:
    """Mark that two different versions have been compared."""
    mark = workspace.settings.home_folder / MARK
    if base.reference != other.reference and not workspace.catalogue.read_only and not mark.exists():
        with suppress(OSError):  # a full disk, say: the step stays unmarked, and the comparison is shown
            mark.touch(mode=0o600)
