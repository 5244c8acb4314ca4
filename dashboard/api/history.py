"""Tensors over versions: history, the timeline of one part, health; and several versions side by side.

Numbers of very large tensors are computed for some seconds per request; further requests compute those that are null
then (`uncounted` says how many are left).
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from dashboard.api.answers import json_answer
from dashboard.api.query import read_query
from dashboard.api.shapes import fact_values_json, finite, version_json
from dashboard.http import workspace
from dashboard.services.cache.numbers import Budget
from dashboard.services.compare.several import get_all_versions, get_several
from dashboard.services.history import tensor as service
from dashboard.services.history.health import get_health
from dashboard.services.history.parts import PLACES, PartHistory, get_timeline
from dashboard.services.history.since import Since
from dashboard.services.versions.damage import known_damage

blueprint = Blueprint("history", __name__)

SECONDS = Budget(seconds=3.0)
"""Of each of the computations that an answer needs, two at most: it is given, whole or in part, within ten seconds."""


@blueprint.get("/networks/<network>/history")
def get_history(network: str) -> Response:
    """Answer a tensor's statistics in every version, and its change since another one."""
    tensor, since = read_query("tensor", "since")
    history = service.get_history(workspace(), network, tensor, since, SECONDS)
    spectra = service.spectra_of(workspace(), history.network, history.versions, SECONDS)
    items = [
        {
            **_about(version),
            "statistics": version.info.statistics,
            "since": base.number if base is not None else None,
            "change": change,
            "spectrum": spectrum,
        }
        for version, base, change, spectrum in zip(
            history.versions, history.bases, history.changes, spectra, strict=True
        )
    ]
    about = {"network": network, "tensor": history.tensor, "since": since, "best": history.best}
    about |= {"damaged": _damaged(network)}
    return json_answer(about | {"uncounted": history.uncounted + spectra.count(None), "items": items})


@blueprint.get("/networks/<network>/timeline")
def get_part(network: str) -> Response:
    """Answer the value of one weight (row, column), unit or tensor in every version, and which last changed it."""
    tensor, *place = read_query("tensor", *PLACES)
    at = dict(zip(PLACES, place, strict=True))
    part = _part_json(get_timeline(workspace(), network, tensor, **at, budget=SECONDS))
    return json_answer(part | {"damaged": _damaged(network)})


@blueprint.get("/networks/<network>/health")
def get_network_health(network: str) -> Response:
    """Answer the health metrics of one tensor in every version, and the units of each finding."""
    (tensor,) = read_query("tensor")
    health = get_health(workspace(), network, tensor, SECONDS)
    items = [
        _about(version) | measures | {"findings": None if findings is None else dict(findings)}
        for version, measures, findings in zip(health.versions, health.measures, health.findings, strict=True)
    ]
    about = {
        "network": network,
        "tensor": health.tensor,
        "axis": health.axis,
        "uncounted": health.uncounted,
        "damaged": _damaged(network),
    }
    return json_answer(about | {"items": items})


@blueprint.get("/compare/several")
def several() -> Response:
    """Answer two to eight versions side by side: metrics, settings, and the statistics of one tensor."""
    group = get_several(workspace(), *read_query("version", "tensor"))
    versions = [version_json(version) for version in group.versions]
    facts = [fact_values_json(fact) for fact in group.facts]
    return json_answer({"versions": versions, "tensors": group.tensors, "tensor": group.tensor, "facts": facts})


@blueprint.get("/compare/all")
def all_versions() -> Response:
    """Answer the settings and metrics of all versions, of one network or of all, the newest first."""
    limit, offset, network = read_query("limit", "offset", "network")
    page = get_all_versions(workspace(), network or None, limit, offset)
    items = [
        {"version": version.reference, "settings": row.settings, "metrics": _finite(row.metrics)}
        for version, row in zip(page.versions, page.rows, strict=True)
    ]
    about = {"settings": page.settings, "varying": page.varying, "metrics": page.metrics}
    return json_answer(about | {"items": items, "next": offset + limit if page.more else None})


def _finite(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: finite(value) for name, value in values.items()}


def _about(version: service.TensorVersion) -> dict[str, Any]:
    return {"version": version.number, "epoch": version.epoch, "run": version.run_id, "sha256": version.info.sha256}


def _damaged(network: str) -> list[dict[str, Any]]:
    """Return which tables are not what was saved, as far as this process has met them: their numbers are null."""
    return [
        {"version": one.number, "tensor": one.tensor, "row": one.row, "column": one.column, "problem": one.message}
        for one in known_damage(workspace(), network)
    ]


def _since_json(since: Since | None) -> dict[str, Any] | None:
    """Return since when something holds; `at_latest` if of the versions right before it is unknown."""
    return None if since is None else _about(since.version) | {"at_latest": bool(since.unknown)}


def _part_json(part: PartHistory) -> dict[str, Any]:
    """Return a timeline; a value that is not finite is null."""
    return {
        "network": part.network.name,
        "tensor": part.tensor,
        "what": part.what,
        **{name: getattr(part, name) for name in PLACES},
        "last_changed": _since_json(part.last_changed),
        "died": _since_json(part.died),
        "dead_since": _since_json(part.since("dead")),
        "never_active_since": _since_json(part.since("never_active")),
        "saturated_since": _since_json(part.since("saturating")),
        "records": part.records,
        "items": [
            _about(version) | {"value": finite(value), "changed": changed}
            for version, value, changed in zip(
                part.versions, part.line.values.tolist(), part.line.changed.tolist(), strict=True
            )
        ],
    }
