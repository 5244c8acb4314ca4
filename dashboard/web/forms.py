"""The smaller forms: an upload, what its columns are, a training, a confirmation."""

from typing import Any

from wtforms import Field, FieldList, FileField, PasswordField, SelectField, StringField, TextAreaField

from dashboard.records import TASKS
from dashboard.web.form_fields import PageForm, choice_field, number_field, options

DELIMITERS = ((",", "comma ,"), (";", "semicolon ;"), ("\t", "tab"), ("|", "bar |"))
ENCODINGS = (
    ("utf-8", "UTF-8"),
    ("utf-8-sig", "UTF-8 with a mark"),
    ("utf-16", "UTF-16"),
    ("cp1252", "Windows-1252"),
    ("latin-1", "Latin-1"),
)
HEADERS = (("yes", "holds the names"), ("no", "is data already"))
DECIMALS = ((".", "point ."), (",", "comma ,"))
MISSING = (("drop", "drop the rows"), ("impute", "fill in the mean, or the most frequent category"))
KINDS = (("numeric", "number"), ("categorical", "category"), ("ignore", "ignore"))
MOST_KINDS = 100
"""Beyond so many columns there is no select for each: those to leave out, or to take as categories, are typed."""


class UploadForm(PageForm):
    """A CSV file and the name that it shall have."""

    file = FileField("CSV file", render_kw={"accept": ".csv,.tsv,.txt,text/csv,text/plain"})
    name = StringField("Name", description="Left empty: the file's name.", render_kw={"autocomplete": "off"})


class DatasetForm(PageForm):
    """What the columns of an uploaded CSV are, what shall be predicted, and how rows are split.

    `columns` are the names of the file's columns, in order; `kinds` holds one select for each of the first
    MOST_KINDS.
    """

    name = StringField("Name", render_kw={"autocomplete": "off"})
    delimiter = SelectField("Delimiter", choices=options(DELIMITERS))
    header = SelectField("First line", choices=options(HEADERS))
    encoding = SelectField("Encoding", choices=options(ENCODINGS))
    decimal = SelectField("Decimal mark", choices=options(DECIMALS))
    target = SelectField("Target", description="The column that the network shall predict.")
    task = choice_field("Task", ("", *TASKS), "Classification predicts one of some classes, regression a number.")
    kinds = FieldList(SelectField("Type", choices=options(KINDS)), max_entries=MOST_KINDS)
    categorical = TextAreaField(
        "Further categories", description="Names of columns, one a line.", render_kw={"rows": 2}
    )
    ignored = TextAreaField("Further columns to ignore", description="One a line.", render_kw={"rows": 2})
    missing = SelectField(
        "Missing values",
        choices=options(MISSING),
    )
    validation = number_field("Validation share", "Measured after each epoch. Left empty: a tenth, at most 2,000 rows.")
    test = number_field("Test share", "Measured once, at the end. Left empty: a tenth, at most 2,000 rows.")
    seed = number_field("Seed of the split", whole=True)
    image_shape = StringField("Image shape", description="For pixels: 28 × 28.", render_kw={"size": 8})

    def __init__(self, *args: Any, columns: list[str], **kwargs: Any) -> None:  # noqa: ANN401 - what a Form takes
        super().__init__(*args, **kwargs)
        self.columns = columns
        self.target.choices = options((column, column) for column in columns)

    def chosen_kinds(self) -> dict[str, str]:
        """Return column -> kind for all that was chosen; columns that were not keep the kind that was detected."""
        chosen = dict(zip(self.columns, self.kinds.data, strict=False))
        for kind, typed in (("categorical", self.categorical.data), ("ignore", self.ignored.data)):
            chosen |= {line.strip(): kind for line in (typed or "").splitlines() if line.strip()}
        return chosen

    def field_at(self, path: str) -> Field | None:
        """Return the field at a path; the kind of a column is found by the column's name."""
        column = path.removeprefix("kinds.")
        if column != path:
            index = self.columns.index(column) if column in self.columns else MOST_KINDS
            return self.kinds[index] if index < len(self.kinds) else self.ignored
        return super().field_at(path.removeprefix("format."))


class RunForm(PageForm):
    """A training of a network: what is left empty is as the network's definition says."""

    parent = SelectField("Start from", description="New weights, or a version to train on.")
    epochs = number_field("Epochs", whole=True)
    learning_rate = number_field("Learning rate")
    batch_size = number_field("Batch size", whole=True)
    seed = number_field("Seed", whole=True)
    save = StringField("Save a version", description="every, best, last or a number of epochs.", render_kw={"size": 8})

    def overrides(self) -> dict[str, str]:
        """Return the settings that were typed, unchecked."""
        return {
            name: text.strip()
            for name, text in self.data.items()
            if name != "parent" and isinstance(text, str) and text.strip()
        }


class ConfirmForm(PageForm):
    """The name of what is about to go, typed once more."""

    typed = StringField("Its name, to confirm", render_kw={"autocomplete": "off"})

    def confirms(self, name: str) -> bool:
        """Tell whether the name was typed, and say so beside the field if not."""
        if (self.typed.data or "").strip() == name:
            return True
        self.typed.errors = [f"Type {name} to confirm."]
        return False


class CopyForm(PageForm):
    """The store to copy everything to; its password is never sent back to the page."""

    to = StringField("Store", description="csv:FOLDER or mysql://user@host:3306/database.", render_kw={"size": 42})
    password = PasswordField("Password of its user", render_kw={"autocomplete": "off"})
    home = StringField(
        "Home of the copy",
        description="The folder for its datasets, and for its catalogue if it is CSV. Left empty: this one's.",
        render_kw={"size": 42},
    )

    def typed(self) -> dict[str, str]:
        """Return what was typed, unchecked."""
        return {name: text.strip() for name, text in self.data.items() if isinstance(text, str)}
