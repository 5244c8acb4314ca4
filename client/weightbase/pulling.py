"""Weights of a version, each array checked against its SHA-256 and cached by content."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import numpy as np

from weightbase.connection import Transport, call, checked
from weightbase.errors import Damaged, WeightbaseError
from weightbase.session import session
from weightbase.tensors import raw, sha256


class Pulled(NamedTuple):
    """A tensor of a version; `bits` are as they were sent, bfloat16 as uint16."""

    name: str
    dtype: str
    bits: Any

    @property
    def array(self) -> Any:  # noqa: ANN401 - an array
        """The tensor as an array; bfloat16 as float32, which holds it exactly."""
        return widened(self.bits) if self.dtype == "bfloat16" else self.bits


def pull(reference: str) -> dict[str, Any]:
    """Return the arrays of a version by name, bfloat16 as float32; each is what was saved, by its SHA-256.

    `reference` is name:number, name:latest or name:best. Raises Refused, Unreachable, Damaged.
    """
    return {one.name: one.array for one in pulled(session().transport, reference)}


def compare(base: str, other: str) -> dict[str, Any]:
    """Return what changed between two versions, as the API says it: `tensors` with their numbers, metrics, settings."""
    transport = session().transport
    one, two = (exact_reference(transport, reference) for reference in (base, other))
    compared = call(transport, "GET", f"/compare?base={quote(one, safe=':')}&other={quote(two, safe=':')}")
    assert isinstance(compared, dict)
    return compared


def exact_reference(transport: Transport, reference: str) -> str:
    """Return a reference as name:number; raises WeightbaseError for what is none, Refused if there is none."""
    network, colon, which = reference.rpartition(":")
    if not colon or not network or not which:
        raise WeightbaseError(f"{reference!r} names no version: give name:number, name:latest or name:best.")
    if which not in {"latest", "best"}:
        return reference
    number = summary_of(transport, network).get(which)
    if number is None:
        raise WeightbaseError(f"{network} has no {which} version.")
    return f"{network}:{number}"


def summary_of(transport: Transport, network: str) -> dict[str, Any]:
    """Return a network as lists show it, with its latest and its best version; raises Refused if there is none."""
    offset: int | None = 0
    while offset is not None:
        page = call(transport, "GET", f"/networks?{urlencode({'search': network, 'limit': 100, 'offset': offset})}")
        for item in page["items"]:
            if item["name"] == network:
                return dict(item)
        offset = page["next"]
    return dict(call(transport, "GET", f"/networks/{quote(network, safe='')}"))  # which says what is near


def address_of(reference: str) -> str:
    """Return the address of a version that is named name:number."""
    network, _, number = reference.rpartition(":")
    if not number.isdigit():
        raise WeightbaseError(f"{reference!r} names no version: give name:number, name:latest or name:best.")
    return f"/networks/{quote(network, safe='')}/versions/{number}"


def pulled(transport: Transport, reference: str) -> Iterator[Pulled]:
    """Yield the tensors of a version in its order; raises Damaged for one that is not what was saved."""
    address = address_of(exact_reference(transport, reference))
    for about in call(transport, "GET", address)["tensors"]:
        name, dtype, digest = about["name"], about["dtype"], about["sha256"]
        bits = _cached(digest, dtype, about["shape"])
        if bits is None:
            bits = _fetched(transport, f"{address}/tensors/{quote(name, safe='')}.npy", dtype)
            if sha256(bits) != digest:
                raise Damaged(f"{reference} {name} is not what was saved: its SHA-256 differs. Verify the version.")
            _keep(digest, bits)
        yield Pulled(name, dtype, bits)


def widened(bits: Any) -> Any:  # noqa: ANN401 - an array
    """Return the bits of bfloat16 as float32."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def _fetched(transport: Transport, address: str, dtype: str) -> Any:  # noqa: ANN401 - an array
    answer = checked(transport.request("GET", address, None, {"Accept": "*/*"}))
    try:
        array = np.load(io.BytesIO(answer.content), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise Damaged(f"What came for {address} is no array: {error}.") from error
    if dtype == "bfloat16" and array.dtype == np.float32:
        array = (array.view(np.uint32) >> 16).astype(np.uint16)
    return np.ascontiguousarray(array).reshape(array.shape)


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "weightbase"


def _cached(digest: str, dtype: str, shape: list[int]) -> Any:  # noqa: ANN401 - an array
    """Return the array of a SHA-256 from the cache, checked again; None if it is not there."""
    kind = np.uint16 if dtype == "bfloat16" else np.dtype(dtype)
    try:
        data = (_cache() / digest).read_bytes()
        bits = np.frombuffer(bytearray(data), kind).reshape(shape)
    except (OSError, ValueError):
        return None
    return bits if sha256(bits) == digest else None


def _keep(digest: str, bits: Any) -> None:  # noqa: ANN401 - an array
    """Keep the bytes of an array in the cache, by rename; a cache that cannot be written is none."""
    path = _cache() / digest
    part = path.with_name(f"{digest}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.write_bytes(raw(bits))
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
