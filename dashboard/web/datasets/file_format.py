"""How an uploaded file is written, on the page where its columns are chosen: the guesses, and their correction."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from wtforms import Field

from dashboard.services.datasets import FORMAT_SETTINGS, Detected
from dashboard.web.datasets.forms import DatasetForm

MAIN = ("delimiter", "header", "encoding", "decimal", "thousands", "skip")
BEFORE = "was-"
"""Before the name of a field: the value that the page was drawn with, so that a change is seen."""


class Guessed(NamedTuple):
    """A field of the format, why it has its value, and whether that is sure."""

    field: Field
    reason: str
    sure: bool


class FormatPart(NamedTuple):
    """The part of the form about the format: its fields, those that are rarely changed, and what is sent unseen."""

    main: list[Guessed]
    further: list[Guessed]
    is_open: bool
    hidden: dict[str, str]
    unsure: int


def format_values(detected: Detected) -> dict[str, Any]:
    """Return the values of the fields: those that were detected."""
    return detected.format.to_json() | {"header": "yes" if detected.format.header else "no"}


def settled_fields(form: Mapping[str, str]) -> dict[str, str]:
    """Return what a person has settled of the format: what differs from what the page showed, now or before."""
    before = set(form.get("settled", "").split(","))
    given = {name: form[name] for name in FORMAT_SETTINGS if form.get(name)}
    return {name: value for name, value in given.items() if name in before or value != form.get(BEFORE + name)}


def format_part(form: DatasetForm, detected: Detected, settled: Iterable[str] = ()) -> FormatPart:
    """Return the fields of the format with the reason of each guess."""
    guesses = detected.guesses
    fields = {
        name: Guessed(form[name], guesses[name].reason, guesses[name].sure)
        if name in guesses
        else Guessed(form[name], "", True)
        for name in FORMAT_SETTINGS
    }
    further = [one for name, one in fields.items() if name not in MAIN]
    values = {name: str(value) for name, value in format_values(detected).items()}
    defaults = {name: str(setting.default) for name, setting in FORMAT_SETTINGS.items() if name not in MAIN}
    is_open = any(values[name] != default for name, default in defaults.items())
    return FormatPart(
        main=[fields[name] for name in MAIN],
        further=further,
        is_open=is_open or any(one.field.errors or not one.sure for one in further),
        hidden={BEFORE + name: value for name, value in values.items()} | {"settled": ",".join(settled)},
        unsure=sum(not one.sure for one in fields.values()),
    )
