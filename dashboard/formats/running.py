"""Runs an exported file that computes by itself, in a process of its own, and takes what it answers."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dashboard.formats.types import Array, pieces_of
from dashboard.formats.writing import LENGTH_BYTES, run_with

PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from dashboard.formats.running_process import main; main()"

SEVERAL = ", "
"""What stands between the classes of several targets of a record."""


class RawRecords(NamedTuple):
    """Records as a file has them.

    `numbers` (records, columns) is float64 with NaN where missing; `words` has the texts for 0 and 1 of columns of yes
    and no, by name. `categories` are texts, empty where missing, a list for each record.
    """

    number_names: list[str]
    words: dict[str, list[str]]
    numbers: Array
    category_names: list[str]
    categories: list[list[str]]


class Answers(NamedTuple):
    """What a file answered: its outputs (records, outputs), the class of each record, and its tensors' SHA-256.

    `labels` is None of a regression, `sha256` empty where the file's tensors are read otherwise. With a `problem`, in a
    sentence, the records could not be put through it.
    """

    outputs: Array
    labels: list[str] | None
    sha256: dict[str, str]
    problem: str


def run_file(kind: str, path: Path, records: RawRecords, dtypes: dict[str, str], folder: Path) -> Answers:
    """Run a file of a kind (script or onnx) on records; `dtypes` are the types of its tensors, `folder` is for answers.

    Raises WeightbaseError if it fails.
    """
    job = {"kind": kind, "path": str(path.absolute()), "output": str(folder.absolute()), "parent": os.getpid()}
    run_with(PROGRAM, json.dumps(job), _stream(records, dtypes))
    result = json.loads((folder / "answers.json").read_bytes())
    outputs = np.fromfile(folder / "outputs.bin", result["dtype"]).reshape(result["shape"])
    return Answers(outputs, result["labels"], result["sha256"], result["problem"])


def _stream(records: RawRecords, dtypes: dict[str, str]) -> Iterator[bytes | memoryview]:
    about: dict[str, Any] = records._asdict() | {"numbers": list(records.numbers.shape), "dtypes": dtypes}
    text = json.dumps(about).encode()
    yield len(text).to_bytes(LENGTH_BYTES, "little") + text
    yield from pieces_of(records.numbers)
