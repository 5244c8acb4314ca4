"""A version on a table with everything that a column can be: numbers with gaps, yes and no, categories, dates."""

import io

import numpy as np

from dashboard.data.dataset import open_arrays
from dashboard.data.preprocessing import fit
from dashboard.services.datasets import create_dataset, receive_upload
from dashboard.services.networks import create_network
from dashboard.services.versions.saving import Draft, save_version

ROWS = 120
HEADER = "when,size,weight,member,colour,grade,label"


def table():
    """Return the table as CSV; weight has gaps, grade has the categories 7, 8 and 9."""
    rng = np.random.default_rng(4)
    lines = [HEADER]
    for row in range(ROWS):
        day = f"2024-{row % 12 + 1:02}-{row % 28 + 1:02}"
        weight = "" if row % 9 == 0 else f"{rng.uniform(40, 90):.2f}"
        member, colour = ("yes", "no")[row % 2], ("red", "green", "blue")[row % 3]
        label = ("low", "high", "=middle")[int(rng.integers(3))]
        lines.append(f"{day},{rng.normal():.3f},{weight},{member},{colour},{row % 3 + 7},{label}")
    return "\n".join(lines) + "\n"


def mixed_version(workspace, name="mixed", seed=1, activation="relu", output="softmax", **choices):
    """Save a version with random weights on the table and return its network; the last call's dataset is `name`."""
    upload = receive_upload(workspace, io.BytesIO(table().encode()), "table.csv")
    kinds = {"when": "date", "size": "numeric", "weight": "numeric", "member": "boolean", "colour": "categorical"}
    chosen = {"target": "label", "kinds": kinds | {"grade": "categorical"}, "name": name} | choices
    dataset = create_dataset(workspace, upload, chosen)
    loss = {} if output == "softmax" else {"loss": "squared_error"}
    definition = {"layers": [{"units": 6, "activation": activation}], "output": {"activation": output}}
    network = create_network(workspace, {"name": name, "dataset": dataset.name, "training": loss, **definition})
    arrays = open_arrays(workspace.datasets_folder / dataset.folder)
    preprocessing = fit(arrays, np.arange(ROWS), "standard")
    rng = np.random.default_rng(seed)
    tensors = {key: rng.normal(size=shape).astype(np.float32) for key, shape in network.spec.tensor_shapes}
    draft = Draft(tensors, network.spec, dataset.id, preprocessing=preprocessing.to_json(), metrics={}, evaluation={})
    save_version(workspace, network, draft)
    return network
