"""Trials: what is stored of one when it has ended, and how it becomes a network with versions.

A trial's weights are not stored, only its numbers and the SHA-256 of its weights: a training is a function of its spec
and its data, so training the same spec again gives the same bits, and the checksum proves it.
"""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import searches as search_rows
from dashboard.engine.network import Network as Engine
from dashboard.engine.paths import NUMPY
from dashboard.errors import Conflict, NotFound
from dashboard.parsing import name_with_end
from dashboard.records.network import Network, NetworkSpec
from dashboard.records.run import Run
from dashboard.records.search import Search, Trial
from dashboard.records.tensor import TensorKey
from dashboard.services.networks import create_network, get_network
from dashboard.services.runs.runs import start_run
from dashboard.services.workspace import Workspace
from dashboard.weights.checksums import tensor_sha256, version_sha256

REPEATS = 20
UNFIT = {
    "failed": "failed, and a network of it would fail as well: its run says why.",
    "running": "has not ended yet: wait for its end.",
}


def report_of_trial(run: Run, report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored of a trial's last report: the epoch, its metrics, and the checksum of its weights.

    Metrics of the test part are stored only for trials that confirm a winner: they must influence no other choice.
    These have no checksum: trained as a stack (`jobs.together`) they agree with the same spec alone within rounding.
    """
    metrics = report["metrics"]
    if run.request.get("confirms") is not None:
        return {"epoch": report["epoch"], "metrics": dict(metrics)}
    metrics = {name: value for name, value in metrics.items() if not name.startswith("test_")}
    arrays = {name: np.asarray(array) for name, array in report["tensors"].items()}
    keys = (TensorKey("", 0, name, a.dtype.name, a.shape, tensor_sha256(a)) for name, a in arrays.items())
    return {"epoch": report["epoch"], "metrics": metrics, "sha256": version_sha256(keys)}


def get_trial(workspace: Workspace, search_id: int, number: int) -> tuple[Search, Trial, Run]:
    """Return a search, one of its trials, and that trial's run; raises NotFound."""
    with workspace.catalogue.reading() as connection:
        search = search_rows.get_search(connection, search_id)
        trial = search_rows.get_trial(connection, search_id, number)
        return search, trial, run_rows.get_run(connection, trial.run_id)


def promote(workspace: Workspace, search_id: int, number: int, name: str = "") -> tuple[Network, Run]:
    """Make a network of a trial's candidate and start its training.

    Of a candidate that was trained to its end this ends with the very weights that the trial had. One that was stopped
    is trained on to its end, and one that was trained in a stack (`jobs.together`) agrees with it within rounding.
    Raises NotFound, Invalid for a name that cannot be one, or Conflict if it is taken, or if the trial failed or runs.
    """
    search, trial, run = get_trial(workspace, search_id, number)
    if trial.state in UNFIT:
        raise Conflict(f"Trial {number} {UNFIT[trial.state]}", "trial")
    *hidden, output = (asdict(layer) for layer in run.spec.layers)
    for part in ("units", "dropout"):
        del output[part]
    definition = {
        "name": name or network_name(search, number),
        "purpose": f"Trial {number} of the search {search.name}.",
        "dataset": search.dataset,
        "fields": fields_of(search, number),
        "layers": hidden,
        "output": output,
        "training": asdict(run.spec.training),
    }
    network = create_network(workspace, definition)
    return network, start_run(workspace, network.name, {}, path=run.path or NUMPY)


def network_name(search: Search, number: int) -> str:
    """Return the name that a trial's network gets unless the person gives another."""
    return name_with_end(search.name, f"-{number}")


def fields_of(search: Search, number: int) -> dict[str, str]:
    """Return the free fields by which a network says that it was a trial of a search."""
    return {"search": search.name, "trial": str(number)}


def network_of(workspace: Workspace, search: Search, number: int) -> Network | None:
    """Return the network that was made of a trial under the name that we give, if there is one."""
    try:
        network = get_network(workspace, network_name(search, number))
    except NotFound:
        return None
    return network if network.fields == fields_of(search, number) else None


def prediction_seconds(spec: NetworkSpec) -> float:
    """Return how long a network of this spec takes to answer for one record: the quickest of some repeats."""
    network = Engine(spec)
    record = np.zeros((1, spec.inputs), dtype=network.dtype)
    quickest = float("inf")
    for _ in range(REPEATS):
        began = time.perf_counter()
        network.predict(record)
        quickest = min(quickest, time.perf_counter() - began)
    return quickest
