"""What the page of a version's use shows: the form of a record, and the answers of one version or several."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import url_for

from dashboard.errors import Invalid, NotFound
from dashboard.http import workspace
from dashboard.services.compare.versions import parse_reference
from dashboard.services.use.answers import Answer
from dashboard.services.use.explaining import why_not_explained
from dashboard.services.use.inputs import Inputs, KnownRecord, has_records, inputs_of, known_record
from dashboard.services.use.loaded import Loaded
from dashboard.services.use.side_by_side import Side, other_sides, predict_texts
from dashboard.web.kit.forms import PageForm
from dashboard.web.kit.query import Query
from dashboard.web.kit.tables import Column, Table
from dashboard.web.use.forms import ValuesForm, field_key, place_errors, record_form
from dashboard.web.use.query import MOST_FIELDS, RecordQuery, record_address, record_query, split_values
from dashboard.web.use.why import WhyPage, why_page
from dashboard.web.use.words import passed_over_words, record_sentence

CLASSES_SHOWN = 20
CLASS_COLUMNS = (
    Column("class", "Class", lambda row: row[0]),
    Column("score", "Score", lambda row: row[1], "number"),
    Column("bar", "As a bar", lambda row: min(max(row[1], 0.0), 1.0), "bar", exported=False, quiet=True),
)

TARGET_COLUMNS = (
    Column("target", "Target", lambda row: row[0]),
    Column("answer", "Answer", lambda row: row[1].label),
    Column("score", "Score", lambda row: row[1].score, "number"),
    Column("second", "Second", lambda row: _second(row[1])[0]),
    Column("second_score", "Its score", lambda row: _second(row[1])[1], "number"),
)


@dataclass(frozen=True)
class UsePage:
    """The form of a record, and the answer to it, None before anything was sent or where a field is wrong."""

    loaded: Loaded
    inputs: Inputs
    form: PageForm
    is_wide: bool
    has_records: bool
    also: tuple[str, ...]
    record: KnownRecord | None
    record_note: str
    passed_over: str
    answer: Answer | None
    sides: list[Side]
    why: WhyPage | None
    errors: Mapping[str, str]

    @property
    def status(self) -> int:
        """422 where a value cannot be read."""
        return 422 if self.errors else 200

    @property
    def why_not(self) -> str:
        """Why the answer is not explained; empty if it is, or if there is none."""
        return "" if self.why or self.answer is None else why_not_explained(self.loaded)

    @property
    def classes(self) -> Table:
        """The scores of the classes, the answer first; of several targets the answer of each."""
        return scores_table(self.answer, "Scores of the classes")

    @property
    def versions(self) -> Table:
        """The answers of all versions side by side."""
        return Table("answers", _side_columns(self.sides), self.sides, "Answers of the versions")


def scores_table(answer: Answer | None, label: str) -> Table:
    """Return the scores of the classes, the answer first; of several targets a line for each."""
    if answer is not None and answer.targets is not None:
        return Table("scores", TARGET_COLUMNS, list(answer.targets.items()), label)
    ranked = answer.ranked if answer is not None else []
    return Table("scores", CLASS_COLUMNS, ranked[:CLASSES_SHOWN], label)


def use_page(loaded: Loaded, query: Query) -> UsePage:
    """Return what the page shows for an address; raises NotFound for a record that the dataset does not have."""
    inputs = inputs_of(workspace(), loaded)
    is_wide, has_own = len(inputs.columns) > MOST_FIELDS, has_records(workspace(), loaded)
    errors: dict[str, str] = {}
    try:
        sent = record_query(query, inputs.columns)
    except Invalid as error:
        errors, sent = error.errors, RecordQuery()
    if sent.record is not None and not has_own:
        raise NotFound("The records of the dataset are not here.", "record")
    record = known_record(workspace(), loaded, sent.record) if sent.record is not None else None
    texts = dict(record.texts) if record is not None else {}
    answer, sides, reasons = None, [], None
    try:
        texts |= split_values(sent.values, inputs.columns, loaded.marks[0]) if sent.values else sent.given
        if record is not None or sent.given or sent.values:
            prediction = predict_texts(loaded, texts)
            answer = prediction.answers[0]
            address = record_address(sent, inputs.columns, record is None or texts != record.texts)
            reasons = why_page(loaded, inputs, prediction.inputs[0], answer, address)
            sides = [Side(loaded.version.reference, answer), *other_sides(workspace(), sent.also, texts)]
    except Invalid as error:
        answer, sides, reasons, errors = None, [], None, errors | error.errors
    form = _form(inputs, texts, sent.values, loaded.marks[0], is_wide)
    place_errors(form, inputs.columns, errors)
    changed = [name for name, text in texts.items() if record is not None and record.texts.get(name) != text]
    return UsePage(
        loaded=loaded,
        inputs=inputs,
        form=form,
        is_wide=is_wide,
        has_records=has_own,
        also=sent.also,
        record=record,
        record_note=record_sentence(record, changed, answer) if record is not None else "",
        passed_over=passed_over_words(sorted(set(sent.others) - set(loaded.targets))),
        answer=answer,
        sides=sides,
        why=reasons,
        errors=errors,
    )


def require_why(page: UsePage) -> WhyPage:
    """Return why the answer is so; raises Invalid for a value that cannot be read, NotFound where nothing is asked."""
    if page.errors:
        raise Invalid(dict(page.errors))
    if page.why is None:
        raise NotFound(page.why_not or "Give a record: a value for each column, or record= and its number.", "record")
    return page.why


def _form(inputs: Inputs, texts: dict[str, str], values: str, decimal: str, is_wide: bool) -> PageForm:
    if is_wide:
        known = [texts[column.name] for column in inputs.columns if column.name in texts]
        separator = "; " if decimal == "," else ", "
        return ValuesForm(data={"values": values or separator.join(known)})
    form = record_form(inputs.columns)()
    for place, column in enumerate(inputs.columns):
        form[field_key(place)].data = texts.get(column.name, "")
    return form


def _side_columns(sides: Sequence[Side]) -> tuple[Column, ...]:
    """Return the columns for classes, or a column for each target."""
    first = next((side.answer for side in sides if side.answer is not None), None)
    version = Column("version", "Version", "reference", link=_version_address)
    problem = Column("problem", "Problem" if any(side.problem for side in sides) else "", "problem")
    if first is None or first.scores is not None:
        return (
            version,
            Column("answer", "Answer", lambda side: side.answer.label if side.answer else None),
            Column("score", "Score", lambda side: side.answer.score if side.answer else None, "number"),
            Column("second", "Second", lambda side: _second(side.answer)[0]),
            Column("second_score", "Its score", lambda side: _second(side.answer)[1], "number"),
            problem,
        )
    if first.targets is not None:
        return (version, *(column for name in first.targets for column in _label_columns(name)), problem)
    return (version, *(_value_column(name) for name in first.values or {}), problem)


def _value_column(name: str) -> Column:
    def value(side: Side) -> float | None:
        return (side.answer.values or {}).get(name) if side.answer else None

    return Column(name or "answer", name or "Answer", value, "number")


def _label_columns(name: str) -> tuple[Column, Column]:
    """Return the columns for the answer of one of several targets, and for its score."""

    def own(side: Side) -> Answer | None:
        return (side.answer.targets or {}).get(name) if side.answer else None

    return (
        Column(f"answer.{name}", name, lambda side: one.label if (one := own(side)) else None),
        Column(f"score.{name}", "Score", lambda side: one.score if (one := own(side)) else None, "number"),
    )


def _second(answer: Answer | None) -> tuple[str | None, float | None]:
    ranked = answer.ranked if answer else []
    return ranked[1] if len(ranked) > 1 else (None, None)


def _version_address(side: Side) -> str:
    if side.answer is None:
        return ""
    name, number = parse_reference(side.reference, "other")
    return url_for("versions.show", name=name, number=number)
