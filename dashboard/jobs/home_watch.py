"""The home is watched while the program runs: one that was moved away or replaced is not the one that was opened."""

import threading
from collections.abc import Callable
from pathlib import Path

LOOK_SECONDS = 1.0

Mark = tuple[int, int]


def mark_of(home: Path) -> Mark | None:
    """Return what no other folder has (device and inode); None if there is none."""
    try:
        status = home.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino


def words(home: Path) -> str:
    """Say that the home is not the one that was opened, and what to do."""
    return (
        f"The data folder {home} was moved, removed or replaced while Weightbase was running, so it stops: what it "
        "writes would be lost. Bring the folder back, or set WEIGHTBASE_HOME to where it is now; then start again."
    )


def watch(home: Path, gone: Callable[[], None]) -> None:
    """Call `gone`, from a thread, once an existing home is not the same folder any more."""
    opened, stopped = mark_of(home), threading.Event()

    def look() -> None:
        while not stopped.wait(LOOK_SECONDS):
            if mark_of(home) != opened:
                gone()
                return

    threading.Thread(target=look, name="home", daemon=True).start()
