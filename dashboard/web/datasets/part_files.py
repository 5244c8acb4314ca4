"""Files for validation and test on the page of an upload: each waits as an upload of its own, named by its token."""

from typing import BinaryIO, cast

from flask import request

from dashboard.errors import Invalid, NotFound
from dashboard.http import workspace
from dashboard.services.datasets import Detected, Upload, discard_upload, get_upload
from dashboard.services.part_files import FILE_FIELDS, correct_part_file, receive_part_file
from dashboard.web.datasets.file_format import FormatPart, format_part, format_values, settled_fields
from dashboard.web.datasets.forms import DatasetForm, PartFormatForm


def token_field(part: str) -> str:
    """Return the field with the token of a part's file."""
    return f"{part}_upload"


TOKENS = tuple(map(token_field, FILE_FIELDS))


def receive_part_files(form: DatasetForm, upload: Upload) -> None:
    """Store the files that were sent next to an upload and note their tokens in the form; raises UserError."""
    for part, field in FILE_FIELDS.items():
        file = request.files.get(field)
        if file is not None and file.filename:
            has_header = form.header.data != "no"
            stream = cast(BinaryIO, file.stream)
            received = receive_part_file(workspace(), part, stream, file.filename, upload, has_header)
            form[token_field(part)].data = received.token
        elif (token := form[token_field(part)].data) and (given := settled_fields(request.form, f"{part}-")):
            correct_part_file(part, _waiting(part, token), given)


def waiting_files(form: DatasetForm) -> dict[str, Upload]:
    """Return the files that wait, by their parts; raises Invalid for one that is not here any more."""
    waiting: dict[str, Upload] = {}
    for part in FILE_FIELDS:
        if token := form[token_field(part)].data:
            waiting[part] = _waiting(part, token)
    return waiting


def _waiting(part: str, token: str) -> Upload:
    """Return the file of a part that waits; raises Invalid if it is not here any more."""
    try:
        return get_upload(workspace(), token)
    except NotFound as error:
        raise Invalid({FILE_FIELDS[part]: f"The {part} file is not here any more: choose it again."}) from error


def part_formats(form: DatasetForm) -> list[tuple[str, FormatPart]]:
    """Return (file, its format) of the files that wait, to be corrected; `name_files` has forgotten all others."""
    formats = []
    for part, field in FILE_FIELDS.items():
        token = form[token_field(part)].data
        upload = get_upload(workspace(), token) if token else None
        if upload is not None:
            prefix = f"{part}-"
            detected = Detected(upload.format, upload.guesses)
            values = format_values(detected)
            own = PartFormatForm(prefix=prefix, data=values)
            given = settled_fields(request.form, prefix).items()
            settled = [name for name, value in given if str(values[name]) == value]  # what was refused is not stored
            whole = format_part(own, detected, settled, prefix)
            formats.append((upload.file_name, whole._replace(is_open=whole.is_open or bool(form[field].errors))))
    return formats


def forget_files(form: DatasetForm) -> None:
    """Remove the files that wait."""
    for part in FILE_FIELDS:
        discard_upload(workspace(), form[token_field(part)].data or "")
        form[token_field(part)].data = ""


def name_files(form: DatasetForm) -> bool:
    """Say at each field which file waits there, and forget those that are not here any more; return whether any is."""
    for part, field in FILE_FIELDS.items():
        token = form[token_field(part)]
        try:
            name = get_upload(workspace(), token.data).file_name if token.data else ""
        except NotFound:
            name = ""
        token.data = token.data if name else ""
        form[field].description = f"{name} is here; another file replaces it." if name else form[field].description
    return any(form[token].data for token in TOKENS)
