"""The lines of docs/engine.md that keep a reader's script as a version, run as they are printed."""

import re
from pathlib import Path

import numpy as np

from dashboard.engine.book import neuralNetwork
from dashboard.services.datasets import add_bundled, get_dataset
from dashboard.services.networks import create_network, get_network
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.saving import Draft, save_version
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings

PAGE = Path(__file__).parents[3] / "docs" / "engine.md"
LAYERS = {
    "layers": [{"units": 20, "activation": "sigmoid", "bias": False}],
    "output": {"activation": "sigmoid", "bias": False},
    "training": {"loss": "squared_error", "optimizer": "sgd", "batch_size": 1, "scaling": "book", "dtype": "float64"},
}


def test_the_documented_lines_keep_wih_and_who_and_bring_them_back_identical(tmp_path):
    (lines,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(lines.strip().splitlines()) == 3
    workspace = open_workspace(Settings(home=str(tmp_path)))
    add_bundled(workspace, "digits")
    create_network(workspace, {"name": "book", "dataset": "digits", **LAYERS})
    n = neuralNetwork(64, 20, 10, 0.1)
    n.train(np.linspace(0.01, 1.0, 64), np.eye(10)[3] * 0.98 + 0.01)
    wih, who = n.wih.copy(), n.who.copy()
    services = (save_version, Draft, get_network, get_dataset, read_tensors, get_version)
    names = {"workspace": workspace, "n": n} | {service.__name__: service for service in services}
    for line in lines.strip().splitlines():
        if line.startswith("n.network.load"):
            n.wih, n.who = np.zeros_like(wih), np.zeros_like(who)
        exec(line, names)
    workspace.catalogue.close()
    assert n.wih.tobytes() == wih.tobytes()
    assert n.who.tobytes() == who.tobytes()
