"""What is in the trash, in a file of the home as well: what was deleted does not come back when the catalogue is lost.

The catalogue is the truth about what it knows. Of what it does not know (it is new, or an older one) the file is kept,
as long as the store has it.
"""

import json
import logging
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dashboard.catalogue import trash as trash_rows
from dashboard.catalogue import versions as version_rows
from dashboard.errors import UserError
from dashboard.files import atomic_write, open_regular
from dashboard.outages import system_words
from dashboard.records.stored import numbered
from dashboard.services.store.manifest_check import moment
from dashboard.services.workspace import Workspace
from dashboard.weights.table_store import VersionKey

log = logging.getLogger(__name__)

FILE = "trash.json"
MOST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Trashed:
    """When versions (by slug and number, with the SHA-256 that each has) and whole networks (by slug) were deleted."""

    versions: dict[VersionKey, tuple[str, datetime]] = field(default_factory=dict)
    networks: dict[str, datetime] = field(default_factory=dict)

    def when_version(self, key: VersionKey, sha256: str) -> datetime | None:
        """Return when this version was deleted by itself; None if it was not."""
        noted, when = self.versions.get(key, ("", None))
        return when if noted == sha256 else None


def note_trash(workspace: Workspace) -> None:
    """Write down what is in the trash now; what cannot be written is logged."""
    path = workspace.settings.home_folder / FILE
    with workspace.catalogue.reading() as connection:
        versions, networks = trash_rows.trashed_keys(connection)
        known = version_rows.known_keys(connection)
        slugs = {slug for slug, _ in known} | set(networks)
    before = read_trash(path)
    lost = {key: one for key, one in before.versions.items() if key not in known}
    lost_networks = {slug: when for slug, when in before.networks.items() if slug not in slugs}
    if lost or lost_networks:
        stored = set(workspace.store.versions())
        lost = {key: one for key, one in lost.items() if key in stored}
        lost_networks = {slug: w for slug, w in lost_networks.items() if any(slug == one for one, _ in stored)}
    text = _text(Trashed(lost | versions, lost_networks | networks))
    try:
        if text != (path.read_text() if path.is_file() else _text(Trashed())):
            atomic_write(path, text.encode(), durable=True)
    except OSError as error:
        log.warning("%s could not be written. %s", path, system_words(error))


def _text(trashed: Trashed) -> str:
    versions = [
        {"network": slug, "number": number, "sha256": sha256, "trashed": when.isoformat()}
        for (slug, number), (sha256, when) in sorted(trashed.versions.items())
    ]
    networks = [{"network": slug, "trashed": when.isoformat()} for slug, when in sorted(trashed.networks.items())]
    return json.dumps(numbered({"versions": versions, "networks": networks}))


def read_trash(path: Path) -> Trashed:
    """Return what a file says of the trash; nothing, with a word in the log, if it is damaged."""
    try:
        with open_regular(path) as file:
            data = json.loads(file.read(MOST_BYTES))
        return Trashed(
            {(str(one["network"]), int(one["number"])): (str(one["sha256"]), _when(one)) for one in data["versions"]},
            {str(one["network"]): _when(one) for one in data["networks"]},
        )
    except FileNotFoundError:
        return Trashed()
    except (OSError, ValueError, TypeError, KeyError, RecursionError, UserError) as error:
        log.warning("%s cannot be read: %s", path, error)
        return Trashed()


def _when(one: Any) -> datetime:  # noqa: ANN401 - JSON of a file
    when = moment(one["trashed"], "trashed")
    if when is None:
        raise ValueError("a time is missing")
    return when
