"""Why a version answers one record as it does: of a record that is sent, or of one of its dataset."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.errors import Conflict, Invalid
from dashboard.parsing import Fields
from dashboard.services.use.answers import Answer
from dashboard.services.use.inputs import known_record
from dashboard.services.use.loaded import Loaded, load_version
from dashboard.services.use.prediction import predict_rows
from dashboard.services.use.why import Why, why
from dashboard.services.workspace import Workspace

BODY = 'Send {"row": {"age": "31"}}, a value for each column, or {"record": 17}, the number of one of the dataset.'
FARTHEST = 2**62


@dataclass(frozen=True)
class Explained:
    """The answer to one record, and why it is so; `passed_over` are columns that the version does not read."""

    loaded: Loaded
    answer: Answer
    why: Why
    passed_over: tuple[str, ...]


def explain(workspace: Workspace, network_name: str, number: int, body: Mapping[str, Any]) -> Explained:
    """Explain the answer to the `row` of values by column, or to the dataset's `record` of a number.

    Raises Invalid naming what is wrong, NotFound, Conflict for a version that cannot be used or whose records are not
    here, NotAsSaved.
    """
    fields = Fields(body)
    fields.known({"row", "record"})
    if len(body) != 1:
        fields.refuse("row", BODY)
    place = fields.integer("record", 0, 0, FARTHEST)
    if "row" in body and not isinstance(body["row"], Mapping):
        fields.refuse("row", BODY)
    fields.done()
    loaded = load_version(workspace, network_name, number)
    row = body["row"] if "row" in body else known_record(workspace, loaded, place).texts
    try:
        prediction = predict_rows(loaded, [row])
    except Invalid as error:
        raise Invalid({name.replace("rows.0", "row", 1): text for name, text in error.errors.items()}) from error
    answer = prediction.answers[0]
    reasons = why(workspace, loaded, prediction.inputs[0], answer)
    if reasons is None:
        raise Conflict(why_not_explained(loaded), "version")
    return Explained(loaded, answer, reasons, prediction.passed_over)


def why_not_explained(loaded: Loaded) -> str:
    """Say in a sentence what lacks where an answer of a version cannot be explained."""
    return (
        f"Contributions are counted from the mean record of the training part, and the records that "
        f"{loaded.version.reference} was trained on are not here. Add its dataset again to see them."
    )
