"""Tensors over versions: history, the timeline of one part, health; and several versions side by side.

Numbers of very large tensors are computed for some seconds per request; further requests compute those that are null
then (`uncounted` says how many are left).
"""

from typing import Any

from flask import Blueprint, Response, request

from dashboard.api.answers import json_answer
from dashboard.api.query import page_of, query
from dashboard.api.shapes import fact_values_json, finite, version_json
from dashboard.http import workspace
from dashboard.services.cache.numbers import Budget
from dashboard.services.compare.several import get_all_versions, get_several
from dashboard.services.history import tensor as service
from dashboard.services.history.health import get_health
from dashboard.services.history.parts import PLACES, PartHistory, get_timeline

blueprint = Blueprint("history", __name__)

SECONDS = Budget(seconds=20.0)


@blueprint.get("/networks/<network>/history")
def get_history(network: str) -> Response:
    """Answer a tensor's statistics in every version, and its change since another one."""
    fields = query("tensor", "since")
    tensor, since = fields.text("tensor"), fields.choice("since", service.SINCE[0], service.SINCE)
    fields.done()
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
    return json_answer(about | {"uncounted": history.uncounted + spectra.count(None), "items": items})


@blueprint.get("/networks/<network>/timeline")
def get_part(network: str) -> Response:
    """Answer the value of one weight (row, column), unit or tensor in every version, and which last changed it."""
    fields = query("tensor", *PLACES)
    tensor = fields.text("tensor")
    place = {name: fields.integer(name, 0, 0, 10**15) if fields.data.get(name) else None for name in PLACES}
    fields.done()
    return json_answer(_part_json(get_timeline(workspace(), network, tensor, **place, budget=SECONDS)))


@blueprint.get("/networks/<network>/health")
def get_network_health(network: str) -> Response:
    """Answer the health metrics of one tensor in every version, and the units of each finding."""
    fields = query("tensor")
    tensor = fields.text("tensor")
    fields.done()
    health = get_health(workspace(), network, tensor, SECONDS)
    items = [
        _about(version) | measures | {"findings": None if findings is None else dict(findings)}
        for version, measures, findings in zip(health.versions, health.measures, health.findings, strict=True)
    ]
    return json_answer({"network": network, "tensor": health.tensor, "items": items})


@blueprint.get("/compare/several")
def several() -> Response:
    """Answer two to eight versions side by side: metrics, settings, and the statistics of one tensor."""
    query("version", "tensor").done()
    group = get_several(workspace(), request.args.getlist("version"), request.args.get("tensor", ""))
    versions = [version_json(version) for version in group.versions]
    facts = [fact_values_json(fact) for fact in group.facts]
    return json_answer({"versions": versions, "tensors": group.tensors, "tensor": group.tensor, "facts": facts})


@blueprint.get("/compare/all")
def all_versions() -> Response:
    """Answer the settings and metrics of all versions, of one network or of all, the newest first."""
    fields = query("limit", "offset", "network")
    limit, offset = page_of(fields)
    network = fields.text("network")
    fields.done()
    page = get_all_versions(workspace(), network or None, limit, offset)
    items = [
        {"version": version.reference, "values": {name: finite(value) for name, value in row.items()}}
        for version, row in zip(page.versions, page.rows, strict=True)
    ]
    about = {"settings": page.settings, "varying": page.varying, "metrics": page.metrics}
    return json_answer(about | {"items": items, "next": offset + limit if page.more else None})


def _about(version: service.TensorVersion) -> dict[str, Any]:
    return {"version": version.number, "epoch": version.epoch, "run": version.run_id, "sha256": version.info.sha256}


def _part_json(part: PartHistory) -> dict[str, Any]:
    """Return a timeline; a value that is not finite is null."""
    events = {"last_changed": part.at(part.line.last_changed), "died": part.at(part.line.died)}
    events |= {"silent_since": part.since("silent"), "saturated_since": part.since("saturated")}
    return {
        "network": part.network.name,
        "tensor": part.tensor,
        "what": part.what,
        **{name: getattr(part, name) for name in PLACES},
        **{name: None if version is None else _about(version) for name, version in events.items()},
        "records": max((one["records"] for one in part.records if one is not None), default=0),
        "items": [
            _about(version) | {"value": finite(value), "changed": changed}
            for version, value, changed in zip(
                part.versions, part.line.values.tolist(), part.line.changed.tolist(), strict=True
            )
        ],
    }
