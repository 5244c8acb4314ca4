"""The small parts that the forms are made of: fields that keep what was typed, and errors put beside them.

Numbers are text fields on purpose: whatever a person typed comes back to them beside the message. What is
right and wrong is decided by the domain (`dashboard.parsing`), in one place for forms and for the JSON API.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from wtforms import (
    BooleanField,
    Field,
    FieldList,
    Form,
    FormField,
    SelectField,
    StringField,
)
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # the stubs are older than the package

from dashboard.errors import Invalid, UserError

WORDS = {
    "": "as the target suggests",
    "leaky_relu": "leaky relu",
    "squared_error": "squared error",
    "absolute_error": "absolute error",
    "huber": "Huber",
    "binary_cross_entropy": "binary cross-entropy",
    "cross_entropy": "cross-entropy",
    "sgd": "SGD",
    "momentum": "SGD with momentum",
    "nesterov": "Nesterov",
    "rmsprop": "RMSprop",
    "adam": "Adam",
    "adamw": "AdamW",
    "glorot_uniform": "Glorot, uniform",
    "glorot_normal": "Glorot, normal",
    "he_uniform": "He, uniform",
    "he_normal": "He, normal",
    "lecun_uniform": "LeCun, uniform",
    "lecun_normal": "LeCun, normal",
    "normal_sqrt": "N(0, 1/√n), the book's",
    "minmax": "minimum to maximum: 0 to 1",
    "book": "the book's: 0.01 to 1",
    "standard": "standard: mean 0, deviation 1",
}


class Problem(NamedTuple):
    """Something that is wrong in a form: the field's id (empty: the form as a whole), its label, the message."""

    id: str
    label: str
    message: str


class PageForm(Form):
    """A form of one of our pages; its token is checked for every page at once, in `security`."""

    def field_at(self, path: str) -> Field | None:
        """Return the field that the domain calls by a dotted path such as layers.0.units, if there is one."""
        return find_field(self, path.split("."))


def number_field(label: str, help_text: str = "", whole: bool = False) -> StringField:
    """Return a text field for a number, which keeps whatever was typed."""
    mode = "numeric" if whole else "decimal"
    return StringField(label, description=help_text, render_kw={"inputmode": mode, "size": 8, "autocomplete": "off"})


def choice_field(label: str, names: Iterable[str], help_text: str = "") -> SelectField:
    """Return a select over the domain's names, shown in words; a name that is not among them is left to the domain."""
    return SelectField(label, choices=options((name, WORDS.get(name, name)) for name in names), description=help_text)


def options(pairs: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    """Return what a select offers, from (value, what is shown)."""
    return [SelectChoice(value, label) for value, label in pairs]


def tick_field(label: str, help_text: str = "") -> BooleanField:
    """Return a tick box."""
    return BooleanField(label, description=help_text)


def attach_errors(form: PageForm, error: UserError) -> None:
    """Put the domain's messages beside the fields they are about; what belongs to none stands above the form."""
    messages = error.errors if isinstance(error, Invalid) else {error.field or "": error.message}
    for path, message in messages.items():
        field = form.field_at(path)
        if field is None:
            form.form_errors.append(message)
        else:
            field.errors = [*field.errors, message]


def find_field(form: Form, path: list[str]) -> Field | None:
    """Follow a dotted path through groups and lists; None where it leads to no field that a person fills in."""
    here: Any = form
    for part in path:
        here = _step(here, part)
    return here if isinstance(here, Field) and not isinstance(here, FieldList | FormField) else None


def problems(form: PageForm) -> list[Problem]:
    """List all that is wrong, for the summary above the form."""
    above = [Problem("", "", str(message)) for message in form.form_errors]
    return above + [Problem(f.id, _full_label(f), str(message)) for f in leaves(form) for message in f.errors]


def leaves(fields: Iterable[Field]) -> Iterator[Field]:
    """Yield the fields that a person fills in, in order, those inside lists and groups included."""
    for field in fields:
        if isinstance(field, FormField):
            yield from leaves(field.form)
        elif isinstance(field, FieldList):
            yield from leaves(field.entries)
        else:
            yield field


def _full_label(field: Field) -> str:
    """Return a field's label, with its number when it stands in a list: Units 2."""
    numbers = [int(part) + 1 for part in str(field.id).split("-") if part.isdigit()]
    return " ".join([field.label.text, *map(str, numbers)])


def _step(here: Any, part: str) -> Any:  # noqa: ANN401 - a form, a group, a list, or nothing
    if isinstance(here, FieldList):
        return here.entries[int(part)] if part.isdigit() and int(part) < len(here.entries) else None
    fields = here.form if isinstance(here, FormField) else here
    return fields[part] if isinstance(fields, Form) and part in fields else None


class ConfirmForm(PageForm):
    """The name of what is about to go, typed once more."""

    typed = StringField("Its name, to confirm", render_kw={"autocomplete": "off"})

    def confirms(self, name: str) -> bool:
        """Tell whether the name was typed, and say so beside the field if not."""
        if (self.typed.data or "").strip() == name:
            return True
        self.typed.errors = [f"Type {name} to confirm."]
        return False
