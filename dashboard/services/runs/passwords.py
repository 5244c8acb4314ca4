"""Passwords on their way to a run: in a file that only its owner can read, gone once the run has ended.

A run's row holds addresses without passwords, and so do pages, logs and the API; what is needed to reach a protected
target is in ``secrets/<run>`` of the home (mode 600) from the request until the run has ended: should it die on its
way, it can be taken up again.
"""

import os
from collections.abc import Collection
from pathlib import Path


def put(home: Path, run_id: int, secret: str) -> None:
    """Store a secret for a run."""
    folder = home / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder / str(run_id), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret)


def secret_of(home: Path, run_id: int) -> str:
    """Return a run's secret; empty if there is none."""
    try:
        return (home / "secrets" / str(run_id)).read_text()
    except FileNotFoundError:
        return ""


def discard(home: Path, run_id: int) -> None:
    """Remove a run's secret, if there is one."""
    (home / "secrets" / str(run_id)).unlink(missing_ok=True)


def all_of(home: Path) -> set[str]:
    """Return the names of all files of secrets."""
    folder = home / "secrets"
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def discard_all_but(home: Path, names: Collection[str], run_ids: Collection[int]) -> None:
    """Remove what is left of runs that have ended: these files, but for those of these runs.

    The files are listed before the runs are read: a secret that is put in between belongs to a run that waits.
    """
    for name in names:
        if not name.isdigit() or int(name) not in run_ids:
            (home / "secrets" / name).unlink(missing_ok=True)
