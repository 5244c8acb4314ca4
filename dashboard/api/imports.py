"""Imports: files of weights are read, shown with the layers they can be read as, and saved as versions."""

from typing import Any, BinaryIO, cast

from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from dashboard.api.answers import json_answer
from dashboard.api.query import json_object, read_query
from dashboard.api.shapes import run_json
from dashboard.errors import NotFound
from dashboard.http import own_path, sender, workspace
from dashboard.services.imports.plan import Proposal
from dashboard.services.imports.preview import CheckpointPreview, checkpoint_previews, tensor_previews
from dashboard.services.imports.receiving import receive_import
from dashboard.services.imports.saving import start_import
from dashboard.services.imports.stated import Stated, stated_of
from dashboard.services.imports.waiting import Import, discard_import
from dashboard.services.imports.waiting import get_import as waiting_import
from dashboard.services.upload_parts import SentFile

blueprint = Blueprint("imports", __name__)


@blueprint.post("/imports")
def create_import() -> Response:
    """Read files of weights (multipart/form-data): one, several, or a ZIP of them; nothing is saved yet."""
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("Send multipart/form-data with the files as parts named file.")
    files = request.files.getlist("file")
    sent = [SentFile(cast(BinaryIO, file.stream), file.filename or "file") for file in files]
    waiting = receive_import(workspace(), sent)
    return json_answer(import_json(waiting, 0), 201, {"Location": f"{own_path()}/{waiting.token}"})


@blueprint.get("/imports/<token>")
def get_import(token: str) -> Response:
    """Answer what was read of files that wait, with the tensors of one checkpoint, by default the first."""
    waiting, (place,) = waiting_import(workspace(), token), read_query("checkpoint")
    if place >= len(waiting.checkpoints):
        raise NotFound(f"The checkpoints go from 0 to {len(waiting.checkpoints) - 1}.", "checkpoint")
    return json_answer(import_json(waiting, place))


@blueprint.delete("/imports/<token>")
def delete_import(token: str) -> Response:
    """Discard files that wait."""
    waiting_import(workspace(), token)
    discard_import(workspace(), token)
    return Response(status=204)


@blueprint.post("/imports/<token>/versions")
def save_import(token: str) -> Response:
    """Save what was read as versions of a network, as a run whose result names them."""
    run = start_import(workspace(), token, json_object(), sender("API"))
    return json_answer({"run": run_json(run)}, 202, {"Location": f"{request.script_root}/api/v1/runs/{run.id}"})


def import_json(waiting: Import, place: int) -> dict[str, Any]:
    """Return an import: the tensors of one checkpoint, all checkpoints, what is left out, and possible layers."""
    first = waiting.checkpoints[place]
    tensors = [one._asdict() | {"shape": list(one.shape)} for one in tensor_previews(first)]
    skipped = [*waiting.left_out.items(), *((one.name, one.why) for one in first.contents.skipped)]
    return {
        "token": waiting.token,
        "name": waiting.name,
        "format": first.contents.format,
        "tensors": tensors,
        "skipped": [{"name": name, "why": why} for name, why in skipped],
        "proposals": [_proposal_json(one) for one in waiting.proposals],
        "about": first.contents.about,
        "stated": _stated_json(stated_of(waiting, waiting.proposals[0] if waiting.proposals else None)),
        "checkpoints": [_checkpoint_json(one) for one in checkpoint_previews(waiting)],
    }


def _proposal_json(proposal: Proposal) -> dict[str, Any]:
    return proposal._asdict() | {"layers": [layer._asdict() for layer in proposal.layers]}


def _stated_json(stated: Stated) -> dict[str, Any]:
    """Return what a file states of its columns, and why it cannot be taken if it cannot."""
    known = stated.preprocessing
    return {
        "columns": known.columns if known else {},
        "classes": list(known.classes) if known else [],
        "task": known.task if known else None,
        "scaling": known.scaling if known else None,
        "why_not": stated.why_not,
    }


def _checkpoint_json(one: CheckpointPreview) -> dict[str, Any]:
    place, number, changes = one.checkpoint.place, one.checkpoint.number, one.changes
    return {
        "checkpoint": one.place,
        "name": one.checkpoint.name,
        "number": number,
        "counts": place.counts if number is not None else None,
        "metrics": one.metrics,
        "unnamed": list(place.unnamed),
        "files": [file._asdict() for file in one.checkpoint.files],
        "tensors": len(one.checkpoint.tensors),
        "changes": None
        if changes is None
        else {
            "new": list(changes.new),
            "gone": list(changes.gone),
            "changed": [{"name": what.name, "before": what.before, "after": what.after} for what in changes.changed],
        },
    }
