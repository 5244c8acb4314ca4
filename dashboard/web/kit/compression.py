"""Pages, scripts and numbers are sent compressed: a table of weights is a quarter of its size so."""

import gzip

from flask import Response

from dashboard.web.kit.query import takes_gzip

COMPRESSIBLE = ("text/", "application/json", "application/javascript", "image/svg+xml")
LEAST = 800
MOST = 4 * 2**20


def compress(response: Response) -> Response:
    """Compress a whole answer of text of up to 4 MB if the browser takes it; streams and images are left alone."""
    if (
        response.status_code not in {200, 404, 422}
        or not (response.mimetype or "").startswith(COMPRESSIBLE)
        or "Content-Encoding" in response.headers
        or not takes_gzip()
    ):
        return response
    response.headers["Vary"] = "Accept-Encoding"
    if response.is_streamed and not response.direct_passthrough:
        return response
    length = response.content_length
    if length is None or not LEAST <= length <= MOST:
        return response
    response.direct_passthrough = False
    response.set_data(gzip.compress(response.get_data(), 5, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    if etag := response.get_etag()[0]:
        response.set_etag(etag, weak=True)  # the same content in other bytes
    return response
