"""Reading versions that are in the store, but not in the catalogue, back into it: for a folder copied elsewhere."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from dashboard.analysis.statistics import tensor_statistics
from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import versions as version_rows
from dashboard.data.preprocessing import Preprocessing
from dashboard.errors import Conflict, NewerForm, NotFound
from dashboard.records.stored import unnumbered
from dashboard.records.tensor import TensorInfo, TensorKey
from dashboard.services.workspace import Workspace
from dashboard.weights.table_store import VersionKey


def reindex_store(workspace: Workspace) -> list[str]:
    """Add every published version that the catalogue does not know; return their references.

    Raises NewerForm at the end if there are versions that a newer Weightbase saved in a form that we do not know.
    """
    added, refused = [], None
    for key, stored in workspace.store.manifests():
        try:
            manifest = unnumbered("manifest", stored)
        except NewerForm as error:
            refused = error
            continue
        if _reindex_version(workspace, key, manifest):
            added.append(f"{manifest['network']['name']}:{key[1]}")
    if refused is not None:
        raise refused
    return added


def _reindex_version(workspace: Workspace, key: VersionKey, manifest: Mapping[str, Any]) -> bool:
    with workspace.catalogue.reading() as connection:
        if version_rows.is_known(connection, *key):
            return False
    infos = [_info(workspace, key, entry) for entry in manifest["tensors"]]
    with workspace.catalogue.writing() as connection:
        network_id, dataset_id = _network(connection, key[0], manifest)
        wanted = ("epoch", "spec", "preprocessing", "metrics", "evaluation", "sha256", "bytes")
        row = {name: manifest[name] for name in wanted} | {"dataset_id": dataset_id, "changed": manifest.get("changed")}
        version_id = version_rows.insert_known_version(connection, network_id, key[1], row)
        version_rows.finish_version(connection, version_id, infos)
    return True


def _network(connection: Any, slug: str, manifest: Mapping[str, Any]) -> tuple[int, int]:  # noqa: ANN401 - a Connection
    about = manifest["network"]
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
    array = workspace.store.read(tensor)
    statistics = tensor_statistics(array).to_json()
    name = workspace.store.table_name(tensor)
    return TensorInfo(tensor.tensor, tensor.shape, tensor.dtype, tensor.sha256, array.nbytes, name, statistics)
