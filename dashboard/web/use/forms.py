"""The form of one record: a field per column, with its range, its levels and an example of the dataset."""

from collections.abc import Sequence
from typing import Any

from wtforms import Field, FileField, SelectField, StringField, TextAreaField

from dashboard.services.use.batch_format import DECIMALS, DELIMITERS, HEADERS
from dashboard.services.use.inputs import InputColumn
from dashboard.web.kit.forms import PageForm, options
from dashboard.web.use.query import field_names
from dashboard.web.use.words import column_help

FILE_HELP = "With the columns that the version reads, in any order. With the target the answers are measured."
MOST_OPTIONS = 100
"""A category with more levels is typed."""


class FileForm(PageForm):
    """A file of records, and how it is written where that is to be said."""

    file = FileField("CSV", description=FILE_HELP, render_kw={"accept": ".csv,.tsv,.txt"})
    delimiter = SelectField("Delimiter", choices=options([("", "detect"), *DELIMITERS.items()]))
    header = SelectField("First line", choices=options(HEADERS.items()))
    decimal = SelectField("Decimal mark", choices=options([("", "detect"), *DECIMALS.items()]))

    def choices(self) -> dict[str, str]:
        """Return what was settled of the format."""
        return {name: self[name].data for name in ("delimiter", "header", "decimal") if self[name].data}


class ValuesForm(PageForm):
    """A record of many columns as one text."""

    values = TextAreaField("Values", render_kw={"rows": 4, "spellcheck": "false", "autocomplete": "off"})


def record_form(columns: Sequence[InputColumn]) -> type[PageForm]:
    """Return the form of a record with these columns."""
    names = field_names(columns)
    fields = {field_key(place): _field(column, place, names[column.name]) for place, column in enumerate(columns)}
    return type("RecordForm", (PageForm,), fields)


def field_key(place: int) -> str:
    """Return the key in the form of the field of a column, by its place."""
    return f"column_{place}"


def place_errors(form: PageForm, columns: Sequence[InputColumn], errors: dict[str, str]) -> None:
    """Attach messages to the fields of their columns; others are shown above the form."""
    keys = {column.name: field_key(place) for place, column in enumerate(columns)}
    for column, message in errors.items():
        field: Field | None = next((form[key] for key in (keys.get(column, column),) if key in form), None)
        if field is None:
            form.form_errors.append(message)
        else:
            field.errors = [*field.errors, message]


def _field(column: InputColumn, place: int, name: str) -> Any:  # noqa: ANN401 - a field that WTForms binds later
    about: dict[str, Any] = {"label": column.name, "id": f"column-{place}", "name": name}
    about["description"] = column_help(column)
    if 0 < len([level for level in column.levels if level]) <= MOST_OPTIONS:
        unknown = [("", "unknown" if column.may_miss else "choose")]
        own = [(level, level) for level in column.levels if level]
        return SelectField(choices=options([*unknown, *own]), validate_choice=False, **about)
    mode = "decimal" if column.kind == "numeric" else "text"
    return StringField(render_kw={"inputmode": mode, "autocomplete": "off", "size": 12}, **about)
