"""Names of releases that look like numbers: 1.9, 1.10, 1.11. As numbers 1.10 and 1.1 would be one."""

import re
from collections.abc import Sequence
from typing import Any

RELEASE = re.compile(r"[0-9]{1,4}(?:\.(?:0|[1-9][0-9]{0,3}))?")
RELEASE_NAME = re.compile(r"(?i:.*(?:version|release|revision|section|chapter|firmware|build|\bver\b|\brev\b).*)")
MOST_RELEASES = 200
FEW = 20
DOUBT = (
    "Are cells such as {} names, as of versions, or numbers? As numbers, those that differ in zeros at the end merge."
)


def release_name(texts: Any) -> str:  # noqa: ANN401 - untyped pyarrow
    """Return a text that shows that different texts may be names of releases: 1.10 next to 1.9; empty if none does."""
    if not 1 < len(texts) <= MOST_RELEASES:
        return ""
    names = texts.to_pylist()
    if not all(RELEASE.fullmatch(name) for name in names):
        return ""
    decimals = {name: len(name.partition(".")[2]) for name in names if "." in name}
    with_zero = (name for name, count in decimals.items() if count > 1 and name.endswith("0"))
    return next(with_zero, "") if len(set(decimals.values())) > 1 else ""


def is_release(column: str, names: Sequence[str]) -> bool:
    """Return whether texts are rather such names than numbers: by the column's name, or as few of which two merge."""
    return RELEASE_NAME.fullmatch(column) is not None or (len(names) <= FEW and differ_by_zeros(names))


def differ_by_zeros(names: Sequence[str]) -> bool:
    """Return whether two of some different texts are the same number but for zeros at the end: 1.10 and 1.1."""
    short = [name.rstrip("0") for name in names if re.fullmatch(r"[+-]?[0-9]*\.[0-9]+", name)]
    return len(set(short)) < len(short)
