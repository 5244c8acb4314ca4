"""A history of 20 versions of 784-200-10, cold and warm, compared with numpy on arrays in memory.

Run `python benchmarks/history.py [--large]`. *Cold*: the tables are read from CSV files, nothing is decoded or kept.
*Decoded*: the arrays are mapped, nothing is kept. *Warm*: what was counted is kept. With `--large` the same for one
tensor of 25 million weights in three versions, and the peak memory of counting all of it.

The parts are measured in CPU time, so that whatever else the machine does matters less; the pages in elapsed time.
"""

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402 - after the number of BLAS threads is set

from benchmarks._summary import note  # noqa: E402
from dashboard import create_app  # noqa: E402
from dashboard.services.cache.numbers import clear_numbers  # noqa: E402
from dashboard.services.datasets import add_bundled, get_dataset  # noqa: E402
from dashboard.services.history.health import get_health  # noqa: E402
from dashboard.services.history.parts import get_timeline  # noqa: E402
from dashboard.services.history.ridges import get_ridges  # noqa: E402
from dashboard.services.history.tensor import get_history, spectra_of  # noqa: E402
from dashboard.services.networks import create_network  # noqa: E402
from dashboard.services.versions.saving import Draft, save_version  # noqa: E402
from dashboard.services.workspace import Workspace, open_workspace  # noqa: E402
from dashboard.settings import Settings  # noqa: E402

NAME, TENSOR, BINS = "book", "layer_01.weight", 60
VERSIONS, REPEATS = 20, 5
PERCENTILES = (0, 0.5, 5, 25, 50, 75, 95, 99.5, 100)
LARGE, LARGE_VERSIONS = 5000, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--large-here", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.large_here:
        measure_large(given.large_here)
        return
    with tempfile.TemporaryDirectory() as home:
        workspace = open_workspace(Settings(home=home))
        arrays = fill(workspace, (784, 200), VERSIONS)
        print(f"{VERSIONS} versions of 784-200-10; CPU milliseconds, the median of {REPEATS}")
        print(
            f"{'what':34} {'cold':>8} {'decoded':>8} {'warm':>8} {'numpy':>8} {'decoded/numpy':>14} {'numpy/warm':>11}"
        )
        for what, ours, peer in parts(workspace, arrays):
            show(workspace, what, ours, peer)
        pages(workspace)
        workspace.catalogue.close()
    if given.large:
        large()


def fill(workspace: Workspace, shape: tuple[int, int], versions: int) -> list[np.ndarray]:
    """Save versions whose weights drift as trained ones do, and return their first tensors."""
    add_bundled(workspace, "digits")
    random = np.random.default_rng(1)
    network = create_network(
        workspace, {"name": NAME, "dataset": "digits", "layers": [{"units": shape[1], "activation": "relu"}]}
    )
    dataset, arrays = get_dataset(workspace, "digits").id, []
    weight = random.normal(size=shape).astype(np.float32) / np.float32(np.sqrt(shape[0]))
    rest = {"layer_01.bias": np.zeros(shape[1], np.float32)}
    rest |= {"layer_02.weight": random.normal(size=(shape[1], 10)).astype(np.float32)}
    for number in range(versions):
        weight = weight + (random.standard_normal(shape, np.float32) / np.float32(200 * (1 + number)))
        arrays.append(weight)
        metrics = {"loss": 1 / (number + 1), "val_accuracy": 0.8 + number / 200}
        save_version(workspace, network, Draft({TENSOR: weight, **rest}, network.spec, dataset, {}, metrics, {}))
    return arrays


def parts(workspace: Workspace, arrays: list[np.ndarray]) -> list[tuple[str, Callable, Callable]]:
    """Return (what, ours, numpy's)."""

    def ridges() -> None:
        get_ridges(workspace, get_history(workspace, NAME, TENSOR), False, BINS)

    def spectra() -> None:
        history = get_history(workspace, NAME, TENSOR)
        spectra_of(workspace, history.network, history.versions)

    return [
        ("change: percentiles, norms, bits", lambda: get_history(workspace, NAME, TENSOR), lambda: changes(arrays)),
        ("the same and its ridges", ridges, lambda: histograms(changes(arrays))),
        (
            "the same and the spectra",
            spectra,
            lambda: (changes(arrays), [np.linalg.svd(a, False, False) for a in arrays]),
        ),
        (
            "one weight's time-line",
            lambda: get_timeline(workspace, NAME, TENSOR, 300, 5),
            lambda: [a[300, 5] for a in arrays],
        ),
        (
            "one unit's time-line",
            lambda: get_timeline(workspace, NAME, TENSOR, unit=5),
            lambda: [np.linalg.norm(a[:, 5]) for a in arrays],
        ),
    ]


def changes(arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Do with numpy, in float64, what our numbers of a change say; return the changes."""
    found = []
    for before, after in itertools.pairwise(arrays):
        change = after.astype(np.float64) - before.astype(np.float64)
        np.percentile(change, PERCENTILES)
        np.percentile(np.abs(change), 99.5)
        change.mean(), change.std(), np.linalg.norm(change)
        np.count_nonzero(change == 0), np.isfinite(change).all()
        np.count_nonzero(after.view(np.uint32) != before.view(np.uint32))
        found.append(change)
    return found


def histograms(found: list[np.ndarray]) -> list[np.ndarray]:
    ends = np.array([np.percentile(change, (0.5, 99.5)) for change in found])
    return [np.histogram(change, BINS, (ends.min(), ends.max()))[0] for change in found]


def show(workspace: Workspace, what: str, ours: Callable, peer: Callable) -> None:
    cold = cpu_milliseconds(ours, 1, lambda: (workspace.decoded.clear(), clear_numbers(workspace)))
    decoded, numpy = [], []
    for _ in range(REPEATS):  # interleaved, so that a busy moment meets both
        decoded.append(cpu_milliseconds(ours, 1, lambda: clear_numbers(workspace)))
        numpy.append(cpu_milliseconds(peer, 1))
    warm, ours_ms, peer_ms = cpu_milliseconds(ours, REPEATS), statistics.median(decoded), statistics.median(numpy)
    if peer_ms >= 1:
        note("history", f"{what}, counted", "numpy", ours_ms / peer_ms, less=True)
    ratios = f"{ours_ms / peer_ms:14.2f} {peer_ms / warm:11.1f}" if peer_ms >= 1 else ""
    print(f"{what:34} {cold:8.1f} {ours_ms:8.1f} {warm:8.1f} {peer_ms:8.1f} {ratios}")


def cpu_milliseconds(act: Callable, repeats: int, before: Callable = lambda: None) -> float:
    return milliseconds(act, repeats, before, time.process_time)


def pages(workspace: Workspace) -> None:
    """Print the time of each page, cold and warm."""
    client = create_app(workspace=workspace).test_client()
    print(f"{'page':34} {'cold':>8} {'p50':>8} {'p95':>8} {'bytes':>9}")
    for path in ("history", "history?show=weights", f"history?tensor={TENSOR}&unit=5", "health"):
        address = f"/networks/{NAME}/{path}"
        cold = milliseconds(
            lambda a=address: client.get(a), 1, lambda: (workspace.decoded.clear(), clear_numbers(workspace))
        )
        times = sorted(milliseconds(lambda a=address: client.get(a), 1) for _ in range(40))
        size = len(client.get(address).data)
        print(f"{'/' + path:34} {cold:8.1f} {times[20]:8.1f} {times[37]:8.1f} {size:9,d}")


def milliseconds(
    act: Callable, repeats: int, before: Callable = lambda: None, clock: Callable = time.perf_counter
) -> float:
    times = []
    for _ in range(repeats):
        before()
        start = clock()
        act()
        times.append((clock() - start) * 1000)
    return statistics.median(times)


def large() -> None:
    """Save the large versions here and count in a process of its own, so that its peak memory is that of counting."""
    with tempfile.TemporaryDirectory() as home:
        workspace = open_workspace(Settings(home=home))
        fill(workspace, (LARGE, LARGE), LARGE_VERSIONS)
        workspace.catalogue.close()
        subprocess.run([sys.executable, __file__, "--large-here", home], check=True)


def measure_large(home: str) -> None:
    workspace = open_workspace(Settings(home=home), sweeping=False)
    cells = LARGE * LARGE
    print(f"{LARGE_VERSIONS} versions of {cells:,} weights; seconds")
    before = peak_memory()
    for what, act in (
        ("change, from CSV", lambda: get_history(workspace, NAME, TENSOR)),
        ("ridges, decoded", lambda: get_ridges(workspace, get_history(workspace, NAME, TENSOR), False, BINS)),
        ("one unit", lambda: get_timeline(workspace, NAME, TENSOR, unit=5)),
        ("health and spectra", lambda: get_health(workspace, NAME, TENSOR)),
        ("the whole again, warm", lambda: get_ridges(workspace, get_history(workspace, NAME, TENSOR), False, BINS)),
    ):
        print(f"{what:34} {milliseconds(act, 1) / 1000:8.2f}")
    print(f"peak memory {peak_memory():,.0f} MB ({before:,.0f} MB before); a tensor is {cells * 4 / 1e6:,.0f} MB")


def peak_memory() -> float:
    """Return the largest memory of this process's own so far in MB, mapped files among it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main()
