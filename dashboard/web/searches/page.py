"""What the pages of searches show: the list, and of one search its head, its trials and how well its sampler does."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from flask import url_for
from markupsafe import Markup

from dashboard.http import workspace
from dashboard.metrics import metric_words
from dashboard.records.search import Search, Trial
from dashboard.services.runs.repeats import sizes_by_dataset
from dashboard.services.runs.runs import get_run
from dashboard.services.search import findings
from dashboard.services.search.trials import network_name, network_of
from dashboard.services.search.view import SearchView, brief_view
from dashboard.web.kit.lists import has_words
from dashboard.web.kit.query import Query, query
from dashboard.web.kit.repeats import FEW, listed_records, records_words, rests_on
from dashboard.web.kit.tables import Column, Table, chosen_order, exports
from dashboard.web.searches.figures import MOST_LINES, parallel_drawing, search_mark
from dashboard.web.searches.words import (
    SECOND_WORDS,
    best_heading,
    candidate_words,
    sampler_sentences,
    saved_sentence,
    search_sentence,
    settings_heading,
    skipped_sentence,
    trial_state,
)

TRIALS_SHOWN = 20
"""So many trials are shown until a person wants all of them."""
ENDED = {"finished", "stopped", "failed"}


class SearchRow(NamedTuple):
    """A search in the list: how many of its trials have ended, the best one, and on how few records it was measured."""

    search: Search
    ended: int
    best: Trial | None
    records: int | None


class Card(NamedTuple):
    """The best trial so far, or the winner, with the trials that train it `again` with other seeds.

    `network` is the network that was made of it (empty: none), `name` the one that it would get.
    """

    trial: Trial
    heading: str
    words: str
    network: str
    name: str
    is_winner: bool
    again: Sequence[Trial]


class Head(NamedTuple):
    """The live head of a search's page; `poll` is where it asks for news, if anything can change."""

    search: Search
    sentence: str
    poll: str
    done: int
    nothing_left: str
    error: str | None
    best: Card | None
    saved: str
    metric: str
    rests: str


class Trials(NamedTuple):
    """The live tables of a search's page: what runs, what was tried, what is on the front.

    Of `total` trials so many are `matching` the words of the `filter`, the first of which are in the table; `others`
    are (name, value) of what else an address with a filter has, `unfiltered` is the one without.
    """

    search: Search
    poll: str
    running: Table
    tried: Table
    total: int
    matching: int
    filter: str
    others: Sequence[tuple[str, str]]
    all_address: str
    unfiltered: str
    front: Sequence[Trial]
    second: str
    parallel: Markup
    parallel_heading: str
    sampler: Sequence[str]


def _dataset_address(row: SearchRow) -> str:
    return url_for("datasets.show", name=row.search.dataset)


SEARCH_COLUMNS = (
    Column("search", value="search.id"),
    Column("name", "Search", "search.name", "search", shown=lambda row: row.search, sortable=True),
    Column("dataset", "Dataset", "search.dataset", link=_dataset_address, sortable=True),
    Column("state", "State", "search.shown_state", "search_state", sortable=True),
    Column(
        "trials",
        "Trials",
        "ended",
        sortable=True,
        largest_first=True,
        shown=lambda row: f"{row.ended:,} of {row.search.budget.trials:,}",
    ),
    Column("budget", value="search.budget.trials"),
    Column("metric", "Metric", "search.goal.metric", shown=lambda row: _metric(row.search)),
    Column("best", "Best trial", "best.number", "count"),
    Column("score", "Best", "best.score", "number", sortable=True),
    Column("records", "Measured on", shown=lambda row: records_words(row.records), css="right muted", help=FEW),
    Column("sampler", "Sampler", "search.sampler"),
    Column("created", "Started", "search.created", "when", sortable=True),
)


def searches_table(searches: Sequence[Search], counts: Mapping[int, Mapping[str, int]]) -> Table:
    """Return searches as a table; `counts` says how many trials of each are in which state."""
    rows = []
    few = listed_records([(search.dataset, search.goal.metric) for search in searches])
    for search, records in zip(searches, few, strict=True):
        ended = sum(count for state, count in counts[search.id].items() if state in ENDED)
        rows.append(SearchRow(search, ended, findings.best_trial(brief_view(workspace(), search.id)), records))
    shown = [replace(one, heading="") if one.name == "records" and not any(few) else one for one in SEARCH_COLUMNS]
    return Table("searches", shown, rows, "Searches", exports("searches.searches"), link=_search_address)


def trial_columns(now: SearchView) -> list[Column]:
    """Return the columns of a search's trials, one for each setting that varies or that earlier trials had included."""
    search, best = now.search, findings.best_trial(now)
    on_front = {trial.number for trial in front_trials(now)}
    settings = dict.fromkeys([*findings.varied(now), *(name for trial in now.candidates for name in trial.params)])
    metric, second = _metric(search).capitalize(), SECOND_WORDS.get(search.goal.second, "")
    marks = {trial.number: (trial.number, trial == best, trial.number in on_front) for trial in now.trials}
    return [
        Column("trial", "Trial", "number", "trial", lambda trial: marks[trial.number], sortable=True),
        Column("run_id"),
        Column("confirms"),
        Column("state", "State", format="trial_state", shown=trial_state, sortable=True),
        Column("what", "Candidate", lambda trial: _what(search, trial), "cut", exported=False, css="cut"),
        Column("score", metric, format="number", sortable=True),
        Column(
            "second",
            second.capitalize() if search.goal.second == "prediction_seconds" else "",
            format="number",
            sortable=True,
            largest_first=False,
        ),
        Column("predicted", "Predicted", "predicted.mean", "number", sortable=True),
        Column("predicted_sd", value="predicted.sd"),
        Column("parameters", "Parameters", format="count", sortable=True),
        Column("stopped_at"),
        Column("epochs", "Epochs", "", "count", lambda trial: trial.epochs or None, sortable=True),
        Column("seconds", "Time in epochs", "", "duration", lambda trial: trial.seconds or None, sortable=True),
        Column("created"),
        Column("ended"),
        *(Column(name, value=f"params.{name}") for name in settings),
        Column("open", "Open", lambda trial: (search.id, trial), "open", exported=False, quiet=True),
    ]


def trials_table(now: SearchView, request_query: Query) -> Table:
    """Return the candidates of a search in the order that an address asks for, by default the best ones first."""
    search, columns, ranked = now.search, trial_columns(now), now.finished
    rows = ranked + [trial for trial in reversed(now.candidates) if trial not in ranked]
    sort = chosen_order(request_query, columns)
    files = exports("searches.trials", search_id=search.id, sort=sort or None)
    name = f"{search.name}_trials"
    return Table(name, columns, rows, "Trials", files, link=_run_address, sorted_by=_sorted_by).in_order(sort)


def running_table(now: SearchView) -> Table:
    """Return the trials that are running, candidates and those that confirm one."""
    search, score = now.search, _metric(now.search).capitalize()
    columns = [
        Column("trial", "Trial", "number"),
        Column("state", "State", format="trial_state", shown=trial_state),
        Column("what", "Candidate", lambda trial: _what(search, trial), "cut", css="cut"),
        Column("epoch", "Epoch", lambda trial: f"{len(_curve(now, trial))} of {search.budget.epochs}", css="right"),
        Column("latest", score, lambda trial: next(reversed(_curve(now, trial)), None), "number"),
        Column("predicted", "Predicted", "predicted.mean", "number"),
    ]
    files = exports("searches.trials", search_id=search.id)
    return Table("running", columns, now.running, "Running trials", files, link=_run_address)


def front_trials(now: SearchView) -> list[Trial]:
    """Return the trials that no other beats in both goals, the smallest first; none with one goal."""
    return findings.front(now)[0] if now.search.goal.second else []


def head_of(now: SearchView) -> Head:
    """Return what the head of a search's page shows."""
    search, best = now.search, findings.best_trial(now)
    has_failed = not search.is_driven and search.state == "running" and search.run_id is not None
    poll = url_for("searches.progress", search_id=search.id, mark=search_mark(now))
    return Head(
        search=search,
        sentence=search_sentence(now),
        poll=poll if search.is_driven else "",
        done=sum(trial.state in ENDED for trial in now.candidates),
        nothing_left=now.nothing_left[0] if search.state == "finished" else "",
        error=get_run(workspace(), search.run_id).run.error if has_failed and search.run_id is not None else None,
        best=_card(now, best) if best is not None else None,
        saved=" ".join(filter(None, (saved_sentence(findings.saved(now)), skipped_sentence(search.skipped)))),
        metric=_metric(search),
        rests=rests_on(sizes_by_dataset(workspace(), [search.dataset]).get(search.dataset, {}), search.goal.metric),
    )


def trials_of(now: SearchView) -> Trials:
    """Return what the tables of a search's page show."""
    search, table = now.search, trials_table(now, query())
    total, words = len(list(table.rows)), query().text("search")
    rows = [trial for trial in table.rows if has_words(table, trial, words)]
    table = replace(table, rows=rows, empty="No trial has these words.")
    shows_all = query().flag("all")
    poll = query().address("searches.progress", part="trials", mark=search_mark(now))
    return Trials(
        search=search,
        poll=poll if search.is_driven else "",
        running=running_table(now),
        tried=table if shows_all else table.part(0, TRIALS_SHOWN),
        total=total,
        matching=len(rows),
        filter=words,
        others=[(name, query().text(name)) for name in ("sort", "all")],
        unfiltered=query().address("searches.show", search=None, part=None, mark=None, _anchor="trials"),
        all_address=query().address("searches.show", all="1", part=None, mark=None, _anchor="trials"),
        front=front_trials(now),
        second=SECOND_WORDS.get(search.goal.second, ""),
        parallel=parallel_drawing(now),
        parallel_heading=settings_heading(min(len(now.finished), MOST_LINES)),
        sampler=sampler_sentences(now),
    )


def _card(now: SearchView, trial: Trial) -> Card:
    search, is_winner = now.search, now.search.result.get("best") == trial.number
    network = network_of(workspace(), search, trial.number)
    return Card(
        trial=trial,
        heading=best_heading(trial, is_winner),
        words=candidate_words(trial.params, search.space),
        network=network.name if network is not None else "",
        name=network_name(search, trial.number),
        is_winner=is_winner,
        again=now.confirmations.get(trial.number, []),
    )


def _what(search: Search, trial: Trial) -> str:
    again = f", trial {trial.confirms} again" if trial.confirms else ""
    return f"{candidate_words(trial.params, search.space)}{again}"


def _curve(now: SearchView, trial: Trial) -> Sequence[float]:
    return now.curves.get(trial.number, ())


def _sorted_by(sort: str) -> str:
    return query().address("searches.show", sort=sort, part=None, mark=None, _anchor="trials")


def _run_address(trial: Trial) -> str:
    return url_for("runs.show", run_id=trial.run_id)


def _metric(search: Search) -> str:
    return metric_words(search.goal.metric)


def _search_address(row: SearchRow) -> str:
    return url_for("searches.show", search_id=row.search.id)
