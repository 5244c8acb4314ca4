"""Choosing two versions: the pickers of a comparison, the list that one of them opens, recent and suggested pairs."""

import difflib
from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import request, session

from dashboard.errors import NotFound, UserError
from dashboard.http import workspace
from dashboard.metrics import metric_words
from dashboard.records.network import Version
from dashboard.services.compare.choices import Choice, Choices, Suggestion, choices_of, pairs_of, suggested_pairs
from dashboard.services.networks import list_networks
from dashboard.web.compare.query import CompareQuery
from dashboard.web.kit.formats import number, plural, step_words
from dashboard.web.kit.paging import pager
from dashboard.web.kit.query import Query
from dashboard.web.kit.tables import Column, Table
from dashboard.web.kit.urls import address

SIDES = {"base": "Base (before)", "other": "Other (after)"}
SWAPPED = "Weightbase-Swap"
"""The header with which the script asks for a page that takes the place of another, perhaps ahead of time."""
LIST = "choose"
"""The value of a picker that opens the list of all versions."""
MOST_OPTIONS = 40
MOST_NETWORKS = 100
MOST_NEAREST = 5
MOST_RECENT, MOST_LETTERS = 6, 1000
"""How many pairs a browser's cookie holds, and how long all of them together may be."""


class Picker(NamedTuple):
    """A choice of one side; `options` are (reference, words), `value` is the chosen one."""

    name: str
    label: str
    value: str
    options: list[tuple[str, str]]


def pickers(base: Version, other: Version) -> list[Picker]:
    """Return a picker for each side of a comparison: of many versions those nearby, and one that opens the list."""
    known = {name: choices_of(workspace(), name) for name in {base.network, other.network}}
    sides = zip(SIDES.items(), (base, other), strict=True)
    return [_picker(name, label, version, known[version.network]) for (name, label), version in sides]


def _picker(name: str, label: str, version: Version, choices: Choices) -> Picker:
    options = [(one.reference, choice_words(one, is_short=True)) for one in choices.near(version.number, MOST_OPTIONS)]
    metric = next((one.metric for one in choices.versions if one.metric), None)
    label += f": version, epoch, {metric_words(metric)}" if metric else ": version, epoch"
    total = len(choices.versions)
    more = f"All {total:,} versions, other networks …" if total > len(options) else "Of other networks …"
    return Picker(name, label, version.reference, [*options, (LIST, more)])


def choice_words(one: Choice, is_short: bool = False) -> str:
    """Say a version in a list of them: v17 ★ · epoch 17 · validation accuracy 0.9420; in short without the metric."""
    metric = f"{metric_words(one.metric)} " if one.metric and not is_short else ""
    score = f"{metric}{number(one.score)}" if one.score is not None else ""
    parts = [f"v{one.number}{' ★' if one.is_best else ''}", f"epoch {one.epoch}" if one.epoch else "", score]
    return " · ".join(part for part in parts if part)


def choosing_page(source: Query, side: str, chosen: dict[str, str], problem: UserError | None = None) -> dict[str, Any]:
    """Return what the page shows on which a side is chosen; `chosen` are the references of those that are."""
    there = [each.network.name for each in list_networks(workspace(), MOST_NETWORKS + 1).items if each.versions]
    wanted = source.text("network") or next((one.rpartition(":")[0] for one in chosen.values() if one), "")
    name = wanted if wanted or not there else there[0]
    choices, unknown = _choices(name)
    error = problem or unknown
    return {
        "side": side,
        "sides": SIDES,
        "chosen": chosen,
        "problem": error.message if error else "",
        "nearest": nearest_links(error, side, chosen) if error else [],
        "networks": there if len(there) <= MOST_NETWORKS else [],
        "network": name,
        "filter": source.text("filter"),
        "suggested": None if any(chosen.values()) else pairs_table("Worth a look", suggested_pairs(workspace())),
        "recent": None if any(chosen.values()) else pairs_table("Compared in this browser", recent_pairs()),
        **_versions(source, side, chosen, choices),
    }


def _choices(name: str) -> tuple[Choices | None, NotFound | None]:
    try:
        return (choices_of(workspace(), name) if name else None), None
    except NotFound as error:
        return None, error


def _versions(source: Query, side: str, chosen: dict[str, str], choices: Choices | None) -> dict[str, Any]:
    """Return the page of the versions that the filter leaves, as a table of links that choose one."""
    text = source.text("filter").casefold()
    every = choices.versions if choices else []
    versions = [one for one in every if text in f"{one.reference} {choice_words(one)}".casefold()]
    pages = pager(len(versions), "compare.choose", side=side)
    shown = versions[pages.offset : pages.offset + pages.length]
    return {"pages": pages, "versions": versions_table(shown, side, chosen) if every else None}


def ticks_page(source: Query, ticked: Sequence[str], problem: UserError | None = None) -> dict[str, Any]:
    """Return what the page shows on which several versions are ticked, and a page of the others."""
    there = [each.network.name for each in list_networks(workspace(), MOST_NETWORKS + 1).items if each.versions]
    name = source.text("network") or next((one.rpartition(":")[0] for one in ticked), there[0] if there else "")
    choices, unknown = _choices(name)
    text = source.text("filter").casefold()
    every = choices.versions if choices else []
    others = [one for one in every if one.reference not in ticked]
    versions = [one for one in others if text in f"{one.reference} {choice_words(one)}".casefold()]
    pages = pager(len(versions), choose=1)
    error = problem or unknown
    return {
        "problem": error.message if error else "",
        "nearest": _nearest_ticks(source, error) if error else [],
        "networks": there if len(there) <= MOST_NETWORKS else [],
        "network": name,
        "filter": source.text("filter"),
        "ticked": ticked,
        "pages": pages,
        "versions": ticks_table(versions[pages.offset : pages.offset + pages.length]) if every else None,
    }


def _nearest_ticks(source: Query, error: UserError) -> list[tuple[str, str]]:
    """Return (name, address) of what was perhaps meant, the unknown version replaced by it."""
    if not isinstance(error, NotFound):
        return []
    chosen = source.args.getlist("version")
    unknown = next((one for one in chosen if one and repr(one.rpartition(":")[0]) in error.message), "")
    names = [name for name in error.nearest if ":" in name and name not in chosen][:MOST_NEAREST]
    return [
        (name, source.address(version=[name if one == unknown else one for one in chosen], choose="")) for name in names
    ]


def ticks_table(shown: Sequence[Choice]) -> Table:
    """Return versions as a table with a box to tick in each row."""
    metric = next((one.metric for one in shown if one.metric), None)
    columns = (
        Column("tick", "Select", "reference", "tick", exported=False, quiet=True, css="tick"),
        Column("version", "Version", "number", shown=lambda one: f"v{one.number}{' ★ best' if one.is_best else ''}"),
        Column("epoch", "Epoch", format="count"),
        *([Column("score", metric_words(metric).capitalize(), format="number")] if metric else []),
    )
    return Table(
        "versions",
        columns,
        shown,
        "Versions",
        link=lambda one: address("versions.show", name=one.network, number=one.number),
        header="version",
        empty="no version has that",
    )


def versions_table(shown: Sequence[Choice], side: str, chosen: dict[str, str]) -> Table:
    """Return versions as a table whose rows choose one."""
    metric = next((one.metric for one in shown if one.metric), None)
    columns = (
        Column("version", "Version", "number", shown=lambda one: f"v{one.number}{' ★ best' if one.is_best else ''}"),
        Column("epoch", "Epoch", format="count"),
        *([Column("score", metric_words(metric).capitalize(), format="number")] if metric else []),
    )
    return Table(
        "versions",
        columns,
        shown,
        "Versions",
        link=lambda one: chosen_address(side, chosen | {side: one.reference}),
        empty="no version has that",
    )


def chosen_address(side: str, chosen: dict[str, str]) -> str:
    """Return the comparison of what is chosen, or the page on which what is missing is chosen."""
    missing = [name for name in SIDES if not chosen.get(name)]
    if missing:
        return address("compare.choose", side=missing[0], **{name: value for name, value in chosen.items() if value})
    return address("compare.show", **chosen)


def nearest_links(error: UserError, side: str, chosen: dict[str, str]) -> list[tuple[str, str]]:
    """Return (name, address) of the versions or networks that were perhaps meant."""
    if not isinstance(error, NotFound):
        return []
    if all(":" in name for name in error.nearest):
        names = error.nearest[:MOST_NEAREST]
        return [(name, chosen_address(side, chosen | {side: name})) for name in names]
    wanted = chosen.get(side, "").rpartition(":")[0]
    names = tuple(difflib.get_close_matches(wanted, error.nearest, MOST_NEAREST, 0.4)) or error.nearest[:MOST_NEAREST]
    others = {name: value for name, value in chosen.items() if value and name != side}
    return [(name, address("compare.choose", side=side, network=name, **others)) for name in names]


def pairs_table(label: str, pairs: Sequence[Suggestion]) -> Table:
    """Return pairs of versions as a table of links, each with a sentence that says what it will show."""
    columns = (
        Column("pair", "Versions", value=_pair_words),
        Column("shows", "Shows", value=suggestion_words, css="muted breaks"),
    )
    return Table(
        "pairs",
        columns,
        pairs,
        label,
        link=lambda one: address("compare.show", base=one.base.reference, other=one.other.reference),
        empty="None yet: the last six pairs are listed here.",
    )


def _pair_words(one: Suggestion) -> str:
    network = "" if one.other.network == one.base.network else f"{one.other.network} "
    return step_words(f"{one.base.network} v{one.base.number}", f"{network}v{one.other.number}")


def suggestion_words(one: Suggestion) -> str:
    """Say what a pair of versions will show."""
    base, other = one.base, one.other
    steps = abs(other.number - base.number)
    what = {
        "everything": "All that changed since the first version",
        "best": "What changed since the best version",
        "last": "The last step",
        "networks": f"The best versions of two networks on {one.dataset}",
        "recent": f"{plural(steps, 'version')} apart" if base.network == other.network else "Two networks",
    }[one.why]
    if base.metric is None or base.metric != other.metric or base.score is None or other.score is None:
        return f"{what}."
    return f"{what}: {metric_words(base.metric)} {step_words(number(base.score), number(other.score))}."


def remember_pair(params: CompareQuery) -> None:
    """Note in this browser's cookie that two versions were compared, the latest first; steps by keys are not noted."""
    if request.headers.get(SWAPPED):
        return
    pair = [params.versions.base, params.versions.other]
    pairs = [pair, *(known for known in session.get("pairs", []) if known != pair)][:MOST_RECENT]
    while len(pairs) > 1 and sum(len(name) for known in pairs for name in known) > MOST_LETTERS:
        pairs.pop()
    if pairs != session.get("pairs"):
        session["pairs"] = pairs


def recent_pairs() -> list[Suggestion]:
    """Return what this browser has compared last, as far as it still exists."""
    return pairs_of(workspace(), [(base, other) for base, other in session.get("pairs", [])])


def only_one_words(reference: str) -> str:
    """Say that a version has no other one in its network."""
    return f"{reference} is the only version of its network: choose one of another network."
