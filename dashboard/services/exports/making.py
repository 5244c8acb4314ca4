"""Making the file of a version, and its proof; what is made already is not made again."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from dashboard.errors import NotProven
from dashboard.formats.types import Array
from dashboard.formats.writer import Writer
from dashboard.formats.writing import write_file
from dashboard.services.exports.describing import Leaving, arrays_of, leaving, require_writable, writer_of
from dashboard.services.exports.proof import ExportProof
from dashboard.services.exports.proving import prove
from dashboard.services.exports.stored import (
    Stored,
    find_stored,
    identity_of,
    keep,
    making_folder,
    path_of,
    sweep_exports,
)
from dashboard.services.workspace import Workspace

Report = Callable[[int, str], None]
"""What gets to know how many tensors are written and what is done next; it raises Cancelled to stop."""
ONE_AT_A_TIME = threading.Lock()
"""Held while a file is made: several at once would take the memory and the time of all."""


def unreported(done: int, note: str) -> None:
    """Report to nobody."""


class Exported(NamedTuple):
    """A version's file, open at its beginning, which the caller closes; `name` is what it is called."""

    file: IO[bytes]
    name: str
    proof: ExportProof


def export_version(workspace: Workspace, network_name: str, number: int, format_name: str) -> Exported:
    """Return a version as a file of a format, proven; it is made unless it is there already.

    Raises NotFound, Invalid for an unknown format, Conflict with the reason if it cannot be exported in it,
    NotAsSaved if a table is damaged, NotProven if the file does not hold what the store holds.
    """
    writer, taken = writer_of(format_name), leaving(workspace, network_name, number)
    require_writable(writer, taken)
    path = path_of(workspace, writer, identity_of(taken.description))
    with ONE_AT_A_TIME:
        stored = find_stored(path) or _make(workspace, writer, taken, path)
        return _opened(writer, taken, stored)


def find_export(workspace: Workspace, network_name: str, number: int, format_name: str) -> Exported | None:
    """Return a version's file of a format if it is made already; raises what `export_version` does of a wrong name."""
    writer, taken = writer_of(format_name), leaving(workspace, network_name, number)
    require_writable(writer, taken)
    stored = find_stored(path_of(workspace, writer, identity_of(taken.description)))
    return _opened(writer, taken, stored) if stored else None


def prove_export(
    workspace: Workspace, network_name: str, number: int, format_name: str, report: Report = unreported
) -> ExportProof:
    """Make a version's file again and prove it; raises what `export_version` and `report` do.

    If it was made before, the two are compared to the byte. What is done next is reported step by step.
    """
    writer, taken = writer_of(format_name), leaving(workspace, network_name, number)
    require_writable(writer, taken)
    path = path_of(workspace, writer, identity_of(taken.description))
    with ONE_AT_A_TIME:
        before = find_stored(path)
        return _make(workspace, writer, taken, path, before.proof if before else None, report).proof


def _opened(writer: Writer, taken: Leaving, stored: Stored) -> Exported:
    return Exported(stored.path.open("rb"), f"{taken.stem}{writer.suffix}", stored.proof)


def _make(
    workspace: Workspace,
    writer: Writer,
    taken: Leaving,
    path: Path,
    before: ExportProof | None = None,
    report: Report = unreported,
) -> Stored:
    sweep_exports(workspace, time.time())
    with making_folder(workspace) as folder:
        made = folder / f"made{writer.suffix}"
        write_file(writer, taken.description, _reported(workspace, taken, report), made)
        report(len(taken.tensors), "Reading the file back, and comparing it with the store.")
        proof = prove(workspace, writer, taken, made)
        if before is not None:
            proof = proof._replace(repeats=proof.sha256 == before.sha256)
        if not proof.is_sound or proof.repeats is False:
            names = ", ".join(proof.different[:3]) or "the file made before"
            raise NotProven(
                f"The file of {taken.version.reference} as {writer.words} is not equal to the version ({names}) and "
                "was removed. The version itself is untouched; please report this with the log of the dashboard."
            )
        return keep(workspace, made, path, proof)


def _reported(workspace: Workspace, taken: Leaving, report: Report) -> Iterator[Array]:
    """Yield the tensors, each reported before it is read."""
    arrays = arrays_of(workspace, taken)
    for place, tensor in enumerate(taken.tensors):
        report(place, f"Writing {tensor.name}.")
        yield next(arrays)
