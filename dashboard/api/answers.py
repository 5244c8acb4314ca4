"""Answers: JSON as this API writes it, and entity tags by which a client knows that it has one already.

Numbers are the shortest text that reads back as the same double. JSON knows no NaN and no infinity: they are null,
except in the cells of a table, where they are the texts "nan", "inf" and "-inf". Times are UTC, ISO 8601 with a Z.
"""

from contextlib import ExitStack
from io import SEEK_END, BytesIO
from typing import IO, Any

import orjson
from flask import Response, current_app, request
from flask.json.provider import JSONProvider
from werkzeug.wsgi import FileWrapper

OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS

PIECE = 1 << 18


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


def file_answer(content: IO[bytes] | bytes, mimetype: str, file_name: str, etag: str) -> Response:
    """Return a file to be saved, with its size, or the range of it that was asked for; it is closed once it is sent.

    It is whole and proven before its first byte is sent. `file_name` is ASCII without quotes.
    """
    file = BytesIO(content) if isinstance(content, bytes) else content
    with ExitStack() as opened:
        opened.enter_context(file)
        size = file.seek(0, SEEK_END)
        file.seek(0)
        answer = current_app.response_class(_Pieces(file, PIECE), mimetype=mimetype)
        answer.direct_passthrough = True
        answer.content_length = size
        answer.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
        answer = tagged(answer, etag)
        answer.make_conditional(request, accept_ranges=True, complete_length=size)
        if request.method != "HEAD":
            opened.pop_all()  # it is closed once it is sent
    return answer


class _Pieces(FileWrapper):
    """A file as it is sent: piece by piece, from any place on, and closed behind the last one."""

    def __next__(self) -> bytes:
        try:
            return super().__next__()
        except StopIteration:
            self.close()
            raise


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
