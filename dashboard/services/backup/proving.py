"""Proving backups that exist: every member is read, and compared with the SHA-256 by which its list names it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from dashboard.jobs.job import Progress
from dashboard.services.backup.form import Contents, Head, Member
from dashboard.services.backup.opening import open_source
from dashboard.services.backup.places import Place

Report = Callable[[Progress], None]


@dataclass
class Proven:
    """What the proof of a place has found: its backups, how many members were sound, and what is wrong."""

    heads: list[Head] = field(default_factory=list)
    sound: int = 0
    problems: list[str] = field(default_factory=list)


def prove_backups(path: Path, report: Report) -> Proven:
    """Prove every backup in a folder, or the one in an archive; raises NotFound, NewerForm or StoreUnavailable."""
    proven = Proven()
    with open_source(path) as place:
        known: dict[Member, str | None] = {}
        for name in place.heads():
            head = place.head(name)
            contents = place.contents(head)
            known[head.list] = None  # it was proven when it was read
            known |= find_damage(place, contents, report, known)
            proven.heads.append(head)
            proven.problems += damaged_parts(contents, known, name)
        proven.sound = sum(problem is None for problem in known.values())
    return proven


def find_damage(
    place: Place, contents: Contents, report: Report, known: dict[Member, str | None] | None = None
) -> dict[Member, str | None]:
    """Read the members of a list that are not known yet; return what is wrong with each, None for a sound one."""
    members = [member for member in contents.members() if member not in (known or {})]
    problems: dict[Member, str | None] = {}
    for done, member in enumerate(members):
        report(Progress(done, len(members), f"proving member {done + 1:,} of {len(members):,}", {}))
        problems[member] = place.problem_of(member)
    return problems


def damaged_parts(contents: Contents, problems: dict[Member, str | None], name: str) -> list[str]:
    """Return a sentence for each part of a backup that is damaged, by the name that people know."""
    parts = {f"{name}: the catalogue": [contents.catalogue]}
    parts |= {f"{name}: {file.path}": [file.member] for file in contents.files}
    parts |= {f"{name}: {version.reference}": list(version.members) for version in contents.versions}
    wrong = {part: [problems[one] for one in members if problems[one]] for part, members in parts.items()}
    return [f"{part} is damaged. {reasons[0]}" for part, reasons in wrong.items() if reasons]
