"""Where a backup is: a folder, which takes one backup after another and only what is new, or one ZIP archive.

Whatever is being written has another name until all of it is on the disk: what has the name of a backup is whole.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from dashboard.errors import Conflict, StoreUnavailable
from dashboard.outages import system_words
from dashboard.services.backup.form import Contents, Head, Member, parse_contents, parse_head

PIECE = 1 << 20
SCRATCH = ".scratch"


class SourceChanged(StoreUnavailable):
    """What was to be written is not what its SHA-256 says: it changed, or is damaged."""


class Place(ABC):
    """A backup's place, to be read; `heads` are the names of the whole backups that are in it, the oldest first."""

    path: Path

    @abstractmethod
    def heads(self) -> list[str]:
        """Return the names of the backups in it, the oldest first."""

    @abstractmethod
    def head_bytes(self, name: str) -> bytes:
        """Return the head of a backup; raises StoreUnavailable."""

    @abstractmethod
    def open(self, member: Member) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Open a member; raises OSError or ValueError where it cannot be read."""

    def head(self, name: str) -> Head:
        """Return what a backup says of itself; raises NewerForm or StoreUnavailable."""
        return parse_head(self.head_bytes(name), f"{self.path} ({name})")

    def contents(self, head: Head) -> Contents:
        """Return the list of a backup; raises StoreUnavailable unless it is what its head says."""
        return parse_contents(self.read(head.list), str(self.path))

    def read(self, member: Member) -> bytearray:
        """Return a member's bytes, proven; raises StoreUnavailable."""
        content = bytearray()
        for block in self.blocks(member):
            content += block
        return content

    def blocks(self, member: Member) -> Iterator[bytes]:
        """Yield a member's bytes in pieces; raises StoreUnavailable, at the latest behind the last, if they differ."""
        digest = hashlib.sha256()
        try:
            with self.open(member) as file:
                while block := file.read(PIECE):
                    digest.update(block)
                    yield block
        except (OSError, ValueError, EOFError) as error:
            raise StoreUnavailable(f"{self.path} has no sound member {member.sha256} ({error}).") from error
        if digest.hexdigest() != member.sha256:
            raise StoreUnavailable(f"The member {member.sha256} of {self.path} is damaged: its SHA-256 is another.")

    def problem_of(self, member: Member) -> str | None:
        """Read a member; return what is wrong with it, None if it is what its name says."""
        try:
            for _ in self.blocks(member):
                pass
        except StoreUnavailable as error:
            return error.message
        return None


class Target(Place):
    """A place that a backup is written to."""

    scratch: Path
    """A folder on the same disk, for what is removed again."""

    @abstractmethod
    def has(self, member: Member) -> bool:
        """Return whether a member of this name and size is there."""

    @abstractmethod
    def put(self, member: Member, blocks: Iterable[bytes | memoryview]) -> None:
        """Write a member; raises SourceChanged if the blocks are not what its name says, StoreUnavailable."""

    @abstractmethod
    def discard(self, member: Member) -> bool:
        """Remove a member that is damaged, so that it is written again; False if this cannot be done here."""

    @abstractmethod
    def close_up(self, head: bytes) -> None:
        """Write what is still missing, the head if it is within, so that all can be read back."""

    @abstractmethod
    def publish(self, name: str, head: bytes) -> None:
        """Give the backup its name, once all of it is on the disk."""


def copied(blocks: Iterable[bytes | memoryview], file: IO[bytes], member: Member) -> None:
    """Write blocks to a file; raises SourceChanged unless they are the member's."""
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
        file.write(block)
    if digest.hexdigest() != member.sha256:
        raise SourceChanged(f"{member.sha256} was not what it was named by when it was read.")


@contextlib.contextmanager
def refused(what: str) -> Iterator[None]:
    """Turn what the system refuses into StoreUnavailable, with the remedy; a full disk is not waited for here."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"{what}. {system_words(error)}") from error


def written(path: Path) -> contextlib.AbstractContextManager[None]:
    """Turn what the system refuses at a backup's own place into StoreUnavailable; see `refused`."""
    return refused(f"The backup {path} cannot be written")


@contextlib.contextmanager
def held(path: Path) -> Iterator[int]:
    """Hold the lock of what is being written, and yield its open file; raises Conflict if another process has it."""
    with written(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _lock(descriptor, path):
            raise Conflict(f"Another backup is being written here: {path}. Wait for its end.", "to")
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> bool:
    """Lock a file; False if another holds it, or has just renamed or removed it."""
    with written(path):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            ours, there = os.fstat(descriptor), path.stat()
        except (BlockingIOError, FileNotFoundError):
            return False
    return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)


@contextlib.contextmanager
def scratch_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder that is gone at the end; what a killed process left in it is removed first."""
    with written(path):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
