"""The driver of a search: it requests candidates, queues trials, stops them early, and determines the winner.

Its state is in the catalogue, which it reads again at each step: after a crash the next driver continues from the
trials that have ended, and none of them runs twice. Every write is a transaction that first checks that this attempt
still drives the search.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import runs as run_rows
from dashboard.catalogue import searches as search_rows
from dashboard.errors import UserError
from dashboard.jobs.job import Progress
from dashboard.records.network import NetworkSpec
from dashboard.records.run import Run
from dashboard.records.search import Trial
from dashboard.search.stopping import should_stop
from dashboard.search.together import on_seeds
from dashboard.search.untried import Choice
from dashboard.services.runs.queue import get_queue
from dashboard.services.search.choosing import next_candidate, spec_of, weights_of
from dashboard.services.search.proposer import predicted, save_proposer
from dashboard.services.search.requests import SearchJob
from dashboard.services.search.trials import prediction_seconds
from dashboard.services.search.view import SearchView, directions, view
from dashboard.services.search.winner import SEEDS, next_to_confirm, winner
from dashboard.services.workspace import Workspace

LOOK_SECONDS = 0.1
HOPELESS = 5
"""If this many candidates failed and none succeeded, the problem is not the candidates."""
STOPPED_EARLY = "stopped early: it is unlikely to become the best"
ENDED_WELL = {"finished", "stopped"}

Report = Callable[[Progress], None]
Candidate = tuple[dict[str, Any], NetworkSpec, int | None, dict[str, float] | None]
"""A trial to queue: its parameters, its network, the trial that it confirms, and its predicted score."""


class Driver:
    """Drives one search until it is done, paused, stopped, or another attempt drives it."""

    def __init__(self, workspace: Workspace, job: SearchJob, report: Report) -> None:
        self.workspace, self.job, self.report = workspace, job, report
        self.curves: dict[int, tuple[float, ...]] = {}
        self.judged: dict[int, int] = {}
        self.retried: set[int] = set()
        self.weights: dict[int, NetworkSpec] = {}
        self.last: tuple[Any, Choice] | None = None
        with workspace.catalogue.reading() as connection:
            search = search_rows.get_search(connection, job.search_id)
            self.dataset = dataset_rows.get_dataset(connection, search.dataset)
            self.dataset_id = search_rows.dataset_id_of(connection, job.search_id)

    def drive(self, patiently: Callable[[Callable[[], bool]], bool] = lambda step: step()) -> None:
        """Continue step by step; raises Cancelled if the coordinator cancels it, UserError if nothing can be trained.

        `patiently` takes each step, and takes it again after an outage: while catalogue or store cannot be used,
        running trials continue, and this driver waits.
        """
        while patiently(self.step):
            time.sleep(LOOK_SECONDS)

    def step(self) -> bool:
        """Take one step; False once nothing is left to do."""
        now = self._look()
        self._report(now)
        if not self._drives():
            return False
        settled = [self._settle(now, trial) for trial in now.running]
        if any(settled):
            now = self._look()
        if now.search.state == "stopped":
            self._cancel(now.running)
        if now.search.state != "running":
            return bool(now.running)
        self._stop_early(now)
        if self._propose(now):
            return True
        return bool(now.running) or self._conclude(now)

    def _look(self) -> SearchView:
        """Return the current state of the search; curves of ended trials are read once."""
        now = view(self.workspace, self.job.search_id, self.curves)
        ended = [trial.number for trial in now.trials if trial.state != "running"]
        self.curves = {number: now.curves[number] for number in ended}
        return now

    def _drives(self, state: str | None = None) -> bool:
        with self.workspace.catalogue.reading() as connection:
            return search_rows.drives(connection, self.job.search_id, self.job.run_id, self.job.attempt, state)

    def _report(self, now: SearchView) -> None:
        ended = sum(trial.state not in {"running", "cancelled"} for trial in now.candidates)
        words = f"{len(now.running)} trials running" if now.running else "choosing a candidate"
        self.report(Progress(ended, max(now.search.budget.trials, ended), words, {}))

    # ---- trials that have ended ----------------------------------------------------------------------------------

    def _settle(self, now: SearchView, trial: Trial) -> bool:
        """Record how a trial ended if its run has ended; False while it runs."""
        with self.workspace.catalogue.reading() as connection:
            run = run_rows.get_run(connection, trial.run_id)
            epochs = run_rows.list_epochs(connection, run.id)
            trial = search_rows.get_trial(connection, now.search.id, trial.number)
        if not run.has_ended:
            return False
        metric = now.search.goal.metric
        score = run.result.get("metrics", {}).get(metric)
        if score is None and epochs:
            score = epochs[-1].value(metric)
        state = self._end_state(trial, run, score)
        if state is None:
            self._retry(now, trial)
            return True
        values = {
            "state": state,
            "score": score if state in ENDED_WELL else None,
            "second": self._second(now, trial, run.spec) if state in ENDED_WELL else None,
            "stopped_at": trial.stopped_at if state == "stopped" else None,
            "epochs": len(epochs),
            "seconds": sum(epoch.seconds or 0.0 for epoch in epochs),
        }
        with self.workspace.catalogue.writing() as connection:
            if search_rows.drives(connection, now.search.id, self.job.run_id, self.job.attempt):
                search_rows.settle_trial(connection, now.search.id, trial.number, values)
        return True

    def _end_state(self, trial: Trial, run: Run, score: float | None) -> str | None:
        """Return the state in which a trial ended; None if its run died and is to be tried again."""
        if run.state == "finished":
            return "finished" if score is not None else "failed"
        if trial.stopped_at is not None and score is not None and run.state != "failed":
            return "stopped"
        if run.state == "interrupted":
            return None if trial.number not in self.retried else "failed"
        return run.state

    def _retry(self, now: SearchView, trial: Trial) -> None:
        self.retried.add(trial.number)
        with self.workspace.catalogue.writing() as connection:
            if search_rows.drives(connection, self.job.search_id, self.job.run_id, self.job.attempt):
                run_id = run_rows.copy_run(connection, trial.run_id, f"search {now.search.name}")
                search_rows.retry_trial(connection, self.job.search_id, trial.number, run_id)

    def _second(self, now: SearchView, trial: Trial, spec: NetworkSpec) -> float | None:
        if now.search.goal.second == "prediction_seconds":
            return prediction_seconds(spec)
        return float(trial.parameters) if now.search.goal.second else None

    # ---- running trials ------------------------------------------------------------------------------------------

    def _cancel(self, running: list[Trial]) -> None:
        with self.workspace.catalogue.writing() as connection:
            for trial in running:
                run_rows.request_cancel(connection, trial.run_id)

    def _stop_early(self, now: SearchView) -> None:
        """Stop the trials that the rule rejects; each is checked once per epoch."""
        rule, direction = now.search.stopping, directions(now.search.goal)[0]
        for place, trial in enumerate(now.candidates):
            so_far = now.curves.get(trial.number, ())
            is_new = len(so_far) > self.judged.get(trial.number, 0)
            if rule == "none" or trial.state != "running" or trial.stopped_at is not None or not is_new:
                continue
            self.judged[trial.number] = len(so_far)
            past = now.past()
            others = past[:place] + past[place + 1 :]
            if should_stop(rule, so_far, others, direction, now.search.budget.epochs, place):
                with self.workspace.catalogue.writing() as connection:
                    search_rows.stop_early(connection, now.search.id, trial.number, len(so_far), STOPPED_EARLY)

    # ---- candidates ----------------------------------------------------------------------------------------------

    def _propose(self, now: SearchView) -> bool:
        """Queue one candidate if there is a free slot and budget left; return whether that was done."""
        if any(now.nothing_left) or len(now.running) >= get_queue(self.workspace).slots:
            return False
        self._check_hope(now)
        choice = self._choice(now)
        if choice.proposal is None:
            return False
        spec = spec_of(now, self.dataset, choice.proposal.params)
        self._add(now, [(choice.proposal.params, spec, None, predicted(now, choice.proposal))], choice.skipped)
        save_proposer(self.workspace, now, self.dataset_id, choice.proposal)
        return True

    def _choice(self, now: SearchView) -> Choice:
        """Return what to try next; the answer that nothing is left is kept for as long as nothing else was begun."""
        self._read_weights(now)
        basis = (now.search.space, now.search.budget.epochs, [(one.number, one.state) for one in now.candidates])
        if self.last is None or self.last[0] != basis:
            self.last = basis, next_candidate(now, self.dataset, self.weights)
        return self.last[1]

    def _read_weights(self, now: SearchView) -> None:
        new = [trial for trial in now.trials if trial.number not in self.weights]
        self.weights |= weights_of(self.workspace, self.dataset, new) if new else {}

    def _add(self, now: SearchView, wanted: Sequence[Candidate], skipped: int = 0) -> None:
        """Queue trials, all of them or none: none if the person has just changed the search."""
        with self.workspace.catalogue.writing() as connection:
            if not search_rows.drives(connection, now.search.id, self.job.run_id, self.job.attempt, "running"):
                return
            search_rows.count_skipped(connection, now.search.id, skipped)
            for params, spec, confirms, expected in wanted:
                request = {"search": now.search.name, "confirms": confirms}
                by = {"started_by": f"search {now.search.name}"}
                about = {"spec": spec.to_json(), "total": spec.training.epochs, "request": request}
                values = {"params": params, "confirms": confirms, "predicted": expected, "parameters": spec.parameters}
                run = {"dataset_id": self.dataset_id} | about | by
                search_rows.insert_trial(connection, now.search.id, run, values)

    def _check_hope(self, now: SearchView) -> None:
        failed = [trial for trial in now.candidates if trial.state == "failed"]
        if len(failed) >= HOPELESS and len(failed) == now.spent:
            with self.workspace.catalogue.reading() as connection:
                error = run_rows.get_run(connection, failed[-1].run_id).error
            raise UserError(f"The first {len(failed)} trials all failed. Error of the last one: {error or 'nothing'}")

    # ---- the winner ----------------------------------------------------------------------------------------------

    def _conclude(self, now: SearchView) -> bool:
        """Confirm the leaders with other seeds, then record the winner; False once that is done."""
        self._read_weights(now)
        leader = next_to_confirm(now, self.weights)
        if leader is not None:
            with self.workspace.catalogue.reading() as connection:
                spec = run_rows.get_run(connection, leader.run_id).spec
                begun = [trial.run_id for trial in now.confirmations.get(leader.number, ())]
                used = {run_rows.get_run(connection, run_id).spec.training.seed for run_id in begun}
            seeds = [seed for seed in range(now.search.seed + 1, now.search.seed + 1 + SEEDS) if seed not in used]
            self._add(now, [(leader.params, one, leader.number, None) for one in on_seeds(spec, seeds)])
            return True
        end = None if any(now.nothing_left) else self._choice(now)
        with self.workspace.catalogue.reading() as connection:
            theirs = [trial.run_id for trials in now.confirmations.values() for trial in trials]
            results = search_rows.results_of(connection, theirs)
        with self.workspace.catalogue.writing() as connection:
            if search_rows.drives(connection, now.search.id, self.job.run_id, self.job.attempt, "running"):
                ended = {} if end is None else {"all_tried": end.all_tried}
                values = {"state": "finished", "result": winner(now, results) | ended}
                search_rows.change_search(connection, now.search.id, values)
                search_rows.count_skipped(connection, now.search.id, end.skipped if end is not None else 0)
        return False
