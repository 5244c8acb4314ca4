"""Child versions: a change is made, measured and saved; a large one by a run of its own."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import versions as version_rows
from dashboard.errors import BeingSaved, NotFound, Outage, TooLarge
from dashboard.files import make_space
from dashboard.jobs.job import Progress
from dashboard.jobs.starting import ensure_coordinator
from dashboard.records.change import Change, change_json, parse_change
from dashboard.records.network import Version
from dashboard.records.run import STARTED_BY_LENGTH
from dashboard.records.run_kinds import CHANGE
from dashboard.records.tensor import TensorInfo
from dashboard.services.changes.made import Made
from dashboard.services.changes.making import make, require_fits
from dashboard.services.changes.measured import Scores, dataset_of, evaluate_child, score
from dashboard.services.networks import get_network
from dashboard.services.store.actions import ActionJob
from dashboard.services.store.process import Reporter
from dashboard.services.versions.by_runs import AT_ONCE_CELLS, WAIT_SECONDS, WAITED_CELLS, saved_by
from dashboard.services.versions.given import GivenTensor
from dashboard.services.versions.measuring import metrics_of
from dashboard.services.versions.outside import save_outside
from dashboard.services.versions.reading import get_version
from dashboard.services.workspace import Workspace
from dashboard.weights.checksums import tensor_sha256
from dashboard.weights.dtypes import Array

MEASURED_CELLS = 5_000_000
"""Up to so many weights a change is measured on the page, before anything is saved."""


class Child(NamedTuple):
    """What came of a change: the version, or the run that saves it."""

    version: Version | None
    run_id: int | None = None


class Preview(NamedTuple):
    """What a change would make: its scores, how many cells would differ, and what a person should know."""

    made: Made
    scores: Scores
    changed: int
    cells: int


def preview_child(workspace: Workspace, network_name: str, number: int, change: Change) -> Preview:
    """Make and measure a change without saving it; raises as `make` does, TooLarge beyond 5 million weights."""
    version = get_version(workspace, network_name, number)
    if _cells(workspace, version) > MEASURED_CELLS:
        limit = f"{version.reference} has more than {MEASURED_CELLS:,} weights"
        raise TooLarge(f"{limit}: save the change, a run makes and measures it.", "version")
    made = make(workspace, version.reference, change)
    infos = made.sources.base.tensors
    changed = sum(_different(made.sources.read(0, name), array) for name, array in made.tensors.items())
    return Preview(made, score(workspace, made), changed, sum(info.cells for info in infos.values()))


def save_child(
    workspace: Workspace, network_name: str, number: int, data: Mapping[str, Any], started_by: str = ""
) -> Child:
    """Make a change of a version, measure it, and save it as the network's next version.

    Raises NotFound, Invalid with each wrong field, Conflict if versions do not fit one another, NotAsSaved if one is
    damaged. A large one is saved by a run.
    """
    make_space(workspace.settings.home_folder)
    version = get_version(workspace, network_name, number)
    change = parse_change(data, version.reference)
    cells = _cells(workspace, version)
    if cells <= AT_ONCE_CELLS:
        return Child(_save(workspace, version, make(workspace, version.reference, change), None))
    run_id = _queue(workspace, version, change, started_by)
    saved = saved_by(workspace, run_id, WAIT_SECONDS) if cells <= WAITED_CELLS else None
    return Child(saved, None if saved is not None else run_id)


def run_change(workspace: Workspace, job: ActionJob, report: Reporter) -> str | None:
    """Carry out a change that was queued; raises what `save_child` raises."""
    with workspace.catalogue.reading() as connection:
        name = run_rows.get_run(connection, job.run_id).network
    version = get_version(workspace, name, job.request["number"])
    change = parse_change(job.request["change"], version.reference)
    report(Progress(0, 2, "Changing the weights.", {}))

    def save() -> Version:
        made = make(workspace, version.reference, change)
        report(Progress(1, 2, "Measuring and saving.", {}))
        try:
            return _save(workspace, version, made, f"change {job.run_id}")
        except BeingSaved as error:  # by an attempt that has not noticed yet that nobody listens to it
            raise Outage(error.message) from error

    saved = report.patiently(save)
    report(Progress(2, 2, "", {"version": saved.number}))
    return None


def _queue(workspace: Workspace, version: Version, change: Change, started_by: str) -> int:
    require_fits(workspace, version.reference, change)  # said now, not by the run
    network = get_network(workspace, version.network)
    request = {"number": version.number, "change": change_json(change)}
    row = {"kind": CHANGE, "network_id": network.id, "spec": {}, "request": request, "total": 2}
    with workspace.catalogue.writing() as connection:
        run_id = run_rows.insert_run(connection, row | {"started_by": started_by[:STARTED_BY_LENGTH]})
    ensure_coordinator(workspace.settings)
    return run_id


def _save(workspace: Workspace, version: Version, made: Made, key: str | None) -> Version:
    evaluation = evaluate_child(workspace, made)
    given = [_given(made, info) for info in made.sources.base.tensors.values()]
    return save_outside(
        workspace,
        get_network(workspace, version.network),
        given,
        epoch=version.epoch,
        metrics=metrics_of(evaluation),
        origin=made.origin,
        key=key,
        parent=version,
        spec=version.spec,
        preprocessing=version.preprocessing,
        dataset_id=_dataset_id(workspace, version),
        evaluation=evaluation,
    )


def _given(made: Made, info: TensorInfo) -> GivenTensor:
    """Return a tensor of the child; one that stays the parent's is linked, and not read."""
    array = made.tensors.get(info.name)
    if array is None:
        read = partial(made.sources.read, 0, info.name)
        return GivenTensor(info.name, info.dtype, info.shape, info.sha256, read, info.units_axis)
    whole = np.ascontiguousarray(array).reshape(info.shape)
    return GivenTensor(info.name, whole.dtype.name, info.shape, tensor_sha256(whole), lambda: whole, info.units_axis)


def _dataset_id(workspace: Workspace, version: Version) -> int | None:
    try:
        return dataset_of(workspace, version).id if version.dataset else None
    except NotFound:  # deleted at this moment
        return None


def _cells(workspace: Workspace, version: Version) -> int:
    with workspace.catalogue.reading() as connection:
        return sum(info.cells for info in version_rows.list_tensors(connection, version.id))


def _different(before: Array, after: Array) -> int:
    """Return how many cells differ in their bits; all of them where the type does."""
    if before.dtype != after.dtype:
        return after.size
    unsigned = f"u{after.dtype.itemsize}"
    one, two = (np.ascontiguousarray(array).reshape(-1).view(unsigned) for array in (before, after))
    return int(np.count_nonzero(one != two))
