"""What was read of files of weights waits in the home until a person has said what it is to become."""

import json
import re
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dashboard.errors import NotFound
from dashboard.files import atomic_write
from dashboard.formats.contents import Contents, SourceTensor, array_of
from dashboard.formats.limits import Limits, limits_of
from dashboard.formats.manifest import from_json, to_json
from dashboard.formats.mapping import Proposal, proposals, why_foreign
from dashboard.services.imports.file_names import Place
from dashboard.services.workspace import Workspace

TOKEN = re.compile("[0-9a-f]{32}")
ABOUT = "import.json"
FOLDER_ENDING = ".import"
FORM = 1
MOST_EPOCH = 2**31 - 1


class SourceFile(NamedTuple):
    """A file that was read, which is not kept: its name as the person calls it, its size and SHA-256."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Checkpoint:
    """One set of tensors that can become a version; `place` is what its name says, `folder` holds its tensors."""

    name: str
    files: tuple[SourceFile, ...]
    place: Place
    contents: Contents
    folder: Path

    @property
    def tensors(self) -> tuple[SourceTensor, ...]:
        """Its tensors, in the order of the file."""
        return self.contents.tensors

    @property
    def number(self) -> int | None:
        """Its epoch or step: the number in its name, or else what the file says within; None if neither is there."""
        within = self.contents.about.get("epoch")
        is_number = type(within) is int and 0 <= within <= MOST_EPOCH
        return self.place.number if self.place.number is not None else within if is_number else None

    def array(self, tensor: SourceTensor) -> np.ndarray[Any, Any]:
        """Return the numbers of one of its tensors, read-only."""
        return array_of(tensor, self.folder)


@dataclass(frozen=True)
class Import:
    """Checkpoints that wait, in their order; `left_out` are the other files that were sent -> why each is left out."""

    token: str
    name: str
    checkpoints: tuple[Checkpoint, ...]
    left_out: dict[str, str]

    @cached_property
    def proposals(self) -> tuple[Proposal, ...]:
        """The chains of dense layers that the first checkpoint can be read as, the best first."""
        return proposals(self.checkpoints[0].contents)

    @property
    def why_foreign(self) -> str:
        """Why it cannot become a dense network, in a sentence; empty if it can."""
        return "" if self.proposals else why_foreign(self.checkpoints[0].contents)

    @property
    def is_series(self) -> bool:
        """Whether there are several checkpoints."""
        return len(self.checkpoints) > 1


def folder_of(workspace: Workspace, token: str) -> Path:
    """Return where an import waits."""
    return workspace.uploads_folder / f"{token}{FOLDER_ENDING}"


def keep_import(workspace: Workspace, waiting: Import) -> None:
    """Write what is known of an import next to its tensors; from then on it waits."""
    data = {
        "form": FORM,
        "name": waiting.name,
        "left_out": waiting.left_out,
        "checkpoints": [_checkpoint_json(one) for one in waiting.checkpoints],
    }
    atomic_write(folder_of(workspace, waiting.token) / ABOUT, json.dumps(data).encode(), durable=True)


def get_import(workspace: Workspace, token: str) -> Import:
    """Return an import that waits; raises NotFound if it has been saved or discarded, or was left for a day."""
    folder = folder_of(workspace, token)
    if not TOKEN.fullmatch(token) or not (folder / ABOUT).exists():
        raise NotFound("This import is not here any more. Send the file again.", "file")
    data = json.loads((folder / ABOUT).read_bytes())
    if data["form"] != FORM:
        raise NotFound("This import was read by another version of Weightbase. Send the file again.", "file")
    limits = limits_of(workspace.settings)
    checkpoints = tuple(
        _checkpoint(one, folder / f"{index:05d}", limits) for index, one in enumerate(data["checkpoints"])
    )
    return Import(token, data["name"], checkpoints, data["left_out"])


def discard_import(workspace: Workspace, token: str) -> None:
    """Remove an import that is not wanted any more; an unknown token is no error."""
    if TOKEN.fullmatch(token):
        shutil.rmtree(folder_of(workspace, token), ignore_errors=True)


def _checkpoint_json(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "name": checkpoint.name,
        "files": [file._asdict() for file in checkpoint.files],
        "place": checkpoint.place._asdict(),
        "contents": to_json(checkpoint.contents),
    }


def _checkpoint(data: dict[str, Any], folder: Path, limits: Limits) -> Checkpoint:
    files = tuple(SourceFile(**file) for file in data["files"])
    place = Place(**data["place"] | {"unnamed": tuple(data["place"]["unnamed"])})
    return Checkpoint(data["name"], files, place, from_json(data["contents"], limits), folder)
