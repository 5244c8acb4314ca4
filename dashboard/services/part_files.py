"""Files of their own for validation and test: each waits as an upload, and they become one file with the training file.

The joined file is what is stored with the dataset; how many of its rows are from each file is among its choices.
"""

import secrets
from collections.abc import Mapping
from typing import Any, BinaryIO

from dashboard.data.joining import Source, join, of_file, plain_format
from dashboard.data.splitting import TEST, VALIDATION
from dashboard.errors import Invalid
from dashboard.records.dataset import Dataset
from dashboard.services.datasets import (
    FORMAT_SETTINGS,
    IMPORT_SETTINGS,
    Upload,
    create_dataset,
    discard_upload,
    preview_upload,
    receive_upload,
    require_marks,
    settle_format,
    stored_if_there_is_space,
)
from dashboard.services.workspace import Workspace

FILE_FIELDS = {part: f"{part}_file" for part in (VALIDATION, TEST)}
"""Part -> the field in which its file is sent."""


def receive_part_file(
    workspace: Workspace, part: str, stream: BinaryIO, file_name: str, main: Upload, has_header: bool
) -> Upload:
    """Store a file for a part, as `receive_upload` does; `has_header` is whether the training file `main` has one.

    Pictures are read as those of the training file.

    Raises Invalid at the part's field for a file that cannot be read, and TooLarge.
    """
    usual = {name: getattr(main.options, name) for name in IMPORT_SETTINGS if name != "sheet"}
    try:
        return receive_upload(workspace, stream, file_name, {"header": "yes" if has_header else "no"}, usual)
    except Invalid as error:
        raise of_file(part, error) from error


def correct_part_file(part: str, upload: Upload, given: Mapping[str, Any]) -> Upload:
    """Store what a person has settled of the format of a part's file that waits; raises Invalid at the part's field."""
    try:
        return settle_format(upload, given)
    except Invalid as error:
        raise of_file(part, error) from error


def create_from_files(
    workspace: Workspace, upload: Upload, files: Mapping[str, Upload], data: Mapping[str, Any]
) -> Dataset:
    """Make a dataset of an upload and of files for other parts, as `create_dataset` does without any.

    Raises Invalid, also for columns that differ, naming them; the uploads then still wait.
    """
    if not files:
        return create_dataset(workspace, upload, data)
    _refuse_shares(files, data)
    require_marks(upload, data)
    own = {field: value for field, value in data.items() if field not in IMPORT_SETTINGS}
    main = Source(upload.path, preview_upload(upload, own).format)
    token = secrets.token_hex(16)
    path = workspace.uploads_folder / f"{token}.csv"
    try:
        with stored_if_there_is_space():
            rows = join(main, {part: Source(file.path, file.format) for part, file in files.items()}, path)
        name = ", ".join([upload.file_name, *(f"{file.file_name} for {part}" for part, file in files.items())])
        joined = Upload(token, path, name, path.stat().st_size, plain_format(main.format), {})
        choices = {field: value for field, value in own.items() if field not in FORMAT_SETTINGS}
        dataset = create_dataset(workspace, joined, choices | dict.fromkeys(files, 0), rows)
    finally:
        discard_upload(workspace, token)
    for waiting in (upload, *files.values()):
        discard_upload(workspace, waiting.token)
    return dataset


def _refuse_shares(files: Mapping[str, Upload], data: Mapping[str, Any]) -> None:
    """Raise Invalid for a share of a part that comes from a file."""
    given = [part for part in files if data.get(part) not in (None, "", 0, "0")]
    if given:
        raise Invalid({part: f"The {part} part comes from its own file: leave the share empty." for part in given})
