"""Use: what a version reads, and what it answers to records."""

from typing import Any

from flask import Blueprint, Response

from dashboard.api.answers import json_answer
from dashboard.api.query import json_object
from dashboard.http import workspace
from dashboard.services.use.answers import Answer
from dashboard.services.use.inputs import inputs_of
from dashboard.services.use.loaded import load_version
from dashboard.services.use.prediction import Prediction, predict

blueprint = Blueprint("use", __name__)

VERSION = "/networks/<network>/versions/<number:version>"
MOST_BODY = 64 * 2**20


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


def prediction_json(prediction: Prediction) -> dict[str, Any]:
    """Return a prediction: an answer for each record, the outputs of the network, and columns that were passed over."""
    return {
        "version": prediction.version.reference,
        "answers": [answer_json(answer) for answer in prediction.answers],
        "outputs": prediction.outputs.astype(float).tolist(),
        "passed_over": list(prediction.passed_over),
    }


def answer_json(answer: Answer) -> dict[str, Any]:
    """Return an answer: a label with scores, the value of one target, or the values of several."""
    if answer.scores is not None:
        return {"label": answer.label, "scores": answer.scores}
    values = answer.values or {}
    return {"value": values[""]} if list(values) == [""] else {"values": values}
