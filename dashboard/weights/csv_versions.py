"""The published versions in a folder: ``<network>/v0003/``, each with the list of its tables in version.json."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dashboard.files import open_regular
from dashboard.records.tensor import TensorKey
from dashboard.weights.manifests import MOST_BYTES, parse_manifest
from dashboard.weights.names import safe_name, version_name
from dashboard.weights.table_store import VersionKey

MANIFEST = "version.json"
LONGEST_NAME = 48
VERSION_FOLDER = re.compile(r"v(\d{4,})")


def version_folder(folder: Path, version: VersionKey) -> Path:
    """Return the folder of a version."""
    return folder / version_name(*version, "/")


def published_versions(folder: Path) -> list[VersionKey]:
    """Return the versions in the order of (network, number); other files are ignored."""
    return sorted(
        (network, int(match[1]))
        for network in _subfolders(folder)
        for name in _subfolders(folder / network)
        if (match := VERSION_FOLDER.fullmatch(name))
    )


def _subfolders(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith(".")]
    except FileNotFoundError:
        return []  # nothing was saved yet, or it was just deleted


def csv_entries(tensors: Iterable[TensorKey]) -> list[dict[str, Any]]:
    """Return what version.json says of each tensor; `file` is its table in the same folder."""
    return [
        {
            "name": key.tensor,
            "dtype": key.dtype,
            "shape": key.shape,
            "sha256": key.sha256,
            "file": safe_name(key.tensor, LONGEST_NAME) + ".csv",
        }
        for key in tensors
    ]


def newest_number(folder: Path, network: str) -> int:
    """Return the highest number of a network's versions, 0 if there is none."""
    matches = map(VERSION_FOLDER.fullmatch, _subfolders(folder / network))
    return max((int(match[1]) for match in matches if match), default=0)


def read_manifest(folder: Path, version: VersionKey) -> dict[str, Any]:
    """Return what version.json holds; raises TensorDamaged, and FileNotFoundError."""
    path = version_folder(folder, version) / MANIFEST
    with open_regular(path) as file:
        return parse_manifest(file.read(MOST_BYTES + 1), version, str(path))
