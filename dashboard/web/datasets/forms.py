"""Forms of datasets: an upload, and what its columns are."""

from collections.abc import Sequence
from typing import Any

from wtforms import Field, FieldList, FileField, HiddenField, SelectField, TextAreaField

from dashboard.services.datasets import COLUMN_KINDS, DATE_ORDERS, IMPORT_SETTINGS, IMPORT_WORDS, ODD_CELLS
from dashboard.services.datasets import DATASET_SETTINGS as SETTINGS
from dashboard.web.kit.forms import PageForm, form_field, name_field, options

MOST_KINDS = 100
"""Beyond so many columns there is no select for each: those to leave out, or to take as categories, are typed."""


QUESTIONS = ("odd", "dates")
"""Settings that are asked of single columns."""
PART_FILE = "If you have one of your own, with the same columns in any order; then the share is left empty."
TWO_FILES = "MNIST's two files may be chosen together."
FOLDER_HELP = "With a folder for each class in it, instead of a file."


class UploadForm(PageForm):
    """A file, or several that belong together, and the name of their dataset."""

    file = FileField("File", description=f"{IMPORT_WORDS}. {TWO_FILES}", render_kw={"multiple": True})
    folder = FileField("Folder of pictures", description=FOLDER_HELP, render_kw={"webkitdirectory": True})
    name = name_field("Left empty: the file's name.")


class PartFormatForm(PageForm):
    """How a file for validation or test is written; its header and its numbers are as in the training file."""

    delimiter = form_field(SETTINGS["delimiter"])
    encoding = form_field(SETTINGS["encoding"])
    skip = form_field(SETTINGS["skip"])
    quote = form_field(SETTINGS["quote"])
    comment = form_field(SETTINGS["comment"])
    skip_after = form_field(SETTINGS["skip_after"])
    repeats = form_field(SETTINGS["repeats"])
    trailing = form_field(SETTINGS["trailing"])
    starts = form_field(SETTINGS["starts"])
    comment_names = form_field(SETTINGS["comment_names"])
    quotes_within = form_field(SETTINGS["quotes_within"])
    empty = form_field(SETTINGS["empty"])
    ragged = form_field(SETTINGS["ragged"])
    skip_last = form_field(SETTINGS["skip_last"])


class DatasetForm(PageForm):
    """What the columns of an uploaded CSV are, what is predicted, and how rows are split.

    `columns` are the names of the file's columns, in order; `kinds` holds one select for each of the first
    MOST_KINDS. `sheets` are those of a workbook.
    """

    name = name_field("")
    colours = form_field(IMPORT_SETTINGS["colours"])
    picture_size = form_field(IMPORT_SETTINGS["picture_size"], size=8)
    sheet = SelectField(IMPORT_SETTINGS["sheet"].label, description=IMPORT_SETTINGS["sheet"].help)
    delimiter = form_field(SETTINGS["delimiter"])
    header = form_field(SETTINGS["header"])
    encoding = form_field(SETTINGS["encoding"])
    decimal = form_field(SETTINGS["decimal"])
    thousands = form_field(SETTINGS["thousands"])
    quote = form_field(SETTINGS["quote"])
    skip = form_field(SETTINGS["skip"])
    comment = form_field(SETTINGS["comment"])
    skip_after = form_field(SETTINGS["skip_after"])
    repeats = form_field(SETTINGS["repeats"])
    trailing = form_field(SETTINGS["trailing"])
    starts = form_field(SETTINGS["starts"])
    comment_names = form_field(SETTINGS["comment_names"])
    quotes_within = form_field(SETTINGS["quotes_within"])
    empty = form_field(SETTINGS["empty"])
    ragged = form_field(SETTINGS["ragged"])
    skip_last = form_field(SETTINGS["skip_last"])
    target = SelectField(SETTINGS["target"].label, description=SETTINGS["target"].help)
    task = form_field(SETTINGS["task"])
    kinds = FieldList(
        SelectField(SETTINGS["kinds"].label, choices=options(COLUMN_KINDS.items())), max_entries=MOST_KINDS
    )
    categorical = TextAreaField(
        "Further categories", description="Names of columns, one per line.", render_kw={"rows": 2}
    )
    ignored = TextAreaField("Further columns to ignore", description="One per line.", render_kw={"rows": 2})
    odd = FieldList(
        SelectField(SETTINGS["odd"].label, choices=options([("", "choose …"), *ODD_CELLS.items()])),
        SETTINGS["odd"].label,
        description=SETTINGS["odd"].help,
        max_entries=MOST_KINDS,
    )
    dates = FieldList(
        SelectField(SETTINGS["dates"].label, choices=options([("", "choose …"), *DATE_ORDERS.items()])),
        SETTINGS["dates"].label,
        description=SETTINGS["dates"].help,
        max_entries=MOST_KINDS,
    )
    missing = form_field(SETTINGS["missing"])
    missing_words = form_field(SETTINGS["missing_words"])
    column_words = TextAreaField(
        SETTINGS["column_words"].label, description=SETTINGS["column_words"].help, render_kw={"rows": 2}
    )
    strip = TextAreaField(SETTINGS["strip"].label, description=SETTINGS["strip"].help, render_kw={"rows": 2})
    units = TextAreaField(SETTINGS["units"].label, description=SETTINGS["units"].help, render_kw={"rows": 2})
    validation = form_field(SETTINGS["validation"])
    test = form_field(SETTINGS["test"])
    seed = form_field(SETTINGS["seed"])
    image_shape = form_field(SETTINGS["image_shape"], size=8)
    split = form_field(SETTINGS["split"])
    split_by = SelectField(SETTINGS["split_by"].label, description=SETTINGS["split_by"].help)
    purpose = form_field(SETTINGS["purpose"])
    validation_file = FileField("Validation file", description=PART_FILE)
    test_file = FileField("Test file", description=PART_FILE)
    validation_upload, test_upload = HiddenField(), HiddenField()  # the tokens of such files that wait

    def __init__(self, *args: Any, columns: list[str], sheets: Sequence[str] = (), **kwargs: Any) -> None:  # noqa: ANN401 - what a Form takes
        super().__init__(*args, **kwargs)
        self.columns = columns
        self.sheet.choices = options((sheet, sheet) for sheet in sheets)
        self.target.choices = options((column, column) for column in columns)
        self.split_by.choices = options([("", "none"), *((column, column) for column in columns)])

    def chosen_kinds(self) -> dict[str, str]:
        """Return column -> kind for all that was chosen; columns that were not keep the kind that was detected."""
        chosen = dict(zip(self.columns, self.kinds.data, strict=False))
        for kind, typed in (("categorical", self.categorical.data), ("ignore", self.ignored.data)):
            chosen |= {line.strip(): kind for line in (typed or "").splitlines() if line.strip()}
        return chosen

    def question_fields(self, question: str) -> dict[str, Field]:
        """Return column -> the field of a question (odd or dates); hidden on the page where it is not asked."""
        fields = {"odd": self.odd, "dates": self.dates}
        return dict(zip(self.columns, fields[question], strict=False))

    def answers(self, question: str) -> dict[str, str]:
        """Return column -> the answer to a question (odd or dates), where one was chosen."""
        return {column: field.data for column, field in self.question_fields(question).items() if field.data}

    def field_at(self, path: str) -> Field | None:
        """Return the field at a path; the kind of a column, and what is asked of it, are found by the column's name."""
        question, _, column = path.partition(".")
        if question in QUESTIONS and column:
            return self.question_fields(question).get(column)
        column = path.removeprefix("kinds.")
        if column != path:
            index = self.columns.index(column) if column in self.columns else MOST_KINDS
            return self.kinds[index] if index < len(self.kinds) else self.ignored
        return super().field_at(path.removeprefix("format."))
