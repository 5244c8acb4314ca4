"""The first-run demo: a small network on the bundled digits, so that every page has something to show."""

from contextlib import suppress

from dashboard.errors import Conflict
from dashboard.records.run import Run
from dashboard.services.datasets import add_bundled
from dashboard.services.networks import create_network
from dashboard.services.runs.runs import start_run
from dashboard.services.workspace import Workspace

DEMO_NAME = "demo-digits"
DEMO_VERSIONS = 6


def start_demo(workspace: Workspace) -> Run:
    """Add the digits, define the demo network if it is not there yet, and queue a run of six versions."""
    add_bundled(workspace, "digits")
    with suppress(Conflict):  # it is there already: the person wants to train it again
        create_network(workspace, demo_definition())
    return start_run(workspace, DEMO_NAME, {}, started_by="demo")


def demo_definition() -> dict[str, object]:
    """Return the demo network as a person would define it."""
    return {
        "name": DEMO_NAME,
        "purpose": "Reads handwritten digits of 8 × 8 pixels: a first network to explore.",
        "dataset": "digits",
        "fields": {"made by": "the demo button"},
        "layers": [{"units": 32, "activation": "relu"}],
        "output": {"activation": "softmax"},
        "training": {
            "loss": "cross_entropy",
            "optimizer": "adam",
            "learning_rate": 0.003,
            "batch_size": 32,
            "epochs": DEMO_VERSIONS,
            "seed": 7,
            "initializer": "he_normal",
            "scaling": "minmax",
            "save": "every",
        },
    }
