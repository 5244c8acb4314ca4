"""One ZIP archive as a backup: members as they are, not compressed, the head behind them; ZIP64 beyond 4 GB.

It is written once, straight to its disk, as ``NAME.unfinished``, read back, and gets its name only then.
"""

import contextlib
import os
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from dashboard.errors import Conflict, StoreUnavailable
from dashboard.services.backup.form import Member
from dashboard.services.backup.places import SCRATCH, Place, Target, copied, held, scratch_folder, written
from dashboard.weights.files import sync

HEAD, OBJECTS, SUFFIX = "backup.json", "objects/", ".zip"
BEING_WRITTEN = ".unfinished"
MOST_HEAD = 64 * 2**20


class BackupArchive(Place):
    """An archive with one backup, to be read."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path, self.archive = path, archive

    def heads(self) -> list[str]:
        """Return the name of its one backup, if it has one; see Place."""
        return [HEAD] if HEAD in self.archive.NameToInfo else []

    def head_bytes(self, name: str) -> bytes:
        """Return its head; see Place."""
        try:
            with self.archive.open(name) as file:
                return file.read(MOST_HEAD)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise StoreUnavailable(f"{self.path} is no whole backup: its {name} cannot be read.") from error

    @contextlib.contextmanager
    def open(self, member: Member) -> Iterator[IO[bytes]]:
        """Open a member; see Place."""
        try:
            with self.archive.open(OBJECTS + member.sha256) as file:
                yield file
        except (KeyError, zipfile.BadZipFile) as error:
            raise ValueError(str(error)) from error


class ArchiveTarget(BackupArchive, Target):
    """An archive that is being written, under another name."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        super().__init__(path, zipfile.ZipFile(file, "w"))
        self.file = file

    def has(self, member: Member) -> bool:
        """Return whether a member was written; see Target."""
        return OBJECTS + member.sha256 in self.archive.NameToInfo

    def put(self, member: Member, blocks: Iterable[bytes | memoryview]) -> None:
        """Write a member; see Target. One that was not what its name says spoils the archive's space, nothing else."""
        info = zipfile.ZipInfo(OBJECTS + member.sha256)
        info.file_size = member.bytes  # by which it is decided whether it needs ZIP64
        with written(self.path):
            try:
                with self.archive.open(info, "w") as file:
                    copied(blocks, file, member)
            except BaseException:
                self.archive.NameToInfo.pop(info.filename, None)
                self.archive.filelist = [one for one in self.archive.filelist if one is not info]
                raise

    def discard(self, member: Member) -> bool:
        """Say that nothing can be removed from an archive."""
        return False

    def close_up(self, head: bytes) -> None:
        """Write the head and the archive's own list, and open it again to be read; see Target."""
        with written(self.path):
            self.archive.writestr(HEAD, head)
            self.archive.close()
            self.file.flush()
            os.fsync(self.file.fileno())
            self.archive = zipfile.ZipFile(self.file)

    def publish(self, name: str, head: bytes) -> None:
        """Give the archive its name, unless something has it by now; see Target."""
        unfinished = being_written(self.path)
        with written(self.path):
            try:
                os.link(unfinished, self.path)
                unfinished.unlink()
            except FileExistsError as error:
                raise Conflict(f"{self.path} has been made meanwhile. Nothing is overwritten.", "to") from error
            except OSError:  # a file system without links
                unfinished.rename(self.path)
            sync(self.path.parent)


def being_written(path: Path) -> Path:
    """Return what an archive is called before it is whole."""
    return path.with_name(path.name + BEING_WRITTEN)


@contextlib.contextmanager
def open_archive_target(path: Path) -> Iterator[ArchiveTarget]:
    """Begin an archive; on any error nothing of it is left. Raises Conflict while another process writes it."""
    with written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = being_written(path)
        if unfinished.exists() and unfinished.stat().st_nlink > 1:  # a whole archive, perhaps moved since: not ours
            unfinished.unlink()
    with held(unfinished) as descriptor:
        file = open(descriptor, "w+b", closefd=False)  # noqa: SIM115 - closed below, whatever its disk says
        target = ArchiveTarget(path, file)
        try:
            file.truncate(0)
            with scratch_folder(path.with_name(path.name + SCRATCH)) as scratch:
                target.scratch = scratch
                yield target
        finally:
            unfinished.unlink(missing_ok=True)  # it may have its name by now
            for opened in (target.archive, file):
                with contextlib.suppress(OSError):  # what is still to be written belongs to a file that is gone
                    opened.close()


@contextlib.contextmanager
def open_archive(path: Path) -> Iterator[BackupArchive]:
    """Open an archive to be read; raises StoreUnavailable for what is none, or was cut."""
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise StoreUnavailable(f"{path} is no whole backup: it cannot be read as a ZIP archive ({error}).") from error
    with archive:
        yield BackupArchive(path, archive)
