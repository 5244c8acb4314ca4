"""Both stores compared with the alternatives: saving, loading, windows, identical versions.

Ours is the whole save, the proof included: written, synced, read back, compared by SHA-256, published. The peers only
write. Each round runs ours and the peers one after the other; medians of the rounds; ratios are peer's time / ours.
The peers are as exact as ours, and it is asserted: a float32 goes to CSV as the double that it equals, and with
--cells float comes from MySQL as CAST(... AS DOUBLE), because the text that a server makes of a FLOAT has six digits.

    python benchmarks/store.py [--sizes book,layer,large] [--rounds 5] [--stores csv,mysql] [--cells double] [--strict]

MySQL: a throw-away MariaDB is started, or TEST_MYSQL_URL names a server (LOAD DATA INFILE needs the server to read
files of this machine). --strict ends with status 1 if a bar is missed; on a busy machine that says little.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
import uuid
import warnings
from contextlib import closing
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import csv

import mysql.connector  # noqa: F401 - before pandas, or its C extension cannot be loaded and the peers are slow
import numpy as np
import pandas as pd
import sqlalchemy

from benchmarks._summary import note
from dashboard.records.tensor import TensorKey
from dashboard.weights.checksums import tensor_sha256
from dashboard.weights.csv_store import CsvStore
from dashboard.weights.mysql_cells import column_type
from dashboard.weights.mysql_store import MysqlStore
from dashboard.weights.table_text import header, piece_texts
from tests.server import Server, connect, run_sql

SIZES = {"book": [(784, 200), (200, 10)], "layer": [(4096, 1000)], "large": [(5000, 5000)]}
"""784-200-10 of the book; one large layer (the peers' tables cannot have more columns); 25 million weights."""

SLOW_PEERS = 5_000_000
"""Weights beyond which the slow peers are left out: they would take minutes."""

missed = []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="book,layer,large")
    parser.add_argument("--stores", default="csv,mysql")
    parser.add_argument("--dtypes", default="float32,float64")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cells", default="double", choices=["double", "float"])
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        benches = [BENCHES[name](Path(folder), options.cells) for name in options.stores.split(",")]
        for size in options.sizes.split(","):
            for dtype in options.dtypes.split(","):
                random = np.random.default_rng(1)
                arrays = [random.standard_normal(shape).astype(dtype) for shape in SIZES[size]]
                for bench in benches:
                    with closing(bench.case(arrays)) as case:
                        report(f"{bench.name}, {size}, {dtype}", case, arrays, 1 if size == "large" else options.rounds)
        for bench in benches:
            bench.close()
    print("\nEvery bar was met." if not missed else "\nBelow its bar: " + "; ".join(missed))
    sys.exit(bool(options.strict and missed))


def report(title, case, arrays, rounds):
    """Run the actions of a case in rounds and print times, weights a second, and the ratios with their bars."""
    weights = sum(array.size for array in arrays)
    print(f"\n{title}: {weights:,} weights, {rounds} rounds")
    actions = {name: action for name, action in case.actions.items() if weights <= SLOW_PEERS or name in case.quick}
    times = {name: [] for name in actions}
    for number in range(rounds):
        for name, action in actions.items():
            times[name].append(action(number))
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, seconds in medians.items():
        speed = "" if "window" in name else f"{weights / seconds / 1e6:8.2f} M weights/s"
        print(f"  {name:34} {seconds * 1000:9.1f} ms {speed}")
    for ours, peer, bar in case.bars(weights):
        if ours in medians and peer in medians:
            ratio = medians[peer] / medians[ours]
            stated = f"bar {bar} ×" if bar else "no bar at this size"
            verdict(f"{title}: {ours} / {peer}", f"{ratio:.2f} ×", ratio >= bar, stated)
            note("store", f"{title}: {ours}", peer, ratio, goal=bar or None)
    if sizes := [size for size in case.store.bytes_of(case.keys) if size]:
        size = sum(sizes)
        print(f"  {size / 1e6:7.1f} MB  in the store, {size / sum(array.nbytes for array in arrays):.2f} × the weights")
    for name, seconds in medians.items():
        if name.startswith("window"):
            verdict(f"{title}: {name}", f"{seconds * 1000:.1f} ms", seconds < 0.01, "bar 10 ms")


def verdict(what, found, is_met, bar):
    print(f"  {found:>10}  {what.split(': ', 1)[1]} ({bar}{'' if is_met else ', MISSED'})")
    if not is_met:
        missed.append(f"{what} {found}")


def timed(action):
    """Return the seconds that an action takes."""
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def keys_of(arrays, version):
    return [
        TensorKey("net", version, f"layer_{n:02d}.weight", a.dtype.name, a.shape, tensor_sha256(a))
        for n, a in enumerate(arrays, start=1)
    ]


class StoreCase:
    """What our store does in each round: save, save the same again, load, two windows."""

    def __init__(self, store, arrays):
        self.store, self.arrays, self.versions = store, arrays, 0
        self.keys = []
        self.actions = {
            "ours: save": self.save,
            "ours: save an identical version": self.save_again,
            "ours: load": self.load,
            "window 50 × 50, first row": lambda _: self.window(0),
            "window 50 × 50, last row": lambda _: self.window(arrays[0].shape[0] - 50),
        }
        self.quick = set(self.actions)

    def save(self, _round):
        for array in self.arrays:  # so that nothing is stored already
            array.flat[0] += 1
        return self.save_again(0)

    def save_again(self, _round):
        self.versions += 1
        self.keys = keys_of(self.arrays, self.versions)
        return timed(self.save_version)

    def save_version(self):
        version = ("net", self.versions)
        with self.store.saving(version):
            for key, array in zip(self.keys, self.arrays, strict=True):
                self.store.write(key, array)
            self.store.publish(version, self.keys, {})

    def load(self, _round):
        found = []
        seconds = timed(lambda: found.extend(self.store.read(key) for key in self.keys))
        assert all((one == two).all() for one, two in zip(found, self.arrays, strict=True))
        return seconds

    def window(self, top):
        columns = self.arrays[0].shape[1]
        return timed(lambda: self.store.window(self.keys[0], range(top, top + 50), range(columns - 50, columns)))

    def close(self):
        for number in range(1, self.versions + 1):
            self.store.delete(("net", number))


class CsvBench:
    """The CSV store against pandas, numpy and Python's csv module."""

    name = "CSV"

    def __init__(self, folder, _cells):
        self.folder = folder

    def case(self, arrays):
        return CsvCase(CsvStore(self.folder / "weights"), arrays, self.folder)

    def close(self):
        pass


class CsvCase(StoreCase):
    """The peers write and read one file a tensor, as exactly as ours."""

    def __init__(self, store, arrays, folder):
        super().__init__(store, arrays)
        self.paths = [folder / f"{number}.csv" for number in range(len(arrays))]
        self.actions |= {
            "pandas.to_csv": lambda _: timed(lambda: self.each(self.to_csv)),
            "pandas.read_csv, exact": lambda _: timed(lambda: self.each(self.read_csv)),
            "pandas.read_csv": lambda _: timed(lambda: self.each(self.read_csv_by_default)),
            "csv module: window, last row": lambda _: timed(self.scan),
            "numpy.savetxt": lambda _: timed(lambda: self.each(self.savetxt)),
            "numpy.loadtxt": lambda _: timed(lambda: self.each(self.loadtxt)),
        }

    def each(self, action):
        for path, array in zip(self.paths, self.arrays, strict=True):
            action(path, array)

    def to_csv(self, path, array):
        pd.DataFrame(array.astype(np.float64)).to_csv(path, index=False)

    def read_csv(self, path, array):
        with warnings.catch_warnings():  # pandas 3 says that it will go
            warnings.simplefilter("ignore", pd.errors.Pandas4Warning)
            read = pd.read_csv(path, float_precision="round_trip")
        assert (read.to_numpy().astype(array.dtype) == array).all()

    def read_csv_by_default(self, path, array):
        """Read with the parser that is right but for a last bit now and then."""
        assert pd.read_csv(path).shape == array.shape

    def savetxt(self, path, array):
        np.savetxt(path, array.astype(np.float64), fmt="%.17g", delimiter=",", header="c", comments="")

    def loadtxt(self, path, array):
        assert (np.loadtxt(path, delimiter=",", skiprows=1).astype(array.dtype) == array).all()

    def scan(self):
        with self.paths[0].open(newline="") as file:
            last = list(csv.reader(file))[-50:]
        return np.array([row[-50:] for row in last], np.float64)

    def bars(self, weights):
        is_large = weights >= 1_000_000
        return [
            ("ours: save", "pandas.to_csv", 12 if is_large else 0),
            ("ours: save", "numpy.savetxt", 0),
            ("ours: load", "pandas.read_csv, exact", 1),
            ("ours: load", "pandas.read_csv", 0),
            ("ours: load", "numpy.loadtxt", 0),
            ("window 50 × 50, last row", "csv module: window, last row", 50 if is_large else 0),
            ("ours: save an identical version", "ours: save", 50 if weights >= 20_000_000 else 0),
        ]


class MysqlBench:
    """The MySQL store against pandas, executemany, and the server's own LOAD DATA INFILE and SELECT INTO OUTFILE."""

    name = "MySQL"

    def __init__(self, folder, cells):
        self.folder, self.server, self.cells = folder, None, cells
        url = os.environ.get("TEST_MYSQL_URL")
        if not url:
            (folder / "server").mkdir()
            self.server = Server(folder / "server")
            self.server.start()
            url = self.server.url
        self.url = url.rstrip("/") + "/"

    def case(self, arrays):
        return MysqlCase(self.url, arrays, self.folder, self.cells)

    def close(self):
        if self.server:
            self.server.kill()


class MysqlCase(StoreCase):
    """The peers write one table a tensor, the row's number first, in the store's own column types."""

    def __init__(self, server, arrays, folder, cells):
        self.floats = cells.upper()
        self.server, self.database, self.folder = server, f"bench_{uuid.uuid4().hex[:8]}", folder
        run_sql(server, f"CREATE DATABASE {self.database}")
        super().__init__(MysqlStore(f"{server}{self.database}?cells={cells}"), arrays)
        public = f"{server}{self.database}_public?cells={cells}"
        self.public = StoreCase(MysqlStore(public, only_public=True), arrays)
        self.own = connect(server, self.database)
        address = server.replace("mysql://", "mysql+mysqlconnector://")
        self.engine = sqlalchemy.create_engine(address + self.database)
        self.actions |= {
            "ours by public interfaces: save": self.public.save,
            "ours by public interfaces: load": self.public.load,
            "LOAD DATA INFILE": lambda _: self.on_new_tables(self.load_file),
            "SELECT INTO OUTFILE": lambda _: timed(lambda: self.each(self.outfile)),
            "executemany": lambda _: self.on_new_tables(self.executemany),
            "fetchall": lambda _: timed(lambda: self.each(self.fetchall)),
            "pandas.to_sql": lambda _: self.on_new_tables(self.to_sql),
            "pandas.read_sql": lambda _: timed(lambda: self.each(self.read_sql)),
        }
        self.quick |= {"LOAD DATA INFILE", "SELECT INTO OUTFILE"}

    def each(self, action):
        for number, array in enumerate(self.arrays):
            action(f"peer_{number}", array)

    def on_new_tables(self, action):
        for number, array in enumerate(self.arrays):
            kind = column_type(array.dtype.name, self.floats)
            cells = "".join(f", c{column} {kind} NOT NULL" for column in range(min(array.shape[1], 1000)))
            self.run(f"DROP TABLE IF EXISTS peer_{number}")
            self.run(f"CREATE TABLE peer_{number} (r INT UNSIGNED NOT NULL PRIMARY KEY{cells})")
            self.write_text(number, array)
        return timed(lambda: self.each(action))

    def write_text(self, number, array):
        """Write the file for LOAD DATA before the clock runs: a wide one in parts of 1,000 columns."""
        for part, left in enumerate(range(0, array.shape[1], 1000)):
            block = np.ascontiguousarray(array[:, left : left + 1000], np.float64)
            numbered = np.column_stack([np.arange(len(block), dtype=np.float64), block])
            text = b"".join(header(block.shape[1])) + b"".join(piece_texts(numbered))
            (self.folder / f"peer_{number}_{part}.csv").write_bytes(text)

    def load_file(self, table, array):
        for part, _ in enumerate(range(0, array.shape[1], 1000)):
            target = table if part == 0 else f"{table}_{part}"
            if part:
                self.run(f"DROP TABLE IF EXISTS {target}")
                self.run(f"CREATE TABLE {target} LIKE {table}")
            path = self.folder / f"{table}_{part}.csv"
            self.run(f"LOAD DATA INFILE '{path}' INTO TABLE {target} FIELDS TERMINATED BY ',' IGNORE 1 LINES")

    def outfile(self, table, array):
        for part, _ in enumerate(range(0, array.shape[1], 1000)):
            path = self.folder / f"out_{uuid.uuid4().hex}.csv"
            self.run(
                f"SELECT * INTO OUTFILE '{path}' FIELDS TERMINATED BY ',' FROM {table}{f'_{part}' if part else ''}"
            )
            path.unlink()

    def executemany(self, table, array):
        marks = ", ".join(["%s"] * (array.shape[1] + 1))
        cursor = self.own.cursor()
        rows = [(number, *row) for number, row in enumerate(array.tolist())]
        for start in range(0, len(rows), 500):
            cursor.executemany(f"INSERT INTO {table} VALUES ({marks})", rows[start : start + 500])
        cursor.close()

    def exact_select(self, table, array):
        if column_type(array.dtype.name, self.floats) == "DOUBLE":
            return f"SELECT * FROM {table} ORDER BY r"
        cells = ", ".join(f"CAST(c{column} AS DOUBLE) AS c{column}" for column in range(array.shape[1]))
        return f"SELECT r, {cells} FROM {table} ORDER BY r"

    def fetchall(self, table, array):
        cursor = self.own.cursor()
        cursor.execute(self.exact_select(table, array))
        assert (np.array(cursor.fetchall())[:, 1:].astype(array.dtype) == array).all()
        cursor.close()

    def to_sql(self, table, array):
        frame = pd.DataFrame(array, columns=[f"c{column}" for column in range(array.shape[1])])
        frame.to_sql(table, self.engine, index_label="r", if_exists="append", chunksize=500)

    def read_sql(self, table, array):
        found = pd.read_sql(self.exact_select(table, array), self.engine, index_col="r")
        assert (found.to_numpy().astype(array.dtype) == array).all()

    def run(self, statement):
        cursor = self.own.cursor()
        cursor.execute(statement)
        cursor.close()

    def bars(self, weights):
        is_large = weights >= 1_000_000
        return [
            ("ours: save", "pandas.to_sql", 5 if is_large else 3),
            ("ours: save", "executemany", 0),
            ("ours: save", "LOAD DATA INFILE", 0.75 if is_large else 0),
            ("ours by public interfaces: save", "pandas.to_sql", 2.5),
            ("ours: load", "pandas.read_sql", 18 if is_large else 0),
            ("ours: load", "fetchall", 0),
            ("ours: load", "SELECT INTO OUTFILE", 0),
            ("ours by public interfaces: load", "pandas.read_sql", 7 if is_large else 0),
            ("ours: save an identical version", "ours: save", 50 if is_large else 0),
        ]

    def close(self):
        self.own.close()
        self.engine.dispose()
        for store in (self.store, self.public.store):
            store.close()
        for database in (self.database, self.database + "_public"):
            run_sql(self.server, f"DROP DATABASE IF EXISTS {database}")


BENCHES = {"csv": CsvBench, "mysql": MysqlBench}

if __name__ == "__main__":
    main()
