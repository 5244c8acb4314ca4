"""What a version's manifest says of the run that wrote it, so that a lost catalogue can be made again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dashboard.catalogue import transfers
from dashboard.catalogue import versions as version_rows
from dashboard.catalogue.transfers import RunRow
from dashboard.services.workspace import Workspace

NEWEST_EPOCHS = 200
"""A version has the epochs since its run's version before, and at least so many: that one may be deleted."""
IN_RUN = ("kind", "attempt", "priority", "started_by", "total")
TIMES = ("created", "started")
COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds", "learning_rate", "metrics")


def run_of_manifest(workspace: Workspace, run_id: int | None, epoch: int) -> dict[str, Any] | None:
    """Return what is stored of a run with a version of this epoch; None without a run that writes versions."""
    if run_id is None:
        return None
    with workspace.catalogue.reading() as connection:
        run = transfers.training_run(connection, run_id)
        if run is None:
            return None
        parent = version_rows.key_of(connection, run.parent_id) if run.parent_id is not None else None
        before = version_rows.epoch_before(connection, run_id, epoch)
        rows = transfers.epoch_rows(connection, run_id, min(before, epoch - NEWEST_EPOCHS))
    return _about(run, parent) | {"epochs": {name: [row[name] for row in rows] for name in COLUMNS}}


def _about(run: RunRow, parent: tuple[str, int] | None) -> dict[str, Any]:
    about: dict[str, Any] = {"id": run.id, **{name: run.values[name] for name in IN_RUN}, "spec": run.values["spec"]}
    about |= {name: _text(run.values[name]) for name in TIMES}
    about["path"] = run.values["result"].get("path", "")
    return about | ({"parent": place(parent)} if parent is not None else {})


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def place(version: tuple[str, int]) -> Mapping[str, Any]:
    """Return how a manifest names another version."""
    return {"network": version[0], "number": version[1]}
