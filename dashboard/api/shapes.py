"""Records as JSON: the one place where the names of the API's fields are chosen; `schemas.py` describes them."""

import math
from dataclasses import asdict
from typing import Any

from dashboard.metrics import best_version
from dashboard.records.dataset import Dataset
from dashboard.records.network import Network, NetworkSpec, Version
from dashboard.records.page import Page
from dashboard.records.run import Epoch, Run, TrashItem
from dashboard.records.tensor import TensorInfo
from dashboard.services.compare.detail import CellDetail
from dashboard.services.compare.several import Fact as SeveralFact
from dashboard.services.compare.versions import NUMBER_NAMES, Fact, TensorDiff, VersionDiff
from dashboard.services.networks import NetworkSummary
from dashboard.services.runs.runs import RunDetail
from dashboard.services.store.tables import StoredTable
from dashboard.services.versions.reading import VersionDetail
from dashboard.services.versions.tensors import Window, window_numbers
from dashboard.services.versions.verification import VersionProof

Json = dict[str, Any]


def page_json(page: Page[Any], items: list[Json]) -> Json:
    """Return a page of a list; `next` is the offset to ask for, or null on the last page."""
    return {"items": items, "next": page.next}


def dataset_json(dataset: Dataset) -> Json:
    """Return a dataset without its description, as lists show it."""
    wanted = ("name", "task", "rows", "bytes", "sha256", "source", "licence", "created")
    return {name: getattr(dataset, name) for name in wanted}


def dataset_detail_json(dataset: Dataset, networks: list[str]) -> Json:
    """Return a dataset with what was chosen (`spec`), what was found (`description`), and the networks that use it."""
    return dataset_json(dataset) | {"spec": dataset.spec, "description": dataset.description, "networks": networks}


def network_json(network: Network) -> Json:
    """Return a network in the words in which it is defined, and what follows from them."""
    return {
        "name": network.name,
        "purpose": network.purpose,
        "task": network.task,
        "dataset": network.dataset,
        "fields": network.fields,
        "created": network.created,
        "last_version": network.last_version,
        "parameters": network.spec.parameters,
        **_spec_json(network.spec),
    }


def summary_json(summary: NetworkSummary) -> Json:
    """Return a network as a list shows it: how many versions, the best of the last 20, and its active runs."""
    history = dict(summary.metrics)
    return network_json(summary.network) | {
        "versions": summary.versions,
        "latest": summary.latest,
        "best": best_version(summary.network.task, history),
        "metrics": history.get(summary.latest) if summary.latest is not None else None,
        "active_runs": list(summary.active_runs),
    }


def run_json(run: Run) -> Json:
    """Return a run without its epochs; an action on the store has no network, dataset and training settings."""
    wanted = ("id", "kind", "state", "parent", "attempt", "checkpoint", "cancel_requested", "error")
    queue = ("priority", "started_by")
    progress = ("request", "done", "total", "note", "result")
    times = ("created", "started", "ended", "heartbeat")
    return {name: getattr(run, name) for name in wanted + queue + progress + times} | {
        "network": run.network or None,
        "dataset": run.dataset or None,
        "training": asdict(run.spec.training) if run.is_training else None,
    }


def run_detail_json(detail: RunDetail) -> Json:
    """Return a run with its epochs and the numbers of the versions that it wrote."""
    return run_json(detail.run) | {
        "epochs": [epoch_json(epoch) for epoch in detail.epochs],
        "versions": detail.versions,
        "seconds_left": detail.seconds_left,
        "turn": detail.position,
    }


def epoch_json(epoch: Epoch) -> Json:
    """Return an epoch's numbers."""
    return asdict(epoch)


def version_json(version: Version) -> Json:
    """Return a version as lists show it."""
    wanted = ("network", "epoch", "parent", "dataset", "metrics", "changed", "sha256", "bytes", "created")
    about = {name: getattr(version, name) for name in wanted}
    return {"version": version.number, "reference": version.reference, "run": version.run_id} | about


def version_detail_json(detail: VersionDetail) -> Json:
    """Return all that belongs to a version, its tensors with their numbers included."""
    version = detail.version
    return version_json(version) | {
        "tensors": [tensor_json(tensor) for tensor in detail.tensors],
        "spec": version.spec.to_json(),
        "preprocessing": version.preprocessing,
        "evaluation": detail.evaluation,
        "before": detail.before,
        "after": detail.after,
    }


def tensor_json(tensor: TensorInfo) -> Json:
    """Return a tensor with its statistics beside its shape."""
    return tensor.statistics | {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "dtype": tensor.dtype,
        "sha256": tensor.sha256,
        "bytes": tensor.bytes,
        "table": tensor.table_name,
    }


def table_json(table: StoredTable) -> Json:
    """Return a table of the store; `versions` are the first few of those that use it."""
    return asdict(table) | {"versions": [f"{network}:{number}" for network, number in table.versions]}


def trash_item_json(item: TrashItem) -> Json:
    """Return what lies in the trash; `id` is what addresses take."""
    wanted = ("kind", "name", "versions", "bytes", "trashed")
    return {"id": item.key} | {name: getattr(item, name) for name in wanted}


def window_json(window: Window) -> Json:
    """Return a window of a table; its cells are a list of rows."""
    return {
        "version": window.version.reference,
        "tensor": window.tensor.name,
        "shape": list(window.tensor.shape),
        "dtype": window.tensor.dtype,
        "sha256": window.tensor.sha256,
        "row": window.rows.start,
        "column": window.columns.start,
        "rows": window.rows_total,
        "columns": window.columns_total,
        "cells": window_numbers(window),
    }


def proof_json(proof: VersionProof) -> Json:
    """Return what a verification found."""
    return {
        "version": proof.version.reference,
        "identical": proof.identical,
        "tensors": [asdict(tensor) for tensor in proof.tensors],
    }


def diff_json(diff: VersionDiff) -> Json:
    """Return a comparison: metrics and settings side by side, and every tensor's numbers."""
    return {
        "base": version_json(diff.base),
        "other": version_json(diff.other),
        "identical": diff.identical,
        "metrics": [fact_json(fact) for fact in diff.metrics],
        "settings": [fact_json(fact) for fact in diff.settings],
        "tensors": [tensor_diff_json(tensor) for tensor in diff.tensors],
    }


def fact_json(fact: Fact) -> Json:
    """Return one metric or setting side by side."""
    return {"name": fact.name, "base": fact.base, "other": fact.other, "equal": fact.equal}


def fact_values_json(fact: SeveralFact) -> Json:
    """Return one metric, setting or statistic with what each of several versions says of it."""
    values = [finite(value) for value in fact.values]
    return {"kind": fact.kind, "name": fact.name, "values": values, "equal": fact.equal}


def finite(value: Any) -> Any:  # noqa: ANN401 - any setting or metric
    """Return a value, null for a number that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def tensor_diff_json(tensor: TensorDiff) -> Json:
    """Return one tensor's difference; its numbers are null where the two sides have no cells in common."""
    numbers = tensor.numbers.to_json() if tensor.numbers is not None else dict.fromkeys(NUMBER_NAMES)
    return numbers | {
        "name": tensor.name,
        "status": tensor.status,
        "by_hand": tensor.by_hand,
        "base": tensor_json(tensor.base) if tensor.base is not None else None,
        "other": tensor_json(tensor.other) if tensor.other is not None else None,
    }


def unit_change_json(unit: Any) -> Json:  # noqa: ANN401 - a UnitChange of the analysis
    """Return how far one unit has moved."""
    return {name: _finite(value) for name, value in unit._asdict().items()}


def cell_change_json(cell: Any) -> Json:  # noqa: ANN401 - a CellChange of the analysis
    """Return one changed cell; a side or a change that is no finite number is null."""
    return {name: _finite(value) for name, value in cell._asdict().items()}


def cell_detail_json(found: CellDetail) -> Json:
    """Return all about the change of one cell; `place` is its rank by |change|, null where none can be measured."""
    return cell_change_json(found.cell) | {
        "ulps": found.ulps,
        "base_bits": found.bits[0],
        "other_bits": found.bits[1],
        "place": found.rank.place,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _spec_json(spec: NetworkSpec) -> Json:
    *hidden, output = (asdict(layer) for layer in spec.layers)
    return {"inputs": spec.inputs, "layers": hidden, "output": output, "training": asdict(spec.training)}
