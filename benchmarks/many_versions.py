"""Pages over very many tiny versions: the first look, which counts, and the next, which finds what was counted.

    python benchmarks/many_versions.py [--versions 771]

A home with a network 4-3 of so many versions is made through the services; then health, history and the list of
versions are asked for as a page and in the API, by four visitors at once. Printed are the seconds of the slowest of
them (in the API until nothing is uncounted), and those of the following request.
"""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from werkzeug.test import Client  # noqa: E402

from dashboard import create_app  # noqa: E402
from dashboard.services.datasets import add_bundled, get_dataset  # noqa: E402
from dashboard.services.networks import create_network  # noqa: E402
from dashboard.services.versions.saving import Draft, save_version  # noqa: E402
from dashboard.services.workspace import Workspace, open_workspace  # noqa: E402
from dashboard.settings import Settings  # noqa: E402

VISITORS = 4
ADDRESSES = (
    "/",
    "/networks/tiny",
    "/networks/tiny/history",
    "/networks/tiny/health",
    "/api/v1/networks/tiny/history",
    "/api/v1/networks/tiny/health",
)


def fill(workspace: Workspace, versions: int) -> None:
    """Save so many versions of a tiny network."""
    add_bundled(workspace, "iris")
    network = create_network(workspace, {"name": "tiny", "dataset": "iris", "layers": []})
    row, random = get_dataset(workspace, "iris"), np.random.default_rng(0)
    for number in range(versions):
        tensors = {name: random.normal(size=shape).astype(np.float32) for name, shape in network.spec.tensor_shapes}
        metrics = {"val_accuracy": float(random.random()), "val_loss": 1.0 / (number + 1)}
        save_version(workspace, network, Draft(tensors, network.spec, row.id, {}, metrics, {}, number + 1))


def seconds(client: Client, address: str) -> float:
    """Return how long an address takes until it is answered in full; raises RuntimeError if it is not."""
    began = time.monotonic()
    while True:
        answer = client.get(address, headers={"Host": "127.0.0.1:8000"})
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answers {answer.status_code}")
        if not (answer.is_json and answer.json.get("uncounted")):
            return time.monotonic() - began


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--versions", type=int, default=771)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        workspace = open_workspace(Settings(home=home))
        began = time.monotonic()
        fill(workspace, given.versions)
        print(f"{given.versions} versions saved in {time.monotonic() - began:.1f} s")
        app = create_app(workspace=workspace)
        for address in ADDRESSES:
            clients = [app.test_client() for _ in range(VISITORS)]
            with ThreadPoolExecutor(VISITORS) as visitors:
                first = max(visitors.map(seconds, clients, [address] * VISITORS))
            again = seconds(app.test_client(), address)
            print(f"{address:32} {VISITORS} at once: {first:6.2f} s   again: {again:6.2f} s", flush=True)
        workspace.catalogue.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
