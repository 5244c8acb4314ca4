"""The kinds of runs, each declared once: the lane it is queued in, what carries it out, and its title.

A further action on the store needs an entry in RUN_KINDS, the function that `action` names, and the sentence about its
result in `web.runs.words`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TRAININGS, ACTIONS, SEARCHES, REPEATS = "trainings", "actions", "searches", "repeats"
ELSEWHERE = "elsewhere"
"""The lane of runs whose process is not ours: they are never queued, and no coordinator takes them for dead."""
PUSH, EXTERNAL, CHANGE, WHY, EXPORT = "push", "external", "change", "why", "export"
LANES = (TRAININGS, ACTIONS, SEARCHES, REPEATS)
"""What is queued in one lane does not delay the others."""

Request = Mapping[str, Any]


@dataclass(frozen=True)
class RunKind:
    """One kind of run; `title` says from a run's request what it does, as a heading.

    `action` is the function ("module:function") that carries out an action: it takes the workspace, the job and what
    progress is reported to, and returns what went wrong in a sentence, or None. `writes_versions` says that versions of
    a network come of it; `is_of_search` that a search starts and restarts it; `repeats` that it trains one network
    several times to say how far its scores vary.
    """

    name: str
    lane: str
    title: Callable[[Request], str]
    action: str = ""
    writes_versions: bool = False
    is_of_search: bool = False
    repeats: bool = False


def _trial_title(request: Request) -> str:
    again = f", trial {request['confirms']} again" if request.get("confirms") is not None else ""
    return f"Trial {request['trial']} of {request['search']}{again}"


def _copy_title(request: Request) -> str:
    home = f" of {Path(request['home']).name}" if request["home"] else ""
    return f"Copy to {request['to']}{home}"


def _backup_title(request: Request) -> str:
    return f"Back up to {request['to']}"


def _push_title(request: Request) -> str:
    return f"Save what was pushed of epoch {request['epoch']:,}"


def _import_title(request: Request) -> str:
    return f"Import {request['name']}"


def _change_title(request: Request) -> str:
    return f"Change version {request['number']:,}: {request['change']['change']}"


def _why_title(request: Request) -> str:
    return f"Why {request['other']} is not as {request['base']}"


def _export_title(request: Request) -> str:
    return f"Export version {request['number']:,} as {request['format']}"


def _external_title(request: Request) -> str:
    return "Training elsewhere"


REPEAT = "dashboard.services.runs.repeating:repeat"
DECLARED = (
    RunKind("training", TRAININGS, lambda request: "", writes_versions=True),
    RunKind("trial", TRAININGS, _trial_title, is_of_search=True),
    RunKind("search", SEARCHES, lambda request: f"Search {request['search']}", is_of_search=True),
    RunKind("folds", REPEATS, lambda request: f"{request['count']}-fold cross-validation", REPEAT, repeats=True),
    RunKind("seeds", REPEATS, lambda request: f"Repeat with {request['count']} seeds", REPEAT, repeats=True),
    RunKind("verify", ACTIONS, lambda request: "Verify all versions", "dashboard.services.store.process:verify"),
    RunKind("copy", ACTIONS, _copy_title, "dashboard.services.store.process:copy"),
    RunKind("backup", ACTIONS, _backup_title, "dashboard.services.backup.actions:run_backup"),
    RunKind("exact", ACTIONS, lambda request: "Make all tables exact", "dashboard.services.store.process:exact"),
    RunKind("reindex", ACTIONS, lambda request: "Reindex the store", "dashboard.services.store.process:reindex"),
    RunKind(PUSH, ACTIONS, _push_title, "dashboard.services.push.saving:save_pushed"),
    RunKind("import", ACTIONS, _import_title, "dashboard.services.imports.saving:run_import", writes_versions=True),
    RunKind(CHANGE, ACTIONS, _change_title, "dashboard.services.changes.children:run_change"),
    RunKind(WHY, ACTIONS, _why_title, "dashboard.services.why.results:run_why"),
    RunKind(EXPORT, ACTIONS, _export_title, "dashboard.services.exports.by_runs:run_export"),
    RunKind(EXTERNAL, ELSEWHERE, _external_title, writes_versions=True),
    RunKind("empty", ACTIONS, lambda request: "Empty the trash", "dashboard.services.store.process:empty"),
)
RUN_KINDS = {kind.name: kind for kind in DECLARED}


def kinds_in(lanes: Collection[str]) -> list[str]:
    """Return the names of the kinds that are queued in these lanes."""
    return [kind.name for kind in RUN_KINDS.values() if kind.lane in lanes]


def kinds_of_search() -> list[str]:
    """Return the names of the kinds that belong to a search."""
    return [kind.name for kind in RUN_KINDS.values() if kind.is_of_search]


def kinds_that_write() -> list[str]:
    """Return the names of the kinds of which versions come."""
    return [kind.name for kind in RUN_KINDS.values() if kind.writes_versions]


def kinds_that_repeat() -> list[str]:
    """Return the names of the kinds that train one network several times."""
    return [kind.name for kind in RUN_KINDS.values() if kind.repeats]
