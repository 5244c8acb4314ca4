"""Searches and trials as JSON: the one place where the names of their fields are chosen."""

from dataclasses import asdict
from typing import Any

from dashboard.records.search import Trial
from dashboard.services.search import findings
from dashboard.services.search.view import SearchView

Json = dict[str, Any]
STATES = ("running", "finished", "stopped", "failed", "cancelled")


def search_json(now: SearchView) -> Json:
    """Return a search with the number of its candidates in each state, and its best one so far."""
    search, best = now.search, findings.best_trial(now)
    wanted = ("id", "name", "purpose", "dataset", "task", "space", "sampler", "stopping", "seed", "result")
    states = [trial.state for trial in now.candidates]
    return {name: getattr(search, name) for name in wanted} | {
        "goal": asdict(search.goal),
        "budget": asdict(search.budget),
        "state": search.shown_state,
        "run": search.run_id,
        "network": search.network or None,
        "trials": {state: states.count(state) for state in STATES},
        "best": trial_json(best) if best is not None else None,
        "created": search.created,
        "changed": search.changed,
    }


def trial_json(trial: Trial) -> Json:
    """Return a trial: its candidate, its run, and what came of it."""
    wanted = ("confirms", "state", "params", "predicted", "parameters", "score", "second")
    costs = ("stopped_at", "epochs", "seconds", "created", "ended")
    return {"trial": trial.number, "run": trial.run_id} | {name: getattr(trial, name) for name in wanted + costs}


def findings_json(now: SearchView) -> Json:
    """Return what a search has found, as its page shows it."""
    predicted, random = findings.predictions(now), findings.against_random(now)
    front, _ = findings.front(now)
    return {
        "history": [step._asdict() for step in findings.history(now)],
        "curves": {str(number): list(curve) for number, curve in now.curves.items()},
        "importance": findings.importance(now),
        "front": [point.trial for point in front],
        "saved": findings.saved(now)._asdict(),
        "predictions": [one._asdict() for one in predicted],
        "rank_correlation": findings.correlation_of(predicted),
        "against_random": random._asdict() if random is not None else None,
        "random_search": findings.random_search(now),
        "beliefs": now.search.beliefs.get("settings", {}),
    }
