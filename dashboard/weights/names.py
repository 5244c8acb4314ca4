"""Names of tables, made by us: a tensor's own name is data and is never used as a path or an identifier."""

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

from dashboard.errors import Conflict, Invalid
from dashboard.records.tensor import TensorKey

NETWORK_PATTERN = re.compile(r"[a-z0-9_]{1,24}")
PLAIN_PATTERN = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*\.(weight|bias)")


def version_name(network: str, version: int, between: str) -> str:
    """Return ``network`` + between + ``v0003``; raises Invalid unless the network is a slug that we made."""
    if not NETWORK_PATTERN.fullmatch(network) or version < 1:
        raise Invalid({"network": f"{network!r} version {version} cannot name a table; a slug is [a-z0-9_], 1 to 24."})
    return f"{network}{between}v{version:04d}"


@lru_cache(256)  # a save of many tensors asks for each name several times in a row
def safe_name(tensor: str, longest: int) -> str:
    """Return a name of at most `longest` characters [a-z0-9_] for a tensor, the same each time.

    ``layer_01.weight`` becomes ``layer_01_weight``; a name of another form, or a longer one, is cut and followed by
    12 digits of its SHA-256, so that names that differ only in case, in signs or far behind stay different.
    """
    if PLAIN_PATTERN.fullmatch(tensor) and len(tensor) <= longest:
        return tensor.replace(".", "_")
    digest = hashlib.sha256(tensor.encode("utf-8", "backslashreplace")).hexdigest()[:12]
    words = re.sub(r"[^a-z0-9]+", "_", tensor.lower()).strip("_")[: longest - 13].strip("_")
    return f"{words}_{digest}" if words else f"t_{digest}"


def refuse_clashes(tensors: Sequence[TensorKey], longest: int) -> None:
    """Raise Conflict if two tensors of a version would get one table: a name given twice, or a clash of digests."""
    seen: dict[str, str] = {}
    for key in tensors:
        name = safe_name(key.tensor, longest)
        if name in seen:
            raise Conflict(f"The tensors {seen[name]!r} and {key.tensor!r} of one version need names of their own.")
        seen[name] = key.tensor
