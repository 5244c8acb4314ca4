"""What a dataset's folder says of the datasets that have its records, so that a lost catalogue knows them again.

Next to the arrays `dataset.json` lists them: several may have the same records under different names. What it says is
checked when it is read: a home may come from anywhere.
"""

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dashboard.catalogue import datasets as dataset_rows
from dashboard.errors import UserError
from dashboard.files import atomic_write, open_regular
from dashboard.outages import system_words
from dashboard.records.dataset import TASKS, Dataset
from dashboard.records.stored import numbered, unnumbered
from dashboard.services.store.manifest_check import moment
from dashboard.services.workspace import Workspace

log = logging.getLogger(__name__)

FILE = "dataset.json"
MOST_BYTES = 16 * 2**20
TEXTS = {"name": 64, "sha256": 64, "task": 16, "source": 10_000, "licence": 10_000}
FOLDER = re.compile(r"[0-9a-f]{32}")
DESCRIBED = {"rows", "task", "numeric", "categorical", "levels", "inputs", "classes", "columns", "image_shape"}


def note_datasets(workspace: Workspace) -> None:
    """Write down what is not written down yet, also in homes of earlier releases; what cannot be written is logged."""
    with workspace.catalogue.reading() as connection:
        known = dataset_rows.list_datasets(connection)
    by_folder: dict[str, list[Dataset]] = {}
    for dataset in known:
        by_folder.setdefault(dataset.folder, []).append(dataset)
    for folder, datasets in by_folder.items():
        if folder and (workspace.datasets_folder / folder).is_dir():
            _note(workspace.datasets_folder / folder, datasets)


def _note(folder: Path, datasets: list[Dataset]) -> None:
    text = json.dumps(numbered({"datasets": [_about(dataset) for dataset in datasets]}))
    path = folder / FILE
    try:
        if not path.is_file() or path.read_text() != text:
            atomic_write(path, text.encode(), durable=True)
    except OSError as error:
        log.warning("%s could not be written. %s", path, system_words(error))


def _about(dataset: Dataset) -> dict[str, Any]:
    about: dict[str, Any] = {name: getattr(dataset, name) for name in TEXTS}
    return about | {"bytes": dataset.bytes, "spec": dataset.spec, "created": dataset.created.isoformat()}


def reindex_datasets(workspace: Workspace) -> tuple[list[str], list[tuple[str, str]]]:
    """Add the datasets of this home that the catalogue does not know; return their names, and (folder, why) of others.

    One that is known from versions only gets its records. Raises StoreError.
    """
    added: list[str] = []
    skipped: list[tuple[str, str]] = []
    for row in sorted(_noted(workspace, skipped), key=lambda row: (row["created"], row["name"])):
        with workspace.catalogue.writing() as connection:
            if dataset_rows.add_known_dataset(connection, row):
                added.append(row["name"])
    return added, skipped


def _noted(workspace: Workspace, skipped: list[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    for path in sorted(workspace.datasets_folder.glob(f"*/{FILE}")):
        try:
            yield from _read(path)
        except UserError as error:
            skipped.append((path.parent.name, error.message))


def _read(path: Path) -> list[dict[str, Any]]:
    """Return the rows of the datasets that a folder's file lists; raises UserError for what is not ours."""
    noted = unnumbered("datasets", _json(path))
    description = unnumbered("description", _json(path.with_name("description.json")))
    listed = noted.get("datasets")
    if not isinstance(listed, list) or len(listed) > 10_000:
        raise UserError(f"{path} lists no datasets.")
    rows = [_row(path, one, description) for one in listed]
    for sha256 in {row["sha256"] for row in rows}:
        if _sha256(path.with_name("original.csv")) != sha256:
            raise UserError(f"The file in {path.parent} is not what was uploaded.")
    return rows


def _sha256(path: Path) -> str:
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error}.") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        with open_regular(path) as file:
            data = json.loads(file.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read: {error}.") from error
    if not isinstance(data, dict):
        raise UserError(f"{path} is no object.")
    return data


def _row(path: Path, data: object, description: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise UserError(f"{path} lists something that is no dataset.")
    row = {name: _text(path, data, name, longest) for name, longest in TEXTS.items()}
    spec, size, created = data.get("spec"), data.get("bytes"), moment(data.get("created"), "created")
    is_ours = row["name"] and row["task"] in TASKS and row["task"] == description.get("task") and created is not None
    is_described = FOLDER.fullmatch(path.parent.name) and description.keys() >= DESCRIBED
    if not (is_ours and is_described and isinstance(spec, dict) and type(size) is int and 0 <= size < 2**53):
        raise UserError(f"{path} lists a dataset that is not as Weightbase writes one.")
    known = {"folder": path.parent.name, "rows": description["rows"], "description": dict(description)}
    return {**row, **known, "spec": spec, "bytes": size, "created": created}


def _text(path: Path, data: Mapping[str, Any], name: str, longest: int) -> str:
    value = data.get(name)
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise UserError(f"{path} lists a dataset whose {name} is no text of up to {longest:,} characters.")
    return value
