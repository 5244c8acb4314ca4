"""How each thing grows with the number of versions: save, list, open, window, sweep and start-up, on both stores.

A small network (16-8-3) is saved again and again; at 10, 100 and 1,000 versions each operation is timed (median of
REPEATS) and the growth from the first size to the last is printed as a ratio: 1.0 means that it costs the same.
MySQL: a throw-away MariaDB is started, or TEST_MYSQL_URL names a server. `--sizes 10,100` makes it shorter.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

from dashboard.services.datasets import add_bundled, get_dataset
from dashboard.services.networks import create_network, get_network, list_networks
from dashboard.services.versions.reading import get_detail, list_versions
from dashboard.services.versions.saving import Draft, save_version
from dashboard.services.versions.tensors import find_tensor, window
from dashboard.services.workspace import Workspace, open_workspace, sweep
from dashboard.settings import Settings
from tests.server import Server, run_sql

REPEATS = 7
NAME = "small"
LAYERS = [{"units": 16, "activation": "tanh"}, {"units": 8, "activation": "tanh"}]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10,100,1000")
    sizes = [int(size) for size in parser.parse_args().sizes.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        grow("csv", Settings(home=f"{folder}/csv"), sizes)
    url = os.environ.get("TEST_MYSQL_URL")
    with tempfile.TemporaryDirectory() as folder:
        server = None if url else start_server(Path(folder))
        try:
            address = f"{(url or server.url).rstrip('/')}/growth_{uuid.uuid4().hex[:8]}"
            grow("mysql", Settings(home=f"{folder}/home", store=address), sizes)
            run_sql(url or server.url, f"DROP DATABASE {address.rpartition('/')[2]}")
        finally:
            if server is not None:
                server.kill()


def start_server(folder: Path) -> Server:
    server = Server(folder)
    server.start()
    return server


def grow(kind: str, settings: Settings, sizes: list[int]) -> None:
    """Print one row for each operation: milliseconds at each size, and last ÷ first."""
    Path(settings.home).mkdir()
    workspace = open_workspace(settings)
    add_bundled(workspace, "iris")
    create_network(workspace, {"name": NAME, "dataset": "iris", "layers": LAYERS})
    random = np.random.default_rng(1)
    rows: dict[str, list[float]] = {}
    count = 0
    for size in sizes:
        while count < size:
            save(workspace, random)
            count += 1
        for name, operation in operations(workspace, settings, random, size).items():
            rows.setdefault(name, []).append(timed(operation) * 1000)
        count += REPEATS  # the saves that were timed
    print(
        f"\n{kind:10}"
        + "".join(f"{size:>12,d}" for size in sizes)
        + f"{'growth':>10}   milliseconds at so many versions"
    )
    for name, times in rows.items():
        print(f"{name:10}" + "".join(f"{value:12.2f}" for value in times) + f"{times[-1] / times[0]:10.2f}")
    workspace.catalogue.close()


def operations(workspace: Workspace, settings: Settings, random, size: int) -> dict[str, Callable[[], object]]:
    version, tensor = find_tensor(workspace, NAME, size // 2, "layer_01.weight")
    return {
        "save": lambda: save(workspace, random),
        "list": lambda: list_versions(workspace, NAME, limit=20),
        "networks": lambda: list_networks(workspace),
        "open": lambda: get_detail(workspace, NAME, size // 2),
        "window": lambda: window(workspace, version, tensor),
        "sweep": lambda: sweep(workspace),
        "start-up": lambda: start_up(settings),
    }


def save(workspace: Workspace, random) -> None:
    network = get_network(workspace, NAME)
    tensors = {name: random.normal(size=shape).astype(np.float32) for name, shape in network.spec.tensor_shapes}
    save_version(
        workspace, network, Draft(tensors, network.spec, get_dataset(workspace, "iris").id, {}, {"loss": 1.0}, {})
    )


def start_up(settings: Settings) -> None:
    open_workspace(settings).catalogue.close()


def timed(operation: Callable[[], object]) -> float:
    """Return the median of REPEATS timings in seconds."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        operation()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    main()
