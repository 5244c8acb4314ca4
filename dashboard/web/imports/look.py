"""What of an import is looked at: one of its checkpoints, its tensors with a text in their names, a part of these.

The form carries it from request to request, together with what is left out so far, so that looking around loses nothing
of what was filled in.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dashboard.services.imports.preview import SourceTensor, matching
from dashboard.services.imports.waiting import Checkpoint, Import
from dashboard.web.kit.query import query

TENSORS_SHOWN = 100
TURN = re.compile(r"(\d{1,9}):(\d{1,9})")
"""What a button that turns the page sends: the place of a checkpoint, and that of its first tensor that is shown."""


@dataclass(frozen=True)
class Look:
    """The part that is shown: a checkpoint's tensors that match the filter, from `offset` on."""

    waiting: Import
    place: int = 0
    filter: str = ""
    offset: int = 0

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint whose tensors are shown."""
        return self.waiting.checkpoints[self.place]

    @property
    def matching(self) -> Sequence[SourceTensor]:
        """Its tensors whose names match the filter."""
        return matching(self.checkpoint, self.filter)

    @property
    def shown(self) -> Sequence[SourceTensor]:
        """Those of them that are on this page."""
        return self.matching[self.offset : self.offset + TENSORS_SHOWN]

    @property
    def words(self) -> str:
        """Which of the tensors are on the page."""
        total = len(self.matching)
        of = f"{total:,}" if total == len(self.checkpoint.tensors) else f"{total:,} that match"
        return f"{self.offset + 1:,} to {self.offset + len(self.shown):,} of {of}" if total else "no tensor matches"

    @property
    def steps(self) -> list[tuple[str, str]]:
        """What the buttons to the pages before and after send, and their words."""
        before, after = self.offset - TENSORS_SHOWN, self.offset + TENSORS_SHOWN
        steps = [(f"{self.place}:{max(before, 0)}", "← previous")] if self.offset else []
        return steps + ([(f"{self.place}:{after}", "next →")] if after < len(self.matching) else [])

    @property
    def neighbours(self) -> list[tuple[str, str]]:
        """What the buttons to the checkpoints before and after send, and their words."""
        places = [(self.place - 1, "← {}"), (self.place + 1, "{} →")]
        known = self.waiting.checkpoints
        return [(f"{place}:0", words.format(known[place].name)) for place, words in places if 0 <= place < len(known)]


def look_of(waiting: Import, sent: Mapping[str, str] | None) -> Look:
    """Return what the form asks to see, or else the address; what is not there is the first."""
    if sent is None:
        return _within(Look(waiting, query().number("checkpoint"), query().text("filter"), query().offset))
    turn = TURN.fullmatch(sent.get("turn", "")) or TURN.fullmatch(sent.get("at", ""))
    place, offset = (int(turn[1]), int(turn[2])) if turn else (0, 0)
    look = Look(waiting, place, sent.get("filter", "").strip(), offset)
    return _within(replace(look, offset=0) if is_filtering(sent) else look)


def is_filtering(sent: Mapping[str, str]) -> bool:
    """Return whether the filter was changed: Enter in it asks for its tensors, whatever the form's first button is."""
    return sent.get("filter", "").strip() != sent.get("filtered", "")


def _within(look: Look) -> Look:
    look = replace(look, place=look.place if look.place < len(look.waiting.checkpoints) else 0)
    return look if look.offset < len(look.matching) else replace(look, offset=0)
