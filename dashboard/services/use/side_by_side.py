"""One record put through several versions, each with its own preprocessing."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from dashboard.errors import Invalid, UserError
from dashboard.services.compare.versions import parse_reference
from dashboard.services.use.answers import Answer
from dashboard.services.use.loaded import Loaded, load_version
from dashboard.services.use.prediction import Prediction, predict_rows
from dashboard.services.workspace import Workspace

MOST_OTHERS = 7


class Side(NamedTuple):
    """What one version answers, or the `problem` why it cannot."""

    reference: str
    answer: Answer | None
    problem: str = ""


def predict_texts(loaded: Loaded, texts: Mapping[str, str]) -> Prediction:
    """Answer one record of texts; raises Invalid with a message for each column that cannot be read."""
    try:
        return predict_rows(loaded, [texts])
    except Invalid as error:
        raise Invalid({field.removeprefix("rows.0."): text for field, text in error.errors.items()}) from error


def other_sides(workspace: Workspace, references: Sequence[str], texts: Mapping[str, str]) -> list[Side]:
    """Return what other versions answer to the same record; raises Invalid for more than 7 of them."""
    if len(references) > MOST_OTHERS:
        raise Invalid({"also": f"At most {MOST_OTHERS} further versions can be shown side by side."})
    return [_side(workspace, reference, texts) for reference in references]


def _side(workspace: Workspace, reference: str, texts: Mapping[str, str]) -> Side:
    try:
        loaded = load_version(workspace, *parse_reference(reference, "other"))
        return Side(reference, predict_texts(loaded, texts).answers[0])
    except UserError as error:
        return Side(reference, None, error.message)
