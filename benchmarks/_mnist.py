"""MNIST for the benchmarks: read from a folder, never downloaded, never part of the project."""

import gzip
import os
import sys
from pathlib import Path

import numpy as np

HELP = (
    "MNIST is not here. Put mnist_train.csv and mnist_test.csv (or .csv.gz: a header, then label and 784 pixels a "
    "row) into a folder and name it: MNIST_DIR=folder, or as the first argument."
)


def folder():
    """Return the folder that the first argument or MNIST_DIR names, or None."""
    named = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MNIST_DIR")
    return Path(named) if named else None


def load(part, rows=None):
    """Return (inputs (rows, 784) uint8, codes (rows,)) of 'train' or 'test', or None when it is not there."""
    where = folder()
    for name, opener in ((f"mnist_{part}.csv", open), (f"mnist_{part}.csv.gz", gzip.open)):
        if where is not None and (where / name).exists():
            with opener(where / name, "rt") as lines:
                table = np.loadtxt(lines, np.uint8, delimiter=",", skiprows=1, max_rows=rows)
            return np.ascontiguousarray(table[:, 1:]), table[:, 0].astype(np.int64)
    return None


def look_alike(rows):
    """Return drawn data of MNIST's shape, four pixels of five empty: good for speed, not for accuracy."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (rows, 784)) * (rng.random((rows, 784)) < 0.2)
    return pixels.astype(np.uint8), rng.integers(0, 10, rows)
