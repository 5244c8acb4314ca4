"""Forms of datasets: an upload, and what its columns are."""

from typing import Any

from wtforms import Field, FieldList, FileField, SelectField, StringField, TextAreaField

from dashboard.records.dataset import TASKS
from dashboard.web.kit.forms import PageForm, choice_field, number_field, options

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
