"""The book's network, trained on MNIST, on a dataset of 100 of its records; and 200 drawings as strokes.

tests/data/drawing/README.md says where they are from.
"""

import gzip
import io
import json
from pathlib import Path

import numpy as np

from dashboard.data.dataset import open_arrays
from dashboard.data.preprocessing import fit
from dashboard.services.datasets import create_dataset, receive_upload
from dashboard.services.networks import create_network
from dashboard.services.versions.saving import Draft, save_version

FOLDER = Path(__file__).parent.parent.parent / "data" / "drawing"
DEFINITION = {
    "name": "book",
    "dataset": "mnist-100",
    "layers": [{"units": 200, "activation": "sigmoid", "bias": False}],
    "output": {"activation": "sigmoid", "bias": False},
    "training": {"loss": "squared_error"},
}


def drawings():
    """Return (digit, strokes) of 200 drawings, the digits 0 to 9 again and again."""
    with gzip.open(FOLDER / "strokes.json.gz", "rt") as file:
        return [(str(one["digit"]), one["strokes"]) for one in json.load(file)]


def book_version(workspace):
    """Save the book's network as the version book:1."""
    with gzip.open(FOLDER / "mnist_100.csv.gz") as file:
        upload = receive_upload(workspace, io.BytesIO(file.read()), "mnist-100.csv", {"header": "no"})
    dataset = create_dataset(workspace, upload, {"name": "mnist-100", "target": "column_1", "image_shape": "28x28"})
    network = create_network(workspace, DEFINITION)
    preprocessing = fit(open_arrays(workspace.datasets_folder / dataset.folder), np.arange(100), "book")
    with np.load(FOLDER / "book.npz") as weights:
        tensors = {
            f"{layer}.weight": weights[layer].astype(np.float32) * weights[f"{layer}.scale"]
            for layer in ("layer_01", "layer_02")
        }
    draft = Draft(tensors, network.spec, dataset.id, preprocessing=preprocessing.to_json(), metrics={}, evaluation={})
    save_version(workspace, network, draft)
