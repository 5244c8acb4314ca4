"""How an uploaded file is written, on the page where its columns are chosen: the guesses, and their correction."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from wtforms import Field

from dashboard.services.datasets import FORMAT_SETTINGS, Detected
from dashboard.web.kit.forms import PageForm

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


def settled_fields(form: Mapping[str, str], prefix: str = "") -> dict[str, str]:
    """Return what a person has settled of the format: what differs from what the page showed, now or before.

    `prefix` begins the names of its fields, where there are several formats on a page.
    """
    before = set(form.get(f"{prefix}settled", "").split(","))
    given = {name: form[prefix + name] for name in FORMAT_SETTINGS if form.get(prefix + name)}
    shown = {name: form.get(f"{prefix}{BEFORE}{name}") for name in given}
    return {name: value for name, value in given.items() if name in before or value != shown[name]}


def format_part(form: PageForm, detected: Detected, settled: Iterable[str] = (), prefix: str = "") -> FormatPart:
    """Return the fields of the format that the form has, with the reason of each guess."""
    guesses = detected.guesses
    fields = {
        name: Guessed(form[name], guesses[name].reason, guesses[name].sure)
        if name in guesses
        else Guessed(form[name], "", True)
        for name in FORMAT_SETTINGS
        if name in form
    }
    further = [one for name, one in fields.items() if name not in MAIN]
    values = {name: str(value) for name, value in format_values(detected).items()}
    defaults = {name: str(setting.default) for name, setting in FORMAT_SETTINGS.items() if name not in MAIN}
    is_open = any(values[name] != default for name, default in defaults.items())
    return FormatPart(
        main=[fields[name] for name in MAIN if name in fields],
        further=further,
        is_open=is_open or any(one.field.errors or not one.sure for one in further),
        hidden={f"{prefix}{BEFORE}{name}": value for name, value in values.items() if name in fields}
        | {f"{prefix}settled": ",".join(settled)},
        unsure=sum(not one.sure for one in fields.values()),
    )
