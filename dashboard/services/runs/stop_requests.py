"""Requests to stop a run, for the time in which the catalogue cannot be written: an empty file each in the home.

The worker looks at them several times a second. They are gone once the run's end has been written down.
"""

from collections.abc import Collection
from pathlib import Path

FOLDER = "stop"


def ask(home: Path, run_id: int) -> None:
    """Ask that a run stops; raises OSError if the home cannot hold a file more."""
    folder = home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / str(run_id)).touch()


def all_of(home: Path) -> set[int]:
    """Return the ids of the runs that are to stop."""
    folder = home / FOLDER
    return {int(path.name) for path in folder.iterdir() if path.name.isdigit()} if folder.is_dir() else set()


def discard(home: Path, run_id: int) -> None:
    """Forget the request to stop a run, if there is one."""
    (home / FOLDER / str(run_id)).unlink(missing_ok=True)


def discard_all_but(home: Path, requests: Collection[int], run_ids: Collection[int]) -> None:
    """Forget these requests, but for those of these runs."""
    for run_id in set(requests) - set(run_ids):
        discard(home, run_id)
