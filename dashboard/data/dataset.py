"""A dataset's choices and arrays: the CSV is read once into typed arrays, which trainings then only map."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dashboard.data.date_columns import DateColumn
from dashboard.data.ingestion import ingest, input_names
from dashboard.data.specification import DatasetSpec, parse_spec
from dashboard.data.splitting import PARTS_FILE, Split, split, split_of_codes
from dashboard.errors import StoreUnavailable
from dashboard.files import ONE_HEADER
from dashboard.records.stored import unnumbered

__all__ = ["Array", "Arrays", "DatasetSpec", "ingest", "input_names", "open_arrays", "parse_spec"]

Array = np.ndarray[Any, Any]


class Arrays(NamedTuple):
    """A dataset's arrays, read-only and memory-mapped, and what their columns are.

    `inputs` is (rows, numeric columns), uint8, int16 or float64 with NaN where missing; `categories` (rows,
    categorical columns), int32 codes into `levels`, −1 where missing; `target` (rows,), int32 codes into `classes` or
    float64, or (rows, targets) of several `targets`, in the order of their names. Where these are classes, `groups`
    has the classes of each, into which its codes point, and `classes` all of them as target=class. `gaps` names the
    columns in which something is missing, `indicators` those whose gaps are an input of their own, and `missing`
    says how gaps are filled in (median or impute: mean). `parts` (rows,) has the part of each row, 0 to 2, where
    the split is not at random. `booleans` are the numeric columns of yes and no, each with its words for 0 and 1,
    empty where it has none; `dates` are the columns whose parts are numeric ones.
    """

    inputs: Array
    categories: Array
    target: Array
    numeric: list[str]
    categorical: list[str]
    levels: list[list[str]]
    classes: list[str]
    task: str
    image_shape: tuple[int, ...] | None
    gaps: frozenset[str]
    indicators: tuple[str, ...] = ()
    missing: str = "impute"
    parts: Array | None = None
    booleans: Mapping[str, Sequence[str]] = {}  # never changed
    dates: tuple[DateColumn, ...] = ()
    targets: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()


def open_arrays(folder: Path) -> Arrays:
    """Return a dataset's arrays without reading them, from the folder of `ingest` and its ``description.json``.

    Raises StoreUnavailable if the folder is not there, as where a database was restored with an empty home.
    """
    try:
        text = (folder / "description.json").read_text()
    except FileNotFoundError as error:
        raise StoreUnavailable(
            f"The dataset's records are missing: there is no {folder}. Bring back the folder `datasets` of the home."
        ) from error
    about = unnumbered("description", json.loads(text))
    shape = about["image_shape"]
    return Arrays(
        inputs=_opened(folder / "inputs.npy"),
        categories=_opened(folder / "categories.npy"),
        target=_opened(folder / "target.npy"),
        numeric=about["numeric"],
        categorical=about["categorical"],
        levels=about["levels"],
        classes=about["classes"],
        task=about["task"],
        image_shape=tuple(shape) if shape else None,
        gaps=frozenset(column["name"] for column in about["columns"] if column["missing"]),
        indicators=tuple(about.get("indicators", ())),
        missing=about.get("missing", "impute"),
        parts=_opened(folder / PARTS_FILE) if (folder / PARTS_FILE).exists() else None,
        booleans=about.get("booleans", {}),
        dates=tuple(map(DateColumn.from_json, about.get("dates", ()))),
        targets=tuple(about.get("targets", ())),
        groups=tuple(tuple(one) for one in about.get("groups", ())),
    )


def split_of(arrays: Arrays, spec: Mapping[str, Any]) -> Split:
    """Return the parts of a dataset's rows; `spec` has validation, test and seed of a split at random."""
    if arrays.parts is not None:
        return split_of_codes(np.asarray(arrays.parts))
    return split(np.asarray(arrays.target), spec["validation"], spec["test"], spec["seed"], arrays.task)


def _opened(path: Path) -> Array:
    with ONE_HEADER:
        array: Array = np.load(path, mmap_mode="r")
    return array
