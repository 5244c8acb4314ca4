"""What the frame of every page shows: its sections, the store, our version, and how many runs are active."""

from typing import Any, NamedTuple

from flask import request, url_for

from dashboard import __version__
from dashboard.errors import Damage, StoreError
from dashboard.http import workspace
from dashboard.services.runs.queue import count_active_runs
from dashboard.services.store.reindexing import Drift, find_drift
from dashboard.services.versions.damage import known_damage

SECTIONS = {
    "networks": "networks.index",
    "datasets": "datasets.index",
    "runs": "runs.index",
    "searches": "searches.index",
    "compare": "compare.show",
    "store": "store.show",
    "help": "help.show",
}
SHOWING_DRIFT = {"networks.index", "datasets.index", "store.show"}
OF_STORE = {"backups"}
OF_COMPARE = {"why", "several"}
OF_NETWORKS = {"versions", "tensors", "history", "health", "steps", "imports", "use"}


class Site(NamedTuple):
    """The frame's values; `sections` are (name, words, address), `section` is that of the page.

    `damage` is what is known to be damaged of the network that the page is about, `drift`
    what only the store or only the catalogue has.
    """

    sections: list[tuple[str, str, str]]
    section: str
    store: str
    version: str
    active_runs: int
    damage: list[Damage]
    read_only: str
    drift: Drift | None


def inert() -> str:
    """Return the attribute that switches a form off, where nothing can be changed; empty elsewhere."""
    return " inert" if workspace().catalogue.read_only else ""


def frame() -> dict[str, Any]:
    """Return what base.html needs in addition to the page's own values; an error page comes without the count."""
    try:
        active = count_active_runs(workspace())
    except StoreError:
        active = 0  # the page that says that the catalogue is away needs a frame, too
    sections = [(name, name.capitalize(), url_for(endpoint)) for name, endpoint in SECTIONS.items()]
    section = "networks" if request.blueprint in OF_NETWORKS else request.blueprint or ""
    section = "store" if section in OF_STORE else "compare" if section in OF_COMPARE else section
    name = (request.view_args or {}).get("name") if section == "networks" else None
    damage = known_damage(workspace(), name) if isinstance(name, str) else []
    read_only = workspace().catalogue.read_only
    try:
        drift = find_drift(workspace()) if request.endpoint in SHOWING_DRIFT else None
    except StoreError:
        drift = None  # the page says by itself that the store is away
    site = Site(sections, section, workspace().store.kind, __version__, active, damage, read_only, drift)
    return {"site": site}
