"""What pages say of runs and of the queue: how far they have come, their position, and what happened to attempts."""

from collections.abc import Callable, Sequence

from dashboard.metrics import deciding_name, judging, metric_name, metric_words
from dashboard.records.repeats import repeated_score, task_of
from dashboard.records.run import Epoch, Run, best_epoch
from dashboard.services.backup.words import backup_sentence
from dashboard.services.exports.proof import proof_from_json
from dashboard.services.runs.queue import STARTING, THIS_MACHINE, Queue
from dashboard.services.versions.baselines import Baseline
from dashboard.settings import environment_name
from dashboard.web.exports.words import proof_words
from dashboard.web.kit.baselines import constant_words, nothing_learnt
from dashboard.web.kit.formats import duration, file_size, number, plural
from dashboard.web.kit.repeats import spread_words, times_words

NO_WORKER = (
    "No worker is running. Where “weightbase” runs, one starts again by itself within seconds; with a web server of "
    "your own, start one by the command “weightbase worker”."
)


WORKER_STARTS = "The worker is starting; what is queued goes on once it is there."


def queue_sentence(queue: Queue) -> str:
    """Say how many runs execute, are queued and have ended."""
    if not queue.running and not queue.queued:
        return f"No run is active; {plural(queue.ended, 'run')} ended."
    return f"{active_words(queue)}, {queue.ended:,} ended."


def active_words(queue: Queue) -> str:
    """Say how many runs execute and how many wait to."""
    return f"{plural(queue.running, 'run')} in progress, {queue.queued:,} queued"


def queue_problem(queue: Queue) -> str:
    """Say what keeps the queue from being worked on; empty if nothing does."""
    is_active = queue.queued + queue.running > queue.elsewhere
    return queue.problem or (NO_WORKER if is_active and not queue.worker else "")


def starting_words(queue: Queue) -> str:
    """Say that the worker for what is queued is starting; empty if it is not, or if nothing needs it."""
    is_active = queue.queued + queue.running > queue.elsewhere
    return WORKER_STARTS if is_active and queue.worker == STARTING else ""


def slots_words(queue: Queue) -> tuple[str, str]:
    """Say how many slots are in use and where; and which setting decides on it."""
    is_here = queue.place == THIS_MACHINE
    place, setting = (f"on {queue.place}", "slots" if is_here else "dask")
    return f"{queue.used:,} of {plural(queue.slots, 'slot')} in use {place}", environment_name(setting)


def training_sentence(run: Run, epochs: Sequence[Epoch], position: int | None) -> str:
    """Say how far a training has come and how good it is; `position` is its place in the queue."""
    if run.state == "queued":
        return queued_sentence(run, position)
    if not epochs:
        return "Starting." if run.state == "running" else f"{run.state.capitalize()}."
    last = epochs[-1]
    if not run.has_ended:
        return f"Epoch {last.epoch} of {run.spec.training.epochs}: {_metric(last)}."
    total = "" if run.seconds is None else f", {duration(run.seconds)}"
    text = f"{run.state.capitalize()} after epoch {last.epoch}: {_metric(last)}{total}."
    return f"{text}{_best_words(run, epochs)}"


def _best_words(run: Run, epochs: Sequence[Epoch]) -> str:
    """Name the best epoch, by the rule that ranks versions as well, and whether the run ended with its weights."""
    best, training = best_epoch(run.spec.training, epochs), run.spec.training
    if best is epochs[-1]:
        return ""
    by = deciding_name(training.best_by, [vars(best) | best.metrics]) or "loss"
    rule = "" if by == latest_metric(best)[0] else f" by {metric_words(by)}"
    if training.ends_with_best:
        return f" The best weights{rule}, of epoch {best.epoch}, were saved: {_metric(best)}."
    return f" The best epoch{rule} was {best.epoch}: {_metric(best)}."


def score_baseline(baseline: Baseline | None, epochs: Sequence[Epoch]) -> str:
    """Say what the baseline scores, and what it always answers; empty if that is not known."""
    if baseline is None or not epochs:
        return ""
    names = [*judging(baseline.task, "val_"), *judging(baseline.task)]
    measured = (name for name in names if epochs[-1].value(name) is not None)
    name = next(measured, "")
    if name not in baseline.metrics:
        return ""
    score = f"{metric_words(name)} {number(baseline.metrics[name])}"
    return f"Baseline: {score}, {constant_words(baseline)} of the training records."


def learnt_words(run: Run, baseline: Baseline | None, epochs: Sequence[Epoch]) -> str:
    """Say that a training that has ended learnt nothing; empty if it did, or if that is not known."""
    if not epochs or not run.has_ended:
        return ""
    best = best_epoch(run.spec.training, epochs)
    return nothing_learnt(baseline, vars(best) | best.metrics)


def no_curves_words(run: Run) -> str:
    """Say when the curves of a run without an epoch come, or that none will."""
    if run.has_ended:
        return "It ended before its first epoch, so there are no curves."
    return "The curves are drawn from the end of the first epoch on."


def external_sentence(run: Run, epochs: Sequence[Epoch]) -> str:
    """Say how far a training elsewhere is by what it has reported, and how it ended."""
    of = f" of {run.total:,}" if run.total else ""
    epoch = f"epoch {run.done:,}{of}" if run.done else "no epoch yet"
    metric = f": {_metric(epochs[-1])}" if epochs and latest_metric(epochs[-1])[1] is not None else ""
    if run.state == "running":
        return f"{epoch[:1].upper()}{epoch[1:]}{metric}."
    return f"{run.state.capitalize()} after {epoch}{metric}." if run.done else f"{run.state.capitalize()}; {epoch}."


def action_sentence(run: Run, position: int | None) -> str:
    """Say how far an action on the store or a search has come, or what its result is."""
    if run.state == "queued":
        return queued_sentence(run, position)
    if run.kind in PROGRESS:
        return PROGRESS[run.kind](run)
    if not run.result:
        return {"running": "Starting."}.get(run.state, f"{run.state.capitalize()}.")
    text = RESULTS[run.kind](run)
    return text if run.state in {"running", "finished"} else f"{run.state.capitalize()}: {text}"


def queued_sentence(run: Run, position: int | None) -> str:
    """Say which position a run has in the queue, and where one that was stopped continues."""
    text = f"Queued, position {position or 1}."
    if not run.attempt:
        return text
    return f"{text} Attempt {run.attempt} died or was stopped; attempt {run.attempt + 1} {_continuation(run)}."


def attempts_words(run: Run) -> str:
    """Say what happened to the attempts before the last one; empty if there were none."""
    if run.attempt < 2:
        return ""
    before = "Attempt 1" if run.attempt == 2 else f"Attempts 1 to {run.attempt - 1}"
    return f"{before} died or was stopped; this one continued from the last checkpoint, or from the beginning."


def waiting_words(run: Run, worker: str) -> str:
    """Say of a run that its worker is starting; empty if it is not, or if the run needs none."""
    return WORKER_STARTS if worker == STARTING and not run.has_ended and not run.is_external else ""


def problem_words(run: Run, worker: str) -> str:
    """Say what it means for a run that no worker is running; empty if it means nothing."""
    if worker or run.has_ended or run.is_external:
        return ""
    if run.state == "queued":
        return f"{NO_WORKER} Until then this run stays queued."
    return f"{NO_WORKER} This run then {_continuation(run)}; what it has saved stays."


def _continuation(run: Run) -> str:
    if run.repeats and run.result.get("trainings"):
        return f"continues after {plural(len(run.result['trainings']), 'whole training')}"
    return f"continues from epoch {run.checkpoint:,}" if run.checkpoint else "starts from the beginning"


def latest_metric(epoch: Epoch) -> tuple[str, float | None]:
    """Return the metric that ranks versions, and what an epoch measured of it."""
    name = metric_name(None, vars(epoch)) or "loss"
    return name, epoch.value(name)


def _metric(epoch: Epoch) -> str:
    name, value = latest_metric(epoch)
    return f"{metric_words(name)} {number(value)}"


def _searched(run: Run) -> str:
    return f"{run.done:,} of {plural(run.total, 'trial')} tried; {run.state}."


def _verified(run: Run) -> str:
    proven, different = run.result["proven"], run.result["different"]
    if different:
        differ = "differs" if different == 1 else "differ"
        return f"{different:,} of {plural(proven + different, 'version')} {differ} from what was saved."
    if run.state == "finished":
        if proven == 1:
            return "The only version was read back and is what was saved, bit for bit."
        return f"All {plural(proven, 'version')} were read back and are what was saved, bit for bit."
    return f"{proven:,} of {plural(run.total, 'version')} read back, all as saved."


def _copied(run: Run) -> str:
    result = run.result
    text = f"{plural(result['copied'], 'version')} copied, {result['skipped']:,} already there"
    if result["left_out"]:
        text += f", {len(result['left_out']):,} left out"
    if result["different"]:
        return f"{text}; {result['different']:,} differ from what was saved."
    return f"{text}; {result['proven']:,} proven at the target, bit for bit." if result["proven"] else f"{text}."


def _backed_up(run: Run) -> str:
    if "proven" in run.result:
        return backup_sentence(run.result)
    return f"{plural(run.result['written'], 'member')} written, {file_size(run.result['written_bytes'])}."


def _imported(run: Run) -> str:
    """Say which versions have come of an import."""
    network, numbers = run.result["network"], run.result["versions"]
    if not numbers:
        return "Reading the tensors."
    last = f" to {network}:{numbers[-1]}" if len(numbers) > 1 else ""
    return f"{plural(len(numbers), 'version')} saved: {network}:{numbers[0]}{last}."


def _emptied(run: Run) -> str:
    return f"{plural(run.result['removed'], 'version')} removed."


def _made_exact(run: Run) -> str:
    converted, left = run.result["converted"], run.result["left"]
    text = f"{plural(converted, 'table')} converted, their SHA-256 the same before and after"
    return f"{text}; left as they were: {' '.join(left)}" if left else f"{text}."


def _reindexed(run: Run) -> str:
    skipped = run.result["skipped"]
    datasets = run.result.get("datasets", 0)
    also = f" and {plural(datasets, 'dataset')}" if datasets else ""
    text = f"{plural(run.result['added'], 'version')}{also} added to the catalogue"
    reasons = " ".join(f"{one['version']}: {one['reason']}" for one in skipped[:MOST_REASONS])
    more = f" {len(skipped) - MOST_REASONS:,} more." if len(skipped) > MOST_REASONS else ""
    return f"{text}, {len(skipped):,} skipped. {reasons}{more}" if skipped else f"{text}."


def _pushed(run: Run) -> str:
    number = run.result.get("version")
    return f"Saved as version {number:,}." if number else f"{run.done:,} of {plural(run.total, 'tensor')} saved."


def _changed(run: Run) -> str:
    number = run.result.get("version")
    return f"Saved as version {number:,}." if number else "Not saved yet."


def _explained(run: Run) -> str:
    """Say whose change of loss was counted; the comparison shows it."""
    if "base" not in run.result:
        return "Not counted yet."
    return f"Counted which weights changed the loss from {run.result['base']} to {run.result['other']}."


def _exported(run: Run) -> str:
    proof = proof_from_json(run.result["proof"])
    return proof_words(proof) if proof else "Made and proven by another version of Weightbase."


def _repeated(run: Run) -> str:
    """Say how far scores vary; of fewer trainings than were requested only how many are done."""
    score = repeated_score(run)
    if score is None:
        one = "fold" if run.kind == "folds" else "seed"
        done = len(run.result.get("trainings", ()))
        return f"{done:,} of {plural(run.request['count'], one)} trained."
    measured = "held out once each" if run.kind == "folds" else "of the test part"
    names = [name for name in judging(task_of(score.spreads)) if name in score.spreads]
    text = spread_words(score, task_of(score.spreads), len(names))
    records = plural(score.records, "record")
    return f"{text[0].upper()}{text[1:]} {times_words(run.kind, score.count)}: {records}, {measured}."


def repeat_explanation(run: Run, split_by: str) -> list[str]:
    """Say how the records of repeated trainings are divided, and what was the same in all of them."""
    if not run.result:
        return []
    method = run.result["method"] if run.kind == "folds" else "seeds"
    return [METHODS[method].format(split_by=split_by or "the file"), *SAME_IN_ALL]


METHODS = {
    "stratified": "The records are dealt to the folds at random, every class alike (of several targets: every class of "
    "the first); each is held out once.",
    "random": "The records are dealt to the folds at random; each is held out once.",
    "grouped": "Records with the same {split_by} are in one fold; each is held out once.",
    "ordered": "In the order of {split_by}: each fold is predicted from the records before it only, so that the first "
    "ones are never held out, and earlier folds have fewer to train on.",
    "seeds": "The split is that of the dataset: the same test records each time. The first weights, the order of the "
    "records and dropped units follow from the seed.",
}
"""How the records are divided, by the method of the result."""
SAME_IN_ALL = (
    "Scaling and what fills in missing values are fitted on the records that a training learns from. A validation "
    "part, where the dataset has one, is never among the records that are measured; it decides on the best epoch.",
    "Which columns are inputs, their types and categories were chosen once, from the whole file. ± is the standard "
    "deviation (n - 1). The weights of these trainings are not stored.",
)


MOST_REASONS = 20
RESULTS: dict[str, Callable[[Run], str]] = {
    "folds": _repeated,
    "seeds": _repeated,
    "verify": _verified,
    "copy": _copied,
    "backup": _backed_up,
    "exact": _made_exact,
    "reindex": _reindexed,
    "empty": _emptied,
    "push": _pushed,
    "change": _changed,
    "import": _imported,
    "why": _explained,
    "export": _exported,
}
"""What says the result so far, by the kind of run."""
PROGRESS: dict[str, Callable[[Run], str]] = {"search": _searched, "external": lambda run: external_sentence(run, ())}
"""What says how far a run has come that has no result of its own, by its kind."""
