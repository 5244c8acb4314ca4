"""Pictures and figures of versions, which never change: a browser that has one is told so in a few bytes."""

import hashlib
from collections.abc import Callable

from flask import Response, request

from dashboard.services.pictures import check_theme


def png_answer(draw: Callable[[str], bytes], mark: str) -> Response:
    """Return the picture that `draw` makes in the theme that was asked for; raises UserError for another theme."""
    theme = check_theme(request.args.get("theme", "light"))
    if _etag(mark) in request.if_none_match:
        return until_changed(Response(status=304), mark)
    return until_changed(Response(draw(theme), mimetype="image/png"), mark)


def until_changed(answer: Response, mark: str) -> Response:
    """Let a browser keep an answer about the content `mark`, for ever where the address names it (v=)."""
    answer.set_etag(_etag(mark))
    answer.headers["Cache-Control"] = (
        "private, max-age=31536000, immutable" if "v" in request.args else "private, no-cache"
    )
    return answer


def _etag(mark: str) -> str:
    return hashlib.sha256(f"{mark} {request.full_path}".encode()).hexdigest()[:32]
