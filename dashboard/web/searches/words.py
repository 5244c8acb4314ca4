"""What pages say of a search: how far it has come, what its best is, what a candidate is made of."""

import re
from collections.abc import Iterator, Mapping
from statistics import stdev
from typing import Any

from dashboard.metrics import METRICS, find_metric, metric_words
from dashboard.records.search import Search, Trial
from dashboard.services.search.findings import (
    NEEDED_TRIALS,
    AgainstRandom,
    Saved,
    against_random,
    best_trial,
    correlation_of,
    predictions,
    random_search,
)
from dashboard.services.search.view import SearchView
from dashboard.web.kit.formats import duration, number, plural, setting, spread
from dashboard.web.kit.words import choice_words, setting_words

SECOND_WORDS = {"parameters": "parameters", "prediction_seconds": "seconds per prediction"}
PARAMETER_WORDS = {"layers": "hidden layers", "has_weight_decay": "decays weights", "score": "score"}
FEWEST_EACH = 5
STATE_WORDS = {"stopped": "stopped early"}
NOT_DRAWN_YET = {
    "history": "The scores are drawn once a trial has ended with one.",
    "importance": f"Drawn once {NEEDED_TRIALS} trials have finished with a score, if a setting differs among them.",
    "front": "Drawn once a trial has ended with a score.",
    "predictions": "Drawn once a trial has ended of which the sampler had predicted the score.",
    "belief": "Drawn once the sampler has learnt from enough trials to expect a score.",
}
"""What a chart without data says: when it will have some."""


def parameter_words(name: str) -> str:
    """Return the name of a setting that a search varies, as people say it."""
    layer = re.fullmatch(r"units_(\d+)", name)
    return f"units {layer[1]}" if layer else PARAMETER_WORDS.get(name, setting_words(name))


def name_words(name: str) -> str:
    """Return the words for a goal or for a setting that varies."""
    return SECOND_WORDS.get(name) or (metric_words(name) if find_metric(name) else parameter_words(name))


def searches_sentence(total: int, running: int) -> str:
    """Say how many searches there are."""
    text = plural(total, "search", "searches")
    return f"{text}; {running:,} running." if running else f"{text}."


def search_sentence(now: SearchView) -> str:
    """Say how far a search has come, and how good its best is."""
    search, best = now.search, best_trial(now)
    ended = sum(trial.state not in {"running", "cancelled"} for trial in now.candidates)
    count = (
        f"{ended:,} of {plural(search.budget.trials, 'trial')} tried"
        if ended < search.budget.trials
        else f"{plural(ended, 'trial')} tried"
    )
    if now.all_tried:
        count = f"{count}, {now.all_tried[0].lower()}{now.all_tried[1:-1]}"
    if best is None:
        return f"{count}; none has a score yet." if ended else "The first trials are on their way."
    metric = metric_words(search.goal.metric)
    unsteady = search.result.get("unsteady", [])
    if unsteady and search.result["best"] is None:
        which = ", ".join(map(str, unsteady))
        return f"{count}; no winner: what led failed with another seed (trial {which})."
    if search.result.get("best") == best.number:
        return f"{count}; the winner is trial {best.number}: {_confirmed(search, metric)}."
    confirming = any(trial.confirms is not None for trial in now.running)
    text = f"{count}; the best so far is trial {best.number}, {metric} {number(best.score)}"
    return f"{text}; it is trained again with other seeds." if confirming else f"{text}."


def candidate_words(params: Mapping[str, Any], space: Mapping[str, Any]) -> str:
    """Say what a candidate is made of, what is the same for all of its search included."""
    layers = int(params.get("layers", space["layers"]["low"]))
    units = [f"{int(params.get(f'units_{place}', space['units']['low']))}" for place in range(1, layers + 1)]
    activation = params.get("activation", space["activation"][0])
    optimizer = params.get("optimizer", space["optimizer"][0])
    rate = params.get("learning_rate", space["learning_rate"]["low"])
    batch = params.get("batch_size", space["batch_size"][0])
    body = f"{'-'.join(units)} {choice_words('activation', activation)}" if units else "no hidden layer"
    trained = f"{choice_words('optimizer', optimizer)} {rate:.3g}, batch {batch}"
    return ", ".join([body, trained, *_unusual_words(params, space, bool(units))])


def _unusual_words(params: Mapping[str, Any], space: Mapping[str, Any], has_hidden_layers: bool) -> Iterator[str]:
    """Say, shortly, what of a candidate is not as plain as it could be."""
    dropout = params.get("dropout", space["dropout"]["low"])
    if dropout and has_hidden_layers:
        yield f"dropout {_two_digits(dropout)}"
    schedule = params.get("schedule", space["schedule"][0])
    if schedule != "constant":
        yield choice_words("schedule", schedule)
    decay = space["weight_decay"]
    if decay != "off" and params.get("has_weight_decay", True):
        yield f"decay {_two_digits(params.get('weight_decay', decay['low']))}"


def _two_digits(value: float) -> str:
    return setting(float(f"{value:.2g}"))


def opened_sentence(network: str, trial: Trial) -> str:
    """Say how the weights of a network that was made of a trial will compare with the trial's."""
    begin = f"{network} is defined as trial {trial.number} was."
    if trial.confirms is not None:
        return f"{begin} The trial was trained with others: the network's weights will agree with it within rounding."
    if trial.state == "finished":
        return f"{begin} Its training ends with the trial's weights, bit for bit."
    ended = "stopped early" if trial.state == "stopped" else trial.state
    return f"{begin} The trial was {ended} after {plural(trial.epochs, 'epoch')}; the network is trained to its end."


def best_heading(trial: Trial, is_winner: bool) -> str:
    """Say which trial is the best one, or has won."""
    return f"{'The winner' if is_winner else 'Best so far'}: trial {trial.number}"


def settings_heading(count: int) -> str:
    """Say of how many trials the settings are drawn."""
    return f"Settings of the best {count if count > 1 else 'one'}"


def saved_sentence(saved: Saved) -> str:
    """Say what the trials cost and what stopping some early saved."""
    text = f"{plural(saved.epochs, 'epoch')} in {duration(saved.seconds)} of training"
    if not saved.stopped:
        return f"{text}; no trial was stopped early."
    less = f"{plural(saved.epochs_saved, 'epoch')} and {duration(saved.seconds_saved)}"
    return f"{text}; stopping {plural(saved.stopped, 'trial')} early saved {less}."


def skipped_sentence(skipped: int) -> str:
    """Say how many proposals were not trained; nothing if there was none."""
    if not skipped:
        return ""
    several = f"{plural(skipped, 'proposal')} {'was' if skipped == 1 else 'were'} skipped"
    return f"{several}: an earlier trial had trained the same network."


def sampler_sentences(now: SearchView) -> list[str]:
    """Say how good the proposals of the sampler are; nothing before it has proposed."""
    against, predicted = against_random(now), predictions(now)
    sentences = [against_random_sentence(against, now.search)] if against is not None else []
    if sentences or predicted or now.search.network:
        sentences.append(random_search_sentence(now))
    correlation = correlation_of(predicted)
    if correlation is not None:
        text = f"Rank correlation of predicted and real scores: {number(correlation)}"
        sentences.append(f"{text}, over {plural(len(predicted), 'prediction')}.")
    return [sentence for sentence in sentences if sentence]


def against_random_sentence(against: AgainstRandom, search: Search) -> str:
    """Say whether proposals beat random ones at the same number of trials; of a few nothing can be said."""
    if against.each < FEWEST_EACH:
        return f"Too few trials to compare proposals with random trials: {FEWEST_EACH} of each are needed."
    proposed, random = against.best_proposed, against.best_random
    verdict = "ahead of" if search.goal.better(proposed, random) else "behind"
    verdict = "level with" if proposed == random else verdict
    return (
        f"After {plural(against.each, 'trial')} of each, the proposals are {verdict} the random trials: best "
        f"{metric_words(search.goal.metric)} {number(proposed)} against {number(random)}. "
        f"Of {plural(against.proposed, 'proposal')} {against.better:,} beat the best of {against.random:,} random "
        f"ones; if they were random, too, {number(against.expected)} would."
    )


def random_search_sentence(now: SearchView) -> str:
    """Say what the sampler expects of a random search of as many trials; empty without an estimate."""
    expected, trials = random_search(now), now.spent
    if expected is None or not 1 <= trials <= len(expected["mean"]):
        return ""
    mean, low, high = (number(expected[name][trials - 1]) for name in ("mean", "low", "high"))
    return (
        f"The sampler estimates that a random search of {plural(trials, 'trial')} would have reached {mean} "
        f"(eight of ten such searches: {low} to {high})."
    )


def trial_state(trial: Trial) -> str:
    """Return a trial's state in words; until its end is written down, that of its run."""
    if trial.state == "running":
        return trial.run_state
    return STATE_WORDS.get(trial.state, trial.state)


def _confirmed(search: Search, metric: str) -> str:
    result = search.result
    scores = [score for score in result["scores"] if score is not None]
    seeds = plural(len(scores), "other seed")
    value = spread(result["mean"], stdev(scores)) if len(scores) > 1 else number(result["mean"])
    text = f"{metric} {value} on average over {seeds}"
    return f"{text}, {words_of_test(result['test'])}" if result["test"] else text


def words_of_test(test: Mapping[str, float]) -> str:
    """Say how good a winner was in the test, by the metric that says most."""
    name = next((name for metric in METRICS if (name := f"test_{metric}") in test), next(iter(test)))
    return f"{metric_words(name)} {number(test[name])}"
