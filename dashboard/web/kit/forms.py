"""Form fields made from declared settings, which keep what was typed, and errors shown next to them.

Numbers are text fields on purpose: whatever a person typed comes back to them with the message. What is right and
wrong is decided by the domain (`dashboard.kinds`), in one place for forms and for the JSON API.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from wtforms import (
    BooleanField,
    Field,
    FieldList,
    Form,
    FormField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice  # type: ignore[attr-defined]  # the stubs are older than the package
from wtforms.widgets import CheckboxInput, ListWidget

from dashboard.declarations import Setting
from dashboard.errors import Invalid, UserError
from dashboard.kinds import Choice, Flag, Number, RangeOf, Several, Whole
from dashboard.records.training import SaveRule


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


def form_field(setting: Setting, **attributes: Any) -> Any:  # noqa: ANN401 - a field that WTForms binds later
    """Return the field in which a person fills in a setting; what is not among its choices is left to the domain."""
    kind = setting.kind
    about: dict[str, Any] = {"label": setting.label, "description": setting.help}
    if isinstance(kind, Whole | Number):
        return _number_field(kind, **about)
    if isinstance(kind, Flag):
        return BooleanField(**about)
    if isinstance(kind, Choice):
        first = [("", kind.empty)] if kind.empty else []
        return SelectField(choices=options([*first, *kind.words.items()]), **about)
    if isinstance(kind, Several):
        ticks: dict[str, Any] = {"widget": ListWidget(prefix_label=False), "option_widget": CheckboxInput()}
        return SelectMultipleField(choices=options(kind.words.items()), **ticks, **about)
    if isinstance(kind, RangeOf):
        ends = {"low": f"{setting.label}, from", "high": f"{setting.label}, to"}
        return FormField(_form({end: _number_field(kind.numbers, label) for end, label in ends.items()}), **about)
    if isinstance(kind, SaveRule):
        attributes = {"list": "save-choices", "size": 8}
    return StringField(render_kw={"autocomplete": "off"} | attributes, **about)


def form_of(settings: Mapping[str, Setting], **further: Any) -> type[Form]:  # noqa: ANN401 - as `form_field`
    """Return a form with a field for each setting, and further ones."""
    return _form({name: form_field(setting) for name, setting in settings.items()} | further)


def name_field(help_text: str = "Letters, digits, spaces, points, hyphens.") -> StringField:
    """Return the field for a name."""
    return StringField("Name", description=help_text, render_kw={"autocomplete": "off"})


def purpose_field() -> TextAreaField:
    """Return the field in which a person says what something is for."""
    return TextAreaField("Purpose", description="What it is for, in your words.", render_kw={"rows": 2})


def options(pairs: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    """Return what a select offers, from (value, what is shown)."""
    return [SelectChoice(value, label) for value, label in pairs]


def _form(fields: Mapping[str, Any]) -> type[Form]:
    return type("DeclaredForm", (Form,), dict(fields))


def _number_field(kind: Whole | Number, label: str, description: str = "") -> StringField:
    """Return a text field for a number, which keeps whatever was typed."""
    mode = "numeric" if isinstance(kind, Whole) else "decimal"
    return StringField(label, description=description, render_kw={"inputmode": mode, "size": 8, "autocomplete": "off"})


def attach_errors(form: PageForm, error: UserError) -> None:
    """Attach the domain's messages to the fields that they are about; others are shown above the form."""
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
        """Return whether the name was typed, with a message at the field if not."""
        if (self.typed.data or "").strip() == name:
            return True
        self.typed.errors = [f"Type {name} to confirm."]
        return False
