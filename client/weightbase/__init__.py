"""Log weights from your own training script to a Weightbase dashboard, and pull them back.

`weightbase.log("mnist", model, {"val_accuracy": 0.97}, epoch=3)` needs NumPy and the standard library, nothing else.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from weightbase.errors import Cancelled, Damaged, Refused, Unreachable, WeightbaseError
from weightbase.explaining import why_changed
from weightbase.pulling import compare, pull
from weightbase.runs import Run, run
from weightbase.session import Session, connect, flush, log
from weightbase.shares import Why, why
from weightbase.sync import sync

__version__ = "0.1.0"
__all__ = [
    "Cancelled", "Damaged", "Refused", "Run", "Session", "Unreachable", "WeightbaseError", "Why", "compare",
    "connect", "flush", "keras", "lightning", "log", "pull", "run", "sync", "why",
    "why_changed",
]  # fmt: skip
CALLBACKS = ("keras", "lightning")


def __getattr__(name: str) -> ModuleType:
    """Import the callbacks of a framework when they are used first."""
    if name in CALLBACKS:
        return importlib.import_module(f"weightbase.{name}")
    raise AttributeError(f"module 'weightbase' has no attribute {name!r}")
