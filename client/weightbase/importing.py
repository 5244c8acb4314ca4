"""Importing files of weights through a server: they are sent as they are, read there in confinement, and saved."""

from __future__ import annotations

import argparse
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from weightbase.connection import Transport, call, checked
from weightbase.errors import Refused, WeightbaseError
from weightbase.printing import Printed

TEXTS = ("network", "purpose", "as", "task", "dataset", "scaling", "unnamed", "proposal")
REPEATED = ("leave_out", "keep")
FLAGS = ("optimizer", "stated", "accept_changes")
LISTS = ("activations", "classes")
POLL_SECONDS = (0.1, 2.0)
BLOCK = 1 << 20


class Part(NamedTuple):
    """A file as it is sent: where it is, and what it is called, with the folder that was named."""

    path: Path
    name: str


def import_weights(transport: Transport, given: argparse.Namespace) -> Printed:
    """Import files of weights as versions of a network; several files, or a folder, are a series of checkpoints."""
    say = Progress(given.quiet)
    waiting = _sent(transport, parts_of(given.files), say)
    for one in waiting["skipped"]:
        say.line(f"{one['name']} left out: {one['why']}")
    address = f"/imports/{waiting['token']}"
    try:
        run = call(transport, "POST", f"{address}/versions", choices_of(given))["run"]
        result = _saved(transport, run, say)
    except WeightbaseError:
        transport.request("DELETE", address, None, {})
        raise
    numbers = result["versions"]
    shown = f"{numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else str(numbers[0])
    return Printed(result, [f"{result['network']}: versions {shown} saved"])


def choices_of(given: argparse.Namespace) -> dict[str, Any]:
    """Return what is to be done with the files, in the words of the API."""
    values = vars(given)
    choices: dict[str, Any] = {name: values[name] for name in TEXTS + REPEATED if values[name] not in (None, "")}
    choices.update({name: True for name in FLAGS if values[name]})
    choices.update({name: values[name].split(",") for name in LISTS if values[name]})
    return choices


def parts_of(paths: Sequence[str | Path]) -> list[Part]:
    """Return files, and those of folders under the folder's name; raises WeightbaseError for one that is not there."""
    parts: list[Part] = []
    for path in map(Path, paths):
        if not path.exists():
            raise WeightbaseError(f"There is no file {path}.")
        files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        parts += [Part(one, one.relative_to(path.parent).as_posix()) for one in files]
    return parts


class Progress:
    """What is said while it goes on: on the standard error, over the line before on a terminal."""

    def __init__(self, is_quiet: bool) -> None:
        self._is_quiet, self._is_terminal = is_quiet, sys.stderr.isatty()

    def line(self, text: str) -> None:
        """Say something that stays."""
        if not self._is_quiet:
            print(f"\r\033[K{text}" if self._is_terminal else text, file=sys.stderr)

    def step(self, text: str) -> None:
        """Say how far it is: only on a terminal, where the next step replaces it."""
        if self._is_terminal and not self._is_quiet:
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


class Upload:
    """A form with files (multipart/form-data), read piece by piece as it is sent; no file is held in memory."""

    def __init__(self, parts: Sequence[Part], say: Progress) -> None:
        self._boundary, self._say = uuid.uuid4().hex, say
        self._parts = [(part, self._head(part)) for part in parts]
        self._end = f"--{self._boundary}--\r\n".encode()
        inner = sum(len(head) + part.path.stat().st_size + 2 for part, head in self._parts)
        self.size, self._sent = inner + len(self._end), 0
        self._pieces, self._left = self._read_all(), b""

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the request."""
        kind = f"multipart/form-data; boundary={self._boundary}"
        return {"Content-Type": kind, "Content-Length": str(self.size)}

    def read(self, size: int = -1) -> bytes:
        """Return at most so many of the next bytes; none at the end."""
        while not self._left:
            piece = next(self._pieces, b"")
            if not piece:
                return b""
            self._left = piece
        wanted = len(self._left) if size < 0 else size
        taken, self._left = self._left[:wanted], self._left[wanted:]
        self._sent += len(taken)
        self._say.step(f"{100 * self._sent // self.size:3} % of {self.size / 1e6:,.1f} MB sent")
        return taken

    def _read_all(self) -> Iterator[bytes]:
        for part, head in self._parts:
            yield head
            left = part.path.stat().st_size
            with part.path.open("rb") as file:
                while left and (piece := file.read(min(BLOCK, left))):
                    left -= len(piece)
                    yield piece
            if left:
                raise WeightbaseError(f"{part.path} became shorter while it was sent.")
            yield b"\r\n"
        yield self._end

    def _head(self, part: Part) -> bytes:
        """Return what stands before a file: a name in which nothing ends the line or the quotes."""
        name = part.name.replace("\\", "\\\\").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        about = f'Content-Disposition: form-data; name="file"; filename="{name}"'
        return f"--{self._boundary}\r\n{about}\r\nContent-Type: application/octet-stream\r\n\r\n".encode()


def _sent(transport: Transport, parts: Sequence[Part], say: Progress) -> dict[str, Any]:
    """Send the files and return what the server has read of them; raises Refused, Unreachable."""
    upload = Upload(parts, say)
    answer = checked(transport.request("POST", "/imports", cast("IO[bytes]", upload), upload.headers)).json()
    return cast("dict[str, Any]", answer)


def _saved(transport: Transport, run: dict[str, Any], say: Progress) -> dict[str, Any]:
    """Return what a run has saved once it has ended; raises Refused if it has failed or was cancelled."""
    seconds, longest = POLL_SECONDS
    while run["state"] in {"queued", "running"}:
        say.step(f"run {run['id']} {run['state']}: {run['done']} of {run['total']} saved")
        time.sleep(seconds)
        seconds = min(2 * seconds, longest)
        run = call(transport, "GET", f"/runs/{run['id']}")
    if run["state"] != "finished":
        message = run.get("error") or f"Run {run['id']} was {run['state']}."
        raise Refused(409, {"code": run["state"], "message": message})
    return cast("dict[str, Any]", run["result"])
