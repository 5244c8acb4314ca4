"""Answered files that wait for a person to fetch them: a day, in the folder of what may be removed at any time."""

import json
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from dashboard.errors import NewerForm, NotFound
from dashboard.files import atomic_write
from dashboard.records.stored import numbered, unnumbered
from dashboard.services.datasets import stored_if_there_is_space
from dashboard.services.use.batch import BatchSummary, discard, open_batch, received
from dashboard.services.use.loaded import Loaded
from dashboard.services.workspace import Workspace

WAIT_SECONDS = 24 * 3600
TOKEN = re.compile("[0-9a-f]{32}")


class BatchResult(NamedTuple):
    """An answered file: for which version, its name, where it is, and what was counted."""

    version: str
    name: str
    path: Path
    summary: BatchSummary


def answer_file(workspace: Workspace, loaded: Loaded, stream: BinaryIO, name: str, given: Mapping[str, Any]) -> str:
    """Answer an uploaded CSV and return the token of the result; raises Invalid naming what is wrong with the file."""
    _sweep(workspace)
    source = received(workspace, stream)
    folder = _folder(workspace) / secrets.token_hex(16)
    try:
        batch = open_batch(loaded, source, given)
        with stored_if_there_is_space():
            folder.mkdir(parents=True)
            with (folder / "answers.csv").open("wb") as file:
                for piece in batch.pieces():
                    file.write(piece)
        about = {"version": loaded.version.reference, "name": _safe(name), "encoding": batch.encoding}
        text = json.dumps(numbered(about | {"summary": asdict(batch.summary)}))
        atomic_write(folder / "summary.json", text.encode())
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        discard(source)
    return folder.name


def get_result(workspace: Workspace, token: str) -> BatchResult:
    """Return an answered file; raises NotFound for one that is not there any more."""
    folder = _folder(workspace) / token
    missing = NotFound("These answers are not here any more: they wait for a day. Send the file again.", "token")
    if not TOKEN.fullmatch(token):
        raise missing
    try:
        about = unnumbered("numbers", json.loads((folder / "summary.json").read_text()))
    except (OSError, ValueError, NewerForm) as error:
        raise missing from error
    summary = about["summary"]
    examples = [(record, text) for record, text in summary["examples"]]
    return BatchResult(
        about["version"],
        about["name"],
        folder / "answers.csv",
        BatchSummary(**{**summary, "examples": examples, "passed_over": tuple(summary["passed_over"])}),
    )


def _folder(workspace: Workspace) -> Path:
    return workspace.decoded.folder / "answers"


def _safe(name: str) -> str:
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", Path(name.replace("\\", "/")).stem)[:60].strip("._")
    return f"{stem or 'records'}_answers.csv"


def _sweep(workspace: Workspace) -> None:
    with suppress(FileNotFoundError):
        for folder in _folder(workspace).iterdir():
            if time.time() - folder.stat().st_mtime > WAIT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
