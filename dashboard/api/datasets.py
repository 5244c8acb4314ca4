"""Datasets: adding a CSV or a bundled sample, reading about them, deleting."""

from typing import Any, BinaryIO, cast
from urllib.parse import quote

import orjson
from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from dashboard.api.answers import json_answer
from dashboard.api.query import json_object, read_query
from dashboard.api.shapes import dataset_detail_json, dataset_json
from dashboard.errors import Invalid
from dashboard.http import own_path, workspace
from dashboard.parsing import Fields
from dashboard.records.dataset import Dataset
from dashboard.services import datasets as service
from dashboard.services.dataset_records import part_records
from dashboard.services.part_files import FILE_FIELDS, create_from_files, receive_part_file
from dashboard.services.suggestion import suggested
from dashboard.services.upload_parts import SentFile, receive_files

blueprint = Blueprint("datasets", __name__)
JSON_FIELDS = {
    "kinds": '{"age": "numeric", "id": "ignore"}',
    "column_words": '{"size": ["NA", "?"]}',
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
    """Add a file of records (multipart/form-data) or a bundled sample (JSON)."""
    if request.is_json:
        dataset = _bundled(json_object())
    elif request.mimetype == "multipart/form-data":
        dataset = _uploaded()
    else:
        raise UnsupportedMediaType('Send multipart/form-data with a file, or JSON such as {"bundled": "iris"}.')
    return json_answer(_detail(dataset), 201, {"Location": f"{own_path()}/{quote(dataset.name)}"})


@blueprint.get("/datasets/<name>")
def get_dataset(name: str) -> Response:
    """Answer one dataset with its columns, classes and statistics."""
    return json_answer(_detail(service.get_dataset(workspace(), name)))


@blueprint.get("/datasets/<name>/preset")
def get_preset(name: str) -> Response:
    """Answer the layers, the output and the training settings that fit a dataset, ready for POST /networks."""
    return json_answer(suggested(service.get_dataset(workspace(), name)))


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
    files = request.files.getlist("file")
    if not files:
        raise Invalid({"file": "Send the file as the part named file, with a file name; several as several parts."})
    data = _choices()
    sent = [SentFile(cast(BinaryIO, file.stream), file.filename or "file") for file in files]
    uploads = [receive_files(workspace(), sent, data)]
    try:
        parts = {}
        for part, field in FILE_FIELDS.items():
            if (file := request.files.get(field)) is not None:
                stream, main = cast(BinaryIO, file.stream), uploads[0]
                has_header = main.format.header  # what was sent of the format was known when that was detected
                parts[part] = receive_part_file(workspace(), part, stream, file.filename or "", main, has_header)
                uploads.append(parts[part])
        return create_from_files(workspace(), uploads[0], parts, data)
    finally:
        for upload in uploads:
            service.discard_upload(workspace(), upload.token)


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
