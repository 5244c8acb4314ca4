"""JSON within untrusted files, and how it is made plain: no name twice, no surrogates, no numbers that JSON lacks."""

import json
import math
from typing import Any

from dashboard.errors import UnreadableFile


def parse_json(text: bytes | str, what: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON in a text; raises UnreadableFile if it is none, or gives a name twice. `what` begins the message.

    NaN and infinities, which Python's parser accepts, become null.
    """
    try:
        return json.loads(text, object_pairs_hook=_without_repeats, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"{what} is no sound JSON ({str(error)[:100]}): save the file again.") from error


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name occurs twice")
    return made


def plain_json(value: Any, nesting: int) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON whose texts can be stored; what is nested deeper than `nesting`, and is no JSON, becomes null."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    if nesting and isinstance(value, dict):
        return {plain_json(str(name), 0): plain_json(one, nesting - 1) for name, one in value.items()}
    if nesting and isinstance(value, list | tuple):
        return [plain_json(one, nesting - 1) for one in value]
    return None
