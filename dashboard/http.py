"""What pages and JSON API share of HTTP: the workspace, the sender, entity tags, refused bodies, the log of faults."""

import errno
import hashlib
import logging
import secrets

from flask import Response, current_app, request

from dashboard.errors import NotAsSaved, Outage, StoreUnavailable
from dashboard.outages import SYSTEM_WORDS, system_passes, system_words
from dashboard.services.datasets import upload_limit
from dashboard.services.workspace import Workspace

log = logging.getLogger(__name__)

PIECE = 2**20
MOST_DRAINED = 2**31
MOST_NAME = 100


def workspace() -> Workspace:
    """Return what the services work on."""
    opened = current_app.extensions["workspace"]
    assert isinstance(opened, Workspace)
    return opened


def sender(interface: str) -> str:
    """Return who sends this request through an interface, as far as that is known: `ada (page)`, or `page`."""
    name = user_name()
    return f"{name[:MOST_NAME]} ({interface})" if name else interface


def user_name() -> str:
    """Return the user name that this request carries; empty without one."""
    return (request.authorization.username if request.authorization is not None else None) or ""


def own_path() -> str:
    """Return the path of this request as a browser has to ask for it, under the prefix of a proxy."""
    return f"{request.script_root}{request.path}"


def etag_of(*parts: object) -> str:
    """Return an entity tag of an answer that depends on these parts and on the address, and on nothing else."""
    text = repr((parts, own_path(), sorted(request.args.items(multi=True))))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def drain(answer: Response) -> Response:
    """Read what is left of a refused body, up to 2 GB: a client that is still sending sees no answer before.

    Only where the server ends the stream with the body (gunicorn does); elsewhere this would wait for what never comes.
    """
    left = MOST_DRAINED if answer.status_code >= 400 and request.environ.get("wsgi.input_terminated") else 0
    while left > 0 and (piece := request.environ["wsgi.input"].read(min(PIECE, left))):
        left -= len(piece)
    return answer


def too_large_words() -> str:
    """Return what is wrong with a body that was refused for its size, or for the number of its parts."""
    if request.content_length is not None and request.content_length <= (request.max_content_length or 0):
        return f"More than {request.max_form_parts:,} files and fields were sent: send a ZIP of the files."
    return upload_limit(workspace().settings.max_upload_mb)


def limit_reached(error: OSError | MemoryError) -> Outage | None:
    """Return the outage that an error of the system means: no file descriptor, memory or disk is left; None for others.

    What opens files everywhere cannot translate this everywhere, and it is no fault of the program.
    """
    words = SYSTEM_WORDS[errno.ENOMEM]
    if isinstance(error, OSError):
        if not system_passes(error):
            return None
        words = system_words(error)
    return Outage(f"The dashboard cannot do this now. {words}")


def log_fault(error: Exception) -> str:
    """Log a fault with its traceback; in a line what the store says of itself, an outage or a table that was changed.

    Either may come again for hours, and its sentence says all. Returns its id in the log.
    """
    number = secrets.token_hex(4)
    if isinstance(error, StoreUnavailable | NotAsSaved):
        log.error("%s %s failed (%s): %s", request.method, request.path, number, error)
    else:
        log.error("%s %s failed (%s)", request.method, request.path, number, exc_info=error)
    return number
