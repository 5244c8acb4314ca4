"""The recipes of CONTRIBUTING.md: their files exist, and what they add needs no other file."""

import ast
import re
import subprocess
import sys

import pytest

from dashboard.formats.registry import READERS
from tests.rules.source import FILES, ROOT, name_of, nodes_of

pytestmark = pytest.mark.slow

TEXT = (ROOT / "CONTRIBUTING.md").read_text().partition("## Recipes")[2].partition("\n## ")[0]
RECIPES = {part.partition("\n")[0]: part for part in re.split(r"^### ", TEXT, flags=re.MULTILINE)[1:]}
NEEDED = {
    *("An activation", "An optimizer", "A metric", "A statistic of tensors"),
    *("A page", "A kind of run", "An import format", "An import format of weights", "A store"),
    "An export format of weights",
}
NAMED_ONLY_THERE = {
    "An activation": ("softplus", "gelu", "elu"),
    "An optimizer": ("nesterov", "rmsprop", "exponential", "lecun_normal"),
    "A metric": ("rmse", "mae", "r2", "roc_auc", "log_loss", "top_2"),
    "A kind of run": ("verify",),
}
"""Names that are in the registries today, and that pages and defaults have no other reason to name."""


def files_of(recipe):
    """Return the paths that a recipe names; <noun> stands for any package."""
    return re.findall(r"`((?:dashboard|templates|tests)/[^`]*)`", RECIPES[recipe])


def test_there_is_a_recipe_for_whatever_is_often_added():
    assert set(RECIPES) == NEEDED


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_files_of_a_recipe_exist(recipe):
    assert len(files_of(recipe)) > 1
    assert [path for path in files_of(recipe) if not list(ROOT.glob(path.replace("<noun>", "*")))] == []


@pytest.mark.parametrize("recipe", NAMED_ONLY_THERE)
def test_what_a_recipe_adds_is_named_in_no_other_file(recipe):
    names = set(NAMED_ONLY_THERE[recipe])
    naming = {
        name_of(path)
        for path in FILES
        for node in nodes_of(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names
    }
    assert naming
    assert naming <= set(files_of(recipe))


def test_a_format_of_weights_is_one_module_one_line_and_a_row_of_the_docs():
    modules = {path.stem for path in (ROOT / "dashboard/formats/readers").glob("[!_]*.py")}
    listed = re.findall(r"^    (\w+)\.READER,$", (ROOT / "dashboard/formats/registry.py").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(modules)
    rows = (ROOT / "docs/formats.md").read_text()
    assert len({reader.name for reader in READERS}) == len(READERS)
    assert [reader.name for reader in READERS if f"| {reader.words} |" not in rows] == []


ADDED = """
import sys
import numpy as np
from dashboard.records import training

training.ACTIVATIONS["half_relu"] = "half a ReLU"
training.OPTIMIZERS["half_sgd"] = "half of SGD"

from dashboard.engine.activations import ACTIVATIONS, Activation, relu_backward
from dashboard.engine.optimizers import OPTIMIZERS

def half_relu(values, scratch):
    np.maximum(values * 0.5, scratch, out=values)

ACTIVATIONS["half_relu"] = Activation(half_relu, relu_backward, low=0.0, is_rectifier=True, cuts_off=True)
OPTIMIZERS["half_sgd"] = OPTIMIZERS["sgd"]

from dashboard import create_app
from dashboard.jobs.trainer import train
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.services.runs.journal import CatalogueJournal
from dashboard.records.run_kinds import TRAININGS
from dashboard.services.datasets import add_bundled
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings

workspace = open_workspace(Settings(home=sys.argv[1]))
with coordinator_lock(workspace.settings.home_folder):
    add_bundled(workspace, "iris")
    client = create_app(workspace=workspace).test_client()
    form = client.get("/networks/new").text
    assert "half a ReLU" in form and "half of SGD" in form
    assert "half a ReLU" in client.get("/searches/new").text
    layers = [{"units": 3, "activation": "half_relu"}]
    body = {"name": "small", "dataset": "iris", "layers": layers, "training": {"optimizer": "half_sgd", "epochs": 1}}
    assert client.post("/api/v1/networks", json=body).status_code == 201
    assert client.post("/api/v1/networks/small/runs", json={}).status_code == 202
    journal = CatalogueJournal(workspace)
    job = journal.claim([TRAININGS])
    train(job, lambda kind, payload: kind == "version" and journal.version(job, payload), lambda: None)
    assert "half_relu" in client.get("/networks/small").text
    assert client.get("/networks/small/versions/1").status_code == 200
    assert client.get("/networks/small/health?tensor=layer_01.weight").status_code == 200
    assert client.get("/api/v1/networks/small/health?tensor=layer_01.weight").status_code == 200
"""


def test_an_activation_and_an_optimizer_that_are_added_as_the_recipes_say_work_everywhere(tmp_path):
    command = [sys.executable, "-c", ADDED, str(tmp_path)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
