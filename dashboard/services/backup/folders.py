"""A folder of backups: members under ``objects/``, each once however many backups have it, and one head per backup."""

import contextlib
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from dashboard.files import atomic_write
from dashboard.services.backup.form import Member
from dashboard.services.backup.places import SCRATCH, Place, Target, copied, held, refused, scratch_folder, written
from dashboard.weights.files import sync

OBJECTS, LOCK, HEADS, READ_ME = "objects", ".lock", "backup-*.json", "READ-ME.txt"
BEGUN = {OBJECTS, LOCK, READ_ME, SCRATCH}
"""What a folder may hold before its first backup is whole."""
SYNC_THREADS = 4
ABOUT = """Backups of a Weightbase home. Each backup-*.json is one backup; they share the files in objects/, which are
named by their SHA-256. Nothing in here changes once it is written. To prove or restore the newest one:

    weightbase backup --check THIS-FOLDER
    WEIGHTBASE_HOME=NEW-HOME weightbase restore THIS-FOLDER
"""


class BackupFolder(Place):
    """A folder of backups, to be read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def heads(self) -> list[str]:
        """Return the names of the backups, the oldest first; see Place."""
        return sorted(path.name for path in self.path.glob(HEADS))

    def head_bytes(self, name: str) -> bytes:
        """Return the head of a backup; see Place."""
        with refused(f"{self.path / name} cannot be read"):
            return (self.path / name).read_bytes()

    def open(self, member: Member) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Open a member; see Place."""
        return self._path(member).open("rb", buffering=0)

    def _path(self, member: Member) -> Path:
        return self.path / OBJECTS / member.sha256[:2] / member.sha256


class FolderTarget(BackupFolder, Target):
    """A folder of backups that one more is written to."""

    def __init__(self, path: Path, scratch: Path) -> None:
        super().__init__(path)
        self.scratch = scratch
        self.fresh: list[Path] = []

    def has(self, member: Member) -> bool:
        """Return whether a file of this name and size is there; see Target."""
        try:
            return self._path(member).stat().st_size == member.bytes
        except FileNotFoundError:
            return False

    def put(self, member: Member, blocks: Iterable[bytes | memoryview]) -> None:
        """Write a member under another name, then rename it; see Target."""
        path = self._path(member)
        unfinished = self.scratch / uuid.uuid4().hex
        with written(self.path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("xb") as file:
                copied(blocks, file, member)
            unfinished.replace(path)
        self.fresh.append(path)

    def discard(self, member: Member) -> bool:
        """Remove a damaged file; see Target."""
        with written(self.path):
            self._path(member).unlink(missing_ok=True)
        return True

    def close_up(self, head: bytes) -> None:
        """Do nothing: each member is readable as it is."""

    def publish(self, name: str, head: bytes) -> None:
        """Wait until the members are on the disk, then write the head; see Target."""
        with written(self.path):
            there = [path for path in self.fresh if path.exists()]
            with ThreadPoolExecutor(SYNC_THREADS) as threads:
                list(threads.map(sync, [*there, *{path.parent for path in there}]))
            for folder in (self.path / OBJECTS, self.path, self.path.parent):
                sync(folder)
            atomic_write(self.path / name, head, durable=True)
            sync(self.path)


@contextlib.contextmanager
def open_folder_target(path: Path) -> Iterator[FolderTarget]:
    """Open a folder for one more backup, made if it is missing; raises Conflict while another is written to it."""
    with written(path):
        (path / OBJECTS).mkdir(parents=True, exist_ok=True)
        if not (path / READ_ME).exists():
            atomic_write(path / READ_ME, ABOUT.encode())
    with held(path / LOCK), scratch_folder(path / SCRATCH) as scratch:
        yield FolderTarget(path, scratch)
