"""Putting a version's weights to work on other data: measuring it on any dataset with the same columns."""

from typing import Any

import numpy as np

from dashboard.data.dataset import open_arrays
from dashboard.data.preprocessing import Preprocessing, encode, errors_in_own_unit
from dashboard.engine.metrics import evaluate
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.errors import Conflict
from dashboard.services.datasets import get_dataset, require_records
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.workspace import Workspace


def evaluate_version(workspace: Workspace, network_name: str, number: int, dataset_name: str) -> dict[str, Any]:
    """Measure a version on every record of a dataset, with the version's own preprocessing.

    Raises NotFound, Conflict without the dataset's records or the version's preprocessing, or Invalid when its columns
    are not the version's.
    """
    version = get_version(workspace, network_name, number)
    dataset = get_dataset(workspace, dataset_name)
    require_records(workspace, dataset)
    if not version.preprocessing:
        message = f"{version.reference} has no preprocessing: it is not a version that was trained on a dataset."
        raise Conflict(f"{message} Measure a version that has metrics.", "version")
    preprocessing = Preprocessing.from_json(version.preprocessing)
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    encoded = encode(arrays, preprocessing, np.dtype(version.spec.training.dtype))
    network = Network(version.spec)
    network.load(read_tensors(workspace, version))
    samples = Samples(
        encoded.inputs, encoded.targets, encoded.scale, encoded.offset, preprocessing.low, preprocessing.high
    )
    return errors_in_own_unit(evaluate(network, samples, preprocessing.task), preprocessing)
