"""Versions saved from arrays that a test chose, of a network on the bundled iris set."""

import io

import numpy as np
from sqlalchemy import update

from dashboard.catalogue.tables import datasets
from dashboard.data.dataset import open_arrays
from dashboard.data.preprocessing import fit
from dashboard.services.datasets import add_bundled, create_dataset, get_dataset, receive_upload
from dashboard.services.networks import create_network
from dashboard.services.versions.saving import Draft, save_version


def new_network(workspace, name="small", layers=({"units": 3, "activation": "relu"},)):
    """Define a network with 4 inputs and 3 outputs."""
    add_bundled(workspace, "iris")
    return create_network(workspace, {"name": name, "dataset": "iris", "layers": list(layers)})


def iris_preprocessing(workspace):
    """What versions on the bundled iris carry of its columns and classes, unscaled."""
    description = get_dataset(workspace, "iris").description
    columns = [column["name"] for column in description["columns"] if column["name"] != "species"]
    return {
        "scaling": "none",
        "task": "classification",
        "numeric": [{"name": name, "scale": 1.0, "offset": 0.0, "fill": 0.0} for name in columns],
        "categorical": [],
        "classes": description["classes"],
        **{"low": 0.0, "high": 1.0, "target_scale": 1.0, "target_offset": 0.0},
    }


def zeros(network):
    """Return tensors of the network's shapes, all 0."""
    return {name: np.zeros(shape, dtype=np.float32) for name, shape in network.spec.tensor_shapes}


def version_of_a_table(workspace, text, choices):
    """Add a table of 30 rows as a dataset, and save a version of zeros of the network small on it."""
    upload = receive_upload(workspace, io.BytesIO(text.encode()), "table.csv")
    dataset = create_dataset(workspace, upload, choices)
    network = create_network(workspace, {"name": "small", "dataset": dataset.name, "layers": []})
    preprocessing = fit(open_arrays(workspace.datasets_folder / dataset.folder), np.arange(30), "none").to_json()
    draft = Draft(zeros(network), network.spec, dataset.id, preprocessing=preprocessing, metrics={}, evaluation={})
    return save_version(workspace, network, draft)


def without_records(workspace):
    """Leave nothing of iris but what its columns are, as in a home to which only versions were copied."""
    with workspace.catalogue.writing() as connection:
        connection.execute(update(datasets).values(folder=""))


def save(workspace, network, tensors, **about):
    """Save the tensors as a version and return its number."""
    given = {"preprocessing": {}, "metrics": {}, "evaluation": {}} | about
    draft = Draft(tensors, network.spec, get_dataset(workspace, "iris").id, **given)
    return save_version(workspace, network, draft)


def save_two(workspace):
    """Save two versions of a network on iris, of different random weights; return the network."""
    network = new_network(workspace)
    for seed in (1, 2):
        rng = np.random.default_rng(seed)
        tensors = {name: rng.normal(size=shape).astype(np.float32) for name, shape in network.spec.tensor_shapes}
        save(workspace, network, tensors, preprocessing=iris_preprocessing(workspace))
    return network
