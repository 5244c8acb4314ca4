"""What the reading process leaves in its output folder next to the tensors: a list that is checked, not trusted."""

import hashlib
import json
import math
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dashboard.errors import TooLarge, UnknownFormat, UnreadableFile
from dashboard.formats.contents import Contents, Skipped, SourceTensor
from dashboard.formats.limits import Limits
from dashboard.formats.sink import MOST_SKIPPED, is_text
from dashboard.formats.texts import plain_json
from dashboard.formats.types import PIECE, TYPES, numpy_type

NAME = "manifest.json"
MOST_BYTES = 16 * 2**20
"""Of the whole list. Parsed it takes some times as much memory, in the process that serves pages."""
MOST_ABOUT_BYTES = 2 * 2**20
"""Of the facts that a file states about itself; larger ones are left out, with a note."""
LONGEST_MESSAGE = 2000
MOST_FACT_NAME = 100
ERRORS = {kind.code: kind for kind in (UnreadableFile, UnknownFormat)}


TOO_MANY_NAMES = f"The names in the file have more than {MOST_BYTES // 2**20} MB together: send it in several files."


class Unsound(Exception):
    """What the reading process left is not what a sound one leaves."""


def to_json(contents: Contents) -> dict[str, Any]:
    """Return contents as plain JSON; `from_json` reads them back."""
    return {
        "format": contents.format,
        "tensors": [one._asdict() for one in contents.tensors],
        "skipped": [one._asdict() for one in contents.skipped],
        "about": _about(contents.about),
    }


def _about(about: dict[str, Any]) -> dict[str, Any]:
    """Return the facts that are small enough, the smallest first, as plain JSON; `left_out` names the others."""
    plain = plain_json(about, Limits.nesting)
    sizes = {name: len(json.dumps(one)) for name, one in plain.items()}
    small_names, total = set[str](), 0
    for name in sorted(sizes, key=lambda one: sizes[one]):
        total += sizes[name]
        if total <= MOST_ABOUT_BYTES:
            small_names.add(name)
    small = {name: one for name, one in plain.items() if name in small_names}
    left_out = [name[:MOST_FACT_NAME] for name in plain if name not in small_names]
    return {**small, "left_out": left_out[:MOST_SKIPPED]} if left_out else small


def from_json(data: Mapping[str, Any], limits: Limits) -> Contents:
    """Return the contents that `to_json` wrote; raises Unsound if they are none within the limits."""
    try:
        tensors = tuple(_tensor(one, limits) for one in data["tensors"])
        skipped = tuple(Skipped(str(one["name"]), str(one["why"])) for one in data["skipped"])
        about = plain_json(data["about"], limits.nesting)
        name = str(data["format"])
    except (KeyError, TypeError, ValueError) as error:
        raise Unsound(str(error)) from error
    names, files = {one.name for one in tensors}, {one.file for one in tensors}
    if not (len(names) == len(files) == len(tensors) and 0 < len(tensors) <= limits.tensors):
        raise Unsound("tensors")
    if len(skipped) > MOST_SKIPPED or not isinstance(about, dict) or not re.fullmatch("[a-z0-9_-]{1,40}", name):
        raise Unsound("form")
    return Contents(name, tensors, skipped, about)


def _tensor(data: Mapping[str, Any], limits: Limits) -> SourceTensor:
    shape, name, source_dtype = tuple(data["shape"]), data["name"], data["source_dtype"]
    tensor = SourceTensor(
        name, data["dtype"], source_dtype, shape, data["sha256"], data["file"], data["is_optimizer"] is True
    )
    is_sound = (
        isinstance(name, str)
        and 0 < len(name) <= limits.name_length
        and is_text(name)
        and tensor.dtype in TYPES
        and re.fullmatch("[A-Za-z0-9_]{1,40}", source_dtype)
        and len(shape) <= limits.rank
        and all(type(length) is int and length >= 0 for length in shape)
        and re.fullmatch("[0-9a-f]{64}", tensor.sha256)
        and re.fullmatch(r"[0-9]{5}\.bin", tensor.file)
    )
    if not is_sound:
        raise Unsound("tensor")
    return tensor


def leave(folder: Path, answer: Mapping[str, Any]) -> None:
    """Write the answer of the reading process: contents, or an error. A list that is too long becomes an error."""
    text = json.dumps(answer, ensure_ascii=False).encode("utf-8", "backslashreplace")
    if len(text) > MOST_BYTES:
        text = json.dumps({"error": {"code": TooLarge.code, "message": TOO_MANY_NAMES}}).encode()
    (folder / NAME).write_bytes(text)


def take(folder: Path, limits: Limits, most: int) -> Contents:
    """Return what the reading process left in its folder, each tensor of at most `most` bytes in all proven.

    Removes the manifest. Raises Unsound, or the error that the process reports.
    """
    answer = _answer(folder)
    if isinstance(error := answer.get("error"), dict):
        message = plain_json(str(error.get("message"))[:LONGEST_MESSAGE], 1)
        kind = ERRORS.get(str(error.get("code")))
        raise kind(message) if kind else TooLarge(message, "file")
    contents = from_json(answer, limits)
    left = {entry.name for entry in os.scandir(folder)} - {NAME}
    if left != {tensor.file for tensor in contents.tensors}:
        raise Unsound("files")
    for tensor in contents.tensors:
        size = math.prod(tensor.shape) * numpy_type(tensor.dtype).itemsize
        most -= size
        if most < 0 or _size_and_sum(folder / tensor.file, size) != (size, tensor.sha256):
            raise Unsound("bytes")
    (folder / NAME).unlink()
    return contents


def _answer(folder: Path) -> dict[str, Any]:
    path = folder / NAME
    if not path.exists() or not stat.S_ISREG(path.lstat().st_mode) or path.stat().st_size > MOST_BYTES:
        raise Unsound("manifest")
    try:
        answer = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Unsound("manifest") from error
    if not isinstance(answer, dict):
        raise Unsound("manifest")
    return answer


def _size_and_sum(path: Path, size: int) -> tuple[int, str]:
    """Return the size and the SHA-256 of a file that is no link; of a larger one than `size` only the size."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_size != size:
        return status.st_size, ""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return size, digest.hexdigest()
