"""Contents: sending the bytes of tensors before the version that they belong to, in one piece or in several."""

import re
from typing import BinaryIO, cast

from flask import Blueprint, Response, request

from dashboard.api.answers import json_answer
from dashboard.errors import Invalid
from dashboard.http import user_name, workspace
from dashboard.services.push import contents as service
from dashboard.services.push.contents import Arrived, Body

blueprint = Blueprint("contents", __name__)

OFFSET, COMPLETE = "Upload-Offset", "Upload-Complete"


@blueprint.get("/contents/<sha256>")
def get_content(sha256: str) -> Response:
    """Answer how many bytes of a content have arrived; HEAD answers the same in headers."""
    return _answer(sha256, service.arrived(workspace(), user_name(), sha256), 200)


@blueprint.put("/contents/<sha256>")
def put_content(sha256: str) -> Response:
    """Take the bytes of a content, or go on from `Upload-Offset`; 202 with `Upload-Complete: ?0` until all are here."""
    stream = cast(BinaryIO, request.stream)
    body = Body(stream, _offset(), request.content_length, request.headers.get(COMPLETE, "?1").strip() != "?0")
    arrived = service.receive_content(workspace(), user_name(), sha256, body)
    return _answer(sha256, arrived, 201 if arrived.is_whole else 202)


def _offset() -> int:
    text = request.headers.get(OFFSET, "0").strip()
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise Invalid({OFFSET: "Give the number of bytes that are here already, which HEAD answers, such as 1048576."})
    return int(text)


def _answer(sha256: str, arrived: Arrived, status: int) -> Response:
    headers = {OFFSET: str(arrived.bytes), COMPLETE: f"?{int(arrived.is_whole)}", "Cache-Control": "no-store"}
    body = {"sha256": sha256, "bytes": arrived.bytes, "complete": arrived.is_whole}
    return json_answer(body, status, headers)
