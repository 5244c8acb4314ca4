"""What is known of an upload before it is a dataset: its columns, open questions, what missing values cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboard.data.dates import ORDERS
from dashboard.data.gap_costs import GapCosts
from dashboard.data.specification import ODD, DatasetSpec, column_notes, parse_spec
from dashboard.errors import Invalid, NotFound
from dashboard.parsing import Fields
from dashboard.services.datasets import (
    COLUMN_KINDS,
    FORMAT_SETTINGS,
    IMPORT_SETTINGS,
    Preview,
    Upload,
    detect_upload,
    has_open_marks,
    preview_upload,
    upload_gap_costs,
)


@dataclass(frozen=True)
class Question:
    """What only a person can know: the field that answers it, and its possible answers, each with words."""

    field: str
    text: str
    choices: dict[str, str]


@dataclass(frozen=True)
class UploadPreview:
    """An upload, read and typed as was chosen; `costs` is None where no input has missing values."""

    upload: Upload
    preview: Preview
    spec: DatasetSpec
    questions: list[Question]
    costs: GapCosts | None
    notes: dict[str, Any]

    def kind(self, column: str) -> str:
        """Return what a column is taken as: one of the kinds, target for every target."""
        return "target" if column == self.spec.target else self.spec.kinds[column]


def preview_with_choices(upload: Upload, data: Mapping[str, Any]) -> UploadPreview:
    """Return what is known of an upload with the choices so far; what is not answered yet is a question.

    Raises Invalid for choices that cannot be.
    """
    fields = Fields({name: value for name, value in data.items() if name not in IMPORT_SETTINGS})
    seen = preview_upload(upload, fields.data)
    spec = parse_spec(fields, seen)
    columns = _questions_of_columns(fields, seen)
    wrong = {name: message for name, message in fields.errors.items() if name not in {one.field for one in columns}}
    if wrong:
        raise Invalid(wrong)
    questions = [*_question_of_target(fields, seen), *_question_of_marks(upload, fields), *columns]
    costs = upload_gap_costs(upload, seen, spec.target, spec.kinds, spec.task)
    return UploadPreview(upload, seen, spec, questions, costs, column_notes(seen, spec))


def with_format(upload: Upload, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return choices for an upload that waits, with the format that is guessed with what they settle of it."""
    given = {name: value for name, value in data.items() if name in FORMAT_SETTINGS}
    if not given:
        return dict(data)
    chosen = detect_upload(upload, given).format
    return {**chosen.to_json(), "header": "yes" if chosen.header else "no", **data}


def _question_of_target(fields: Fields, seen: Preview) -> list[Question]:
    if not seen.guess.question or fields.data.get("target"):
        return []
    return [Question("target", seen.guess.question, {name: name for name in (seen.guess.name, *seen.guess.others)})]


def _question_of_marks(upload: Upload, fields: Fields) -> list[Question]:
    """Return the question whether numbers are thousands or fractions, where nothing in the file says it."""
    if not has_open_marks(upload, fields.data):
        return []
    reason = upload.guesses["thousands"].reason
    if upload.format.delimiter == ",":  # a decimal comma would need quotes
        return [Question("thousands", reason, {"none": "fractions", ".": "thousands"})]
    return [Question("decimal", reason, {".": "a decimal point", ",": "a decimal comma"})]


def _questions_of_columns(fields: Fields, seen: Preview) -> list[Question]:
    """Return what is asked of single columns and was not answered, as it was refused."""
    questions = []
    for path, message in fields.errors.items():
        name, _, column = path.partition(".")
        answered = fields.inner(name).data if name in {"odd", "dates"} else {}
        if name not in {"odd", "dates"} or column not in seen.names or answered.get(column):
            continue
        answers = {"drop": ODD["drop"]} if seen.column(column).missing and not seen.column(column).words else ODD
        choices = answers if name == "odd" else {order: ORDERS[order] for order in seen.column(column).dates}
        questions.append(Question(path, message, dict(choices)))
    return questions + _doubts_of_columns(fields, seen)


def _doubts_of_columns(fields: Fields, seen: Preview) -> list[Question]:
    """Return what may be otherwise than it is taken without an answer: numbers that may mean missing, or be names."""
    words, kinds = fields.data.get("column_words"), fields.inner("kinds").data
    answered = words if isinstance(words, Mapping) else {}
    questions = []
    for column in seen.columns:
        if column.marker and column.name not in answered and not isinstance(words, str):
            missing = ", ".join((*filter(None, column.reading.words), *column.marker))
            choices = {missing: "words for missing in this column, with it", "": "words for missing without it"}
            questions.append(Question(f"column_words.{column.name}", column.reason, choices))
        elif column.is_doubt and column.name not in kinds and column.name != seen.guess.name:
            choices = {"categorical": COLUMN_KINDS["categorical"], "numeric": COLUMN_KINDS["numeric"]}
            questions.append(Question(f"kinds.{column.name}", column.reason, choices))
    return questions


def with_marker(upload: Upload, data: Mapping[str, Any], name: str) -> str:
    """Return the words for missing in single columns, with the number that may mean it in a column.

    Raises Invalid for choices that cannot be, and NotFound for a column without such a number.
    """
    seen = preview_upload(upload, data)
    column = next((one for one in seen.columns if one.name == name and one.marker), None)
    if column is None:
        raise NotFound(f"Column {name[:64]!r} has no number that is far from all others.", "column_words")
    own = ", ".join((*filter(None, column.reading.words), *column.marker))
    return "\n".join(filter(None, (str(data.get("column_words") or ""), f"{name}: {own}")))
