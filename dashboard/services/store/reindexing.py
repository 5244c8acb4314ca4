"""Reading what store and home hold, but the catalogue does not know, into it: after it was lost, or for copies."""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from dashboard.analysis.statistics import tensor_statistics
from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import transfers
from dashboard.catalogue import trash as trash_rows
from dashboard.catalogue import versions as version_rows
from dashboard.catalogue.rows import now
from dashboard.data.preprocessing import Preprocessing
from dashboard.errors import Conflict, NotAsSaved, NotFound, UserError
from dashboard.jobs.job import Progress
from dashboard.records.stored import unnumbered
from dashboard.records.tensor import TensorInfo, TensorKey
from dashboard.services.store.dataset_notes import reindex_datasets
from dashboard.services.store.manifest_check import checked_manifest, moment, require_objects
from dashboard.services.store.trash_notes import FILE as TRASH
from dashboard.services.store.trash_notes import Trashed, read_trash
from dashboard.services.workspace import Workspace
from dashboard.weights.table_store import VersionKey

log = logging.getLogger(__name__)

DRIFT_SECONDS = 10.0
OF_VERSION = (
    *("epoch", "spec", "preprocessing", "metrics", "evaluation", "origin", "push_key"),
    *("sha256", "changed", "changed_since"),
)
"""The parts of a version's row that are taken over from its manifest."""
UNKNOWN_END = "The catalogue was lost. What is known of this run comes from its versions; how it ended is not known."


@dataclass
class Reindexed:
    """What was added to the catalogue (references), what was skipped: (version, why), and which datasets were added."""

    added: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    datasets: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the result of a run."""
        skipped = [{"version": one, "reason": why} for one, why in self.skipped]
        return {"added": len(self.added), "skipped": skipped, "datasets": len(self.datasets)}


def unknown_versions(workspace: Workspace) -> list[VersionKey]:
    """Return the versions that the store holds and the catalogue does not know, not even in its trash."""
    with workspace.catalogue.reading() as connection:
        known = version_rows.known_keys(connection)
    return [key for key in workspace.store.versions() if key not in known]


class Drift(NamedTuple):
    """How many versions only the store has, and how many only the catalogue: one of them is older than the other.

    Those that the last reindex could not add are not in `only_stored`, but `skipped`, as its run (`run_id`) says.
    """

    only_stored: int
    only_listed: int
    skipped: int = 0
    run_id: int | None = None


def find_drift(workspace: Workspace) -> Drift:
    """Compare the catalogue with the store, at most every DRIFT_SECONDS; raises StoreError."""
    with workspace.catalogue.reading() as connection:
        run = run_rows.last_finished(connection, "reindex")
    run_id, known = run.id if run else None, workspace.results.get("drift")
    if known is not None and known[1].run_id == run_id and time.monotonic() - known[0] < DRIFT_SECONDS:
        drift: Drift = known[1]
        return drift
    only_stored, only_listed = _differences(workspace)
    if only_stored or only_listed:  # what is saved or deleted since a request began looks so, but not twice
        with workspace.catalogue.apart():
            again = _differences(workspace)
        only_stored, only_listed = only_stored & again[0], only_listed & again[1]
    names = {one["version"] for one in run.result.get("skipped", [])} if run else set()
    skipped = {key for key in only_stored if f"{key[0]}:{key[1]}" in names}
    drift = Drift(len(only_stored - skipped), len(only_listed), len(skipped), run_id)
    workspace.results.put("drift", (time.monotonic(), drift))
    return drift


def _differences(workspace: Workspace) -> tuple[set[VersionKey], set[VersionKey]]:
    """Return the versions that only the store has, and those that only the catalogue has."""
    with workspace.catalogue.reading() as connection:
        listed, ready = version_rows.known_keys(connection), version_rows.ready_keys(connection)
    stored = set(workspace.store.versions())
    return stored - listed, ready - stored


def log_drift(workspace: Workspace) -> None:
    """Write to the log, at the start, how many versions the catalogue does not know; raises StoreError."""
    drift = find_drift(workspace)
    if drift.only_stored:
        noun = "1 version is" if drift.only_stored == 1 else f"{drift.only_stored:,} versions are"
        log.warning("%s in the store, but not in the catalogue: reindex to see them.", noun)
    if drift.skipped:
        log.warning("Versions that the last reindex could not add: %s; run %s says why.", drift.skipped, drift.run_id)


def reindex_store(workspace: Workspace, report: Callable[[Progress], None] = lambda _: None) -> Reindexed:
    """Add every dataset of the home and every published version that the catalogue does not know, with its run.

    What is damaged is skipped, and named. What is in the trash stays there, also if the catalogue was lost.
    """
    done = Reindexed()
    done.datasets, done.skipped = reindex_datasets(workspace)
    reindexing = _Reindexing(workspace, read_trash(workspace.settings.home_folder / TRASH))
    wanted = _by_age(workspace, unknown_versions(workspace))
    for place, key in enumerate(wanted):
        name = f"{key[0]}:{key[1]}"
        note = f"reading {name}, version {place + 1:,} of {len(wanted):,}"
        report(Progress(place, len(wanted), note, done.to_json()))
        try:
            done.added.append(reindexing.add(key))
        except (UserError, NotAsSaved) as error:
            done.skipped.append((name, error.message))
    with workspace.catalogue.writing() as connection:
        transfers.link_parents(connection, reindexing.parents)
    workspace.results.put("drift", None)
    report(Progress(len(wanted), len(wanted), "", done.to_json()))
    return done


def _by_age(workspace: Workspace, keys: list[VersionKey]) -> list[VersionKey]:
    """Return the versions in the order in which they were saved, as far as their manifests say so, parents first."""
    saved = {}
    for key in keys:
        with suppress(UserError, NotAsSaved):  # said when it is read to be added
            saved[key] = moment(workspace.store.manifest(key).get("created"), "created")
    return sorted(keys, key=lambda key: (saved.get(key) or datetime.max, key))


@dataclass
class _Reindexing:
    """A reindexing: which versions and runs continue from which versions, to be tied once all are there."""

    workspace: Workspace
    trashed: Trashed
    parents: dict[tuple[str, int], VersionKey] = field(default_factory=dict)
    brought_back: set[str] = field(default_factory=set)  # slugs of networks that were in the trash of a lost catalogue

    def add(self, key: VersionKey) -> str:
        """Add one version and return its reference; raises NotAsSaved, or a UserError that says what is wrong."""
        stored = self.workspace.store.manifest(key)
        require_objects(stored)
        manifest = checked_manifest(key, unnumbered("manifest", stored))
        axes = manifest["units_axes"]
        infos = [_info(self.workspace, key, entry, axes.get(entry["name"])) for entry in stored["tensors"]]
        with self.workspace.catalogue.writing() as connection:
            network_id, dataset_id = self._network(connection, key[0], manifest)
            row = {name: manifest[name] for name in OF_VERSION} | {"dataset_id": dataset_id}
            row["bytes"] = sum(info.bytes for info in infos)
            row["run_id"] = self._run(connection, network_id, dataset_id, manifest)
            if manifest["created"] is not None:
                row["created"] = manifest["created"]
            version_id = version_rows.insert_known_version(connection, network_id, key[1], row)
            version_rows.finish_version(connection, version_id, infos)
            self._trash(connection, key, manifest["sha256"], version_id, network_id)
        if manifest["parent"] is not None:
            self.parents["version", version_id] = manifest["parent"]
        return f"{manifest['network']['name']}:{key[1]}"

    def _trash(self, connection: Any, key: VersionKey, sha256: str, version_id: int, network_id: int) -> None:  # noqa: ANN401 - a Connection
        """Put a version, or its network, where it was when the catalogue was lost."""
        when = self.trashed.when_version(key, sha256)
        if when is not None:
            trash_rows.trash_version(connection, version_id, when)
        if key[0] in self.trashed.networks:
            trash_rows.trash_network(connection, network_id, self.trashed.networks[key[0]])

    def _network(self, connection: Any, slug: str, manifest: Mapping[str, Any]) -> tuple[int, int | None]:  # noqa: ANN401 - a Connection
        """Return the ids of the network, which is added if it is unknown, and of its dataset, if it has one."""
        about = manifest["network"]
        if slug in self.trashed.networks:
            known = trash_rows.find_trashed_network(connection, slug)
            if known is None:
                self.brought_back.add(slug)
                return _insert_network(connection, slug, manifest)
            if slug in self.brought_back:
                return known
        if network_rows.is_in_trash(connection, slug):
            raise Conflict(f"Its network {about['name']!r} is in the trash. Restore it there first.", "name")
        with suppress(NotFound):
            network = network_rows.get_network(connection, about["name"])
            if network.slug != slug:
                name = about["name"]
                raise Conflict(
                    f"The folder {slug} holds versions of {name!r}, a name that another network has here.", "name"
                )
            if network.kind != about["kind"]:
                raise Conflict(f"It is of a {about['kind']} network, and {network.name!r} is {network.kind}.", "kind")
            dataset = dataset_rows.get_dataset(connection, network.dataset) if network.dataset else None
            return network.id, dataset.id if dataset is not None else None
        return _insert_network(connection, slug, manifest)

    def _run(
        self,
        connection: Any,  # noqa: ANN401 - a Connection
        network_id: int,
        dataset_id: int | None,
        manifest: Mapping[str, Any],
    ) -> int | None:
        """Return the id of the run that wrote a version, which is added, with its epochs, if it is unknown."""
        about = manifest["run"]
        if about is None:
            return None
        run_id = transfers.find_run(connection, network_id, about)
        if run_id is None:
            ties = {"network_id": network_id, "dataset_id": dataset_id, "parent_id": None}
            run_id = transfers.copy_run_row(connection, about["id"], ties, _run_values(manifest), about["epochs"])
        elif transfers.error_of_run(connection, run_id) == UNKNOWN_END:
            transfers.add_missing_epochs(connection, run_id, about["epochs"])
            transfers.set_run(connection, run_id, _how_far(manifest))
        if about["parent"] is not None:
            self.parents["run", run_id] = about["parent"]
        return run_id


def _run_values(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a run that is known from a version that it has written."""
    about = manifest["run"]
    wanted = ("kind", "attempt", "priority", "started_by", "total", "spec", "created", "started")
    result = {"path": about["path"]} if about["path"] else {}
    return {name: about[name] for name in wanted} | {"result": result} | _how_far(manifest)


def _how_far(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return how far a run has come, as far as one of its versions knows."""
    about = manifest["run"]
    done = max((epoch["epoch"] for epoch in about["epochs"]), default=manifest["epoch"])
    is_whole = done >= about["total"]
    end = {"state": "finished", "error": None} if is_whole else {"state": "interrupted", "error": UNKNOWN_END}
    return end | {"done": done, "heartbeat": manifest["created"], "ended": manifest["created"]}


def _insert_network(connection: Any, slug: str, manifest: Mapping[str, Any]) -> tuple[int, int | None]:  # noqa: ANN401 - a Connection
    about = manifest["network"]
    dataset_id = _dataset(connection, about, manifest["preprocessing"]) if about["dataset"] else None
    wanted = ("name", "kind", "purpose", "task", "fields", "spec")
    row = {name: about[name] for name in wanted} | {"dataset_id": dataset_id}
    row["created"] = about["created"] or manifest["created"] or now()
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
        "targets": known.several if known else [],
        "numeric": [column.name for column in known.numeric] if known else [],
        "categorical": [column.name for column in known.categorical] if known else [],
        "dates": [column.to_json() for column in known.dates] if known else [],
        "booleans": {column.name: list(column.words) for column in known.numeric if column.words} if known else {},
        "levels": [list(column.levels) for column in known.categorical] if known else [],
        "missing": "median" if known and known.indicators else "impute",
        "indicators": list(known.indicators) if known else [],
        "inputs": known.inputs if known else [],
        "classes": list(known.classes) if known else [],
        **({"groups": [list(one.classes) for one in known.groups]} if known and known.groups else {}),
        "balance": {},
        "columns": [],
        "ignored": [],
        "target_reason": "",
        "target_statistics": None,
        "target_columns": [],
        "split": {"train": 0, "validation": 0, "test": 0},
        "given": {},
        "image_shape": None,
        "first_columns": [],
        "first_rows": [],
    }


def _info(workspace: Workspace, key: VersionKey, entry: Mapping[str, Any], axis: int | None) -> TensorInfo:
    tensor = TensorKey(*key, entry["name"], entry["dtype"], tuple(entry["shape"]), entry["sha256"])
    array = workspace.store.read_proven(tensor)
    statistics = tensor_statistics(array).to_json()
    name = workspace.store.table_name(tensor)
    return TensorInfo(tensor.tensor, tensor.shape, tensor.dtype, tensor.sha256, array.nbytes, name, statistics, axis)
