"""Reading versions that are in the store, but not in the catalogue, back into it: for a folder copied elsewhere."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dashboard.analysis.statistics import tensor_statistics
from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import versions as version_rows
from dashboard.data.preprocessing import Preprocessing
from dashboard.errors import Conflict, NotAsSaved, NotFound, UserError
from dashboard.jobs.job import Progress
from dashboard.records.stored import unnumbered
from dashboard.records.tensor import TensorInfo, TensorKey
from dashboard.services.store.manifest_check import checked_manifest, require_objects
from dashboard.services.workspace import Workspace
from dashboard.weights.table_store import VersionKey

DRIFT_SECONDS = 10.0


@dataclass
class Reindexed:
    """What was added to the catalogue (references), and what was skipped: (version, why)."""

    added: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def unknown_versions(workspace: Workspace) -> list[VersionKey]:
    """Return the versions that the store holds and the catalogue does not know, not even in its trash."""
    with workspace.catalogue.reading() as connection:
        known = version_rows.known_keys(connection)
    return [key for key in workspace.store.versions() if key not in known]


class Drift(NamedTuple):
    """How many versions only the store has, and how many only the catalogue: one of them is older than the other."""

    only_stored: int
    only_listed: int


def find_drift(workspace: Workspace) -> Drift:
    """Compare the catalogue with the store, at most every DRIFT_SECONDS; raises StoreError."""
    known = workspace.results.get("drift")
    if known is not None and time.monotonic() - known[0] < DRIFT_SECONDS:
        drift: Drift = known[1]
        return drift
    only_stored, only_listed = _differences(workspace)
    if only_stored or only_listed:  # what is saved or deleted since a request began looks so, but not twice
        with workspace.catalogue.apart():
            again = _differences(workspace)
        only_stored, only_listed = only_stored & again[0], only_listed & again[1]
    drift = Drift(len(only_stored), len(only_listed))
    workspace.results.put("drift", (time.monotonic(), drift))
    return drift


def _differences(workspace: Workspace) -> tuple[set[VersionKey], set[VersionKey]]:
    """Return the versions that only the store has, and those that only the catalogue has."""
    with workspace.catalogue.reading() as connection:
        listed, ready = version_rows.known_keys(connection), version_rows.ready_keys(connection)
    stored = set(workspace.store.versions())
    return stored - listed, ready - stored


def reindex_store(workspace: Workspace, report: Callable[[Progress], None] = lambda _: None) -> Reindexed:
    """Add every published version that the catalogue does not know; what is damaged is skipped, and named.

    What is in the trash is known, and stays there.
    """
    done = Reindexed()
    wanted = unknown_versions(workspace)
    for place, key in enumerate(wanted):
        name = f"{key[0]}:{key[1]}"
        counts = {"added": len(done.added), "skipped": [{"version": one, "reason": why} for one, why in done.skipped]}
        report(Progress(place, len(wanted), f"reading {name}, version {place + 1:,} of {len(wanted):,}", counts))
        try:
            done.added.append(_reindex_version(workspace, key))
        except (UserError, NotAsSaved) as error:
            done.skipped.append((name, error.message))
    workspace.results.put("drift", None)
    counts = {"added": len(done.added), "skipped": [{"version": one, "reason": why} for one, why in done.skipped]}
    report(Progress(len(wanted), len(wanted), "", counts))
    return done


def _reindex_version(workspace: Workspace, key: VersionKey) -> str:
    """Add one version and return its reference; raises NotAsSaved, or a UserError that says what is wrong with it."""
    stored = workspace.store.manifest(key)
    require_objects(stored)
    manifest = checked_manifest(key, unnumbered("manifest", stored))
    infos = [_info(workspace, key, entry) for entry in stored["tensors"]]
    with workspace.catalogue.writing() as connection:
        network_id, dataset_id = _network(connection, key[0], manifest)
        wanted = ("epoch", "spec", "preprocessing", "metrics", "evaluation", "sha256", "changed")
        row = {name: manifest[name] for name in wanted} | {"dataset_id": dataset_id}
        row["bytes"] = sum(info.bytes for info in infos)
        if manifest["created"] is not None:
            row["created"] = manifest["created"]
        if manifest["parent"] is not None:
            row["parent_id"] = version_rows.find_id(connection, *manifest["parent"])
        version_id = version_rows.insert_known_version(connection, network_id, key[1], row)
        version_rows.finish_version(connection, version_id, infos)
    return f"{manifest['network']['name']}:{key[1]}"


def _network(connection: Any, slug: str, manifest: Mapping[str, Any]) -> tuple[int, int]:  # noqa: ANN401 - a Connection
    about = manifest["network"]
    if network_rows.is_in_trash(connection, slug):
        raise Conflict(f"Its network {about['name']!r} is in the trash. Restore it there first.", "name")
    with suppress(NotFound):
        network = network_rows.get_network(connection, about["name"])
        if network.slug != slug:
            name = about["name"]
            raise Conflict(
                f"The folder {slug} holds versions of {name!r}, a name that another network has here.", "name"
            )
        return network.id, dataset_rows.get_dataset(connection, network.dataset).id
    dataset_id = _dataset(connection, about, manifest["preprocessing"])
    row = {name: about[name] for name in ("name", "purpose", "task", "fields", "spec")} | {"dataset_id": dataset_id}
    return network_rows.insert_known_network(connection, slug, row), dataset_id


def _dataset(connection: Any, about: Mapping[str, Any], preprocessing: Mapping[str, Any]) -> int:  # noqa: ANN401 - a Connection
    """Return the dataset of this name, or make an entry without data, so that the weights can be browsed."""
    with suppress(NotFound):
        return dataset_rows.get_dataset(connection, about["dataset"]).id
    return dataset_rows.insert_dataset(
        connection,
        {
            "name": about["dataset"],
            "folder": "",
            "sha256": "",
            "rows": 0,
            "bytes": 0,
            "task": about["task"],
            "source": "known from copied versions only; its records are not here",
            "licence": "",
            "spec": {},
            "description": _description(about["task"], preprocessing),
        },
    )


def _description(task: str, preprocessing: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a version knows of its dataset, in the form in which `data.ingestion` describes one."""
    known = Preprocessing.from_json(preprocessing) if preprocessing else None
    return {
        "rows": 0,
        "dropped": 0,
        "task": task,
        "target": "its target",
        "numeric": [column.name for column in known.numeric] if known else [],
        "categorical": [column.name for column in known.categorical] if known else [],
        "levels": [list(column.levels) for column in known.categorical] if known else [],
        "inputs": known.inputs if known else [],
        "classes": list(known.classes) if known else [],
        "balance": {},
        "columns": [],
        "target_statistics": None,
        "split": {"train": 0, "validation": 0, "test": 0},
        "image_shape": None,
        "first_columns": [],
        "first_rows": [],
    }


def _info(workspace: Workspace, key: VersionKey, entry: Mapping[str, Any]) -> TensorInfo:
    tensor = TensorKey(*key, entry["name"], entry["dtype"], tuple(entry["shape"]), entry["sha256"])
    array = workspace.store.read_proven(tensor)
    statistics = tensor_statistics(array).to_json()
    name = workspace.store.table_name(tensor)
    return TensorInfo(tensor.tensor, tensor.shape, tensor.dtype, tensor.sha256, array.nbytes, name, statistics)
