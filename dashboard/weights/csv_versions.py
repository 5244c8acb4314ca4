"""The published versions in a folder: ``<network>/v0003/``, each with the list of its tables in version.json."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dashboard.errors import TensorDamaged
from dashboard.records.tensor import TensorKey
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


def manifest_text(tensors: Iterable[TensorKey], manifest: Mapping[str, Any]) -> bytes:
    """Return version.json: what was given, and `tensors`."""
    listed = [
        {
            "name": key.tensor,
            "dtype": key.dtype,
            "shape": key.shape,
            "sha256": key.sha256,
            "file": safe_name(key.tensor, LONGEST_NAME) + ".csv",
        }
        for key in tensors
    ]
    return json.dumps({**manifest, "tensors": listed}, indent=1).encode()


def read_manifest(folder: Path, version: VersionKey) -> dict[str, Any] | None:
    """Return what version.json holds, None if the version has just been deleted; raises TensorDamaged."""
    path = version_folder(folder, version) / MANIFEST
    try:
        stored: dict[str, Any] = json.loads(path.read_bytes())
        keys_in(version, stored)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise TensorDamaged(f"{path} is not what was written: {error}.") from error
    return stored


def keys_in(version: VersionKey, manifest: Mapping[str, Any]) -> list[TensorKey]:
    """Return the keys of the tensors that a manifest lists."""
    return [
        TensorKey(*version, entry["name"], entry["dtype"], tuple(entry["shape"]), entry["sha256"])
        for entry in manifest["tensors"]
    ]
