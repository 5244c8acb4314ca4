"""Page by page: the server's p50 and p95 and the bytes on the wire, on a store of 200 networks × 5 versions.

Run `python benchmarks/pages.py [--networks 200]`. The store is made in a temporary folder (a few minutes the first
time; `--home FOLDER` keeps it for the next run). Requests are made one after the other over a kept connection, as
one person's browser makes them. For each kind of page: the target that the project has set itself, where it has.
"""

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402 - after the number of BLAS threads is set

from benchmarks._summary import note  # noqa: E402
from dashboard.errors import Conflict  # noqa: E402
from dashboard.services.datasets import (  # noqa: E402
    add_bundled,
    create_dataset,
    get_dataset,
    list_datasets,
    receive_upload,
)
from dashboard.services.networks import create_network, get_network  # noqa: E402
from dashboard.services.versions.reading import list_versions  # noqa: E402
from dashboard.services.versions.saving import Draft, save_version  # noqa: E402
from dashboard.services.workspace import Workspace, open_workspace  # noqa: E402
from dashboard.settings import Settings, to_environment  # noqa: E402

PORT = 8765
BIG = "mnist-book"
REPEATS = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=200)
    parser.add_argument("--versions", type=int, default=5)
    parser.add_argument("--home", default="")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        settings = Settings(home=given.home or temporary, port=PORT, max_upload_mb=256)
        fill(open_workspace(settings), given.networks, given.versions)
        server = subprocess.Popen([sys.executable, str(ROOT / "app.py")], env=os.environ | to_environment(settings))
        try:
            wait_until_healthy()
            measure()
        finally:
            server.terminate()
            server.wait()


def fill(workspace: Workspace, networks: int, versions: int) -> None:
    """Make the store: `networks` small networks on the digits, and one 784-200-10 as in the book."""
    add_bundled(workspace, "digits")
    random = np.random.default_rng(1)
    for number in range(1, networks + 1):
        name = f"network-{number:03d}"
        add_network(workspace, random, name, "digits", [{"units": 32, "activation": "relu"}], versions)
    rows = random.integers(0, 256, (200, 784))
    path = workspace.settings.home_folder / "pixels.csv"
    np.savetxt(path, np.column_stack([np.arange(200) % 10, rows]), fmt="%d", delimiter=",")
    if not any(dataset == "pixels" for dataset in known_datasets(workspace)):
        with open(path, "rb") as file:
            create_dataset(workspace, receive_upload(workspace, file, "pixels.csv"), {"name": "pixels", "target": "0"})
    add_network(workspace, random, BIG, "pixels", [{"units": 200, "activation": "sigmoid", "bias": False}], versions)


def known_datasets(workspace: Workspace) -> list[str]:
    return [dataset.name for dataset in list_datasets(workspace)]


def add_network(workspace: Workspace, random, name: str, dataset: str, layers: list, versions: int) -> None:
    output = {"activation": "sigmoid", "bias": False} if dataset == "pixels" else {"activation": "softmax"}
    loss = "squared_error" if dataset == "pixels" else "cross_entropy"
    data = {"name": name, "dataset": dataset, "layers": layers, "output": output, "training": {"loss": loss}}
    try:
        network = create_network(workspace, data)
    except Conflict:
        network = get_network(workspace, name)
    dataset_id = get_dataset(workspace, dataset).id
    for version in range(len(list_versions(workspace, name).items), versions):
        tensors = {
            tensor: random.normal(0, 0.05, shape).astype(np.float32) for tensor, shape in network.spec.tensor_shapes
        }
        metrics = {"loss": 1 / (version + 1), "val_loss": 1.1 / (version + 1), "val_accuracy": 0.8 + version / 50}
        draft = Draft(tensors, network.spec, dataset_id, {}, metrics, {}, epoch=version + 1)
        save_version(workspace, network, draft)


def wait_until_healthy() -> None:
    for _ in range(200):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=2)
            connection.request("GET", "/healthy")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The dashboard did not answer.")


def measure() -> None:
    compare = f"base={BIG}:1&other={BIG}:5"
    pages = [
        ("list of networks", "/", 50),
        ("list of datasets", "/datasets", None),
        ("dataset", "/datasets/digits", None),
        ("form: new network", "/networks/new", None),
        ("network", f"/networks/{BIG}", 50),
        ("version", f"/networks/{BIG}/versions/3", 50),
        ("tensor window, first", f"/networks/{BIG}/versions/3/tensors/layer_01.weight", 50),
        ("tensor window, last", f"/networks/{BIG}/versions/3/tensors/layer_01.weight?row=734&column=180", 50),
        ("compare 784-200-10", f"/compare?{compare}", 150),
        ("runs", "/runs", None),
        ("store", "/store", None),
        ("help", "/help", None),
        ("API: networks", "/api/v1/networks", 50),
        ("API: version", f"/api/v1/networks/{BIG}/versions/3", 50),
        ("API: tensor window", f"/api/v1/networks/{BIG}/versions/3/tensors/layer_01.weight.json?row=700", 50),
        ("API: compare", f"/api/v1/compare?{compare}", 150),
    ]
    print(f"{'page':24} {'status':>6} {'p50 ms':>8} {'p95 ms':>8} {'target':>7} {'bytes':>9}")
    late = []
    for name, path, target in pages:
        status, times, size = fetch(path)
        p50, p95 = statistics.median(times), sorted(times)[int(len(times) * 0.95)]
        note("pages", f"{name}, p95", "", p95, "ms", target, less=True)
        print(f"{name:24} {status:6d} {p50:8.1f} {p95:8.1f} {target or '':>7} {size:9,d}")
        if status != 200 or (target is not None and p95 > target):
            late.append(name)
    print("all targets met" if not late else f"missed: {', '.join(late)}")


def fetch(path: str) -> tuple[int, list[float], int]:
    """Return (status, milliseconds of each request, bytes of the compressed body); the first request is not counted."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    times = []
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        body = answer.read()
        times.append((time.perf_counter() - start) * 1000)
    return answer.status, times[1:], len(body)


if __name__ == "__main__":
    main()
