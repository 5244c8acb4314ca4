"""Use: what a version reads, and what it answers to records."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import quote

from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from dashboard.api.answers import json_answer
from dashboard.api.query import json_object
from dashboard.http import workspace
from dashboard.services.use.answers import Answer
from dashboard.services.use.batch import Batch, discard, open_batch, received
from dashboard.services.use.drawing import draw
from dashboard.services.use.explaining import explain
from dashboard.services.use.inputs import inputs_of
from dashboard.services.use.loaded import load_version
from dashboard.services.use.prediction import Prediction, predict

blueprint = Blueprint("use", __name__)

VERSION = "/networks/<network>/versions/<number:version>"
MOST_BODY = 64 * 2**20
PASSED_OVER, MOST_NAMED = "Weightbase-Passed-Over", 20
"""The header of an answered CSV that names columns which the version does not read, quoted as in an address."""


@blueprint.get(f"{VERSION}/inputs")
def get_inputs(network: str, version: int) -> Response:
    """Answer what a version reads of a record, with ranges, levels and an example of its dataset."""
    loaded = load_version(workspace(), network, version)
    inputs = inputs_of(workspace(), loaded)
    return json_answer(
        {"version": loaded.version.reference}
        | inputs._asdict()
        | {
            "columns": [column._asdict() for column in inputs.columns],
            "image_shape": list(inputs.image_shape) or None,
            "target": inputs.targets[0] if len(inputs.targets) == 1 else None,
        }
    )


@blueprint.post(f"{VERSION}/predict")
def predict_records(network: str, version: int) -> Response:
    """Answer records of values by column, or what the network is given."""
    return json_answer(prediction_json(predict(workspace(), network, version, json_object(most=MOST_BODY))))


@blueprint.post(f"{VERSION}/predict.csv")
def predict_file(network: str, version: int) -> Response:
    """Answer a CSV (multipart/form-data) with the same CSV and columns of answers, block by block."""
    if request.mimetype != "multipart/form-data" or "file" not in request.files:
        raise UnsupportedMediaType("Send multipart/form-data with the CSV as the part named file.")
    loaded = load_version(workspace(), network, version)
    path = received(workspace(), cast(BinaryIO, request.files["file"].stream))
    try:
        batch = open_batch(loaded, path, request.form.to_dict())
    except BaseException:
        discard(path)
        raise
    answer = Response(_sent(batch, path), content_type=f"text/csv; charset={batch.encoding}")
    answer.call_on_close(lambda: discard(path))  # where nothing of it is ever sent
    answer.headers["Content-Disposition"] = 'attachment; filename="answers.csv"'
    answer.headers[PASSED_OVER] = ", ".join(quote(name) for name in batch.summary.passed_over[:MOST_NAMED])
    return answer


@blueprint.post(f"{VERSION}/why")
def explain_record(network: str, version: int) -> Response:
    """Answer why a record is answered as it is: what each column contributes, and the hidden units that fired."""
    explained = explain(workspace(), network, version, json_object())
    why, shares = explained.why, explained.why.shares
    return json_answer(
        {
            "version": explained.loaded.version.reference,
            "answer": answer_json(explained.answer),
            "about": why.what,
            "contributions": [{"column": name, "contribution": share} for name, share in why.columns],
            "baseline": shares.baseline,
            "output": shares.output,
            "residual": shares.residual,
            "steps": shares.steps,
            "units": [unit._asdict() for unit in why.units],
            "hidden_units": why.hidden,
            "passed_over": list(explained.passed_over),
        }
    )


@blueprint.post(f"{VERSION}/draw")
def answer_drawing(network: str, version: int) -> Response:
    """Answer a drawing: strokes as lists of points, or pixels."""
    drawing = draw(workspace(), load_version(workspace(), network, version), json_object())
    look = drawing.look._asdict() | {"shape": list(drawing.look.shape), "centre": list(drawing.look.centre)}
    pixels = drawing.pixels.tolist()
    return json_answer(
        {"version": drawing.version, "pixels": pixels, "answer": answer_json(drawing.answer), "look": look}
    )


def _sent(batch: Batch, path: Path) -> Iterator[bytes]:
    """Yield the answered file, and remove what was sent."""
    try:
        yield from batch.pieces()
    finally:
        discard(path)


def prediction_json(prediction: Prediction) -> dict[str, Any]:
    """Return a prediction: an answer for each record, the outputs of the network, and columns that were passed over."""
    return {
        "version": prediction.version.reference,
        "answers": [answer_json(answer) for answer in prediction.answers],
        "outputs": prediction.outputs.astype(float).tolist(),
        "passed_over": list(prediction.passed_over),
    }


def answer_json(answer: Answer) -> dict[str, Any]:
    """Return an answer: a label with scores, the value of one target, or the labels or values of several."""
    if answer.targets is not None:
        labels = {name: own.label for name, own in answer.targets.items()}
        return {"labels": labels, "scores": {name: own.scores for name, own in answer.targets.items()}}
    if answer.scores is not None:
        return {"label": answer.label, "scores": answer.scores}
    values = answer.values or {}
    return {"value": values[""]} if list(values) == [""] else {"values": values}
