"""Where exported files are kept for a while, each next to its proof: bounded, the least recently used go first."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from dashboard import __version__
from dashboard.files import UNFINISHED, atomic_write
from dashboard.formats.description import Description
from dashboard.formats.writer import Writer
from dashboard.services.exports.proof import ExportProof, proof_from_json
from dashboard.services.workspace import Workspace

FOLDER = "exports"
PROOF = ".proof"
LEFT_SECONDS = 24 * 3600


class Stored(NamedTuple):
    """A file that is there, with its proof."""

    path: Path
    proof: ExportProof


def exports_folder(workspace: Workspace) -> Path:
    """Return the folder of exported files; it can be deleted at any time."""
    return workspace.decoded.folder / FOLDER


def identity_of(description: Description) -> str:
    """Return a hash of all that the files of a version depend on; with 784 columns it takes two milliseconds."""
    about = json.dumps([__version__, description.to_json()], sort_keys=True)
    return hashlib.sha256(about.encode()).hexdigest()


def path_of(workspace: Workspace, writer: Writer, identity: str) -> Path:
    """Return where the file of a format is stored of the version with this identity."""
    return exports_folder(workspace) / hashlib.sha256(f"{identity} {writer.name}".encode()).hexdigest()[:40]


def find_stored(path: Path) -> Stored | None:
    """Return the file that is kept at a path, of the size that its proof says; None if there is none."""
    try:
        proof = proof_from_json(json.loads(path.with_suffix(PROOF).read_bytes()))
        if proof is None or path.stat().st_size != proof.bytes:
            return None
        os.utime(path)
    except (OSError, ValueError):
        return None
    return Stored(path, proof)


@contextmanager
def making_folder(workspace: Workspace) -> Iterator[Path]:
    """Give a folder for a file that is being made; it is removed with all that is left in it."""
    home = exports_folder(workspace)
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix=UNFINISHED) as name:
        yield Path(name)


def keep(workspace: Workspace, made: Path, path: Path, proof: ExportProof) -> Stored:
    """Put a file that was made and proven where it is stored."""
    _make_space(workspace, proof.bytes)
    made.replace(path)
    atomic_write(path.with_suffix(PROOF), json.dumps(proof.to_json()).encode())
    return Stored(path, proof)


def _make_space(workspace: Workspace, wanted: int) -> None:
    """Remove what dead processes have left, and the least recently used files, until the limit of the cache is stored.

    Proofs remain with their files only; a file that is being sent stays readable for who sends it.
    """
    files: list[tuple[float, int, Path]] = []
    for entry in os.scandir(exports_folder(workspace)):
        with suppress(FileNotFoundError):  # removed by another process meanwhile
            status, path = entry.stat(), Path(entry.path)
            if entry.is_file() and path.suffix != PROOF:
                files.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in files) + wanted
    for _, size, path in sorted(files):
        if total <= workspace.decoded.limit_bytes:
            break
        path.with_suffix(PROOF).unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        total -= size


def sweep_exports(workspace: Workspace, now: float) -> None:
    """Remove the folders of files whose making was killed a day ago."""
    with suppress(FileNotFoundError):  # nothing was ever exported
        for entry in os.scandir(exports_folder(workspace)):
            if entry.is_dir() and now - entry.stat().st_mtime > LEFT_SECONDS:
                shutil.rmtree(entry.path, ignore_errors=True)


def size_of_exports(workspace: Workspace) -> int:
    """Return how many bytes the files take that are stored."""
    size = 0
    for path in exports_folder(workspace).glob("*"):
        with suppress(FileNotFoundError):  # removed by another process meanwhile
            size += path.stat().st_size if path.is_file() else 0
    return size


def clear_exports(workspace: Workspace) -> None:
    """Remove all files that are kept; they are made again when they are asked for."""
    for path in exports_folder(workspace).glob("*"):
        if path.is_file():
            path.unlink(missing_ok=True)
