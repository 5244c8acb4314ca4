"""Datasets: adding a CSV or a bundled sample, reading about them, deleting."""

from typing import Any, BinaryIO, cast
from urllib.parse import quote

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from dashboard.api.answers import json_answer
from dashboard.api.query import json_object, read_query
from dashboard.api.shapes import dataset_detail_json, dataset_json, preview_json
from dashboard.errors import Invalid
from dashboard.http import own_path, workspace
from dashboard.parsing import Fields
from dashboard.records.dataset import Dataset
from dashboard.services import datasets as service
from dashboard.services.dataset_preview import preview_with_choices, with_format
from dashboard.services.dataset_records import part_records
from dashboard.services.datasets import Upload
from dashboard.services.part_files import FILE_FIELDS, create_from_files, receive_part_file
from dashboard.services.suggestion import suggested_for
from dashboard.services.upload_parts import SentFile, receive_files

blueprint = Blueprint("datasets", __name__)
JSON_FIELDS = {
    "kinds": '{"age": "numeric", "id": "ignore"}',
    "column_words": '{"size": ["NA", "?"]}',
    "units": '{"weight": "kg"}',
    "odd": '{"income": "missing"}',
    "dates": '{"when": "day"}',
}


@blueprint.get("/datasets")
def list_datasets() -> Response:
    """Answer all datasets, the newest first."""
    return json_answer(
        {"items": [dataset_json(dataset) for dataset in service.list_datasets(workspace())], "next": None}
    )


@blueprint.post("/datasets")
def create_dataset() -> Response:
    """Add a file of records (multipart/form-data), one that was previewed, or a bundled sample (JSON)."""
    if request.is_json:
        body = json_object()
        dataset = service.create_dataset(workspace(), *_waiting(body)) if "upload" in body else _bundled(body)
    elif request.mimetype == "multipart/form-data":
        dataset = _uploaded()
    else:
        raise UnsupportedMediaType('Send multipart/form-data with a file, or JSON such as {"bundled": "iris"}.')
    return json_answer(_detail(dataset), 201, {"Location": f"{own_path()}/{quote(dataset.name)}"})


@blueprint.post("/datasets/preview")
def preview_dataset() -> Response:
    """Answer what a file holds, what is asked of it, and what missing values cost with the types that were chosen."""
    if request.is_json:
        upload, data = _waiting(json_object())
    elif request.mimetype == "multipart/form-data":
        if further := [field for field in FILE_FIELDS.values() if field in request.files]:
            raise Invalid(dict.fromkeys(further, "A preview is of one file: send this one to POST /datasets."))
        upload, data = _received()
    else:
        raise UnsupportedMediaType('Send multipart/form-data with a file, or JSON such as {"upload": "…"}.')
    return json_answer(preview_json(preview_with_choices(upload, data)))


@blueprint.get("/datasets/<name>")
def get_dataset(name: str) -> Response:
    """Answer one dataset with its columns, classes and statistics."""
    return json_answer(_detail(service.get_dataset(workspace(), name)))


@blueprint.get("/datasets/<name>/preset")
def get_preset(name: str) -> Response:
    """Answer the layers, the output and the training settings that fit a dataset, ready for POST /networks."""
    return json_answer(suggested_for(workspace(), service.get_dataset(workspace(), name)))


@blueprint.get("/datasets/<name>/records")
def get_records(name: str) -> Response:
    """Answer the records of one part of a dataset, or of all, as they were read, before any scaling."""
    part, limit, offset = read_query("part", "limit", "offset")
    taken = part_records(workspace(), name, part or "", limit, offset)
    items = [record._asdict() for record in taken.records]
    return json_answer({"items": items, "total": taken.total, "next": taken.next})


@blueprint.delete("/datasets/<name>")
def delete_dataset(name: str) -> Response:
    """Delete a dataset that no network uses."""
    service.delete_dataset(workspace(), name)
    return Response(status=204)


def _detail(dataset: Dataset) -> dict[str, Any]:
    return dataset_detail_json(dataset, service.networks_using(workspace(), dataset))


def _bundled(body: dict[str, Any]) -> Dataset:
    fields = Fields(body)
    fields.known({"bundled"})
    name = fields.text("bundled")
    fields.done()
    return service.add_bundled(workspace(), name)


def _uploaded() -> Dataset:
    """Receive the files and make a dataset of them; of what is refused nothing stays."""
    upload, data = _received()
    uploads = [upload]
    try:
        parts = {}
        for part, field in FILE_FIELDS.items():
            if (file := request.files.get(field)) is not None:
                stream, has_header = cast(BinaryIO, file.stream), upload.format.header
                # What was sent of the format was known when that was detected.
                parts[part] = receive_part_file(workspace(), part, stream, file.filename or "", upload, has_header)
                uploads.append(parts[part])
        return create_from_files(workspace(), upload, parts, data)
    finally:
        for one in uploads:
            service.discard_upload(workspace(), one.token)


def _waiting(body: dict[str, Any]) -> tuple[Upload, dict[str, Any]]:
    """Return the upload that a body names, which was previewed, and the choices that go with it."""
    fields = Fields(body)
    fields.known({"upload", "name", *service.DATASET_SETTINGS})
    fields.done()
    upload = service.get_upload(workspace(), str(body.get("upload", "")))
    return upload, with_format(upload, {name: value for name, value in body.items() if name != "upload"})


def _received() -> tuple[Upload, dict[str, Any]]:
    """Store the files that were sent, and return what waits with the choices that go with it."""
    files = request.files.getlist("file")
    if not files:
        raise Invalid({"file": "Send the file as the part named file, with a file name; several as several parts."})
    data = _choices()
    sent = [SentFile(cast(BinaryIO, file.stream), file.filename or "file") for file in files]
    return receive_files(workspace(), sent, data), data


def _choices() -> dict[str, Any]:
    """Return what goes with the file, JSON_FIELDS read from their text."""
    fields = Fields(request.form.to_dict())
    fields.known({"name", *service.IMPORT_SETTINGS, *service.DATASET_SETTINGS})
    data: dict[str, Any] = dict(fields.data)
    for name, example in JSON_FIELDS.items():
        if name in data:
            try:
                data[name] = orjson.loads(data[name])
            except orjson.JSONDecodeError:
                fields.refuse(name, f"Give {name} as JSON, such as {example}.")
    fields.done()
    return data
