"""Networks of many small tensors with long names: saving them, and the pages that show them.

    python benchmarks/many_tensors.py [--tensors 2000] [--stores csv,mysql] [--repeats 5]

Each store saves a version of tensors of 16 × 8 float32 whose names have 361 characters, the same again (which links
all), and one with other values. A save is proven: read back, compared by SHA-256, published. The peers write the same
tensors and read them back: `numpy.savez` in one file, and pandas, `to_csv` or `to_sql`, a table for each tensor (100 of
them). Pages are answered within this process: the median of the repeats after the first. MySQL: a throw-away MariaDB is
started. Ends with status 1 if the network's page takes more than 300 ms.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
import warnings
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import mysql.connector  # noqa: F401 - before pandas, or its C extension cannot be loaded
import numpy as np
import pandas as pd
import sqlalchemy

from dashboard import create_app
from dashboard.services.versions.outside import create_foreign_network, save_outside
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.server import Server, connect

MOST_MS = 300.0
SAMPLE = 100
SHAPE = (16, 8)
NAME = "model/blocks/{:05d}/" + "x" * 335 + "/weight"
ADDRESSES = {
    "network": "/networks/many",
    "version": "/networks/many/versions/1",
    "last page of its tensors": "/networks/many/versions/1?offset={last}",
    "tensors filtered by name": "/networks/many/versions/1?search=00017",
    "a tensor": "/networks/many/versions/1/tensors/{tensor}",
    "history": "/networks/many/history",
    "compare, all changed": "/compare?base=many:1&other=many:3",
    "compare, none changed": "/compare?base=many:1&other=many:2",
    "store": "/store",
    "API: version": "/api/v1/networks/many/versions/1",
    "API: compare": "/api/v1/compare?base=many:1&other=many:3",
}


def timed(action):
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def arrays_of(tensors, seed):
    random = np.random.default_rng(seed)
    return {NAME.format(number): random.normal(size=SHAPE).astype(np.float32) for number in range(tensors)}


def savez(arrays, folder):
    path = folder / "peer.npz"
    with path.open("wb") as file:
        np.savez(file, **{str(number): array for number, array in enumerate(arrays.values())})
        os.fsync(file.fileno())
    with np.load(path) as file:
        for number, array in enumerate(arrays.values()):
            assert np.array_equal(file[str(number)], array)


def to_csv(arrays, folder):
    for number, array in enumerate(arrays):
        path = folder / f"{number}.csv"
        pd.DataFrame(array.astype(np.float64)).to_csv(path, index=False)
        assert np.array_equal(pd.read_csv(path, float_precision="round_trip").to_numpy(), array)


def to_sql(arrays, url):
    engine = sqlalchemy.create_engine(url.replace("mysql://", "mysql+mysqlconnector://"))
    for number, array in enumerate(arrays):
        pd.DataFrame(array.astype(np.float64)).to_sql(f"peer_{number}", engine, index=False)
        assert np.array_equal(pd.read_sql(f"SELECT * FROM peer_{number}", engine).to_numpy(), array)
    engine.dispose()


def saving(workspace, tensors, folder, url):
    """Save three versions and let the peers write the first; print seconds, and ours as a ratio of the peers'."""
    network = create_foreign_network(workspace, "many")
    first, other = arrays_of(tensors, 1), arrays_of(tensors, 2)

    def save(arrays):
        return timed(lambda: save_outside(workspace, network, arrays, origin={"how": "push"}))

    seconds = {"new": save(first), "the same again": save(first), "other values": save(other)}
    for what, taken in seconds.items():
        print(f"  save, {what:28} {taken:8.2f} s {taken / tensors * 1e3:8.2f} ms each")
    some = list(first.values())[:SAMPLE]
    table = (lambda: to_sql(some, url)) if url else (lambda: to_csv(some, folder))
    for peer, taken in {
        "numpy.savez, one file": timed(lambda: savez(first, folder)) / tensors,
        f"pandas.{'to_sql' if url else 'to_csv'}, a table each": timed(table) / len(some),
    }.items():
        print(f"  {peer:34} {taken * tensors:8.2f} s {taken * 1e3:8.2f} ms each  ours / it: ", end="")
        print(f"{seconds['new'] / tensors / taken:.1f} ×")


def pages(workspace, tensors, repeats):
    """Fetch every page a few times and print milliseconds; return whether the network's page is quick enough."""
    client, ok = create_app(workspace=workspace).test_client(), True
    place = {"tensor": quote(NAME.format(17), safe=""), "last": (tensors - 1) // 100 * 100}
    for what, address in ADDRESSES.items():
        answers, to = [], address.format(**place)

        def fetch(to=to, answers=answers):
            answers.append(client.get(to, headers={"Host": "127.0.0.1:8000"}, follow_redirects=True))

        first, *others = (timed(fetch) * 1e3 for _ in range(repeats + 1))
        assert answers[-1].status_code == 200, (address, answers[-1].status)
        median = statistics.median(others)
        print(f"  {what:34} {median:8.0f} ms (first {first:6.0f} ms) {len(answers[-1].data) / 1e3:8.0f} kB")
        ok &= what != "network" or median <= MOST_MS
    return ok


def of_store(store, options):
    with ExitStack() as stack:
        home, folder = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        url = ""
        if store == "mysql":
            server = Server(Path(stack.enter_context(tempfile.TemporaryDirectory())))
            server.start()
            stack.callback(server.kill)
            connect(server.url).cmd_query("CREATE DATABASE many")
            url = f"{server.url}many"
        workspace = open_workspace(Settings(home=str(home), store=url or "csv:"))
        stack.callback(workspace.store.close)
        stack.callback(workspace.catalogue.close)
        print(f"{store}: {options.tensors:,} tensors of {SHAPE[0]} × {SHAPE[1]}")
        saving(workspace, options.tensors, folder, url)
        return pages(workspace, options.tensors, options.repeats)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tensors", type=int, default=2000)
    parser.add_argument("--stores", default="csv,mysql")
    parser.add_argument("--repeats", type=int, default=5)
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore", "The 'float_precision' argument")  # older releases of pandas need it to be exact
    met = [of_store(store, chosen) for store in chosen.stores.split(",")]
    sys.exit(0 if all(met) else 1)
