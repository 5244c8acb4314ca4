"""Saving weights that came from elsewhere, from a file or a training script, as versions.

A foreign network takes tensors of any names and shapes; a dense one those of its definition. A push carries a key: it
is claimed with the row of the version that is being written, so that one key is one version, however often it is sent.
"""

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from dashboard.analysis.statistics import tensor_statistics
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import stored_tables
from dashboard.catalogue import versions as version_rows
from dashboard.catalogue.rows import now
from dashboard.catalogue.stored_tables import Known
from dashboard.catalogue.versions import Claim
from dashboard.errors import BeingSaved, Conflict, NumberTaken
from dashboard.parsing import Fields
from dashboard.records.network import FOREIGN, NO_SPEC, Network, NetworkSpec, Version
from dashboard.records.tensor import TensorInfo, TensorKey
from dashboard.services.networks import get_network
from dashboard.services.versions.given import (
    GivenTensor,
    check_shapes,
    check_tensors,
    checked_epoch,
    checked_key,
    checked_metrics,
    given_arrays,
)
from dashboard.services.versions.movement import MOST_CELLS, UNKNOWN, Movement, Source, moved
from dashboard.services.versions.origin import run_of_manifest
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.saving import MOST_SKIPPED, in_batches, manifest, save_as_next
from dashboard.services.workspace import Workspace, sweep_version
from dashboard.weights.checksums import version_sha256
from dashboard.weights.dtypes import Array
from dashboard.weights.table_store import VersionKey

logger = logging.getLogger(__name__)

Report = Callable[[int, int, str], None]
"""Called with how many tensors of how many are saved, and the name of the next one."""


def create_foreign_network(
    workspace: Workspace, name: str, purpose: str = "", fields: Mapping[str, str] | None = None
) -> Network:
    """Create a network for weights from elsewhere; raises Invalid, or Conflict if its name is taken."""
    return define_foreign(workspace, {"name": name, "purpose": purpose, "fields": dict(fields or {})})


def define_foreign(workspace: Workspace, data: Mapping[str, Any]) -> Network:
    """Create a foreign network from a definition in the form of the JSON API; raises as `create_foreign_network`."""
    given = Fields(data)
    given.known({"name", "kind", "purpose", "fields"})
    about = {"name": given.name(), "purpose": given.text("purpose"), "fields": given.pairs("fields")}
    given.done()
    row = about | {"task": "", "dataset_id": None, "kind": FOREIGN, "spec": NO_SPEC.to_json()}
    try:
        with workspace.catalogue.writing() as connection:
            network_rows.insert_network(connection, row)
    except Conflict as error:
        message = f"There is a network named {about['name']!r} already. Choose another name."
        raise Conflict(message, "name") from error
    return get_network(workspace, str(row["name"]))


class About(NamedTuple):
    """What belongs to a version besides its tensors, of a dense network also what its inputs are."""

    epoch: int
    metrics: Mapping[str, float | None]
    origin: Mapping[str, Any]
    key: str | None
    parent: Version | None
    run: int | None
    spec: NetworkSpec
    preprocessing: Mapping[str, Any]
    dataset_id: int | None
    evaluation: Mapping[str, Any] = {}


def save_outside(
    workspace: Workspace,
    network: Network,
    tensors: Mapping[str, Array] | Iterable[GivenTensor],
    *,
    epoch: int = 0,
    metrics: Mapping[str, Any] | None = None,
    origin: Mapping[str, Any],
    key: str | None = None,
    parent: Version | None = None,
    run: int | None = None,
    progress: Report | None = None,
    spec: NetworkSpec | None = None,
    preprocessing: Mapping[str, Any] | None = None,
    dataset_id: int | None = None,
    evaluation: Mapping[str, Any] | None = None,
) -> Version:
    """Save tensors as the next version of a network, and return it; contents that the store holds are linked.

    `origin` says how it came to be ({"how": "import" or "push", ...}); `run` is a run that `writes_versions`. With a
    `key` that a version with the same contents has, that version is returned. Raises Invalid naming the field,
    BeingSaved while another request saves this key, Conflict if the key has other contents or if a tensor without
    `read` is not in the store, StoreError if the store cannot keep it; nothing is left then.
    """
    given = given_arrays(tensors) if isinstance(tensors, Mapping) else list(tensors)
    check_tensors(given)
    if not network.is_foreign:
        check_shapes(given, spec or network.spec)
    about = About(
        checked_epoch(epoch),
        checked_metrics(metrics or {}),
        origin,
        checked_key(key),
        parent,
        run,
        NO_SPEC if network.is_foreign else spec or network.spec,
        preprocessing or {},
        dataset_id,
        evaluation or {},
    )
    number = _claimed(workspace, network, given, about)
    return get_version(workspace, network.name, number or _save(workspace, network, given, about, progress))


def find_saved(
    workspace: Workspace,
    network: Network,
    given: Sequence[GivenTensor],
    epoch: int,
    metrics: Mapping[str, float | None],
    key: str,
) -> Version | None:
    """Return the version that has this key and these contents; None if the key is free.

    Raises BeingSaved while it is written by someone who lives, Conflict if it has other contents or is in the trash.
    """
    about = About(epoch, metrics, {}, key, None, None, NO_SPEC, {}, None)
    number = _claimed(workspace, network, given, about)
    return None if number is None else get_version(workspace, network.name, number)


def known_contents(workspace: Workspace, tensors: Sequence[GivenTensor]) -> set[str]:
    """Return the SHA-256s of those tensors whose contents the store holds, in the same type and shape."""
    contents = {tensor.info.content: tensor.sha256 for tensor in tensors}
    with workspace.catalogue.reading() as connection:
        return {contents[content] for content in stored_tables.known_contents(connection, list(contents))}


def _save(
    workspace: Workspace, network: Network, given: Sequence[GivenTensor], about: About, progress: Report | None
) -> int:
    """Save a version under the next number that the store has nothing under; return it, or that of its key's."""
    with workspace.catalogue.reading() as connection:
        known = stored_tables.known_contents(connection, [tensor.info.content for tensor in given])
        parent = version_rows.key_of(connection, about.parent.id) if about.parent else None
    row = _row(workspace, network, given, about, known)
    run = run_of_manifest(workspace, about.run, about.epoch)
    axes = {tensor.name: tensor.units_axis for tensor in given if tensor.units_axis is not None}
    write = partial(_write, workspace, given, known, progress or (lambda done, total, name: None))

    def describe(number: int) -> Mapping[str, Any]:
        return manifest(network, number, row, parent, run, axes)

    for _ in range(MOST_SKIPPED):
        try:
            return save_as_next(workspace, network, row, write, describe)
        except NumberTaken as taken:
            logger.warning("A number of %s is skipped: %s", network.name, taken.message)
        except Conflict:
            if about.key is None:
                raise
            number = _claimed(workspace, network, given, about)
            if number is not None:
                return number
    raise Conflict(f"No number of {network.name} is free in the store. Reindex the store, then try again.", "network")


def _row(
    workspace: Workspace,
    network: Network,
    given: Sequence[GivenTensor],
    about: About,
    known: Mapping[str, Known],
) -> dict[str, Any]:
    """Return the version's row of the catalogue."""
    return {
        "epoch": about.epoch,
        "run_id": about.run,
        "parent_id": about.parent.id if about.parent else None,
        "dataset_id": about.dataset_id,
        "spec": about.spec.to_json(),
        "preprocessing": dict(about.preprocessing),
        "metrics": dict(about.metrics),
        "evaluation": dict(about.evaluation),
        "origin": dict(about.origin),
        "push_key": about.key,
        "sha256": _sha256(given),
        "bytes": sum(tensor.info.bytes for tensor in given),
        **_moved(workspace, network, given, about, known)._asdict(),
        "created": now(),
    }


def _sha256(given: Sequence[GivenTensor]) -> str:
    return version_sha256(tensor.info.key("", 1) for tensor in given)


def _moved(
    workspace: Workspace, network: Network, given: Sequence[GivenTensor], about: About, known: Mapping[str, Known]
) -> Movement:
    """Return how far it has moved since the version that it comes from; unknown if it comes from none."""
    is_small = sum(tensor.info.cells for tensor in given) <= MOST_CELLS
    if not is_small or (about.run is None and about.parent is None):
        return UNKNOWN
    arrays = {tensor.name: _contents(workspace, tensor, known.get(tensor.info.content)) for tensor in given}
    source = Source(about.run, about.parent.id if about.parent else None)
    return moved(workspace, network, arrays, source, _sha256(given))


def _contents(workspace: Workspace, tensor: GivenTensor, known: Known | None) -> Array:
    """Return a tensor from who gives it or, if nobody does, from the store; raises Conflict if it is not there."""
    if tensor.read is not None:
        return np.ascontiguousarray(tensor.read()).reshape(tensor.shape)
    if known is None:
        raise Conflict(f"The contents of {tensor.name!r} are not in the store: send them, then try again.", "tensors")
    return workspace.store.read_proven(known.info.key(known.network, known.number))


def _write(
    workspace: Workspace,
    given: Sequence[GivenTensor],
    known: Mapping[str, Known],
    progress: Report,
    version: VersionKey,
) -> Iterator[TensorInfo]:
    """Link what the store holds, and write the rest; statistics of contents that are known are taken over."""
    done = 0
    for batch in in_batches(given, lambda tensor: tensor.info.cells):
        progress(done, len(given), batch[0].name)
        done += len(batch)
        yield from _write_batch(workspace, batch, known, version)


def _write_batch(
    workspace: Workspace, batch: Sequence[GivenTensor], known: Mapping[str, Known], version: VersionKey
) -> Iterator[TensorInfo]:
    store, infos = workspace.store, [tensor.info for tensor in batch]
    statistics = {info.content: known[info.content].info.statistics for info in infos if info.content in known}
    linked = store.link_many([info.key(*version) for info in infos if info.content in known])
    arrays: list[tuple[TensorKey, Array]] = []
    for tensor, info in zip(batch, infos, strict=True):
        if info.key(*version) not in linked:
            array = _contents(workspace, tensor, known.get(info.content))
            arrays.append((info.key(*version), array))
            statistics[info.content] = statistics.get(info.content) or tensor_statistics(array).to_json()
    store.write_many(arrays)
    for info in infos:
        table = store.table_name(info.key(*version))
        yield replace(info, table_name=table, statistics=statistics[info.content])


def _claimed(workspace: Workspace, network: Network, given: Sequence[GivenTensor], about: About) -> int | None:
    """Return the number of the version that has this key and these contents; None if the key is free.

    Raises BeingSaved while it is written by someone who lives, Conflict if it has other contents or is in the trash.
    """
    if about.key is None:
        return None
    with workspace.catalogue.apart():  # it may have been saved since a request began
        claim = _find(workspace, network, about.key)
        if claim is not None and claim.state in {"writing", "deleting"}:
            sweep_version(workspace, claim.id, claim.network, claim.number)
            claim = _find(workspace, network, about.key)
        if claim is None:
            return None
        if claim.state == "writing":
            raise BeingSaved(f"{network.name}:{claim.number}, which has this key, is being saved now.", "key")
        if claim.state != "ready":
            raise Conflict(
                f"{network.name}:{claim.number}, which has this key, is in the trash. Restore it there.", "key"
            )
        saved = get_version(workspace, network.name, claim.number)
    _require_same(saved, given, about)
    return claim.number


def _find(workspace: Workspace, network: Network, key: str) -> Claim | None:
    with workspace.catalogue.reading() as connection:
        return version_rows.find_claim(connection, network.id, key)


def _require_same(saved: Version, given: Sequence[GivenTensor], about: About) -> None:
    """Raise Conflict, naming what is different, unless a saved version is what is given."""
    what = "weights" if saved.sha256 != _sha256(given) else "epoch" if saved.epoch != about.epoch else ""
    if not what and not _are_equal(saved.metrics, about.metrics):
        what = "metrics"
    if what:
        raise Conflict(f"{saved.reference} has this key, but other {what}: a key stands for one version.", "key")


def _are_equal(saved: Mapping[str, Any], given: Mapping[str, float | None]) -> bool:
    """Return whether metrics are equal, up to what a database makes of the last digit of a number."""
    if saved.keys() != given.keys():
        return False
    pairs = [(saved[name], given[name]) for name in saved]
    return all(a == b or (a is not None and b is not None and math.isclose(a, b, rel_tol=1e-12)) for a, b in pairs)
