"""Reading an uploaded CSV: its speed next to pyarrow and pandas, and the peak of resident memory, each in a process.

`detect`, `preview` and `ingest` are what an upload does, one after the other; `pyarrow` and `pandas` read the same file
into memory once. Ends with status 1 if an upload held more than 300 MB, or if its preview, or its reading into arrays,
was slower than 0.7 of pyarrow.

    python benchmarks/upload.py [megabytes, by default 1000] [folder]
"""

import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks._summary import note

COLUMNS = 20
BLOCK_ROWS = 20_000
DIFFERENT_MEGABYTES = 50
MOST_MEGABYTES, LEAST_SPEED = 300, 0.7
ROUNDS, SMALL = 3, 200
"""A file of up to so many megabytes is read in three rounds, of which the quickest counts: machines are shared."""


def write(path, megabytes):
    """Write decimals, whole numbers, a category and a class; the rows of the first megabytes come again and again."""
    random = np.random.default_rng(1)
    names = [*(f"x{place}" for place in range(COLUMNS - 4)), "age", "count", "city", "label"]
    cities = np.array(["Oslo", "Rome", "Paris", "Lima"])
    blocks = []
    with path.open("w") as file:
        file.write(",".join(names) + "\n")
        while sum(map(len, blocks)) < min(megabytes, DIFFERENT_MEGABYTES) << 20:
            decimals = np.char.mod("%.4f", random.normal(size=(BLOCK_ROWS, COLUMNS - 4)))
            whole = random.integers(0, 100, size=(BLOCK_ROWS, 2)).astype(str)
            words = np.stack(
                [cities[random.integers(0, 4, BLOCK_ROWS)], np.char.mod("c%d", whole[:, 0].astype(int) % 3)]
            )
            blocks.append("\n".join(map(",".join, np.hstack([decimals, whole, words.T]).tolist())) + "\n")
            file.write(blocks[-1])
        for block in itertools.cycle(blocks):
            if file.tell() >= megabytes << 20:
                break
            file.write(block)


def ours(path, folder):
    import dashboard.arrow  # noqa: F401, PLC0415 - only what this process measures is imported, before the clock starts
    from dashboard.data.columns import preview  # noqa: PLC0415
    from dashboard.data.dataset import ingest, parse_spec  # noqa: PLC0415
    from dashboard.data.detection import detect  # noqa: PLC0415
    from dashboard.parsing import Fields  # noqa: PLC0415

    began = time.perf_counter()
    csv_format = detect(path).format
    detected = time.perf_counter()
    found = preview(path, csv_format)
    looked = time.perf_counter()
    ingest(path, parse_spec(Fields({"target": "label"}), found), folder)
    return {"detect": detected - began, "preview": looked - detected, "ingest": time.perf_counter() - looked}


def pyarrow(path, folder):
    from pyarrow import csv  # noqa: PLC0415

    began = time.perf_counter()
    csv.read_csv(path)
    return {"pyarrow": time.perf_counter() - began}


def pandas(path, folder):
    from pandas import read_csv  # noqa: PLC0415

    began = time.perf_counter()
    read_csv(path)
    return {"pandas": time.perf_counter() - began}


def alone(name, path):
    """Measure one reader in this process and print its seconds and its peak of memory."""
    with tempfile.TemporaryDirectory(dir=Path(path).parent) as folder:
        seconds = {"ours": ours, "pyarrow": pyarrow, "pandas": pandas}[name](Path(path), Path(folder))
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def main(megabytes, place):
    with tempfile.TemporaryDirectory(dir=place) as folder:
        path = Path(folder) / "table.csv"
        write(path, megabytes)
        size, seconds, memory = path.stat().st_size / 1e6, {}, {}
        for name in ("ours", "pyarrow", "pandas") * (ROUNDS if megabytes <= SMALL else 1):
            command = [sys.executable, __file__, "--alone", name, str(path)]
            own, peak = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
            memory[name] = max(peak, memory.get(name, 0))
            seconds |= {part: min(taken, seconds.get(part, taken)) for part, taken in own.items()}
    for name, taken in seconds.items():
        print(f"{name:8} {size / taken:7.0f} MB/s   {seconds['pyarrow'] / taken:5.2f} × pyarrow")
        if name in {"preview", "ingest"}:
            speed = seconds["pyarrow"] / taken
            note("upload", f"{name} of {megabytes} MB: speed", "pyarrow.csv", speed, goal=LEAST_SPEED)
    for name, peak in memory.items():
        print(f"{name:8} {peak:7.0f} MB resident at most, for a file of {size:,.0f} MB")
    is_quick = seconds["pyarrow"] >= LEAST_SPEED * max(seconds["preview"], seconds["ingest"])
    return 0 if memory["ours"] <= MOST_MEGABYTES and is_quick else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--alone"]:
        alone(*sys.argv[2:])
    else:
        sys.exit(main(int((sys.argv[1:2] or ["1000"])[0]), (sys.argv[2:3] or [None])[0]))
