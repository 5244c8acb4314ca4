"""Forms of an evaluation: on a dataset that is here, or on a file."""

from wtforms import FileField, SelectField

from dashboard.services.datasets import IMPORT_ENDINGS
from dashboard.web.kit.forms import PageForm


class EvaluateForm(PageForm):
    """The dataset to measure on."""

    dataset = SelectField("Dataset", description="All of its records are measured, whatever part they are in.")


class FileForm(PageForm):
    """A file to measure on."""

    file = FileField(
        "File",
        description="With the columns that the version reads, in any order, and the target. One record is enough.",
        render_kw={"accept": ",".join(IMPORT_ENDINGS)},
    )
