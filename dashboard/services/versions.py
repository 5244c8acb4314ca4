"""Versions: saving them so that they exist wholly or not at all, reading them, deleting them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dashboard.analysis.statistics import tensor_statistics
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import versions as version_rows
from dashboard.errors import Conflict
from dashboard.records import Network, NetworkSpec, Page, TensorInfo, TensorKey, Version
from dashboard.services.workspace import Workspace
from dashboard.weights.checksums import tensor_sha256, version_sha256


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


def save_version(workspace: Workspace, network: Network, draft: Draft) -> int:
    """Save a version and return its number; nothing of it is visible before all of it is kept and proven.

    Raises StoreError when the store cannot keep it; nothing is left then.
    """
    arrays = {name: np.ascontiguousarray(array).reshape(np.shape(array)) for name, array in draft.tensors.items()}
    hashes = {name: tensor_sha256(array) for name, array in arrays.items()}
    row = {
        "epoch": draft.epoch,
        "run_id": draft.run_id,
        "parent_id": draft.parent_id,
        "dataset_id": draft.dataset_id,
        "spec": draft.spec.to_json(),
        "preprocessing": dict(draft.preprocessing),
        "metrics": dict(draft.metrics),
        "evaluation": dict(draft.evaluation),
        "sha256": version_sha256(_key(network, 0, name, arrays, hashes) for name in arrays),
        "bytes": sum(array.nbytes for array in arrays.values()),
    }
    with workspace.catalogue.writing() as connection:
        version_id, number = version_rows.begin_version(connection, network.id, row)
    try:
        with workspace.store.saving((network.slug, number)):
            keys = [_key(network, number, name, arrays, hashes) for name in arrays]
            for key in keys:
                workspace.store.write(key, arrays[key.tensor])
            workspace.store.publish((network.slug, number), keys, _manifest(network, number, row))
            infos = [_info(workspace, key, arrays[key.tensor]) for key in keys]
            with workspace.catalogue.writing() as connection:
                version_rows.finish_version(connection, version_id, infos)
    except BaseException:
        _undo(workspace, network.slug, version_id, number)
        raise
    return number


def get_version(workspace: Workspace, network_name: str, number: int) -> Version:
    """Return a version; raises NotFound with the nearest ones."""
    with workspace.catalogue.reading() as connection:
        return version_rows.get_version(connection, network_name, number)


def list_versions(workspace: Workspace, network_name: str, limit: int = 50, offset: int = 0) -> Page[Version]:
    """Return a page of a network's versions, the newest first; raises NotFound for an unknown network."""
    with workspace.catalogue.reading() as connection:
        network = network_rows.get_network(connection, network_name)
        found = version_rows.list_versions(connection, network, limit + 1, offset)
    return Page(found[:limit], offset + limit if len(found) > limit else None)


@dataclass(frozen=True)
class VersionDetail:
    """A version with its tensors, its detailed metrics, and the numbers of its neighbours."""

    version: Version
    tensors: list[TensorInfo]
    evaluation: dict[str, Any]
    before: int | None
    after: int | None


def get_detail(workspace: Workspace, network_name: str, number: int) -> VersionDetail:
    """Return all that a version's page shows; raises NotFound."""
    with workspace.catalogue.reading() as connection:
        version = version_rows.get_version(connection, network_name, number)
        before, after = version_rows.neighbours(connection, version)
        return VersionDetail(
            version,
            version_rows.list_tensors(connection, version.id),
            version_rows.get_evaluation(connection, version.id),
            before,
            after,
        )


def delete_version(workspace: Workspace, network_name: str, number: int) -> None:
    """Delete a version: first it no longer exists for anybody, then its tables go.

    Raises NotFound, or Conflict while it is the parent of a run that has not ended.
    """
    with workspace.catalogue.writing() as connection:
        version = version_rows.get_version(connection, network_name, number)
        if version_rows.has_active_child(connection, version.id):
            raise Conflict(f"A run trains on from {version.reference}: wait for it or cancel it first.", "version")
        version_rows.mark_deleting(connection, version.id)
    workspace.store.delete((version.slug, number))
    with workspace.catalogue.writing() as connection:
        version_rows.drop_version(connection, version.id)


def metric_name(task: str, metrics: Mapping[str, Any]) -> str | None:
    """Return the metric by which a task's versions are ranked, the best that these metrics hold."""
    wanted = ("val_accuracy", "accuracy") if task == "classification" else ("val_loss", "loss")
    return next((name for name in wanted if metrics.get(name) is not None), None)


def best_version(task: str, history: Mapping[int, Mapping[str, Any]]) -> int | None:
    """Return the number of the best version: highest validation accuracy, or lowest validation loss."""
    name = next((found for metrics in history.values() if (found := metric_name(task, metrics))), None)
    scored = [(metrics[name], -number) for number, metrics in history.items() if name and metrics.get(name) is not None]
    if not scored:
        return None
    score = max(scored) if task == "classification" else min((value, number) for value, number in scored)
    return -score[1]


def _key(
    network: Network, number: int, name: str, arrays: Mapping[str, np.ndarray[Any, Any]], hashes: Mapping[str, str]
) -> TensorKey:
    return TensorKey(network.slug, number, name, arrays[name].dtype.name, arrays[name].shape, hashes[name])


def _info(workspace: Workspace, key: TensorKey, array: np.ndarray[Any, Any]) -> TensorInfo:
    statistics = tensor_statistics(array).to_json()
    table = workspace.store.table_name(key)
    return TensorInfo(key.tensor, key.shape, key.dtype, key.sha256, array.nbytes, table, statistics)


def _manifest(network: Network, number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    about = {name: value for name, value in asdict(network).items() if name not in {"id", "last_version", "created"}}
    kept = {name: value for name, value in row.items() if not name.endswith("_id")}
    return {"network": about | {"spec": network.spec.to_json()}, "number": number} | kept


def _undo(workspace: Workspace, slug: str, version_id: int, number: int) -> None:
    """Take back a save that failed; if even that fails, the next sweep does it."""
    workspace.store.delete((slug, number))
    with workspace.catalogue.writing() as connection:
        version_rows.drop_version(connection, version_id)
