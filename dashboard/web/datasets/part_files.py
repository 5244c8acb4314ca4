"""Files for validation and test on the page of an upload: each waits as an upload of its own, named by its token."""

from typing import BinaryIO, cast

from flask import request

from dashboard.errors import Invalid, NotFound
from dashboard.http import workspace
from dashboard.services.datasets import Upload, discard_upload, get_upload
from dashboard.services.part_files import FILE_FIELDS, receive_part_file
from dashboard.web.datasets.forms import DatasetForm


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


def waiting_files(form: DatasetForm) -> dict[str, Upload]:
    """Return the files that wait, by their parts; raises Invalid for one that is not here any more."""
    waiting: dict[str, Upload] = {}
    for part, field in FILE_FIELDS.items():
        if token := form[token_field(part)].data:
            try:
                waiting[part] = get_upload(workspace(), token)
            except NotFound as error:
                raise Invalid({field: f"The {part} file is not here any more: choose it again."}) from error
    return waiting


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
