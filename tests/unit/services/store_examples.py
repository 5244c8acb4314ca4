"""A store with all that a copy has to carry: two networks, runs with epochs, parents, odd tensors, a deletion."""

from datetime import datetime

import ml_dtypes
import numpy as np

from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import transfers
from dashboard.services.datasets import add_bundled, get_dataset
from dashboard.services.networks import create_network, get_network
from dashboard.services.versions.reading import delete_version, get_detail, get_version
from dashboard.services.versions.saving import Draft, save_version
from dashboard.services.versions.tensors import read_tensors

EPOCH = {"loss": 0.1, "accuracy": None, "val_loss": 1 / 3, "val_accuracy": 0.7, "seconds": 1.5, "learning_rate": 1e-3}
ODD = {
    "special.float32": np.array([[np.nan, np.inf], [-np.inf, -0.0], [1e-45, np.float32(0.1)]], np.float32),
    "float64": np.array([5e-324, 1.7976931348623157e308, 0.1, 1 / 3]),
    "a/b.bfloat16": np.array([[1.5, np.nan], [-0.0078125, 3.0]], ml_dtypes.bfloat16),
    "counts": np.array([[2**63 - 1, -(2**63)]], np.int64),
    "cube": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    "scalar": np.array(7, np.uint8),
}


def define(workspace, name="flowers", units=3):
    add_bundled(workspace, "iris")
    return create_network(
        workspace, {"name": name, "dataset": "iris", "layers": [{"units": units, "activation": "tanh"}]}
    )


def tensors_of(network, seed):
    """Return float32 tensors; the second layer's are the same for every seed."""
    random = np.random.default_rng(seed)
    fixed = np.random.default_rng(0)
    return {
        name: (random if name.startswith("layer_01") else fixed).normal(size=shape).astype(np.float32)
        for name, shape in network.spec.tensor_shapes
    }


def save(workspace, name="flowers", seed=1, tensors=None, run_id=None, parent=None):
    """Save a version and return its number."""
    network = get_network(workspace, name)
    parent_id = get_version(workspace, name, parent).id if parent else None
    dataset_id = get_dataset(workspace, "iris").id
    tensors = tensors_of(network, seed) if tensors is None else tensors
    draft = Draft(tensors, network.spec, dataset_id, {"low": 0.1}, {"loss": 1 / seed}, {"test": {"x": 1e-17}}, seed)
    return save_version(workspace, network, Draft(**vars(draft) | {"run_id": run_id, "parent_id": parent_id}))


def add_run(workspace, name="flowers", state="finished", epochs=2):
    """Add a run of a network as if it had been trained."""
    network = get_network(workspace, name)
    with workspace.catalogue.writing() as connection:
        dataset_id = get_dataset(workspace, "iris").id
        row = {"network_id": network.id, "dataset_id": dataset_id, "spec": network.spec.to_json(), "total": epochs}
        run_id = run_rows.insert_run(connection, row)
        run = run_rows.claim_next_run(connection)
        for epoch in range(1, epochs + 1):
            run_rows.append_epochs(
                connection, run_id, run.attempt, [EPOCH | {"epoch": epoch, "metrics": {"mae": 1e-5}}]
            )
        if state != "running":
            run_rows.end_run(connection, run_id, run.attempt, state, None)
    return run_id


def fill(workspace):
    """Make flowers with versions 1, 2, 4 (3 lies in the trash), 4 trained on from 2, and odds with one version."""
    define(workspace)
    define(workspace, "odds", units=5)
    first = add_run(workspace)
    add_run(workspace, state="failed", epochs=0)
    save(workspace, seed=1, run_id=first)
    save(workspace, seed=2, run_id=first)
    save(workspace, seed=3)
    save(workspace, "odds", seed=9, tensors=ODD)
    save(workspace, seed=4, parent=2, run_id=add_run(workspace, epochs=3))
    delete_version(workspace, "flowers", 3)


def contents(workspace):
    """Return everything that must be the same on both sides of a copy, as comparable values."""
    with workspace.catalogue.reading() as connection:
        marks = [mark for mark in transfers.version_marks(connection) if mark.state == "ready"]
        networks = [vars(network) | {"id": None} for network in transfers.all_networks(connection)]
        runs = [
            (dict(run.values), transfers.epoch_rows(connection, run.id)) for run in transfers.training_runs(connection)
        ]
    return {
        "networks": networks,
        "runs": runs,
        "versions": {mark.reference: _version(workspace, mark.network, mark.number) for mark in marks},
    }


def _version(workspace, name, number):
    detail = get_detail(workspace, name, number)
    bits = {name: (a.dtype, a.shape, a.tobytes()) for name, a in read_tensors(workspace, detail.version).items()}
    about = vars(detail.version) | {"id": None, "run_id": None}
    assert isinstance(about["created"], datetime)
    return about, detail.evaluation, bits, [(t.name, t.sha256, t.statistics) for t in detail.tensors]
