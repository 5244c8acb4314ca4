"""What can be chosen of an uploaded file that was made a CSV: colours and size of pictures, the sheet of a workbook."""

from collections.abc import Mapping

from wtforms import Field

from dashboard.services.datasets import IMPORT_SETTINGS, Upload
from dashboard.web.datasets.forms import DatasetForm


def source_values(upload: Upload) -> dict[str, str]:
    """Return the choices with which an upload was made a CSV, those that it takes."""
    values = {name: str(getattr(upload.options, name)) for name in IMPORT_SETTINGS} | {"sheet": upload.taken.sheet}
    return {name: value for name, value in values.items() if name in upload.taken.options}


def source_fields(form: DatasetForm, upload: Upload) -> list[Field]:
    """Return the fields of the choices that an upload takes."""
    names = upload.taken.options - ({"sheet"} if len(upload.taken.sheets) == 1 else set())
    return [form[name] for name in IMPORT_SETTINGS if name in names]


def changed_options(upload: Upload, form: Mapping[str, str]) -> dict[str, str]:
    """Return all choices that a form has for an upload if one of them is another than before, else nothing."""
    before = source_values(upload)
    chosen = before | {name: form[name].strip() for name in before if name in form}
    return {} if chosen == before else chosen
