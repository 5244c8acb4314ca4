"""Receiving files of weights: a file, a ZIP or a folder of checkpoints; each is read in a process of its own."""

import hashlib
import json
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple
from zipfile import ZIP_STORED, ZipFile

from dashboard.errors import Invalid, TooLarge, UnknownFormat, UnreadableFile, UserError
from dashboard.formats.archives import Archive, is_left_by_a_system, refuse_paths
from dashboard.formats.contents import Contents, Skipped, SourceTensor
from dashboard.formats.limits import Limits, limits_of
from dashboard.formats.manifest import to_json
from dashboard.formats.reading import read_file
from dashboard.formats.registry import READERS
from dashboard.formats.sniffing import reader_of
from dashboard.formats.source import Source
from dashboard.services.datasets import PIECE, stored_if_there_is_space
from dashboard.services.imports.file_names import in_order, places, series_name
from dashboard.services.imports.grouping import SHARDS, TABLES, Group, Grouping, group, is_series_of_tables
from dashboard.services.imports.waiting import Checkpoint, Import, SourceFile, discard_import, folder_of, keep_import
from dashboard.services.upload_parts import SentFile, path_within
from dashboard.services.workspace import Workspace

FILES = "files"
MOST_CHECKPOINTS = 1000
READ_AT_ONCE = 2
Outcome = tuple[int, Group, Contents | UserError]
"""Which of the groups it is, and what was read of it or why it cannot be."""


class Received(NamedTuple):
    """A file as it is stored in the home, under a name of ours; `name` is the person's."""

    name: str
    path: Path
    bytes: int
    sha256: str


def receive_import(workspace: Workspace, sent: Iterable[SentFile]) -> Import:
    """Store files of weights, read them, and return them as an import that waits.

    Several files, or a ZIP of them, are a series of checkpoints, in the order of the numbers in their names. Of a
    series, files that cannot be read are left out with the reason. Raises TooLarge beyond WEIGHTBASE_MAX_UPLOAD_MB,
    UnknownFormat, UnreadableFile, Invalid without a file, Forbidden where nothing can be written; nothing stays then.
    """
    workspace.catalogue.require_writable()
    token, limits = secrets.token_hex(16), limits_of(workspace.settings)
    folder = folder_of(workspace, token)
    try:
        with stored_if_there_is_space():
            (folder / FILES).mkdir(mode=0o700, parents=True)
            received = _store(sent, folder / FILES, limits)
            waiting = _read(token, received, folder, limits)
            shutil.rmtree(folder / FILES)
            keep_import(workspace, waiting)
    except BaseException:
        discard_import(workspace, token)
        raise
    return waiting


def _store(sent: Iterable[SentFile], folder: Path, limits: Limits) -> list[Received]:
    """Write what was sent under names of ours; raises Invalid without a file, TooLarge for too many bytes."""
    received: dict[str, Received] = {}
    left = limits.file_bytes
    for file in sent:
        name = path_within(file.name)
        if not file.name or is_left_by_a_system(name):
            continue
        _require_short(name, limits)
        if name in received:
            raise Invalid({"file": f"Two of the files are called {name[:100]}: rename one, or send their folders."})
        received[name] = _write(_pieces(file.stream), name, folder / f"{len(received):05d}", left)
        left -= received[name].bytes
    if not received:
        raise Invalid({"file": "Choose a file of weights."})
    return list(received.values())


def _require_short(name: str, limits: Limits) -> None:
    if len(name) > limits.name_length:
        raise Invalid({"file": f"The name {name[:40]}… has more than {limits.name_length:,} characters: rename it."})


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(PIECE):
        yield piece


def _write(pieces: Iterable[bytes], name: str, path: Path, most: int) -> Received:
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for piece in pieces:
            size += len(piece)
            if size > most:
                raise TooLarge(
                    "The files are larger together than WEIGHTBASE_MAX_UPLOAD_MB allows. Send fewer, or raise it.",
                    "file",
                )
            digest.update(piece)
            file.write(piece)
    return Received(name, path, size, digest.hexdigest())


def _read(token: str, received: list[Received], folder: Path, limits: Limits) -> Import:
    files, grouping = _grouped(received, folder / FILES, limits)
    if len(grouping.groups) > MOST_CHECKPOINTS:
        raise TooLarge(f"These are more than {MOST_CHECKPOINTS:,} checkpoints. Send fewer at once.", "file")
    wanted = [grouping.groups[index] for index in in_order([one.name for one in grouping.groups])]
    left_out = dict(grouping.left_out)
    with ThreadPoolExecutor(READ_AT_ONCE) as pool:
        jobs = [
            pool.submit(_read_group, one, files, folder / f"read-{index:05d}", limits)
            for index, one in enumerate(wanted)
        ]
        results = collected(wanted, jobs, limits)
    errors = {one.name: result for _, one, result in results if isinstance(result, UserError)}
    if len(errors) == len(wanted):
        raise next(iter(errors.values()))
    left_out |= {name: error.message for name, error in errors.items()}
    results = _by_epochs_within(results)
    checkpoints = tuple(_checkpoints(results, files, folder))
    return Import(token, _name(received, checkpoints), checkpoints, left_out)


def collected(wanted: Sequence[Group], jobs: Sequence[Future[Contents]], limits: Limits) -> list[Outcome]:
    """Return what jobs have read; raises TooLarge, and begins no further job, if it is more than a process can list."""
    results: list[Outcome] = []
    listed = 0
    for index, job in enumerate(jobs):
        outcome = _outcome(job.result)
        results.append((index, wanted[index], outcome))
        listed += len(json.dumps(to_json(outcome))) if isinstance(outcome, Contents) else 0
        if listed > limits.listed_bytes:
            for further in jobs[index:]:
                further.cancel()
            raise TooLarge(f"{index + 1:,} files list too many tensors already. Send fewer at once.", "file")
    return results


def _by_epochs_within(results: list[Outcome]) -> list[Outcome]:
    """Return checkpoints in the order of the epochs that they state within, if no name has a number and all do that."""
    within = [result.about.get("epoch") for _, _, result in results if isinstance(result, Contents)]
    is_stated = bool(within) and all(type(epoch) is int for epoch in within)
    if not is_stated or any(place.number is not None for place in places([one.name for _, one, _ in results])):
        return results
    return sorted(results, key=lambda one: one[2].about["epoch"] if isinstance(one[2], Contents) else -1)


def _outcome(read: Callable[[], Contents]) -> Contents | UserError:
    """Return what was read, or why it cannot be."""
    try:
        return read()
    except UserError as error:
        return error


def _checkpoints(results: Sequence[Outcome], files: dict[str, Received], folder: Path) -> Iterator[Checkpoint]:
    """Yield what could be read, each in its folder, numbered without gaps."""
    names = [one.name for _, one, result in results if isinstance(result, Contents)]
    known = iter(places(names))
    number = 0
    for index, one, contents in results:
        if isinstance(contents, Contents):
            target = folder / f"{number:05d}"
            (folder / f"read-{index:05d}").rename(target)
            sources = [files[name] for name in one.files]
            of_files = tuple(SourceFile(file.name, file.bytes, file.sha256) for file in sources)
            yield Checkpoint(one.name, of_files, next(known), contents, target)
            number += 1


def _grouped(received: list[Received], folder: Path, limits: Limits) -> tuple[dict[str, Received], Grouping]:
    """Return the files by name, those of a ZIP of checkpoints taken out of it, and how they belong together."""
    if len(received) == 1:
        only = received[0]
        if not _is_zip_of_files(only, limits):
            return {only.name: only}, Grouping((Group(only.name, "file", (only.name,)),), {})
        received = _unpacked(only, folder, limits)
    files = {one.name: one for one in received}
    return files, group(list(files), lambda name, most: _beginning(files[name].path, most))


def _beginning(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _is_zip_of_files(file: Received, limits: Limits) -> bool:
    """Return whether a file is a ZIP of files of weights, and not one in a format that is itself a ZIP."""
    source = Source(file.path, limits, file.name)
    if source.archive is None:
        return False
    names = [name for name in source.members if not is_left_by_a_system(name)]
    if is_series_of_tables(names):
        return True
    try:
        reader_of(source, READERS)
    except UnknownFormat:
        return True
    return False


def _unpacked(file: Received, folder: Path, limits: Limits) -> list[Received]:
    """Write the members of a ZIP under names of ours."""
    archive = Archive(file.path, limits)
    names = [name for name in archive.names if not is_left_by_a_system(name)]
    refuse_paths(names)
    for name in names:
        _require_short(name, limits)
    most = limits.unfolded(file.bytes)
    return [
        _write(archive.pieces(name), name, folder / f"member-{index:05d}", most) for index, name in enumerate(names)
    ]


def _read_group(one: Group, files: dict[str, Received], output: Path, limits: Limits) -> Contents:
    """Read a checkpoint into a new folder; raises what `read_file` raises, with the file's name."""
    if one.kind == TABLES:
        return _read_tables(one, files, output, limits)
    if one.kind == SHARDS:
        return _read_shards(one, files, output, limits)
    name = one.files[0]
    return read_file(files[name].path, output, limits, name)


def _read_tables(one: Group, files: dict[str, Received], output: Path, limits: Limits) -> Contents:
    """Read tables that are one checkpoint, as the ZIP that they would be."""
    packed = output.with_suffix(".zip")
    with ZipFile(packed, "w", ZIP_STORED) as archive:
        for name in one.files:
            archive.write(files[name].path, PurePosixPath(name).name)
    try:
        return read_file(packed, output, limits, one.name)
    finally:
        packed.unlink()


def _read_shards(one: Group, files: dict[str, Received], output: Path, limits: Limits) -> Contents:
    """Read shards, and move their tensors into one folder; raises UnreadableFile if two have one name."""
    output.mkdir(mode=0o700)
    tensors: dict[str, SourceTensor] = {}
    skipped: list[Skipped] = []
    for index, name in enumerate(one.files):
        folder = output.with_name(f"{output.name}-{index}")
        part = read_file(files[name].path, folder, limits, name)
        for tensor in part.tensors:
            if tensor.name in tensors:
                raise UnreadableFile(f"Two shards have a tensor {tensor.name[:100]!r}: send the files of one model.")
            if len(tensors) == limits.tensors:
                raise TooLarge(f"The shards have more than {limits.tensors:,} tensors, which are the most.", "file")
            tensors[tensor.name] = tensor._replace(file=f"{len(tensors):05d}.bin")
            (folder / tensor.file).rename(output / tensors[tensor.name].file)
        folder.rmdir()
        skipped += part.skipped
    return Contents(part.format, tuple(tensors.values()), tuple(skipped), part.about)


def _name(received: Sequence[Received], checkpoints: Sequence[Checkpoint]) -> str:
    """Return what an import is called: by the only file, the folder of all, or what all names begin with."""
    tops = {one.name.split("/")[0] for one in received}
    return tops.pop() if len(tops) == 1 else series_name([one.name for one in checkpoints]) or "checkpoints"
