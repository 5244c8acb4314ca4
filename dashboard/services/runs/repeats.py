"""Several trainings of one network as a run: starting it, and what the newest of them have shown."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import networks as network_rows
from dashboard.catalogue import runs as run_rows
from dashboard.data.dataset import Arrays, open_arrays
from dashboard.data.folds import Folds, make_folds, split_keys
from dashboard.data.specification import DatasetSpec
from dashboard.errors import Invalid, NotFound
from dashboard.jobs.starting import ensure_coordinator
from dashboard.parsing import Fields
from dashboard.records.dataset import Dataset
from dashboard.records.network import Network
from dashboard.records.repeats import REPEAT_SETTINGS, RepeatedScore, repeated_score
from dashboard.records.run import PRIORITIES, STARTED_BY_LENGTH, Run
from dashboard.records.training import TRAINING_SETTINGS
from dashboard.services.cache.memory import ResultCache
from dashboard.services.datasets import get_dataset
from dashboard.services.runs.runs import get_run, read_training, trainable
from dashboard.services.workspace import Workspace

NO_PARENT = (
    "Each training begins with new weights: a version has learnt from records that a fold holds out. Leave it empty."
)
NO_TEST = "The dataset has no test part to measure on. Cross-validate in folds instead."
SIZES = ResultCache(1_000)
"""Folder of a dataset -> the sizes of its parts: the description of a wide dataset takes milliseconds to read."""


def start_repeats(workspace: Workspace, network_name: str, data: Mapping[str, Any], started_by: str = "") -> Run:
    """Queue several trainings of a network: `data` has `folds` or `seeds`, how many, and training settings.

    Raises NotFound, Conflict without the dataset's records, or Invalid with a message for each wrong field.
    """
    network, dataset = trainable(workspace, network_name)
    fields = Fields(data)
    fields.known({*TRAINING_SETTINGS, *REPEAT_SETTINGS, "parent", "priority"})
    kind, count = _kind(fields)
    if fields.data.get("parent"):
        fields.refuse("parent", NO_PARENT)
    training = read_training(fields, network, dataset)
    priority = fields.integer("priority", 0, PRIORITIES[0], PRIORITIES[-1])
    fields.done()
    require_parts(workspace, dataset, kind, count)
    row = {
        "kind": kind,
        "network_id": network.id,
        "dataset_id": dataset.id,
        "spec": replace(network.spec, training=training).to_json(),
        "request": {"count": count},
        "total": count * training.epochs,
        "priority": priority,
        "started_by": started_by[:STARTED_BY_LENGTH],
    }
    with workspace.catalogue.writing() as connection:
        network_rows.get_network(connection, network_name)  # raises NotFound if it was put into the trash meanwhile
        run_id = run_rows.insert_run(connection, row)
    ensure_coordinator(workspace.settings)
    return get_run(workspace, run_id).run


def _kind(fields: Fields) -> tuple[str, int]:
    """Return what repeats, folds or seeds, and how often; notes if it is not exactly one of them."""
    counts = {name: setting.kind.read(fields, name, 0) for name, setting in REPEAT_SETTINGS.items()}
    chosen = [name for name in REPEAT_SETTINGS if fields.data.get(name) not in (None, "")]
    if len(chosen) != 1:
        fields.refuse("folds", "Give either folds or seeds, such as 5.")
        return "folds", 0
    return chosen[0], counts[chosen[0]]


def require_parts(workspace: Workspace, dataset: Dataset, kind: str, count: int) -> None:
    """Raise Invalid if a dataset cannot be divided so."""
    if kind == "folds":
        folds_of(workspace, dataset, open_arrays(workspace.datasets_folder / dataset.folder), count)
    elif not dataset.description["split"]["test"]:
        raise Invalid({"seeds": NO_TEST})


def folds_of(workspace: Workspace, dataset: Dataset, arrays: Arrays, count: int) -> Folds:
    """Return the folds of a dataset by the method of its split; raises Invalid if it has too few records or groups."""
    spec, split = DatasetSpec.from_json(dataset.spec), dataset.description["split"]
    keys = split_keys(workspace.datasets_folder / dataset.folder, spec, len(arrays.target), workspace.uploads_folder)
    given = dataset.description.get("given", {})
    own = split["validation"] - given.get("validation", 0)
    return make_folds(arrays, spec.split, keys, count, spec.seed, own / (split["train"] + own), given)


def latest_scores(workspace: Workspace, networks: Collection[Network]) -> dict[str, list[RepeatedScore]]:
    """Return what the newest repeated trainings of each network have shown, folds first, by the network's name."""
    return _by_network(_latest(workspace, networks))


def named_scores(workspace: Workspace, names: Collection[str]) -> dict[str, list[RepeatedScore]]:
    """Return what `latest_scores` does of the networks of some names."""
    with workspace.catalogue.reading() as connection:
        return _by_network(run_rows.last_repeats(connection, network_rows.ids_of(connection, names)))


def _by_network(runs: Collection[Run]) -> dict[str, list[RepeatedScore]]:
    scores: dict[str, list[RepeatedScore]] = {}
    for run in sorted(runs, key=lambda run: run.kind):
        if (score := repeated_score(run)) is not None:
            scores.setdefault(run.network, []).append(score)
    return scores


def latest_runs(workspace: Workspace, network: Network) -> dict[str, Run | None]:
    """Return the newest finished run of each kind that trains a network several times; None where there is none."""
    runs = {run.kind: run for run in _latest(workspace, [network])}
    return {kind: runs.get(kind) for kind in REPEAT_SETTINGS}


def _latest(workspace: Workspace, networks: Collection[Network]) -> list[Run]:
    with workspace.catalogue.reading() as connection:
        return run_rows.last_repeats(connection, [network.id for network in networks])


def sizes_by_dataset(workspace: Workspace, names: Collection[str]) -> dict[str, dict[str, int]]:
    """Return the sizes of the parts, as `part_sizes` does, of several datasets by their names."""
    with workspace.catalogue.reading() as connection:
        folders = dataset_rows.folders_of(connection, names)
    return {name: _sizes_in(workspace, name, folder) for name, folder in folders.items()}


def _sizes_in(workspace: Workspace, name: str, folder: str) -> dict[str, int]:
    """Return the sizes of a dataset's parts, which are those of its folder, named by contents and choices."""
    sizes: dict[str, int] | None = SIZES.get(folder) if folder else None
    if sizes is None:
        sizes = part_sizes(workspace, name)
        SIZES.put(folder, sizes)
    return sizes


def part_sizes(workspace: Workspace, dataset_name: str) -> dict[str, int]:
    """Return how many records each part of a dataset has: training, validation, test; empty where that is not known."""
    try:
        split = get_dataset(workspace, dataset_name).description.get("split", {})
    except NotFound:  # deleted at this moment
        return {}
    return {"training": split.get("train", 0)} | {name: split.get(name, 0) for name in ("validation", "test")}
