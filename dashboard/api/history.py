"""Tensors over versions: history, the time-line of one part, health; and several versions side by side.

What must be counted from very large tensors is counted for some seconds a request; what is null then comes when the
same is asked again (`uncounted` says how much is left).
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
    found = service.get_history(workspace(), network, tensor, since, SECONDS)
    spectra = service.spectra_of(workspace(), found.network, found.versions, SECONDS)
    items = [
        {
            **_about(version),
            "statistics": version.info.statistics,
            "since": base.number if base is not None else None,
            "change": change,
            "spectrum": spectrum,
        }
        for version, base, change, spectrum in zip(found.versions, found.bases, found.changes, spectra, strict=True)
    ]
    about = {"network": network, "tensor": found.tensor, "since": since, "best": found.best}
    return json_answer(about | {"uncounted": found.uncounted + spectra.count(None), "items": items})


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
    """Answer the measures of health of one table in every version, and the units of each finding."""
    fields = query("tensor")
    tensor = fields.text("tensor")
    fields.done()
    found = get_health(workspace(), network, tensor, SECONDS)
    items = [
        _about(version) | measures | {"findings": None if findings is None else dict(findings)}
        for version, measures, findings in zip(found.versions, found.measures, found.findings, strict=True)
    ]
    return json_answer({"network": network, "tensor": found.tensor, "items": items})


@blueprint.get("/compare/several")
def several() -> Response:
    """Answer two to eight versions side by side: metrics, settings, and the statistics of one tensor."""
    query("version", "tensor").done()
    found = get_several(workspace(), request.args.getlist("version"), request.args.get("tensor", ""))
    versions = [version_json(version) for version in found.versions]
    facts = [fact_values_json(fact) for fact in found.facts]
    return json_answer({"versions": versions, "tensors": found.tensors, "tensor": found.tensor, "facts": facts})


@blueprint.get("/compare/all")
def all_versions() -> Response:
    """Answer the settings and metrics of all versions, of one network or of all, the newest first."""
    fields = query("limit", "offset", "network")
    limit, offset = page_of(fields)
    network = fields.text("network")
    fields.done()
    found = get_all_versions(workspace(), network or None, limit, offset)
    items = [
        {"version": version.reference, "values": {name: finite(value) for name, value in row.items()}}
        for version, row in zip(found.versions, found.rows, strict=True)
    ]
    about = {"settings": found.settings, "varying": found.varying, "metrics": found.metrics}
    return json_answer(about | {"items": items, "next": offset + limit if found.more else None})


def _about(version: service.TensorVersion) -> dict[str, Any]:
    return {"version": version.number, "epoch": version.epoch, "run": version.run_id, "sha256": version.info.sha256}


def _part_json(part: PartHistory) -> dict[str, Any]:
    """Return a time-line; a value that is not finite is null."""
    found = {"last_changed": part.at(part.line.last_changed), "died": part.at(part.line.died)}
    found |= {"silent_since": part.since("silent"), "saturated_since": part.since("saturated")}
    return {
        "network": part.network.name,
        "tensor": part.tensor,
        "what": part.what,
        **{name: getattr(part, name) for name in PLACES},
        **{name: None if version is None else _about(version) for name, version in found.items()},
        "records": max((one["records"] for one in part.records if one is not None), default=0),
        "items": [
            _about(version) | {"value": finite(value), "changed": changed}
            for version, value, changed in zip(
                part.versions, part.line.values.tolist(), part.line.changed.tolist(), strict=True
            )
        ],
    }
