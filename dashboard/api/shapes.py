"""Records as JSON: the one place where the names of the API's fields are chosen; `schemas.py` describes them."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from dashboard.api import schemas
from dashboard.records.dataset import Dataset
from dashboard.records.network import ListedVersion, Network
from dashboard.records.page import Page
from dashboard.records.run import Epoch, Run, TrashItem
from dashboard.records.search import TRIAL_STATES, Trial
from dashboard.records.tensor import TensorInfo
from dashboard.services.backup.actions import Backup
from dashboard.services.compare.detail import CellDetail
from dashboard.services.compare.several import SeveralFact
from dashboard.services.compare.versions import NUMBER_NAMES, DiffFact, TensorDiff, VersionDiff
from dashboard.services.dataset_preview import UploadPreview
from dashboard.services.datasets import Guess
from dashboard.services.exports.offers import Offer
from dashboard.services.exports.proof import ExportProof
from dashboard.services.networks import NetworkSummary
from dashboard.services.runs.runs import RunDetail
from dashboard.services.search import findings
from dashboard.services.search.view import SearchView
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
    return _fields(schemas.DATASET, dataset)


def dataset_detail_json(dataset: Dataset, networks: list[str]) -> Json:
    """Return a dataset with what was chosen (`spec`), what was found (`description`), and the networks that use it."""
    return dataset_json(dataset) | {"spec": dataset.spec, "description": dataset.description, "networks": networks}


def preview_json(look: UploadPreview) -> Json:
    """Return what is known of an upload with the choices so far."""
    seen, costs = look.preview, look.costs
    reasons = {name: reason for name, (_, reason) in seen.suggested_kinds(look.spec.target).items()}
    columns = [
        {name: getattr(column, name) for name in schemas.PREVIEW_FACTS}
        | {"kind": look.kind(column.name), "reason": reasons.get(column.name, ""), "examples": list(column.examples)}
        for column in seen.columns
    ]
    gaps = [{"column": name, "missing": count} for name, count in costs.gaps] if costs else []
    missing = costs._asdict() | {"gaps": gaps} if costs else None
    return {
        "upload": look.upload.token,
        "rows": seen.rows,
        "format": seen.format.to_json(),
        "guesses": guesses_json(look.upload.guesses),
        "target": look.spec.target,
        "target_reason": look.notes["target_reason"],
        "task": look.spec.task,
        "purpose": look.spec.purpose,
        "columns": columns,
        "questions": [asdict(question) for question in look.questions],
        "missing": missing,
        "first_rows": seen.first_rows,
    }


def guesses_json(guesses: Mapping[str, Guess]) -> Json:
    """Return what was guessed of the format of a file, each with its reason and whether that is sure."""
    return {name: {"value": one.value, "reason": one.reason, "sure": one.sure} for name, one in guesses.items()}


def network_json(network: Network) -> Json:
    """Return a network in the words in which it is defined, and what follows from them."""
    names: Json = {"task": network.task or None, "dataset": network.dataset or None, "parameters": network.parameters}
    if not network.spec.layers:
        names |= {"inputs": None, "layers": [], "output": None, "training": None}
        return _fields(schemas.NETWORK, network, **names)
    *hidden, output = (asdict(layer) for layer in network.spec.layers)
    spec = {"inputs": network.spec.inputs, "layers": hidden, "output": output}
    return _fields(schemas.NETWORK, network, training=asdict(network.spec.training), **spec, **names)


def summary_json(summary: NetworkSummary) -> Json:
    """Return a network as a list shows it: how many versions, the best of all, and its active runs."""
    history = dict(summary.metrics)
    return network_json(summary.network) | {
        "versions": summary.versions,
        "latest": summary.latest,
        "best": summary.best[0] if summary.best else None,
        "metrics": history.get(summary.latest) if summary.latest is not None else None,
        "active_runs": list(summary.active_runs),
    }


def run_json(run: Run) -> Json:
    """Return a run without its epochs; one that works on the store has no network, dataset and training settings."""
    training = asdict(run.spec.training) if run.is_training or run.repeats else None
    return _fields(schemas.RUN, run, network=run.network or None, dataset=run.dataset or None, training=training)


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


def version_json(version: ListedVersion) -> Json:
    """Return a version as lists show it."""
    own = {"version": version.number, "run": version.run_id, "dataset": version.dataset or None}
    return _fields(schemas.VERSION, version, **own)


def version_detail_json(detail: VersionDetail) -> Json:
    """Return all that belongs to a version, its tensors with their numbers included."""
    version = detail.version
    return version_json(version) | {
        "tensors": [tensor_json(tensor) for tensor in detail.tensors],
        "origin": detail.origin,
        "spec": version.spec.to_json() if version.can_run else None,
        "preprocessing": version.preprocessing,
        "evaluation": detail.evaluation,
        "before": detail.before,
        "after": detail.after,
    }


def tensor_json(tensor: TensorInfo) -> Json:
    """Return a tensor with its shape and statistics."""
    return tensor.statistics | {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "dtype": tensor.dtype,
        "sha256": tensor.sha256,
        "bytes": tensor.bytes,
        "table": tensor.table_name,
        "units_axis": tensor.units_axis,
    }


def table_json(table: StoredTable) -> Json:
    """Return a table of the store; `versions` are the first few of those that use it."""
    return asdict(table) | {"versions": [f"{network}:{number}" for network, number in table.versions]}


def trash_item_json(item: TrashItem) -> Json:
    """Return what is in the trash; `id` is what addresses take."""
    return _fields(schemas.TRASH_ITEM, item, id=item.key)


def backup_json(backup: Backup) -> Json:
    """Return what is known of a backup without reading its members."""
    return _fields(schemas.BACKUP, backup)


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
        "proven": window.is_proven,
        "cells": window_numbers(window),
    }


def proof_json(proof: VersionProof) -> Json:
    """Return what a verification found."""
    return {
        "version": proof.version.reference,
        "identical": proof.identical,
        "tensors": [asdict(tensor) for tensor in proof.tensors],
    }


def offer_json(offer: Offer) -> Json:
    """Return a format in which a version can be exported, with the proof of the file that was made last."""
    proof = export_proof_json(offer.proof) if offer.proof else None
    return _fields(schemas.EXPORT_OFFER, offer, proof=proof, bytes=offer.proof.bytes if offer.proof else None)


def export_proof_json(proof: ExportProof) -> Json:
    """Return what was found when an exported file was read back."""
    tensors = {"equal": proof.equal, "different": list(proof.different)}
    outputs = proof.outputs._asdict() if proof.outputs else None
    return _fields(schemas.EXPORT_PROOF, proof, tensors=tensors, outputs=outputs, repeated=proof.repeats)


def diff_json(diff: VersionDiff) -> Json:
    """Return a comparison: metrics and settings side by side, and every tensor's numbers."""
    return {
        "base": version_json(diff.base),
        "other": version_json(diff.other),
        "identical": diff.identical,
        "same_data": diff.is_on_same_data,
        "metrics": [fact_json(fact) for fact in diff.metrics],
        "settings": [fact_json(fact) for fact in diff.settings],
        "tensors": [tensor_diff_json(tensor) for tensor in diff.tensors],
    }


def fact_json(fact: DiffFact) -> Json:
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


def change_json(change: Any) -> Json:  # noqa: ANN401 - a UnitChange or CellChange of the analysis
    """Return how far a unit or a cell has moved; what is no finite number is null."""
    return {name: finite(value) for name, value in change._asdict().items()}


def cell_detail_json(detail: CellDetail) -> Json:
    """Return all about the change of one cell; `place` is its rank by |change|, null where none can be measured."""
    return change_json(detail.cell) | {
        "ulps": detail.ulps,
        "base_bits": detail.bits[0],
        "other_bits": detail.bits[1],
        "place": detail.rank.place,
    }


def search_json(now: SearchView) -> Json:
    """Return a search with the number of its candidates in each state, and its best one so far."""
    search, best = now.search, findings.best_trial(now)
    states = [trial.state for trial in now.candidates]
    return _fields(
        schemas.SEARCH,
        search,
        goal=asdict(search.goal),
        budget=asdict(search.budget),
        state=search.shown_state,
        run=search.run_id,
        network=search.network or None,
        trials={state: states.count(state) for state in TRIAL_STATES},
        best=trial_json(best) if best is not None else None,
    )


def trial_json(trial: Trial) -> Json:
    """Return a trial: its candidate, its run, and what came of it."""
    return _fields(schemas.TRIAL, trial, trial=trial.number, run=trial.run_id)


def findings_json(now: SearchView) -> Json:
    """Return what a search has found, as its page shows it."""
    predicted, random = findings.predictions(now), findings.against_random(now)
    front, _ = findings.front(now)
    return {
        "history": [step._asdict() for step in findings.history(now)],
        "curves": {str(number): list(curve) for number, curve in now.curves.items()},
        "importance": findings.importance(now),
        "importance_trials": findings.finished(now),
        "front": [trial.number for trial in front],
        "saved": findings.saved(now)._asdict(),
        "predictions": [one._asdict() for one in predicted],
        "rank_correlation": findings.correlation_of(predicted),
        "against_random": random._asdict() if random is not None else None,
        "random_search": findings.random_search(now),
        "beliefs": now.search.beliefs.get("settings", {}),
    }


def _fields(schema: Mapping[str, Any], record: Any, **values: Any) -> Json:  # noqa: ANN401 - any record
    """Return the fields of a schema: a value given here, or else the record's attribute of that name."""
    return {name: values[name] if name in values else getattr(record, name) for name in schema}
