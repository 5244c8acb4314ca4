"""Pushing a version: what of it is missing, saving it at once or, where it is large, in a run of its own process."""

import contextlib
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dashboard.catalogue import pushes, stored_tables
from dashboard.catalogue import runs as run_rows
from dashboard.errors import BeingSaved, Conflict, Invalid, NotFound, Outage, UserError
from dashboard.files import atomic_write
from dashboard.jobs.job import Progress
from dashboard.jobs.starting import ensure_coordinator
from dashboard.records.network import Network, Version
from dashboard.records.run import STARTED_BY_LENGTH
from dashboard.records.run_kinds import EXTERNAL, PUSH
from dashboard.services.networks import get_network
from dashboard.services.push.contents import CONTENTS, MANIFEST, drop_old, sender_folder
from dashboard.services.push.manifest import Manifest, parse_manifest
from dashboard.services.store.actions import ActionJob
from dashboard.services.store.process import Reporter
from dashboard.services.versions.by_runs import AT_ONCE_CELLS, WAIT_SECONDS, WAITED_CELLS, saved_by
from dashboard.services.versions.given import GivenTensor, check_shapes
from dashboard.services.versions.movement import MOST_CELLS
from dashboard.services.versions.outside import find_saved, save_outside
from dashboard.services.versions.reading import get_version
from dashboard.services.workspace import UPLOAD_SECONDS, Workspace
from dashboard.weights.dtypes import Array, numpy_dtype

GRACE_SECONDS = 3600
GONE = "What was sent for this push is not here any more: push it again."


class Outcome(NamedTuple):
    """What came of a push: a version, saved just now or before; contents that are missing; or the run that saves it.

    With none of them somebody saves the same key at this moment: who pushes again a little later gets its version.
    """

    version: Version | None = None
    is_new: bool = False
    missing: tuple[str, ...] = ()
    run_id: int | None = None


class Source(NamedTuple):
    """Where the version of a push comes from."""

    run: int | None
    parent: Version | None


def push_version(
    workspace: Workspace, network_name: str, data: Mapping[str, Any], sender: str = "", started_by: str = ""
) -> Outcome:
    """Save the version that a manifest describes, once for its key, or say what is missing.

    Raises NotFound, Invalid with a message for each wrong field, TooLarge, Conflict if the key has other contents or
    if the network is dense and these are not its tensors, StoreError if the store cannot keep it; nothing is left then.
    """
    manifest = parse_manifest(data, workspace.settings.max_parameters)
    network = get_network(workspace, network_name)
    _require_fitting(network, manifest)
    source = _source(workspace, network, manifest)
    try:
        saved = find_saved(workspace, network, manifest.tensors, manifest.epoch, manifest.metrics, manifest.key)
        if saved is not None:
            return Outcome(saved)
        workspace.catalogue.require_writable()
        return _save_or_ask(workspace, network, manifest, source, sender, started_by)
    except BeingSaved:
        return Outcome()


def _require_fitting(network: Network, manifest: Manifest) -> None:
    """Raise Conflict unless a network takes these tensors."""
    if network.is_foreign:
        return
    try:
        check_shapes(manifest.tensors, network.spec)
    except Invalid as error:
        raise Conflict(f"{error.message} Push to a foreign network, which takes any tensors.", "tensors") from error


def _source(workspace: Workspace, network: Network, manifest: Manifest) -> Source:
    """Return the run and the parent that a manifest names; raises Invalid for those that there are not."""
    wrong: dict[str, str] = {}
    parent: Version | None = None
    if manifest.parent:
        name, _, number = manifest.parent.rpartition(":")
        try:
            parent = get_version(workspace, name or network.name, int(number))
        except NotFound as error:
            wrong["parent"] = error.message
    if manifest.run is not None and not _is_run_of(workspace, network, manifest.run):
        wrong["run"] = f"There is no external run {manifest.run} of {network.name}. Begin one, or leave it out."
    if wrong:
        raise Invalid(wrong)
    return Source(manifest.run, parent)


def _is_run_of(workspace: Workspace, network: Network, run_id: int) -> bool:
    with contextlib.suppress(NotFound), workspace.catalogue.reading() as connection:
        run = run_rows.get_run(connection, run_id)
        return run.kind == EXTERNAL and run.network == network.name
    return False


def _save_or_ask(
    workspace: Workspace, network: Network, manifest: Manifest, source: Source, sender: str, started_by: str
) -> Outcome:
    folder = sender_folder(workspace, sender)
    with workspace.catalogue.reading() as connection:
        known = stored_tables.known_contents(connection, [tensor.info.content for tensor in manifest.tensors])
        run_id = pushes.active_push(connection, network.id, manifest.key)
    unknown = [tensor for tensor in manifest.tensors if tensor.info.content not in known]
    missing = missing_contents(folder, unknown)
    if run_id is not None or missing:
        return Outcome(missing=() if run_id else missing, run_id=run_id)
    _require_exact(folder, unknown)
    if _is_large(manifest, unknown, source):
        run_id = _queue(workspace, network, manifest, folder, started_by)
        is_waited_for = sum(tensor.info.cells for tensor in unknown) <= WAITED_CELLS
        version = saved_by(workspace, run_id, WAIT_SECONDS) if is_waited_for else None
        return Outcome(version, is_new=True) if version is not None else Outcome(run_id=run_id)
    version = save_manifest(workspace, network, manifest, source, folder)
    drop_contents(folder, manifest)
    return Outcome(version, is_new=True)


def _is_large(manifest: Manifest, unknown: Sequence[GivenTensor], source: Source) -> bool:
    """Return whether saving a version takes more memory and time than a process that answers pages may."""
    if sum(tensor.info.cells for tensor in unknown) > AT_ONCE_CELLS:
        return True
    is_compared = source != Source(None, None) and manifest.cells <= MOST_CELLS
    return is_compared and manifest.cells > AT_ONCE_CELLS


def missing_contents(folder: Path, unknown: Sequence[GivenTensor]) -> tuple[str, ...]:
    """Return the SHA-256 of those tensors, which the store does not have, that have not arrived either."""
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set[str]()
    return tuple(dict.fromkeys(one.sha256 for one in unknown if one.sha256 not in there and one.info.bytes))


def _require_exact(folder: Path, unknown: Sequence[GivenTensor]) -> None:
    """Raise Invalid for contents that have another number of bytes than their tensors, or hold what those cannot."""
    wrong: dict[str, str] = {}
    for place, tensor in enumerate(unknown):
        size = _size(folder, tensor)
        if size != tensor.info.bytes:
            shape = " × ".join(map(str, tensor.shape)) or "one number"
            needed = f"{tensor.dtype} of {shape} is {tensor.info.bytes:,} bytes"
            wrong[f"tensors.{place}.shape"] = f"{tensor.name[:80]!r}: {needed}, and what was sent has {size:,}."
        elif tensor.dtype == "bool" and size and _content(folder, tensor).view(np.uint8).max() > 1:
            wrong[f"tensors.{place}.dtype"] = f"{tensor.name[:80]!r}: a bool is a byte 0 or 1; this has others."
    if wrong:
        raise Invalid(wrong)


def _size(folder: Path, tensor: GivenTensor) -> int:
    """Return how many bytes of a tensor's content have arrived."""
    try:
        return (folder / tensor.sha256).stat().st_size if tensor.info.bytes else 0
    except FileNotFoundError as error:  # another push of the same content has just been saved
        raise Conflict(GONE, "tensors") from error


def _content(folder: Path, tensor: GivenTensor) -> Array:
    """Return a tensor from the file of its content, which is not read before its numbers are."""
    dtype = numpy_dtype(tensor.dtype)
    if not tensor.info.bytes:
        return np.empty(tensor.shape, dtype)
    try:
        return np.memmap(folder / tensor.sha256, np.uint8, "r").view(dtype).reshape(tensor.shape)
    except FileNotFoundError as error:  # another push of the same content has just been saved
        raise Conflict(GONE, "tensors") from error


def save_manifest(
    workspace: Workspace,
    network: Network,
    manifest: Manifest,
    source: Source,
    folder: Path,
    progress: Any = None,  # noqa: ANN401 - as save_outside takes it
) -> Version:
    """Save what a manifest describes; its contents are in `folder` or in the store. Raises what save_outside raises."""
    sent = {path.name for path in folder.iterdir()} if folder.is_dir() else set[str]()
    tensors = [
        tensor._replace(read=partial(_content, folder, tensor))
        if tensor.sha256 in sent or not tensor.info.bytes
        else tensor
        for tensor in manifest.tensors
    ]
    return save_outside(
        workspace,
        network,
        tensors,
        epoch=manifest.epoch,
        metrics=manifest.metrics,
        origin={"how": "push"},
        key=manifest.key,
        parent=source.parent,
        run=source.run,
        progress=progress,
    )


def drop_contents(folder: Path, manifest: Manifest) -> None:
    """Remove the contents of a version that is saved: the store has them."""
    for tensor in manifest.tensors:
        (folder / tensor.sha256).unlink(missing_ok=True)


def _queue(workspace: Workspace, network: Network, manifest: Manifest, folder: Path, started_by: str) -> int:
    """Queue the run that saves a version, unless there is one for its key already; return its id."""
    drop_manifests(workspace, folder)
    name = f"{secrets.token_hex(16)}{MANIFEST}"
    folder.mkdir(parents=True, exist_ok=True)
    atomic_write(folder / name, json.dumps(manifest.to_json()).encode(), durable=True)
    request = {"key": manifest.key, "epoch": manifest.epoch, "folder": folder.name, "manifest": name}
    row = {"kind": PUSH, "network_id": network.id, "spec": {}, "request": request, "total": len(manifest.tensors)}
    with workspace.catalogue.writing() as connection:
        pushes.lock_network(connection, network.id)
        run_id = pushes.active_push(connection, network.id, manifest.key)
        if run_id is None:
            run_id = run_rows.insert_run(connection, row | {"started_by": started_by[:STARTED_BY_LENGTH]})
    ensure_coordinator(workspace.settings)
    return run_id


def sweep_contents(workspace: Workspace) -> None:
    """Remove what was sent and never saved, of every sender, once it is a day old."""
    for folder in (workspace.settings.home_folder / CONTENTS).glob("*/"):
        drop_manifests(workspace, folder)
        drop_old(folder, time.time() - UPLOAD_SECONDS)


def drop_manifests(workspace: Workspace, folder: Path) -> None:
    """Remove the manifests of a sender that no run will read; a run is queued a moment after its own was written."""
    old = [path for path in folder.glob(f"*{MANIFEST}") if path.stat().st_mtime < time.time() - GRACE_SECONDS]
    if old:
        with workspace.catalogue.reading() as connection:
            active = pushes.active_manifests(connection)
        for path in old:
            if path.name not in active:
                path.unlink(missing_ok=True)


def save_pushed(workspace: Workspace, job: ActionJob, report: Reporter) -> str | None:
    """Save the version of a push that was queued; what a dead attempt has left is cleared up by the save itself."""
    folder = workspace.settings.home_folder / CONTENTS / job.request["folder"]
    try:
        stored = json.loads((folder / job.request["manifest"]).read_text())
    except FileNotFoundError as error:
        raise UserError(GONE) from error
    manifest = parse_manifest(stored, workspace.settings.max_parameters)
    with workspace.catalogue.reading() as connection:
        name = run_rows.get_run(connection, job.run_id).network
    network = get_network(workspace, name)
    source = _source(workspace, network, manifest)
    total = len(manifest.tensors)

    def saving(done: int, _: int, tensor: str) -> None:
        report(Progress(done, total, f"Saving {tensor[:100]}.", {}))

    def save() -> Version:
        try:
            return save_manifest(workspace, network, manifest, source, folder, saving)
        except BeingSaved as error:  # by an attempt that has not noticed yet that nobody listens to it
            raise Outage(error.message) from error

    version = report.patiently(save)
    drop_contents(folder, manifest)
    report(Progress(total, total, "", {"version": version.number}))
    return None
