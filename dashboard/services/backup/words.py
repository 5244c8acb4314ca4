"""What a backup and a restore say of themselves, in a sentence that the command line and the pages share."""

from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.settings import Settings

INSIDE = " It is in the home, and lost with it: copy it to another disk."


def backup_sentence(result: Mapping[str, Any]) -> str:
    """Say what is missing in a backup, what it holds, what was new in its place, and that it is proven."""
    counted = ", ".join(_plural(result[name], name[:-1]) for name in ("versions", "tensors", "datasets", "checkpoints"))
    new = f"{_plural(result['written'], 'member')} written, {result['proven'] - result['written']:,} there already"
    if result.get("spare"):
        new += f", {result['spare']:,} more written of what was then left out"
    proven = f"all {result['proven']:,} were read back and are what their SHA-256 says"
    inside = INSIDE if result["is_inside"] else ""
    return f"{_wrong(result['damaged'])}{counted} in {result['to']}: {new}; {proven}.{inside}"


def _wrong(damaged: Sequence[Mapping[str, str]]) -> str:
    """Name what is missing, to be said first; empty if nothing is."""
    if not damaged:
        return ""
    names = ", ".join(one["version"] for one in damaged[:MOST_NAMED])
    more = f" and {len(damaged) - MOST_NAMED:,} more" if len(damaged) > MOST_NAMED else ""
    are = "is" if len(damaged) == 1 else "are"
    return f"{_plural(len(damaged), 'part')} {are} missing or damaged: {names}{more}. All else is backed up: "


def missing_lines(result: Mapping[str, Any]) -> list[str]:
    """Return a line for each part that is not in a backup, with the reason."""
    left_out = [f"{one['version']} left out: {one['reason']}" for one in result["left_out"]]
    return left_out + [f"{one['version']} DAMAGED: {one['reason']}" for one in result["damaged"]]


def damage_sentence(result: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a home that was backed up, None if nothing is."""
    if not result["damaged"]:
        return None
    named = " ".join(f"{one['version']}: {one['reason']}" for one in result["damaged"][:MOST_NAMED])
    more = f" {len(result['damaged']) - MOST_NAMED:,} more." if len(result["damaged"]) > MOST_NAMED else ""
    return f"What is damaged is not in the backup; all else is, and is proven. {named}{more}"


MOST_NAMED = 20


def restored_sentence(result: Mapping[str, Any], settings: Settings) -> str:
    """Say what was restored, and that it is proven."""
    counted = ", ".join(_plural(result[name], name[:-1]) for name in ("versions", "tensors", "files"))
    return f"{counted} of {result['made']} restored into {settings.home_folder}, each proven by its SHA-256"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
