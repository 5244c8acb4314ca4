"""A file to evaluate a version on: it becomes a dataset for evaluation, read as the version's own data was read."""

from collections.abc import Sequence
from typing import Any, BinaryIO

from dashboard.data.matching import difference
from dashboard.data.preprocessing import Preprocessing
from dashboard.errors import Invalid
from dashboard.parsing import name_with_end
from dashboard.records.dataset import Dataset
from dashboard.records.network import Version
from dashboard.services.datasets import (
    Preview,
    create_dataset,
    discard_upload,
    get_dataset,
    list_datasets,
    preview_upload,
    receive_upload,
    suggested_name,
)
from dashboard.services.versions.evaluation import require_measurable
from dashboard.services.versions.reading import get_version
from dashboard.services.workspace import Workspace


def add_evaluation_file(
    workspace: Workspace, network_name: str, number: int, stream: BinaryIO, file_name: str
) -> Dataset:
    """Store a CSV as a dataset for evaluation, its columns being what the version reads; returns the dataset.

    Its name is the file's, with a number where that is taken. Raises NotFound, Conflict for a version without
    preprocessing, or Invalid at `file` for a file that cannot be read so; nothing is stored then.
    """
    version = get_version(workspace, network_name, number)
    require_measurable(version)
    upload = receive_upload(workspace, stream, file_name, usual=_pictures_of(workspace, version))
    try:
        choices = _choices(workspace, version, preview_upload(upload))
        return create_dataset(workspace, upload, choices | {"name": _free_name(workspace, file_name)})
    except Invalid as error:
        raise Invalid({"file": " ".join(error.errors.values())}) from error
    finally:
        discard_upload(workspace, upload.token)


def _pictures_of(workspace: Workspace, version: Version) -> dict[str, str]:
    """Return how pictures become what the version reads: of the size and in the colours of its dataset."""
    shape = get_dataset(workspace, version.dataset).description.get("image_shape")
    if not shape:
        return {}
    return {"colours": "rgb" if len(shape) == 3 else "grey", "picture_size": f"{shape[0]}x{shape[1]}"}


def _choices(workspace: Workspace, version: Version, seen: Preview) -> dict[str, Any]:
    """Return the choices of the file's columns; raises Invalid naming those that are missing or not known."""
    trained_on = get_dataset(workspace, version.dataset)
    preprocessing = Preprocessing.from_json(version.preprocessing)
    names, kinds = seen.names, preprocessing.columns | dict.fromkeys(preprocessing.several, "target")
    target, own = trained_on.description["target"], trained_on.description["first_columns"]
    ignored = {name for name, kind in trained_on.spec["kinds"].items() if kind == "ignore"}
    if len(names) == len(own) and not {*kinds, target} & set(names):  # one of the two has no header: by their places
        there = dict(zip(own, names, strict=True))
        kinds, target = {there[name]: kind for name, kind in kinds.items() if name in there}, there[target]
        ignored = {there[name] for name in ignored if name in there}
    missing = [name for name in (*kinds, target) if name not in names]
    others = [name for name in names if name not in {*kinds, target, *ignored}]
    if missing or others:
        text = f"The file has other columns than {version.reference} reads: {difference(missing, others)}."
        raise Invalid({"file": f"{text} Send a file with the columns that it was trained on."})
    chosen = kinds | {name: "ignore" for name in names if name in ignored}
    fixed = {"missing": "impute", "task": preprocessing.task, "purpose": "evaluation", "image_shape": ""}
    split = {"validation": 0, "test": 0}
    reading = {"dates": _orders(preprocessing, seen)} | _units(trained_on, names)
    return fixed | split | {"target": target, "kinds": chosen} | reading


def _units(trained_on: Dataset, names: Sequence[str]) -> dict[str, Any]:
    """Return the units of a dataset, if any: grams where the version reads kilograms are then no numbers."""
    units = trained_on.spec.get("units") or {}
    return {"units": {name: unit for name, unit in units.items() if name in names}} if units else {}


def _orders(preprocessing: Preprocessing, seen: Preview) -> dict[str, str]:
    """Return the order of the dates in the file: that of the version, unless the file's own cells say another."""
    orders = {}
    for dates in preprocessing.dates:
        possible = seen.column(dates.name).dates if dates.name in seen.names else ()
        is_other = len(possible) == 1 and dates.order not in possible
        orders[dates.name] = possible[0] if is_other else dates.order
    return {name: order for name, order in orders.items() if name in seen.names}


def _free_name(workspace: Workspace, file_name: str) -> str:
    """Return a name for the dataset, made of the file's, with a number where that is taken."""
    taken = {dataset.name for dataset in list_datasets(workspace)}
    own = suggested_name(file_name)
    own = "evaluation" if own == "new" else own  # an address has this name
    ends = ("", *(f"-{place}" for place in range(2, len(taken) + 3)))
    return next(name for end in ends if (name := name_with_end(own, end)) not in taken)
