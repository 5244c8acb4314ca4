"""What pages say of runs and of the queue: how far they have come, whose turn it is, and what became of attempts."""

from collections.abc import Sequence

from dashboard.metrics import metric_name, metric_words
from dashboard.records.run import Epoch, Run
from dashboard.services.runs.queue import HERE, Queue
from dashboard.settings import environment_name
from dashboard.web.kit.formats import duration, number, plural

PRIORITY_WORDS = ((1, "sooner"), (0, "in turn"), (-1, "later"))
NOBODY = (
    "No coordinator is at work. Where `python app.py` runs, one is back by itself within seconds; beside a web server "
    "of your own, start one: `python app.py worker`."
)


def queue_sentence(queue: Queue) -> str:
    """Say how many runs execute, wait and have ended."""
    if not queue.running and not queue.queued:
        return f"Nothing runs or waits; {plural(queue.ended, 'run')} ended."
    return f"{plural(queue.running, 'run')} in progress, {queue.queued:,} queued, {queue.ended:,} ended."


def slots_words(queue: Queue) -> tuple[str, str]:
    """Say how many slots are in use and where; and which setting decides on it."""
    place, setting = ("on this machine", "slots") if queue.place == HERE else (f"on {queue.place}", "dask")
    return f"{queue.used:,} of {plural(queue.slots, 'slot')} in use {place}", environment_name(setting)


def run_sentence(run: Run, epochs: Sequence[Epoch], turn: int | None) -> str:
    """Say how far a training has come and how good it is; `turn` is its place in the queue."""
    if run.state == "queued":
        return waiting_sentence(run, turn)
    if not epochs:
        return "Starting." if run.state == "running" else f"{run.state.capitalize()}."
    last = epochs[-1]
    metric, value = latest_metric(last)
    if run.has_ended:
        total = duration(sum(epoch.seconds for epoch in epochs))
        text = f"{run.state.capitalize()} after epoch {last.epoch}: {metric_words(metric)} {number(value)}, {total}."
        kept = _kept(run, epochs)
        metric, value = latest_metric(kept)
        words = f"{metric_words(metric)} {number(value)}"
        return text if kept is last else f"{text} The weights of epoch {kept.epoch} are kept, the best one: {words}."
    return f"Epoch {last.epoch} of {run.spec.training.epochs}: {metric_words(metric)} {number(value)}."


def _kept(run: Run, epochs: Sequence[Epoch]) -> Epoch:
    """Return the epoch whose weights stand at a run's end: the last, or, if asked, that of the lowest loss."""
    training = run.spec.training
    if training.save != "best" and not (training.patience and training.restore_best):
        return epochs[-1]
    return min(epochs, key=lambda epoch: epoch.loss if epoch.val_loss is None else epoch.val_loss)


def waiting_sentence(run: Run, turn: int | None) -> str:
    """Say whose turn comes before, and of what was taken up again from where it goes on."""
    place = f"number {turn or 1} in the queue"
    if not run.attempt:
        return f"Waits as {place}."
    onward = f"goes on from epoch {run.checkpoint:,}" if run.checkpoint else "begins anew"
    return f"Attempt {run.attempt} died or was stopped; attempt {run.attempt + 1} {onward}, as {place}."


def attempts_words(run: Run) -> str:
    """Say what became of the attempts before the last one; empty if there were none."""
    if run.attempt < 2:
        return ""
    before = "Attempt 1" if run.attempt == 2 else f"Attempts 1 to {run.attempt - 1}"
    return (
        f"{before} died or was stopped; this one went on from the last checkpoint, or began anew where there was none."
    )


def neglect_words(run: Run, at_work: bool) -> str:
    """Say what it means for a run that no coordinator is at work; empty if it means nothing."""
    if at_work or run.has_ended:
        return ""
    if run.state == "queued":
        return f"{NOBODY} Until then this run waits."
    onward = f"goes on from epoch {run.checkpoint:,}" if run.checkpoint else "begins anew"
    return f"{NOBODY} This run then {onward}; what it has saved stays."


def latest_metric(epoch: Epoch) -> tuple[str, float | None]:
    """Return the metric that ranks versions, and what an epoch measured of it."""
    name = metric_name(None, vars(epoch)) or "loss"
    return name, epoch.value(name)
