"""The queue's page: what it shows of the queue as a whole, and each run as one line with what can be done with it."""

from typing import Any

from flask import url_for

from dashboard.records.run import Epoch, Run
from dashboard.services.runs import queue as service
from dashboard.services.runs.runs import list_runs, seconds_left
from dashboard.services.versions.reading import versions_of_runs
from dashboard.web.kit.paging import LIST_LENGTH
from dashboard.web.kit.query import query_number, query_word, workspace
from dashboard.web.kit.tables import exports
from dashboard.web.runs.words import NOBODY, attempts_words, queue_sentence, slots_words
from dashboard.web.store.words import action_title

FILTERS = ("running", "queued", "ended")


def asked_state() -> str:
    """Return the state to which the list is narrowed; empty for all. Raises Invalid for a word that is none."""
    return query_word("state", service.STATE_FILTERS)


def queue_page(state: str, mark: str) -> dict[str, Any]:
    """Return what _queue.html shows; `mark` was taken before, so that what changes meanwhile is asked for again."""
    offset = query_number("offset", 0, 0, 10**9)
    page, last = list_runs(workspace(), LIST_LENGTH, offset, states=service.STATE_FILTERS.get(state, ()))
    written = versions_of_runs(workspace(), [run.id for run in page.items])
    queue = service.get_queue(workspace())
    slots, setting = slots_words(queue)
    is_active = bool(queue.queued or queue.running)
    polled = url_for("runs.queue", state=state or None, offset=offset or None, mark=mark) if is_active else ""
    return {
        "poll": polled,
        "sentence": queue_sentence(queue),
        "slots": slots,
        "setting": setting,
        "problem": queue.problem or (NOBODY if is_active and not queue.is_at_work else ""),
        "state": state,
        "exports": exports("runs.runs", state=state or None),
        "filters": [("", "all", queue.running + queue.queued + queue.ended)]
        + [(name, name, getattr(queue, name)) for name in FILTERS],
        "rows": [_row(run, last.get(run.id), written[run.id]) for run in page.items],
        "previous": _address(state, max(offset - LIST_LENGTH, 0)) if offset else "",
        "next": _address(state, page.next) if page.next else "",
    }


def _address(state: str, offset: int) -> str:
    return url_for("runs.index", state=state or None, offset=offset or None)


def _row(run: Run, last: Epoch | None, written: list[int]) -> dict[str, Any]:
    end = run.ended or run.heartbeat
    return {
        "run": run,
        "title": "" if run.network else action_title(run),
        "epoch": last,
        "versions": written,
        "seconds": (end - run.started).total_seconds() if run.started and end else None,
        "seconds_left": seconds_left(run, [last] if last else []),
        "attempts": attempts_words(run),
        # What needs a password is started again on the Store page, where it is typed once more.
        # What belongs to a search is started again by it.
        "again": run.has_ended and run.state != "finished" and not (run.request.get("password") or run.is_of_search),
    }
