"""An upload of several files: MNIST's two IDX files, or a folder of pictures. Together they are a ZIP of them."""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO, NamedTuple, cast
from zipfile import ZIP_STORED, ZipFile

from dashboard.errors import Invalid, TooLarge
from dashboard.services.datasets import PIECE, Upload, receive_upload, stored_if_there_is_space, upload_limit
from dashboard.services.workspace import Workspace


class SentFile(NamedTuple):
    """A file as it was sent: its bytes, and its name, with the folders in which it stands if they are known."""

    stream: BinaryIO
    name: str


def receive_files(workspace: Workspace, files: Iterable[SentFile], given: Mapping[str, Any] | None = None) -> Upload:
    """Store uploaded files as one upload; raises what `receive_upload` raises, and Invalid for two of the same name."""
    sent = [file for file in files if file.name]
    if not sent:
        raise Invalid({"file": "Choose a file."})
    if len(sent) == 1:
        return receive_upload(workspace, sent[0].stream, sent[0].name, given)
    workspace.catalogue.require_writable()
    with TemporaryFile(dir=workspace.uploads_folder) as whole:
        with stored_if_there_is_space():
            _pack(sent, whole, workspace.settings.max_upload_mb)
            whole.seek(0)
        return receive_upload(workspace, cast(BinaryIO, whole), _common_name(sent), given)


def _pack(files: list[SentFile], whole: IO[bytes], most_mb: int) -> None:
    """Write a ZIP of the files."""
    seen: set[str] = set()
    with ZipFile(whole, "w", ZIP_STORED) as archive:
        for file in files:
            name = path_within(file.name)
            if name in seen:
                raise Invalid({"file": f"Two of the files are called {name[:100]}: rename one, or send their folders."})
            seen.add(name)
            with archive.open(name, "w") as entry:
                _copy(file.stream, entry, whole, most_mb)


def _copy(stream: BinaryIO, entry: IO[bytes], whole: IO[bytes], most_mb: int) -> None:
    while piece := stream.read(PIECE):
        if whole.tell() + len(piece) > most_mb * 2**20:
            raise TooLarge(upload_limit(most_mb), "file")
        entry.write(piece)


def path_within(name: str) -> str:
    """Return the path of a file that was sent: its name and the folders above it, without what leads elsewhere."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return "/".join(part for part in parts if part not in {"/", "..", "."}) or "file"


def _common_name(files: list[SentFile]) -> str:
    """Return the name of the folder in which all files stand, or else the first file's."""
    tops = {path_within(file.name).split("/")[0] for file in files}
    return tops.pop() if len(tops) == 1 else files[0].name
