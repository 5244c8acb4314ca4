"""Sentences about histories: of a tensor, and of one part of it."""

from collections.abc import Sequence

from dashboard.records.tensor import cell_name
from dashboard.services.history.parts import PartHistory
from dashboard.services.history.since import Since
from dashboard.services.history.tensor import TensorHistory, TensorVersion
from dashboard.web.kit.formats import number, percent, plural


def change_words(since: str) -> str:
    """Name the change that is shown."""
    return {
        "previous": "change since the version before",
        "first": "change since the first version",
        "best": "change against the best version",
    }[since]


def history_sentence(history: TensorHistory) -> str:
    """Say in which version a tensor moved most, and which one last changed it."""
    count = plural(len(history.versions), "version")
    if len(history.versions) == 1:
        return f"{count}: there is nothing to compare yet."
    text = f"{count}; {_moved(history)}"
    last = history.last_changed
    if last is None:
        return f"{count}; every one has the same bits."
    run = f" by run {last.run_id}" if last.run_id else ""
    return f"{text}; last changed in v{last.number}{run}."


def _moved(history: TensorHistory) -> str:
    if history.uncounted:
        return f"how far {plural(history.uncounted, 'of them', 'of them')} moved is not counted yet"
    known = [
        (change["relative"], version.number)
        for version, change in zip(history.versions, history.changes, strict=True)
        if change is not None and change["relative"] is not None
    ]
    if not known:
        return "how far they moved cannot be said as a share of a norm"
    share, number_of_most = max(known, key=lambda pair: (pair[0], -pair[1]))
    if history.since == "previous":
        return f"it moved most in v{number_of_most}, by {percent(share)} of its norm"
    from_where = "the first version" if history.since == "first" else f"the best, v{history.best}"
    return f"v{number_of_most} is farthest from {from_where}, by {percent(share)} of its norm"


def part_heading(part: PartHistory) -> str:
    """Name the part whose time-line is shown."""
    if part.what == "cell":
        return f"Weight {cell_name(part.shape, part.row or 0, part.column or 0)} of {part.tensor}"
    return f"{part.word.capitalize()} {part.unit} of {part.tensor}" if part.what == "unit" else f"All of {part.tensor}"


def part_sentence(part: PartHistory) -> str:
    """Say what the part is now, and who last changed it."""
    newest, value = part.versions[-1], float(part.line.values[-1])
    what = "is" if part.what == "cell" else "has the norm"
    return f"In v{newest.number} it {what} {number(value)}; {_blame(part)}."


def _blame(part: PartHistory) -> str:
    """Say which version last changed the part, and of which versions nobody knows."""
    last = part.last_changed
    if last is None and part.unread:
        return f"no version that can be read changed it, {unknown_words(part.unread)} unknown"
    if last is None:
        return "no version changed it" if len(part.versions) > 1 else "there is no version before"
    if last.unknown:
        first = last.unknown[0].number
        return f"last changed in v{first} to v{last.version.number}, {unknown_words(last.unknown)} unknown"
    run = f" by run {last.version.run_id}" if last.version.run_id else ""
    return f"last changed in v{last.version.number}{run}, {plural(int(part.line.changed.sum()), 'time')} in all"


def since_words(since: Since) -> str:
    """Say since which version something holds; where those before cannot be read, that it may be longer."""
    words = f"since v{since.version.number}"
    return f"{words} at the latest, {unknown_words(since.unknown)} unknown" if since.unknown else words


def unknown_words(versions: Sequence[TensorVersion]) -> str:
    """Name neighbouring versions of which something is unknown."""
    first, last = versions[0].number, versions[-1].number
    return f"v{first} is" if first == last else f"v{first} to v{last} are"


def firing_note(part: PartHistory) -> str:
    """Say how it is known whether a unit is dead; empty for what is no unit of a layer."""
    if part.what != "unit" or not part.layer:
        return ""
    if part.records:
        return (
            f"{plural(part.records, 'record')} of the dataset were put through each version. A unit that gives every "
            "record the same answer, such as a relu that is active for none, is dead; a sigmoid or tanh whose sum is "
            "beyond ±4 on 95 % of them is flat."
        )
    if part.is_uncounted:
        return "What it does on the dataset is not counted in every version: there are many, or they are large."
    return "Whether it fires cannot be known: the records of the dataset are missing."
