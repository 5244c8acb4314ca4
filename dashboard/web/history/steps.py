"""Which layer learnt when: the page of each layer's share of the change of the loss at every step of a network."""

from collections.abc import Callable

from flask import Blueprint, Response, flash, jsonify, render_template

from dashboard.charts.why_figures import steps_figure
from dashboard.http import sender, workspace
from dashboard.metrics import heading_words
from dashboard.records.why import WHY_PARTS
from dashboard.services.history.progress import SECONDS
from dashboard.services.history.steps import (
    LONG,
    REFUSED,
    WAITING,
    LayerStep,
    LearningSteps,
    continue_steps,
    count_long_steps,
    learning_steps,
)
from dashboard.web.history.steps_words import steps_sentence
from dashboard.web.kit.answers import Answer, redirect_to
from dashboard.web.kit.formats import plural, step_words
from dashboard.web.kit.query import query
from dashboard.web.kit.tables import Column, Note, Table, numbers_at, query_exports
from dashboard.web.kit.urls import address

blueprint = Blueprint("steps", __name__)
STEPS = "/networks/<name>/history/why"


@blueprint.get(STEPS)
def show(name: str) -> str:
    """Show what each layer did to the loss from every version to the next; `count=no` counts nothing."""
    is_stopped = query().text("count") == "no"
    learning = _learning(name, 0.0 if is_stopped else SECONDS)
    waiting, long = learning.of(WAITING), learning.of(LONG)
    table = steps_table(learning)
    return render_template(
        "history/why.html",
        learning=learning,
        name=name,
        part=next((step.result.part for step in learning.steps if step.result), _part()),
        parts=[(part, f"the {part} part") for part in WHY_PARTS],
        sentence=steps_sentence(learning),
        waiting=len(waiting),
        progress=query().address("steps.progress") if waiting and not is_stopped else "",
        stop=query().address(count="no"),
        count=query().address(count=""),
        long=len(long),
        table=Table(**vars(table) | {"rows": list(table.rows)[::-1]}),
        figure=query().address("steps.figure", count=""),
    )


@blueprint.post(STEPS)
def count_long(name: str) -> Answer:
    """Queue a run for each step that takes longer than a second, and go to the queue."""
    runs = count_long_steps(workspace(), name, _part(), sender("page"))
    if not runs:
        return redirect_to(query().address("steps.show"))
    flash(f"{plural(len(runs), 'run')} queued. The page of the history shows each step once it is counted.")
    return redirect_to(address("runs.index"))


@blueprint.get(f"{STEPS}/progress")
def progress(name: str) -> str:
    """Continue counting for about a second, and show how far it is."""
    done = continue_steps(workspace(), name, _part())
    stop = query().address("steps.show", count="no")
    return render_template("history/_progress.html", done=done, poll=query().address(), stop=stop)


@numbers_at(blueprint, STEPS)
def steps(name: str) -> Table:
    """Return each layer's share at every step, as far as they are counted."""
    return steps_table(_learning(name, SECONDS))


@blueprint.get(f"{STEPS}.figure")
def figure(name: str) -> Response:
    """Send the shares of the layers over the versions as a figure."""
    learning = _learning(name, SECONDS)
    shares = {layer: [step.layers.get(layer) for step in learning.steps] for layer in learning.layers}
    return jsonify(steps_figure([step.other for step in learning.steps], shares, "all layers"))


def _layer_column(layer: str) -> Column:
    meaning = "The part of the change of the loss that this layer made: below 0 it lowered the loss."
    return Column(
        layer.replace(" ", "_"), layer.capitalize(), _share(layer), "change", help=meaning, docs="why#the-shares"
    )


def steps_table(learning: LearningSteps) -> Table:
    """Return a row for every step, the oldest first; one that is not counted says so."""
    known = next((step.result for step in learning.steps if step.result), None)
    metric = known.metric_name if known else "accuracy"
    columns = (
        Column("step", "Step", "other", shown=lambda step: step_words(f"v{step.base}", f"v{step.other}")),
        Column("base"),
        Column("epoch", "Epoch", format="count"),
        Column("change", "Change of the loss", "result.change", "change"),
        *(_layer_column(layer) for layer in learning.layers),
        Column("loss", "Loss after", "result.other_score.loss", "number"),
        Column(metric, f"{heading_words(metric)} after", "result.other_score.metric", "number"),
        Column("error", value="result.error"),
        Column("points", value="result.points"),
    )
    return Table(
        f"{learning.network}_why_steps",
        columns,
        learning.steps,
        "Share of each layer at every step",
        query_exports("steps.steps", count=""),
        link=lambda step: _why(learning, step),
        note=_note,
        empty="one version: there is no step yet",
    )


def _share(layer: str) -> Callable[[LayerStep], float | None]:
    return lambda step: step.layers.get(layer)


def _why(learning: LearningSteps, step: LayerStep) -> str:
    base, other = (f"{learning.network}:{number}" for number in (step.base, step.other))
    return address("why.show", base=base, other=other, part=_part() or None)


def _note(step: LayerStep) -> Note | None:
    words = {WAITING: "Not counted yet.", LONG: "It takes longer than a second: a run counts it.", REFUSED: step.reason}
    return Note(words[step.state], 2) if step.state in words else None


def _learning(name: str, seconds: float) -> LearningSteps:
    """Return the steps, for a page and the figure in it alike, so that both show, and count, the same ones."""
    part = _part()
    key = ("learning", name, part)
    return workspace().catalogue.made_once(key, lambda: learning_steps(workspace(), name, part, seconds))


def _part() -> str:
    return query().word("part", WHY_PARTS)
