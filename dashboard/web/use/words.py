"""The sentences of the pages on which a version is put to use."""

from collections.abc import Sequence

from dashboard.metrics import metric_words
from dashboard.services.use.answers import Answer
from dashboard.services.use.drawing import Look
from dashboard.services.use.inputs import InputColumn, KnownRecord
from dashboard.services.use.results import BatchResult
from dashboard.web.kit.formats import number, plural
from dashboard.web.versions.scores import LISTS


def column_help(column: InputColumn) -> str:
    """Return what a person has to know of a column: its range, an example, whether it may be empty."""
    parts = []
    if column.low is not None and column.high is not None:
        parts.append(f"{number(column.low)} to {number(column.high)} in the dataset")
    if column.kind == "date":
        parts.append("a date")
    if column.example:
        parts.append(f"for example {column.example}")
    if column.may_miss:
        parts.append("may be empty")
    text = ", ".join(parts)
    return text[:1].upper() + text[1:] + "." if text else ""


def answer_sentence(answer: Answer) -> str:
    """Say what the answer is, and which class is second."""
    if answer.targets is not None:
        several = (f"{name} {own.label} (score {number(own.score)})" for name, own in answer.targets.items())
        return f"The answer is {', '.join(several)}."
    if answer.scores is None:
        values = answer.values or {}
        said = [f"{name} {number(value)}" if name else number(value) for name, value in values.items()]
        return f"The answer is {', '.join(said)}."
    first, *others = answer.ranked
    second = f"; second is {others[0][0]} with {number(others[0][1])}" if others else ""
    return f"The answer is {first[0]}, score {number(first[1])}{second}."


def record_sentence(record: KnownRecord, changed: Sequence[str], answer: Answer | None) -> str:
    """Say which record of the dataset it is, what was changed, and whether the answer is right."""
    part = f" of the {record.part} part" if record.part else ""
    begin = f"Record {record.number:,}{part}, whose target is {record.target}"
    if changed:
        named = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
        return f"{begin}. Changed: {named}."
    if answer is None or not answer.has_classes:
        return f"{begin}."
    return f"{begin}: {'right' if answer.text == record.target else 'wrong'}."


def batch_sentence(result: BatchResult) -> str:
    """Say how many records were answered, and how good the answers are."""
    summary = result.summary
    said = f"{plural(summary.records, 'record')} of {result.version}"
    problems = f", {summary.problems:,} of them cannot be read" if summary.problems else ", all answered"
    single = {name: value for name, value in summary.metrics.items() if name not in LISTS}
    scores = [f"{metric_words(name)} {number(value)}" for name, value in single.items()]
    measured = f": {', '.join(scores)}" if scores else ""
    unknown = f" ({plural(summary.unknown, 'record')} with an unknown target)" if summary.unknown else ""
    return f"{said}{problems}{measured}{unknown}."


def look_words(look: Look) -> str:
    """Say how a drawing becomes a picture, as it was measured from the dataset."""
    centre = "its centre of mass" if look.by_mass else "the middle of its box"
    y, x = look.centre
    return (
        f"As in the dataset: its longer side {number(look.side)} pixels, the pen {number(look.pen)} wide, "
        f"{centre} at {number(x)}, {number(y)}."
    )


def passed_over_words(names: Sequence[str]) -> str:
    """Name the columns that were sent and that the version does not read; empty for none."""
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    return f"Passed over, as the version does not read them: {shown}." if names else ""
