"""Saving an import as versions, as a run: each checkpoint under a key, so that a run that dies saves none twice."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from dashboard import __version__
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import versions as version_rows
from dashboard.errors import Conflict
from dashboard.files import make_space
from dashboard.formats.registry import READERS
from dashboard.jobs.job import Progress
from dashboard.jobs.starting import ensure_coordinator
from dashboard.records.network import FOREIGN, NO_SPEC, Network, Version
from dashboard.records.run import STARTED_BY_LENGTH, Run
from dashboard.services.imports.changes import Changes, TensorForm
from dashboard.services.imports.measuring import prepare
from dashboard.services.imports.plan import Mapped, Plan, PlannedVersion, read_plan
from dashboard.services.imports.stated import WHAT
from dashboard.services.imports.waiting import Checkpoint, Import, discard_import, get_import
from dashboard.services.networks import get_network
from dashboard.services.store.actions import ActionJob
from dashboard.services.store.process import Reporter
from dashboard.services.versions.given import GivenTensor
from dashboard.services.versions.measuring import measure, metrics_of
from dashboard.services.versions.outside import save_outside
from dashboard.services.workspace import Workspace
from dashboard.weights.checksums import tensor_sha256
from dashboard.weights.dtypes import Array

UNITS_AXES = {reader.name: reader.units_axis for reader in READERS}
"""Along which axis of a weight its units are, by the format of the file."""


def start_import(workspace: Workspace, token: str, data: Mapping[str, Any], started_by: str = "") -> Run:
    """Queue the saving of an import as versions; raises NotFound, Invalid with each wrong field, or Conflict.

    A new network is there from now on. Conflict lists what has changed since the version before, unless that is
    accepted.
    """
    make_space(workspace.settings.home_folder)
    waiting = get_import(workspace, token)
    plan = _accepted_plan(workspace, waiting, data)
    request = {"token": token, "network": plan.settings.network, "choices": dict(data), "name": waiting.name}
    row = {"kind": "import", "spec": {}, "started_by": started_by[:STARTED_BY_LENGTH], "request": request}
    with workspace.catalogue.writing() as connection:
        network_id = plan.existing.id if plan.existing else network_rows.insert_network(connection, _network_row(plan))
        count = {"total": len(plan.versions), "network_id": network_id}
        run = run_rows.get_run(connection, run_rows.insert_run(connection, row | count))
    ensure_coordinator(workspace.settings)
    return run


def save_import(
    workspace: Workspace, waiting: Import, data: Mapping[str, Any], report: Callable[[str], None] = lambda name: None
) -> dict[str, Any]:
    """Save an import at once, and return the network and the numbers of its versions; raises what `start_import` does.

    `report` is called with the name of each checkpoint that is saved next.
    """
    make_space(workspace.settings.home_folder)
    plan = _accepted_plan(workspace, waiting, data)
    if plan.existing is None:
        with workspace.catalogue.writing() as connection:
            network_rows.insert_network(connection, _network_row(plan))
    saving = _Saving(workspace, waiting, plan, get_network(workspace, plan.settings.network), None)
    for version in plan.versions:
        report(version.checkpoint.name)
        saving.save(version, lambda: None)
    discard_import(workspace, waiting.token)
    return saving.result


def _accepted_plan(workspace: Workspace, waiting: Import, data: Mapping[str, Any]) -> Plan:
    plan = read_plan(workspace, waiting, data)
    if not plan.settings.accept_changes:
        _require_same(plan, changes_of(workspace, plan))
    return plan


def changes_of(workspace: Workspace, plan: Plan) -> list[tuple[PlannedVersion, Changes]]:
    """Return where tensors of an import are not those of the version before, that of the network included."""
    return plan.changes(_last_forms(workspace, plan.existing) if plan.existing else None)


def _last_forms(workspace: Workspace, network: Network) -> dict[str, TensorForm] | None:
    """Return the shapes and types of a network's newest version, None if it has none."""
    with workspace.catalogue.reading() as connection:
        newest = version_rows.newest_version(connection, network)
        tensors = version_rows.list_tensors(connection, newest.id) if newest else []
    return {one.name: (one.shape, one.dtype) for one in tensors} or None


def _require_same(plan: Plan, changes: list[tuple[PlannedVersion, Changes]]) -> None:
    if changes:
        version, what = changes[0]
        names = [*what.new, *what.gone, *(one.name for one in what.changed)]
        raise Conflict(
            f"{version.checkpoint.name} has {len(what.new)} new tensors, lacks {len(what.gone)} and has "
            f"{len(what.changed)} of another shape or type than the version before ({', '.join(names[:3])[:200]}). "
            "Accept the changes, or choose another network.",
            "accept_changes",
        )


def _network_row(plan: Plan) -> dict[str, Any]:
    spec = plan.spec or NO_SPEC
    return {
        "name": plan.settings.network,
        "purpose": plan.settings.purpose,
        "task": "" if plan.kind == FOREIGN else plan.settings.task,
        "dataset_id": plan.dataset.id if plan.dataset else None,
        "kind": plan.kind,
        "fields": {},
        "spec": spec.to_json(),
    }


def run_import(workspace: Workspace, job: ActionJob, report: Reporter) -> str | None:
    """Save what was asked for, checkpoint by checkpoint; what is saved already is not saved again."""
    waiting = get_import(workspace, job.request["token"])
    plan = read_plan(workspace, waiting, job.request["choices"])
    saving = _Saving(workspace, waiting, plan, get_network(workspace, job.request["network"]), job.run_id)
    for place, version in enumerate(plan.versions):
        report(Progress(place, len(plan.versions), version.checkpoint.name, saving.result))
        report.patiently(partial(saving.save, version, report.stop_if_cancelled))
    report(Progress(len(plan.versions), len(plan.versions), "", saving.result))
    discard_import(workspace, waiting.token)
    return None


class _Saving:
    """The saving of one import into its network; each version's parent is the one of the checkpoint before."""

    def __init__(self, workspace: Workspace, waiting: Import, plan: Plan, network: Network, run_id: int | None) -> None:
        self.workspace, self.waiting, self.plan, self.network, self.run_id = workspace, waiting, plan, network, run_id
        self.prepared = prepare(workspace, plan)
        self.saved: list[Version] = []

    @property
    def result(self) -> dict[str, Any]:
        """What has come of it so far: the network, and the numbers of its versions."""
        return {"network": self.network.name, "versions": [one.number for one in self.saved]}

    def save(self, version: PlannedVersion, tick: Callable[[], None]) -> None:
        """Save one checkpoint; raises what `save_outside` raises, and what `tick` does."""
        arrays = {one.tensor: partial(_array, version.checkpoint, one) for one in version.tensors}
        spec, prepared = self.plan.spec, self.prepared
        evaluation = {}
        if spec is not None and prepared is not None and prepared.records is not None:
            evaluation = measure(spec, {name: read() for name, read in arrays.items()}, prepared.records)
        saved = save_outside(
            self.workspace,
            self.network,
            [_given(version, one, arrays[one.tensor], spec is not None) for one in version.tensors],
            epoch=version.epoch,
            metrics=version.metrics | metrics_of(evaluation),
            origin=origin_of(version) | ({"stated": WHAT} if self.plan.stated else {}),
            key=f"import {self.waiting.token} {version.checkpoint.folder.name}",
            parent=self.saved[-1] if self.saved else None,
            run=self.run_id,
            progress=lambda done, total, name: tick(),
            spec=spec,
            preprocessing=prepared.preprocessing.to_json() if prepared else None,
            dataset_id=self.plan.dataset.id if self.plan.dataset else None,
            evaluation=evaluation,
        )
        self.saved.append(saved)


def _array(checkpoint: Checkpoint, mapped: Mapped) -> Array:
    """Return a tensor as it is here, read from the file's contents."""
    array = checkpoint.array(mapped.source)
    return np.ascontiguousarray(array.T if mapped.is_turned else array).reshape(mapped.shape)


def _given(version: PlannedVersion, mapped: Mapped, read: Callable[[], Array], is_dense: bool) -> GivenTensor:
    source = mapped.source
    sha256 = tensor_sha256(read()) if mapped.is_turned else source.sha256
    axis = 1 if is_dense else UNITS_AXES.get(version.checkpoint.contents.format)
    return GivenTensor(
        mapped.tensor, source.dtype, mapped.shape, sha256, read, axis if _has_axis(mapped.shape, axis) else None
    )


def _has_axis(shape: Sequence[int], axis: int | None) -> bool:
    """Return whether units can be along this axis of a table: columns are several axes in one where there are more."""
    return len(shape) == 2 or (len(shape) > 2 and axis == 0)


def origin_of(version: PlannedVersion) -> dict[str, Any]:
    """Return how a version came to be: its file, and which tensor of it became which one here."""
    checkpoint = version.checkpoint
    contents, files = checkpoint.contents, checkpoint.files
    taken = {one.source.name for one in version.tensors}
    left = [{"name": one.name, "why": "left out"} for one in checkpoint.tensors if one.name not in taken]
    whole = files[0]._asdict() if len(files) == 1 else {"bytes": sum(file.bytes for file in files)}
    producer = contents.about.get("producer")
    return {
        "how": "import",
        "file": whole | {"name": checkpoint.name},
        "files": [file._asdict() for file in files] if len(files) > 1 else [],
        "format": contents.format,
        "reader": __version__,
        "about": {"producer": producer} if isinstance(producer, str) else {},
        "number": f"{checkpoint.place.counts} {checkpoint.number}" if checkpoint.number is not None else "",
        "mapping": [_mapping_json(one) for one in version.tensors],
        "skipped": [one._asdict() for one in contents.skipped] + left,
    }


def _mapping_json(mapped: Mapped) -> dict[str, Any]:
    source = mapped.source
    return {
        "tensor": mapped.tensor,
        "source": source.name,
        "turned": mapped.is_turned,
        "dtype": source.source_dtype,
        "sha256": source.sha256,
    }
