"""Saving versions so that they exist wholly or not at all."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from dashboard.analysis.statistics import tensor_statistics
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import versions as version_rows
from dashboard.catalogue.rows import now
from dashboard.errors import NumberTaken, Outage, Superseded
from dashboard.records.network import Network, NetworkSpec
from dashboard.records.stored import numbered
from dashboard.records.tensor import TensorInfo, TensorKey
from dashboard.services.versions.movement import Source, moved
from dashboard.services.versions.origin import place, run_of_manifest
from dashboard.services.workspace import Workspace, sweep_version
from dashboard.weights.checksums import tensor_sha256, version_sha256
from dashboard.weights.dtypes import Array
from dashboard.weights.table_store import VersionKey

logger = logging.getLogger(__name__)
T = TypeVar("T")

MOST_SKIPPED = 1000
"""So many numbers are skipped for one version."""

IN_MANIFEST = ("epoch", "spec", "preprocessing", "metrics", "evaluation", "sha256", "bytes", "changed", "changed_since")
"""The parts of a version's row that are also stored with its tables."""
IF_KNOWN = ("origin", "push_key")
"""Those that are stored where there are any."""


MOST_AT_ONCE, CELLS_AT_ONCE = 100, 500_000
"""So many tensors, and cells of them, are given to the store at once: small ones cost it little more than one."""


Write = Callable[[VersionKey], Iterator[TensorInfo]]
"""Writes the tensors of a version that is being saved, and yields each as it is in the store."""


@dataclass(frozen=True)
class Draft:
    """A version to be saved: its tensors and all that belongs to them."""

    tensors: Mapping[str, np.ndarray[Any, Any]]
    spec: NetworkSpec
    dataset_id: int
    preprocessing: Mapping[str, Any]
    metrics: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    epoch: int = 0
    run_id: int | None = None
    parent_id: int | None = None
    attempt: int | None = None  # of the run, where only that attempt may save it
    origin: Mapping[str, Any] = field(default_factory=lambda: {"how": "training"})


def save_version(workspace: Workspace, network: Network, draft: Draft) -> int:
    """Save a version and return its number; nothing of it is visible before all of it is kept and proven.

    A number under which the store has something else is skipped. Raises StoreError when the store cannot keep it,
    Superseded if the draft's attempt at its run no longer counts; nothing is left then.
    """
    arrays = {name: np.ascontiguousarray(array).reshape(np.shape(array)) for name, array in draft.tensors.items()}
    hashes = {name: tensor_sha256(array) for name, array in arrays.items()}
    sha256 = version_sha256(_key(network, name, arrays[name], hashes[name]) for name in arrays)
    row = {
        "epoch": draft.epoch,
        "run_id": draft.run_id,
        "parent_id": draft.parent_id,
        "dataset_id": draft.dataset_id,
        "spec": draft.spec.to_json(),
        "preprocessing": dict(draft.preprocessing),
        "metrics": dict(draft.metrics),
        "evaluation": dict(draft.evaluation),
        "origin": dict(draft.origin),
        "sha256": sha256,
        "bytes": sum(array.nbytes for array in arrays.values()),
        **moved(workspace, network, arrays, Source(draft.run_id, draft.parent_id), sha256)._asdict(),
        "created": now(),
    }
    with workspace.catalogue.reading() as connection:
        parent = version_rows.key_of(connection, draft.parent_id) if draft.parent_id is not None else None
    run = run_of_manifest(workspace, draft.run_id, draft.epoch)
    fence = None if draft.run_id is None or draft.attempt is None else (draft.run_id, draft.attempt)
    write = write_all(workspace, [(_info(name, array, hashes[name]), array) for name, array in arrays.items()])

    def about(number: int) -> Mapping[str, Any]:
        return manifest(network, number, row, parent, run)

    for _ in range(MOST_SKIPPED):
        try:
            return save_as_next(workspace, network, row, write, about, fence)
        except NumberTaken as taken:
            logger.warning("A number of %s is skipped: %s", network.name, taken.message)
    return save_as_next(workspace, network, row, write, about, fence)


def save_as_next(
    workspace: Workspace,
    network: Network,
    row: Mapping[str, Any],
    write: Write,
    about: Callable[[int], Mapping[str, Any]],
    fence: tuple[int, int] | None = None,
) -> int:
    """Save a version under the network's next number; raises NumberTaken if the store has something else there.

    `about` makes its manifest. Raises Conflict if the row has a `push_key` that another version has.
    """
    highest = workspace.store.newest_number(network.slug)  # more than the catalogue's if that is an older one
    with workspace.catalogue.writing() as connection:
        network_rows.skip_numbers(connection, network.id, highest)
        version_id, number = version_rows.begin_version(connection, network.id, row)
    carry_through(workspace, version_id, (network.slug, number), write, about(number), fence)
    return number


def carry_through(
    workspace: Workspace,
    version_id: int,
    version: VersionKey,
    write: Write,
    about: Mapping[str, Any],
    fence: tuple[int, int] | None = None,
) -> None:
    """Write, prove and publish a version whose row says `writing`, and make it ready; on any error it is taken back.

    Only what was written here is taken back: a version that the store holds without our knowledge stays. With a `fence`
    (run, attempt) it becomes ready only while that attempt runs; else Superseded is raised.
    """
    is_ours = False
    try:
        with workspace.store.saving(version):
            _require_begun(workspace, version)
            infos = list(write(version))
            is_ours = bool(infos)  # writing has found nothing there; publishing may succeed though its answer is lost
            workspace.store.publish(version, [info.key(*version) for info in infos], about)
            is_ours = True
            with workspace.catalogue.writing() as connection:
                if fence is not None and not run_rows.is_current(connection, *fence):
                    raise Superseded(f"Another attempt at run {fence[0]} has taken over.", "run")
                version_rows.finish_version(connection, version_id, infos)
    except BaseException as error:
        if is_ours:
            sweep_version(workspace, version_id, *version)  # unless its row says ready after all
        else:
            # After an outage it is tried again: its number was never seen, and must not be missed afterwards.
            drop = version_rows.take_back_version if isinstance(error, Outage) and fence else version_rows.drop_version
            with workspace.catalogue.writing() as connection:
                drop(connection, version_id)
        raise


def _require_begun(workspace: Workspace, version: VersionKey) -> None:
    """Raise NumberTaken if the row was swept before its save had a lock: others take it for one whose writer died."""
    with workspace.catalogue.apart(), workspace.catalogue.reading() as connection:
        if not version_rows.is_writing(connection, *version):
            raise NumberTaken(f"Version {version[1]} of {version[0]} was swept away before it was written.")


def write_all(workspace: Workspace, tensors: Iterable[tuple[TensorInfo, Array]]) -> Write:
    """Return what writes these tensors, as they are described, for a version that is being saved."""

    def write(version: VersionKey) -> Iterator[TensorInfo]:
        for batch in in_batches(tensors, lambda tensor: tensor[0].cells):
            workspace.store.write_many([(info.key(*version), array) for info, array in batch])
            for info, _ in batch:
                yield replace(info, table_name=workspace.store.table_name(info.key(*version)))

    return write


def in_batches(tensors: Iterable[T], cells_of: Callable[[T], int]) -> Iterator[list[T]]:
    """Yield tensors in lists of at most MOST_AT_ONCE and, but for a single larger one, of CELLS_AT_ONCE cells."""
    batch: list[T] = []
    cells = 0
    for tensor in tensors:
        if batch and (len(batch) == MOST_AT_ONCE or cells + cells_of(tensor) > CELLS_AT_ONCE):
            yield batch
            batch, cells = [], 0
        batch.append(tensor)
        cells += cells_of(tensor)
    if batch:
        yield batch


def manifest(
    network: Network,
    number: int,
    row: Mapping[str, Any],
    parent: VersionKey | None = None,
    run: Mapping[str, Any] | None = None,
    axes: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Return the manifest of a version, from which it can be indexed again; `row` is its catalogue row.

    `parent` is the version that it continues from, `run` what `origin.run_of_manifest` says of the run that wrote it,
    `axes` those of the units of tensors, as far as they are known.
    """
    about = {name: value for name, value in asdict(network).items() if name not in {"id", "last_version"}}
    about |= {"spec": network.spec.to_json(), "created": network.created.isoformat()}
    further = {name: row[name] for name in IF_KNOWN if row.get(name) is not None}
    further |= {"created": row["created"].isoformat()}
    if parent is not None:
        further["parent"] = place(parent)
    if run is not None:
        further["run"] = run
    if axes:
        further["units_axes"] = axes
    return numbered({"network": about, "number": number, **{name: row[name] for name in IN_MANIFEST}, **further})


def _key(network: Network, name: str, array: Array, sha256: str) -> TensorKey:
    return TensorKey(network.slug, 0, name, array.dtype.name, array.shape, sha256)


def _info(name: str, array: Array, sha256: str) -> TensorInfo:
    statistics = tensor_statistics(array).to_json()
    return TensorInfo(name, array.shape, array.dtype.name, sha256, array.nbytes, "", statistics)
