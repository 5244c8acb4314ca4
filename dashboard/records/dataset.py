"""Datasets: typed columns, target and split."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

TASKS = {"classification": "classification", "regression": "regression"}


@dataclass(frozen=True)
class Dataset:
    """A CSV with its typed columns, target and split; `folder` holds its arrays, named by content."""

    id: int
    name: str
    folder: str
    sha256: str
    rows: int
    bytes: int
    task: str
    source: str
    licence: str
    spec: dict[str, Any]
    description: dict[str, Any]
    created: datetime

    @property
    def has_records(self) -> bool:
        """Whether its records are available; of a dataset known only from copied versions they are not."""
        return self.folder != ""

    @property
    def has_validation(self) -> bool:
        """Whether some of its records are left for measuring after each epoch."""
        return bool(self.description["split"]["validation"])

    @property
    def targets(self) -> list[str]:
        """The columns that are predicted: one, or several numbers, or several targets of classes."""
        return list(self.description.get("targets") or [self.description["target"]])

    @property
    def has_groups(self) -> bool:
        """Whether it has several targets of classes, each of which has a group of outputs."""
        return bool(self.description.get("groups"))

    @property
    def is_for_training(self) -> bool:
        """Whether networks can train on it; what was added before there was a choice can be trained on."""
        return str(self.spec.get("purpose", "training")) == "training"
