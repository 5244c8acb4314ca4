"""Many processes at one store and catalogue: writers save (and now and then delete) versions, readers prove them.

`python -m tests.processes.together HOME STORE write|read SECONDS SEED` is one of them; `run_together` starts all.
"""

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from dashboard.errors import NotFound, TensorMissing
from dashboard.services.datasets import add_bundled, get_dataset
from dashboard.services.networks import create_network, get_network
from dashboard.services.versions.reading import delete_version, get_detail, list_versions
from dashboard.services.versions.saving import Draft, save_version
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from dashboard.weights.checksums import tensor_sha256

ROOT = Path(__file__).parent.parent.parent
NAME = "shared"
LAYERS = [{"units": 64, "activation": "tanh"}, {"units": 32, "activation": "tanh"}]
DELETED = 7
"""Every so many versions a writer deletes one of its own."""


def write(workspace, until, seed):
    """Save versions until then; return the numbers that were given out and those that were deleted again."""
    network, generator = get_network(workspace, NAME), np.random.default_rng(seed)
    dataset = get_dataset(workspace, "iris").id
    saved, deleted = [], []
    while time.monotonic() < until:
        tensors: dict[str, Any] = {
            name: generator.standard_normal(shape).astype(np.float32) for name, shape in network.spec.tensor_shapes
        }
        tensors["layer_02.weight"] = np.full((64, 32), len(saved) % 3, np.float32)  # shared with the other writers
        saved.append(save_version(workspace, network, Draft(tensors, network.spec, dataset, {}, {"loss": 1.0}, {})))
        if len(saved) % DELETED == 0:
            delete_version(workspace, NAME, saved[-2])
            deleted.append(saved[-2])
    return {"saved": saved, "deleted": deleted}


def read(workspace, until, seed):
    """Read tensors of listed versions until then; return how many were read and how many were wrong."""
    generator = random.Random(seed)
    found = wrong = 0
    while time.monotonic() < until:
        versions = list_versions(workspace, NAME, limit=20).items
        if not versions:
            time.sleep(0.01)
            continue
        number = generator.choice(versions).number
        try:
            detail = get_detail(workspace, NAME, number)
            info = generator.choice(detail.tensors)
            key = info.key(detail.version.slug, number)
            array = workspace.store.read(key)
            last = workspace.store.window(key, range(key.rows - 1, key.rows), range(key.columns))
        except (NotFound, TensorMissing):
            continue  # a writer has deleted it at this moment
        found += 1
        wrong += tensor_sha256(array) != key.sha256
        wrong += bool((last != array.reshape(key.rows, key.columns)[-1:]).any())
    return {"read": found, "wrong": wrong}


def run_together(home, store, writers=8, readers=8, seconds=60.0):
    """Run them all for so many seconds; return totals. `lost` counts acknowledged versions that are not listed."""
    workspace = open_workspace(Settings(home=str(home), store=store))
    add_bundled(workspace, "iris")
    create_network(workspace, {"name": NAME, "dataset": "iris", "layers": LAYERS})
    kinds = ["write"] * writers + ["read"] * readers
    processes = [start(home, store, kind, seconds, seed) for seed, kind in enumerate(kinds)]
    ended = [(process.communicate(), process.returncode) for process in processes]
    errors = [said[1][-2000:] for said, status in ended if status]
    reports = [json.loads(said[0]) for said, status in ended if not status]
    saved = [number for report in reports for number in report.get("saved", [])]
    deleted = {number for report in reports for number in report.get("deleted", [])}
    listed = {version.number for version in list_versions(workspace, NAME, limit=10**6).items}
    workspace.catalogue.close()
    workspace.store.close()
    return {
        "errors": errors,
        "saved": len(saved),
        "numbers given twice": len(saved) - len(set(saved)),
        "lost": len(set(saved) - deleted - listed),
        "read": sum(report.get("read", 0) for report in reports),
        "wrong": sum(report.get("wrong", 0) for report in reports),
    }


def start(home, store, kind, seconds, seed):
    """Start one process."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.processes.together", str(home), store, kind, str(seconds), str(seed)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


if __name__ == "__main__":
    opened = open_workspace(Settings(home=sys.argv[1], store=sys.argv[2]), sweeping=False)
    action = {"write": write, "read": read}[sys.argv[3]]
    print(json.dumps(action(opened, time.monotonic() + float(sys.argv[4]), int(sys.argv[5]))))
