"""The charts of a search, drawn from its findings, and the text that changes whenever a chart does."""

from collections.abc import Callable
from zlib import crc32

from markupsafe import Markup

from dashboard.charts import search_figures as charts
from dashboard.charts.figures import Figure, saying
from dashboard.charts.parallel import Axis, Line, axis_of, parallel_coordinates
from dashboard.charts.search_figures import Curve, Point
from dashboard.records.search import Trial
from dashboard.services.search import findings
from dashboard.services.search.view import SearchView, bounds_of
from dashboard.web.kit.urls import address
from dashboard.web.kit.words import choice_words
from dashboard.web.searches.words import NOT_DRAWN_YET, name_words

LOGARITHMIC = frozenset({"learning_rate", "weight_decay", "batch_size"})
MOST_STOPPED = 3
MOST_LINES = 20
SIZES = ((7, "low"), (12, ""), (18, "tall"))


def history(now: SearchView, _: str = "") -> Figure:
    """Return every score in its order, and the best so far.

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
    return charts.history_figure(ended, stopped, best, name_words(now.search.goal.metric), random)


def learning_curves(now: SearchView) -> list[Curve]:
    """Return the curves of the best trial, the running ones, and the last few that were stopped."""
    best = findings.best_trial(now)
    stopped = [trial for trial in now.candidates if trial.state == "stopped"][-MOST_STOPPED:]
    chosen = [(best, "best")] if best is not None else []
    chosen += [(trial, "running") for trial in now.running] + [(trial, "stopped") for trial in stopped]
    return [Curve(trial.number, now.curves[trial.number], kind) for trial, kind in chosen]


def curves(now: SearchView, _: str = "") -> Figure:
    """Return the learning curves of the running trials and the best one."""
    return charts.learning_curves_figure(learning_curves(now), name_words(now.search.goal.metric))


def front(now: SearchView, _: str = "") -> Figure:
    """Return the candidates by both goals."""
    goal = now.search.goal
    best, others = ([_compromise(trial) for trial in trials] for trials in findings.front(now))
    return charts.front_figure(best, others, name_words(goal.second or "second"), name_words(goal.metric))


def importance(now: SearchView, _: str = "") -> Figure:
    """Return how much each setting matters."""
    shares = {name_words(name): share for name, share in findings.importance(now).items()}
    return charts.importance_figure(shares, findings.finished(now))


def predictions(now: SearchView, _: str = "") -> Figure:
    """Return predicted against real scores."""
    ended = [one for one in findings.predictions(now) if one.score is not None]
    points = [Point(one.mean, one.score or 0.0, one.trial) for one in ended]
    goal = now.search.goal
    return charts.predictions_figure(points, [one.sd for one in ended], name_words(goal.metric), bounds_of(goal))


def belief(now: SearchView, setting: str = "") -> Figure:
    """Return the score that the proposer expects at each value of one setting, the first one for an unknown name."""
    names = list(now.search.beliefs.get("settings", {}))
    name = setting if setting in names else names[0] if names else ""
    expected = findings.belief(now, name) or {"values": [], "mean": [], "sd": []}
    is_log = name.startswith("units_") or name in LOGARITHMIC
    score, bounds = name_words(now.search.goal.metric), bounds_of(now.search.goal)
    values = (expected["values"], expected["mean"], expected["sd"])
    return charts.belief_figure(*values, name_words(name), score, is_log, bounds)


FIGURES: dict[str, Callable[[SearchView, str], Figure]] = {
    "history": history,
    "curves": curves,
    "front": front,
    "importance": importance,
    "predictions": predictions,
    "belief": belief,
}


def drawn_figure(now: SearchView, what: str, setting: str) -> Figure:
    """Return one of the charts; one without data says what it waits for."""
    figure = FIGURES[what](now, setting)
    return saying(figure, NOT_DRAWN_YET[what]) if what in NOT_DRAWN_YET else figure


def parallel_axes(now: SearchView) -> tuple[list[Axis], list[Line]]:
    """Return the axes of the settings that vary and of the score, and a line for each of the best candidates."""
    best = findings.best_trial(now)
    shown = sorted(now.finished[:MOST_LINES], key=lambda trial: trial != best)  # the best is drawn on top of the others
    rows = {
        trial.number: {name: choice_words(name, value) for name, value in trial.params.items()} | {"score": trial.score}
        for trial in shown
    }
    metric = now.search.goal.metric
    columns = {name: [row.get(name) for row in rows.values()] for name in [*findings.varied(now), "score"]}
    axes = [
        axis_of(name, name_words(metric if name == "score" else name), values, name in LOGARITHMIC)
        for name, values in columns.items()
        if any(value is not None for value in values)
    ]
    return axes, [
        Line(f"trial {trial.number}: {trial.score:.4g}", rows[trial.number], address("runs.show", run_id=trial.run_id))
        for trial in shown
    ]


def parallel_drawing(now: SearchView) -> Markup:
    """Return the drawing of the best candidates' settings."""
    axes, lines = parallel_axes(now)
    return parallel_coordinates(axes, lines, f"The settings of the {len(lines)} best trials, one line per trial")


def chart_size(bars: int) -> str:
    """Return the size of a chart, as the stylesheet calls it, in which so many bars have their names at their side."""
    return next((size for most, size in SIZES if bars <= most), "taller")


def search_mark(now: SearchView) -> str:
    """Return a text that changes whenever the live parts of a search's page do."""
    states = "".join(trial.state[0] + trial.run_state[0] for trial in now.trials)
    epochs = sum(len(curve) for curve in now.curves.values())
    text = f"{states} {epochs} {now.search.changed.isoformat()} {now.search.run_id}"
    return f"{now.search.shown_state}-{len(now.trials)}-{crc32(text.encode())}"


def figure_mark(now: SearchView, name: str, setting: str = "") -> str:
    """Return a text that changes with all that a chart is drawn from; what matters changes with ended trials only."""
    if name == "curves":
        return search_mark(now)
    ended = [(one.number, one.state, one.score, one.second) for one in now.candidates if one.state != "running"]
    search = now.search
    more = search.space if name in {"importance", "front"} else (len(now.candidates), search.changed)
    return f"{crc32(repr((ended, more, setting)).encode()):x}"


def _compromise(trial: Trial) -> Point:
    return Point(trial.second or 0.0, trial.score or 0.0, trial.number)
