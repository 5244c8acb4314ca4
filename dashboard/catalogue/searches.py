"""Queries about searches and their trials.

A trial's end is written once: every change of its state is fenced on `running`. Each trial has a run of its own;
a candidate whose run died gets another run, and stays the same trial.
"""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, func, select

from dashboard.catalogue.rows import insert_row, now, record
from dashboard.catalogue.runs import insert_run
from dashboard.catalogue.tables import FARTHEST, datasets, epochs, networks, runs, searches, trials
from dashboard.errors import NotFound
from dashboard.records.network import NetworkSpec
from dashboard.records.run import ENDED_STATES, Epoch
from dashboard.records.run_kinds import kinds_of_search
from dashboard.records.search import Budget, Goal, Search, Trial


def insert_search(connection: Connection, values: Mapping[str, Any]) -> int:
    """Add a search and return its id; a taken name leaves `Catalogue.writing` as Conflict."""
    moment = now()
    return insert_row(
        connection, searches, {"beliefs": {}, "result": {}, "created": moment, "changed": moment} | dict(values)
    )


def get_search(connection: Connection, search_id: int) -> Search:
    """Return a search; raises NotFound."""
    row = connection.execute(_searches().where(searches.c.id == min(search_id, FARTHEST))).one_or_none()
    if row is None:
        raise NotFound(f"There is no search {search_id}.", "search")
    return _search(row)


def list_searches(connection: Connection, limit: int, offset: int = 0) -> list[Search]:
    """Return searches, the newest first."""
    query = _searches().order_by(searches.c.id.desc()).limit(limit).offset(offset)
    return [_search(row) for row in connection.execute(query)]


def count_searches(connection: Connection) -> tuple[int, int]:
    """Return how many searches there are, and how many of them a run drives, or will soon."""
    is_driven = case((runs.c.state.not_in(ENDED_STATES), 1))
    query = select(func.count(), func.count(is_driven)).select_from(searches)
    row = connection.execute(query.outerjoin(runs, runs.c.id == searches.c.run_id)).one()
    return row[0], row[1]


def change_search(connection: Connection, search_id: int, values: Mapping[str, Any]) -> None:
    """Write other values into a search's row."""
    row = searches.update().where(searches.c.id == search_id)
    connection.execute(row.values(changed=now(), **values))


def pause_if_cancelled(connection: Connection, run_id: int) -> None:
    """Pause the search that a run drives if a person cancelled this run; of other runs nothing happens."""
    cancelled = select(runs.c.id).where(runs.c.id == run_id, runs.c.cancel_requested)
    driven = searches.update().where(searches.c.run_id.in_(cancelled), searches.c.state == "running")
    connection.execute(driven.values(state="paused", changed=now()))


def count_skipped(connection: Connection, search_id: int, more: int) -> None:
    """Count further candidates that a search did not train, as an earlier trial had trained the same."""
    row = searches.update().where(searches.c.id == search_id)
    connection.execute(row.values(skipped=searches.c.skipped + more))


def drive(connection: Connection, search: Search) -> int:
    """Queue a run that drives a search from now on; return its id."""
    row = connection.execute(select(searches.c.dataset_id).where(searches.c.id == search.id)).one()
    request = {"search": search.name, "search_id": search.id}
    values = {"kind": "search", "spec": {}, "request": request, "total": search.budget.trials}
    run_id = insert_run(connection, values | {"dataset_id": row.dataset_id})
    change_search(connection, search.id, {"run_id": run_id})
    return run_id


def delete_search(connection: Connection, search_id: int) -> None:
    """Remove a search with its trials and all its runs; networks that came of it stay."""
    theirs = set(connection.execute(select(trials.c.run_id).where(trials.c.search_id == search_id)).scalars())
    connection.execute(trials.delete().where(trials.c.search_id == search_id))
    own = select(runs.c.id, runs.c.request).where(runs.c.kind.in_(kinds_of_search()))
    theirs |= {row.id for row in connection.execute(own) if row.request.get("search_id") == search_id}
    connection.execute(epochs.delete().where(epochs.c.run_id.in_(theirs)))
    connection.execute(runs.delete().where(runs.c.id.in_(theirs)))
    connection.execute(searches.delete().where(searches.c.id == search_id))


def searches_using(connection: Connection, dataset_id: int) -> list[str]:
    """Return the names of the searches on a dataset."""
    query = select(searches.c.name).where(searches.c.dataset_id == dataset_id).order_by(searches.c.name)
    return list(connection.execute(query).scalars())


def dataset_id_of(connection: Connection, search_id: int) -> int:
    """Return the id of a search's dataset."""
    return int(connection.execute(select(searches.c.dataset_id).where(searches.c.id == search_id)).scalar_one())


def insert_trial(connection: Connection, search_id: int, run: Mapping[str, Any], values: Mapping[str, Any]) -> int:
    """Add a trial under the next number with a queued run of its own; return the number."""
    last = connection.execute(select(func.max(trials.c.number)).where(trials.c.search_id == search_id)).scalar()
    number = (last or 0) + 1
    request = {**run["request"], "search_id": search_id, "trial": number}
    run_id = insert_run(connection, {**run, "kind": "trial", "request": request})
    row = {"search_id": search_id, "number": number, "run_id": run_id, "state": "running", "created": now()}
    connection.execute(trials.insert().values(row | dict(values)))
    return number


def get_trial(connection: Connection, search_id: int, number: int) -> Trial:
    """Return a trial; raises NotFound."""
    wanted = trials.c.number == min(number, FARTHEST)
    row = connection.execute(_trials(search_id).where(wanted)).one_or_none()
    if row is None:
        raise NotFound(f"This search has no trial {number}.", "trial")
    return _trial(row)


def list_trials(connection: Connection, search_id: int) -> list[Trial]:
    """Return a search's trials in their order, those that only confirm another included."""
    return [_trial(row) for row in connection.execute(_trials(search_id).order_by(trials.c.number))]


def count_trials(connection: Connection, ids: Collection[int]) -> dict[int, dict[str, int]]:
    """Return search id -> state -> how many of its candidates are in it."""
    query = (
        select(trials.c.search_id, trials.c.state, func.count().label("count"))
        .where(trials.c.search_id.in_(ids), trials.c.confirms.is_(None))
        .group_by(trials.c.search_id, trials.c.state)
    )
    counts: dict[int, dict[str, int]] = {search_id: {} for search_id in ids}
    for row in connection.execute(query):
        counts[row.search_id][row.state] = row._mapping["count"]
    return counts


def candidates(connection: Connection, search_id: int) -> int:
    """Return how many candidates of a search were tried or are being tried; cancelled ones do not count."""
    counts = count_trials(connection, [search_id])[search_id]
    return sum(count for state, count in counts.items() if state != "cancelled")


def queued_with(connection: Connection, run_id: int) -> list[int]:
    """Return the queued runs, without a checkpoint, that confirm the same trial as this run does, in their order."""
    own, other = trials.alias(), trials.alias()
    same = and_(other.c.search_id == own.c.search_id, other.c.confirms == own.c.confirms, other.c.run_id != run_id)
    query = select(other.c.run_id).select_from(own.join(other, same).join(runs, runs.c.id == other.c.run_id))
    waits = and_(own.c.run_id == run_id, runs.c.state == "queued", runs.c.checkpoint.is_(None))
    return list(connection.execute(query.where(waits).order_by(other.c.run_id)).scalars())


def settle_trial(connection: Connection, search_id: int, number: int, values: Mapping[str, Any]) -> bool:
    """Write down how a trial ended; False if that was done before."""
    row = trials.update().where(trials.c.search_id == search_id, trials.c.number == number, trials.c.state == "running")
    return connection.execute(row.values(ended=now(), **values)).rowcount == 1


def retry_trial(connection: Connection, search_id: int, number: int, run_id: int) -> None:
    """Give a trial whose run died another run."""
    row = trials.update().where(trials.c.search_id == search_id, trials.c.number == number, trials.c.state == "running")
    connection.execute(row.values(run_id=run_id))


def stop_early(connection: Connection, search_id: int, number: int, epoch: int, note: str) -> None:
    """Ask a running trial to end after this epoch, and say why in its run."""
    trial = (trials.c.search_id == search_id) & (trials.c.number == number) & (trials.c.state == "running")
    if connection.execute(trials.update().where(trial).values(stopped_at=epoch)).rowcount:
        run_id = select(trials.c.run_id).where(trial).scalar_subquery()
        row = runs.update().where(runs.c.id == run_id, runs.c.state == "running")
        connection.execute(row.values(cancel_requested=True, note=note))


def drives(connection: Connection, search_id: int, run_id: int, attempt: int, state: str | None = None) -> bool:
    """Return whether this attempt of a run drives a search, and (if given) this state is wanted of it."""
    query = select(searches.c.id).join(runs, runs.c.id == searches.c.run_id)
    query = query.where(searches.c.id == search_id, runs.c.id == run_id)
    query = query.where(runs.c.attempt == attempt, runs.c.state == "running")
    wanted = query if state is None else query.where(searches.c.state == state)
    return connection.execute(wanted).first() is not None


def epochs_of(connection: Connection, run_ids: Collection[int]) -> dict[int, list[Epoch]]:
    """Return run id -> its epochs in order, for each of these runs."""
    curves: dict[int, list[Epoch]] = {run_id: [] for run_id in run_ids}
    query = select(epochs).where(epochs.c.run_id.in_(run_ids)).order_by(epochs.c.run_id, epochs.c.epoch)
    for row in connection.execute(query):
        curves[row.run_id].append(record(Epoch, row))
    return curves


def results_of(connection: Connection, run_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return run id -> its result, for each of these runs."""
    query = select(runs.c.id, runs.c.result).where(runs.c.id.in_(run_ids))
    return {row.id: dict(row.result) for row in connection.execute(query)}


def specs_of(connection: Connection, run_ids: Collection[int]) -> dict[int, NetworkSpec]:
    """Return run id -> the definition that it trains, for each of these runs."""
    query = select(runs.c.id, runs.c.spec).where(runs.c.id.in_(run_ids))
    return {row.id: NetworkSpec.from_json(row.spec) for row in connection.execute(query)}


def running_searches(connection: Connection, search_id: int) -> list[int]:
    """Return the ids of a search's runs that have not ended, its driver's and its trials'."""
    query = select(runs.c.id).outerjoin(trials, trials.c.run_id == runs.c.id)
    driver = select(searches.c.run_id).where(searches.c.id == search_id).scalar_subquery()
    theirs = (trials.c.search_id == search_id) | (runs.c.id == driver)
    return list(connection.execute(query.where(theirs, runs.c.state.not_in(ENDED_STATES))).scalars())


@cache  # to make it takes longer than to ask it
def _searches() -> Select[Any]:
    return (
        select(
            searches,
            datasets.c.name.label("dataset"),
            datasets.c.task.label("task"),
            runs.c.state.label("run_state"),
            networks.c.name.label("network"),
        )
        .join(datasets, datasets.c.id == searches.c.dataset_id)
        .outerjoin(runs, runs.c.id == searches.c.run_id)
        .outerjoin(networks, and_(networks.c.id == searches.c.network_id, networks.c.trash == 0))
    )


def _search(row: Row[Any]) -> Search:
    return record(Search, row, goal=Goal(**row.goal), budget=Budget(**row.budget), network=row.network or "")


def _trials(search_id: int) -> Select[Any]:
    joined = select(trials, runs.c.state.label("run_state")).join(runs, runs.c.id == trials.c.run_id)
    return joined.where(trials.c.search_id == search_id)


def _trial(row: Row[Any]) -> Trial:
    return record(Trial, row)
