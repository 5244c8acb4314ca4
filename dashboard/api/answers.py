"""Answers: JSON as this API writes it, and entity tags by which a client knows that it has one already.

Numbers are the shortest text that reads back as the same double. JSON knows no NaN and no infinity: they are null,
except in the cells of a table, where they are the texts "nan", "inf" and "-inf". Times are UTC, ISO 8601 with a Z.
"""

from collections.abc import Iterable
from typing import Any

import orjson
from flask import Response, current_app, request
from flask.json.provider import JSONProvider

OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


class OrjsonProvider(JSONProvider):
    """JSON by orjson for the whole app."""

    def dumps(self, obj: Any, **_: Any) -> str:  # noqa: ANN401 - anything JSON-able; options of json.dumps mean nothing here
        """Return compact JSON; raises TypeError for what JSON cannot say."""
        return orjson.dumps(obj, option=OPTIONS).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:  # noqa: ANN401
        """Read JSON strictly; raises ValueError."""
        return orjson.loads(s)


def json_answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:  # noqa: ANN401
    """Return an answer with a JSON body."""
    answer = current_app.response_class(orjson.dumps(body, option=OPTIONS), status, mimetype="application/json")
    answer.headers.update(headers or {})
    return answer


def file_answer(pieces: Iterable[bytes] | bytes, mimetype: str, file_name: str) -> Response:
    """Return a file to be saved, whole or streamed; what fails before its first piece still becomes an error.

    `file_name` is ASCII without quotes.
    """
    if not isinstance(pieces, bytes):
        pieces = _begun(pieces)
    answer = current_app.response_class(pieces, mimetype=mimetype)
    answer.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return answer


def is_known(etag: str) -> bool:
    """Return whether the client has this answer already."""
    return request.if_none_match.contains_weak(etag)


def unchanged(etag: str) -> Response:
    """Return 304: the client's copy is current."""
    return tagged(current_app.response_class(status=304), etag)


def tagged(answer: Response, etag: str) -> Response:
    """Tag an answer that will never be different.

    It may be cached, but must be revalidated, which costs a 304: a network that is deleted and created again under
    the same name has other versions at the same addresses, so `immutable` would show the old ones.
    """
    answer.set_etag(etag)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _begun(pieces: Iterable[bytes]) -> Iterable[bytes]:
    """Take the first piece now, while an error can still be answered as such."""
    rest = iter(pieces)
    first = next(rest, b"")

    def all_pieces() -> Iterable[bytes]:
        yield first
        yield from rest

    return all_pieces()
