"""The figures of a search's page: the numbers of `findings`, drawn by `charts`."""

from collections.abc import Callable
from typing import Any

from dashboard.charts import search_figures as figures
from dashboard.charts.search_figures import Point
from dashboard.services.search import findings
from dashboard.services.search.view import SearchView, bounds_of

Words = Callable[[str], str]


def history(now: SearchView, words: Words) -> dict[str, Any]:
    """Return every score in order, and the best so far, as a figure.

    Places count the candidates: trials that confirm one have numbers, too, but a random search has no such trials.
    """
    counted = [trial.number for trial in now.candidates if trial.state != "cancelled"]
    places = {number: place for place, number in enumerate(counted, start=1)}
    steps = [step for step in findings.history(now) if step.trial in places]
    points = [(step, Point(places[step.trial], step.score, step.trial)) for step in steps]
    best = [Point(places[step.trial], step.best, step.trial) for step in steps if step.best is not None]
    ended = [point for step, point in points if step.state == "finished"]
    stopped = [point for step, point in points if step.state == "stopped"]
    random = (findings.random_search(now) or {"mean": []})["mean"][: len(places)]
    return figures.history_figure(ended, stopped, best, words(now.search.goal.metric), random)


def curves(now: SearchView, words: Words) -> dict[str, Any]:
    """Return the learning curves of the running trials, with the best one's, as a figure."""
    return figures.learning_curves_figure(findings.learning_curves(now), words(now.search.goal.metric))


def front(now: SearchView, words: Words) -> dict[str, Any]:
    """Return the candidates by both goals as a figure."""
    goal = now.search.goal
    return figures.front_figure(*findings.front(now), words(goal.second or "second"), words(goal.metric))


def importance(now: SearchView, words: Words) -> dict[str, Any]:
    """Return the importance of each setting as a figure."""
    return figures.importance_figure({words(name): share for name, share in findings.importance(now).items()})


def predictions(now: SearchView, words: Words) -> dict[str, Any]:
    """Return predicted against real scores as a figure."""
    ended = [one for one in findings.predictions(now) if one.score is not None]
    points = [Point(one.mean, one.score or 0.0, one.trial) for one in ended]
    goal = now.search.goal
    return figures.predictions_figure(points, [one.sd for one in ended], words(goal.metric), bounds_of(goal))


def belief(now: SearchView, name: str, words: Words) -> dict[str, Any]:
    """Return the predictions at each value of one setting as a figure."""
    numbers = findings.belief(now, name) or {"values": [], "mean": [], "sd": []}
    is_log = name.startswith("units_") or name in findings.LOGARITHMIC
    score, bounds = words(now.search.goal.metric), bounds_of(now.search.goal)
    return figures.belief_figure(numbers["values"], numbers["mean"], numbers["sd"], words(name), score, is_log, bounds)
