"""The diff of two versions compared with numpy doing the same arithmetic on arrays in memory; peak memory; the page.

    python benchmarks/compare.py [--sizes book,large] [--stores csv,mysql] [--rounds 5] [--strict]

Cold: nothing is decoded yet, so that both tables are read from the store and proven by their SHA-256. Warm: the decoded
arrays are mapped from the cache, and every number is computed. Known: the numbers themselves are kept in the process.
Numpy's numbers are asserted to be ours. Ours and numpy each run in a process of their own, whose peaks are printed:
of anonymous memory (what the system cannot take back) and of all, mapped files of the cache included. Ratios are of
processor time, medians of the rounds, as other programs share the machine; cold runs are given in wall-clock seconds.

MySQL: a throw-away MariaDB is started, or TEST_MYSQL_URL names a server. --strict ends with status 1 if a bar is
missed.
"""

import argparse
import contextlib
import http.client
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - after the number of BLAS threads is set

from benchmarks._summary import note  # noqa: E402 - after the path is set
from dashboard.services.compare.versions import DiffRequest, compare, load_versions  # noqa: E402
from dashboard.services.datasets import add_bundled, get_dataset  # noqa: E402
from dashboard.services.networks import create_network  # noqa: E402
from dashboard.services.versions.reading import get_detail  # noqa: E402
from dashboard.services.versions.saving import Draft, save_version  # noqa: E402
from dashboard.services.versions.tensors import array  # noqa: E402
from dashboard.services.workspace import open_workspace  # noqa: E402
from dashboard.settings import Settings, from_environment, to_environment  # noqa: E402
from tests.server import Server, free_port, run_sql  # noqa: E402

SIZES = {
    "book": {"layer_01.weight": (784, 200), "layer_02.weight": (200, 10)},
    "large": {"layer_01.weight": (5000, 5000)},
}
ASKED = DiffRequest("net:1", "net:2")
WARM_BAR, PAGE_BAR_MS, PAGES = 2.0, 150, 60
BINS, COARSE, SORTED_CELLS = 4096, 64, 1 << 20


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="book,large")
    parser.add_argument("--stores", default="csv,mysql")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--child", choices=sorted(CHILDREN), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(CHILDREN[options.child](from_environment(), options.rounds)))
        return
    missed = []
    for store in options.stores.split(","):
        with tempfile.TemporaryDirectory() as folder, STORES[store](Path(folder)) as address:
            for size in options.sizes.split(","):
                home = Path(folder) / size
                home.mkdir()
                missed += report(store, size, settings_of(home, address, size), options.rounds)
    print("\nEvery bar was met." if not missed else "\nBelow its bar: " + "; ".join(missed))
    sys.exit(bool(options.strict and missed))


def settings_of(home, address, size):
    store = address if address == "csv:" else f"{address}_{size}"
    return Settings(home=str(home), store=store, port=free_port())


def report(store, size, settings, rounds):
    """Print what one size costs in one store; return the bars that were missed."""
    fill(settings, SIZES[size])
    ours, numpys = (in_child(settings, name, rounds) for name in ("ours", "numpy"))
    for name, value in numpys["numbers"].items():
        assert np.isclose(ours["numbers"][name], value, rtol=1e-6), (name, ours["numbers"][name], value)
    ratio = ours["warm"] / numpys["warm"]
    weights = sum(int(np.prod(shape)) for shape in SIZES[size].values())
    print(f"\n{store}, {size}: {weights:,} weights, {rounds} rounds")
    print(f"  ours, cold from {store:6}       {ours['cold'] * 1000:9.1f} ms of the wall")
    note("compare", f"{store}, {size}: cold", "", ours["cold"] * 1000, "ms", less=True)
    note("compare", f"{store}, {size}: cold", "numpy in memory", ours["cold"] / numpys["warm"], less=True)
    print(f"  ours, warm from the cache    {ours['warm'] * 1000:9.1f} ms of processor time")
    print(f"  numpy, arrays in memory      {numpys['warm'] * 1000:9.1f} ms of processor time")
    print(f"  ours, numbers known          {ours['known'] * 1000:9.1f} ms of the wall")
    missed = verdict(f"{store}, {size}: ours warm / numpy", ratio, WARM_BAR, "×")
    for name, peaks in (("ours, cold", ours["peak_cold"]), ("ours, warm", ours["peak"]), ("numpy", numpys["peak"])):
        print(f"  peak memory, {name:12} {peaks[0]:6.0f} MB anonymous, {peaks[1]:6.0f} MB in all")
    if size == "book":
        times, processor = page_times(settings)
        p50, p95 = statistics.median(times), sorted(times)[int(len(times) * 0.95)]
        print(f"  the page, p50                {p50:9.1f} ms, of which the server's processor time {processor:.1f} ms")
        print(f"  load of the machine          {os.getloadavg()[0]:9.1f} programs on {os.cpu_count()} cores")
        missed += verdict(f"{store}, {size}: the page, p95", p95, PAGE_BAR_MS, "ms")
    return missed


def verdict(what, found, bar, unit):
    is_met = found <= bar
    note("compare", what, "numpy" if unit == "×" else "", found, unit, bar, less=True)
    print(f"  {found:9.2f} {unit}  {what.split(': ', 1)[1]} (bar {bar} {unit}{'' if is_met else ', MISSED'})")
    return [] if is_met else [f"{what} {found:.2f} {unit}"]


def fill(settings, shapes):
    """Save two versions, the second a step from the first."""
    workspace = open_workspace(settings)
    add_bundled(workspace, "iris")
    layers = [{"units": 4, "activation": "relu"}]
    network = create_network(workspace, {"name": "net", "dataset": "iris", "layers": layers})
    random = np.random.default_rng(1)
    tensors = {name: random.standard_normal(shape, np.float32) * np.float32(0.05) for name, shape in shapes.items()}
    for number in (1, 2):
        draft = Draft(tensors, network.spec, get_dataset(workspace, "iris").id, {}, {"loss": 1 / number}, {}, number)
        save_version(workspace, network, draft)
        for cells in tensors.values():
            np.add(cells, random.standard_normal(cells.shape, np.float32) * np.float32(0.005), out=cells)
    workspace.catalogue.close()
    workspace.store.close()


def in_child(settings, name, rounds):
    """Return what a process of its own has measured."""
    command = [sys.executable, __file__, "--child", name, "--rounds", str(rounds)]
    done = subprocess.run(command, env=os.environ | to_environment(settings), stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


class Peak(threading.Thread):
    """Watches the anonymous memory of this process, in MB."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak = 0.0

    def run(self):
        while True:
            status = Path("/proc/self/status").read_text()
            self.peak = max(self.peak, int(status.split("RssAnon:")[1].split()[0]) / 1000)
            time.sleep(0.002)

    def so_far(self):
        """Return (peak of anonymous memory, peak of all) in MB."""
        return self.peak, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def measure_ours(settings, rounds):
    workspace = open_workspace(settings, sweeping=False)
    workspace.decoded.clear()
    watch = Peak()
    watch.start()
    cold, _ = timed(lambda: compare(load_versions(workspace, ASKED)))
    peak_cold, watch.peak = watch.so_far(), 0.0
    warm = []
    for _ in range(rounds):
        workspace.results.clear()
        began = time.process_time()
        found = compare(load_versions(workspace, ASKED))
        warm.append(time.process_time() - began)
    known, _ = timed(lambda: compare(load_versions(workspace, ASKED)))
    numbers = found.tensors[0].numbers.to_json()
    del numbers["first_cell"], numbers["max_cell"], numbers["identical"]
    warm_peaks = {"peak_cold": peak_cold, "peak": watch.so_far()}
    return {"cold": cold, "warm": statistics.median(warm), "known": known, "numbers": numbers} | warm_peaks


def measure_numpy(settings, rounds):
    """Compute the same numbers with numpy over whole arrays, which are in memory before the clock starts."""
    workspace = open_workspace(settings, sweeping=False)
    details = [get_detail(workspace, "net", number) for number in (1, 2)]
    sides = [[np.array(array(workspace, detail.version, tensor)) for tensor in detail.tensors] for detail in details]
    watch = Peak()
    watch.start()
    times = []
    for _ in range(rounds):
        began = time.process_time()
        found = [numpy_difference(base, other) for base, other in zip(*sides, strict=True)]
        times.append(time.process_time() - began)
    return {"warm": statistics.median(times), "numbers": found[0], "peak": watch.so_far()}


def numpy_difference(base, other):
    """Return the numbers of a diff as a person at a notebook would compute them."""
    a, b = base.astype(np.float64).ravel(), other.astype(np.float64).ravel()
    d = b - a
    finite = np.isfinite(d)
    if not finite.all():
        a, b, d = a[finite], b[finite], d[finite]
    size = np.abs(d)
    place = int(size.argmax())
    norm_a, norm_b = np.linalg.norm(a), np.linalg.norm(b)
    ulps = np.abs(ordinals(base) - ordinals(other))
    edges = np.linspace(min(a.min(), b.min()), max(a.max(), b.max()), BINS + 1)
    counts = [np.histogram(side, BINS, (edges[0], edges[-1]))[0] for side in (a, b)]
    if a.size <= SORTED_CELLS:
        wasserstein = np.abs(np.sort(a) - np.sort(b)).mean()
    else:
        shares = [np.cumsum(count) / count.sum() for count in counts]
        wasserstein = np.abs(shares[0] - shares[1]).sum() * (edges[1] - edges[0])
    p, q = (count.reshape(COARSE, -1).sum(axis=1) + 0.5 for count in counts)
    p, q = p / p.sum(), q / q.sum()
    changed = int((base.view(np.uint32) != other.view(np.uint32)).sum())
    return {
        "changed": changed,
        "changed_share": changed / base.size,
        "max_abs": float(size[place]),
        "base_value": float(a[place]),
        "other_value": float(b[place]),
        "mean_abs": float(size.mean()),
        "rms": float(np.sqrt(np.square(d).mean())),
        "relative": float(np.linalg.norm(d) / norm_a),
        "cosine": float(a @ b / norm_a / norm_b),
        "correlation": float(np.corrcoef(a, b)[0, 1]),
        "sign_flips": int((((a > 0) & (b < 0)) | ((a < 0) & (b > 0))).sum()),
        "ulp_median": float(np.median(ulps)),
        "ulp_max": float(ulps.max()),
        "wasserstein": float(wasserstein),
        "kl": float((p * np.log(p / q)).sum()),
    }


def ordinals(values):
    bits = values.view(np.int32).ravel().astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def page_times(settings):
    """Return the milliseconds of each request for the page, and the server's own for one, as `make run` starts it."""
    server = subprocess.Popen(
        [sys.executable, str(ROOT / "app.py")], env=os.environ | to_environment(settings), stdout=subprocess.DEVNULL
    )
    try:
        connection = http.client.HTTPConnection("127.0.0.1", settings.port, timeout=60)
        while True:
            assert server.poll() is None, "the dashboard ended"
            try:
                connection.connect()
                break
            except OSError:
                time.sleep(0.1)
        fetch(connection)
        began = processor_time(server.pid)
        times = [fetch(connection) for _ in range(PAGES)]
        return times, (processor_time(server.pid) - began) / PAGES
    finally:
        server.terminate()
        server.wait()


def processor_time(pid):
    """Return the milliseconds of processor time that a process and those it has started have taken so far."""
    ticks, parents = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # a process that ended meanwhile
            fields = stat.read_text().rpartition(")")[2].split()
            parents[int(stat.parent.name)] = int(fields[1])
            ticks[int(stat.parent.name)] = int(fields[11]) + int(fields[12])
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(ticks[member] for member in family) * 1000 / os.sysconf("SC_CLK_TCK")


def fetch(connection):
    began = time.perf_counter()
    connection.request("GET", "/compare?base=net:1&other=net:2", headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
    return (time.perf_counter() - began) * 1000


def timed(action):
    """Return (seconds of the wall that an action takes, what it returns)."""
    began = time.perf_counter()
    found = action()
    return time.perf_counter() - began, found


@contextlib.contextmanager
def csv_address(_folder):
    yield "csv:"


@contextlib.contextmanager
def mysql_address(folder):
    url, server = os.environ.get("TEST_MYSQL_URL"), None
    if not url:
        (folder / "server").mkdir()
        server = Server(folder / "server")
        server.start()
        url = server.url
    name = f"bench_{uuid.uuid4().hex[:8]}"
    try:
        yield f"{url.rstrip('/')}/{name}"
        for size in SIZES:
            run_sql(url, f"DROP DATABASE IF EXISTS {name}_{size}")
    finally:
        if server:
            server.kill()


CHILDREN = {"ours": measure_ours, "numpy": measure_numpy}
STORES = {"csv": csv_address, "mysql": mysql_address}

if __name__ == "__main__":
    main()
