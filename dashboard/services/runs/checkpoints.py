"""Checkpoints as files: what a run goes on from, written wholly or not at all, and read back only if it is whole.

They are in ``checkpoints/`` of the home, each named by run, attempt and epoch. The run's row says which one counts, so
a file that a crash has left counts for nothing, and is removed at the coordinator's next start.
"""

import contextlib
import hashlib
import io
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from dashboard.catalogue.runs import Checkpoint
from dashboard.files import ONE_HEADER, atomic_write
from dashboard.jobs.job import TrainingCheckpoint
from dashboard.records.stored import numbered, unnumbered

ABOUT = "about"


def write(home: Path, run_id: int, attempt: int, checkpoint: TrainingCheckpoint) -> Checkpoint:
    """Write a checkpoint so that it survives a crash once this returns; returns what its row is to say."""
    content = _packed(checkpoint)
    name = f"{run_id}-{attempt}-{checkpoint.epoch}.npz"
    atomic_write(home / "checkpoints" / name, content, durable=True)
    return Checkpoint(run_id, checkpoint.epoch, name, hashlib.sha256(content).hexdigest())


def read(home: Path, point: Checkpoint) -> TrainingCheckpoint | None:
    """Return a checkpoint, or None if its file is gone or not what was written; raises NewerForm."""
    try:
        content = (home / "checkpoints" / point.file).read_bytes()
    except FileNotFoundError:
        return None
    if hashlib.sha256(content).hexdigest() != point.sha256:
        return None
    with ONE_HEADER, np.load(io.BytesIO(content)) as packed:
        arrays = {name: packed[name] for name in packed.files}
    about = unnumbered("checkpoint", json.loads(arrays.pop(ABOUT).tobytes()))
    return TrainingCheckpoint(about["numbers"] | arrays, about["last"], about["best"])


def keep_only(home: Path, names: Collection[str], run_id: int | None = None) -> None:
    """Remove all checkpoints (of one run) but those of these names."""
    pattern = "*" if run_id is None else f"{run_id}-*"
    for path in (home / "checkpoints").glob(pattern):
        if path.name not in names:
            with contextlib.suppress(FileNotFoundError):  # another was quicker
                path.unlink()


def _packed(checkpoint: TrainingCheckpoint) -> bytes:
    numbers: dict[str, Any] = {}
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for name, value in checkpoint.state.items():
        if isinstance(value, np.ndarray):
            arrays[name] = value
        else:
            numbers[name] = value
    about = {"numbers": numbers, "last": dict(checkpoint.last), "best": dict(checkpoint.best)}
    arrays[ABOUT] = np.frombuffer(json.dumps(numbered(about)).encode(), np.uint8)
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    return content.getvalue()
