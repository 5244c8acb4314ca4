"""What a search has found, from trials that stand here: best so far, front, what was saved, what was predicted."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from dashboard import create_app
from dashboard.records.search import Budget, Goal, Search, Trial
from dashboard.search.space import SearchSpace
from dashboard.services.search.findings import (
    against_random,
    best_trial,
    correlation_of,
    front,
    history,
    predictions,
    saved,
)
from dashboard.services.search.view import SearchView, past_of
from dashboard.services.search.winner import next_to_confirm, winner
from dashboard.settings import Settings
from dashboard.web.searches import figures
from dashboard.web.searches.figures import learning_curves, parallel_axes

NOON = datetime(2026, 11, 24, 12)


def search(metric="val_accuracy", second="", **more):
    about: dict[str, Any] = {
        "id": 1,
        "name": "s",
        "purpose": "",
        "dataset": "iris",
        "task": "classification",
        "seed": 1,
        "network": "",
    }
    about |= {"space": SearchSpace().to_json(), "goal": Goal(metric, second), "budget": Budget(trials=9, epochs=10)}
    about |= {"sampler": "neural", "stopping": "curve", "state": "running", "run_id": 1, "run_state": "running"}
    return Search(**about | {"beliefs": {}, "result": {}, "skipped": 0, "created": NOON, "changed": NOON} | more)


def trial(number, score=None, state="finished", **more):
    begun = NOON + timedelta(seconds=10 * number)
    about = {"number": number, "run_id": 100 + number, "run_state": "finished", "confirms": None, "state": state}
    about |= {"params": {"layers": 1, "units_1": number}, "predicted": None, "parameters": 10 * number, "score": score}
    about |= {"second": None, "stopped_at": None, "epochs": 10, "seconds": 1.0, "created": begun}
    return Trial(**about | {"ended": None if state == "running" else begun + timedelta(seconds=5)} | more)


def seen(trials, **more):
    return SearchView(search(**more), trials, {one.number: (0.1, one.score or 0.2) for one in trials})


def test_the_best_so_far_rises_with_finished_trials_and_never_falls():
    now = seen([trial(1, 0.5), trial(2, 0.9, "stopped"), trial(3, 0.4), trial(4, 0.7), trial(5, None, "running")])
    assert [(step.trial, step.best) for step in history(now)] == [(1, 0.5), (2, 0.5), (3, 0.5), (4, 0.7)]
    assert best_trial(now).number == 4


def test_the_chart_of_scores_counts_candidates_and_leaves_no_hole_where_one_was_confirmed():
    trials = [trial(1, 0.5), trial(2, 0.4, confirms=1), trial(3, None, "cancelled"), trial(4, 0.9)]
    now = seen(trials, beliefs={"random": {"mean": [0.1, 0.2, 0.3, 0.4]}})
    data = {trace["name"]: trace for trace in figures.history(now)["data"]}
    assert (data["trials"]["x"], data["trials"]["customdata"]) == ([1, 2], [1, 4])
    assert data["best so far"]["x"] == data["random search, expected"]["x"] == [1, 2]


def test_where_less_is_better_the_lowest_loss_is_the_best():
    now = seen([trial(1, 0.5), trial(2, 0.2), trial(3, 0.4)], metric="val_loss")
    assert [step.best for step in history(now)] == [0.5, 0.2, 0.2]
    assert best_trial(now).number == 2


def test_of_equal_trials_the_earlier_one_is_the_best():
    assert best_trial(seen([trial(1, 0.5), trial(2, 0.8), trial(3, 0.8)])).number == 2


def test_stopping_early_saves_the_epochs_that_were_left_at_the_pace_of_those_before():
    now = seen([trial(1, 0.5), trial(2, 0.1, "stopped", epochs=4, seconds=2.0), trial(3, 0.2, "stopped", epochs=1)])
    found = saved(now)
    assert (found.stopped, found.epochs, found.epochs_saved) == (2, 15, 6 + 9)
    assert found.seconds_saved == pytest.approx(6 * 0.5 + 9 * 1.0)


def test_the_front_holds_what_no_other_trial_beats_in_both_goals():
    sizes = {1: (0.9, 100), 2: (0.8, 10), 3: (0.85, 200), 4: (0.95, 300), 5: (0.7, 20)}
    now = seen([trial(n, score, second=float(size)) for n, (score, size) in sizes.items()], second="parameters")
    best, others = front(now)
    assert [trial.number for trial in best] == [2, 1, 4]
    assert sorted(trial.number for trial in others) == [3, 5]


def test_predictions_in_the_right_order_correlate_fully_whatever_their_distance():
    expected = {1: 0.1, 2: 0.2, 3: 0.9}
    trials = [trial(n, 0.5 + n / 10, predicted={"mean": mean, "sd": 0.1}) for n, mean in expected.items()]
    found = predictions(seen([*trials, trial(4, 0.9)]))
    assert [one.trial for one in found] == [1, 2, 3]
    assert correlation_of(found) == pytest.approx(1.0)
    assert correlation_of(found[:2]) is None
    assert correlation_of([one._replace(mean=0.5) for one in found]) is None


def test_proposals_stand_beside_as_many_random_trials_and_beside_chance():
    guess = {"mean": 0.7, "sd": 0.1}
    random = [trial(1, 0.5), trial(2, 0.6), trial(3, 0.4)]
    proposed = [trial(4, 0.55, predicted=guess), trial(5, 0.8, predicted=guess), trial(6, 0.9, predicted=guess)]
    found = against_random(seen(random + proposed))
    assert (found.each, found.best_random, found.best_proposed) == (3, 0.6, 0.9)
    assert (found.better, found.proposed, found.expected) == (2, 3, 3 / 4)
    assert against_random(seen(random)) is None


def test_the_best_twenty_trials_are_drawn_with_the_best_one_on_top(tmp_path):
    now = seen([trial(number, number / 100) for number in range(1, 31)])
    with create_app(Settings(home=str(tmp_path))).test_request_context():  # each line is a link
        axes, lines = parallel_axes(now)
    assert [axis.name for axis in axes] == ["layers", "units_1", "score"]
    assert len(lines) == 20
    assert lines[0].values == {"layers": 1, "units_1": 30, "score": 0.3}
    assert min(line.values["units_1"] for line in lines) == 11


def test_the_running_trials_are_drawn_beside_the_best():
    now = seen([trial(1, 0.5), trial(2, 0.9), trial(3, None, "running"), trial(4, 0.1, "stopped")])
    assert [(curve.trial, curve.kind) for curve in learning_curves(now)] == [
        (2, "best"),
        (3, "running"),
        (4, "stopped"),
    ]


def test_time_during_which_several_trials_ran_counts_once():
    together = [
        trial(1, 0.5, seconds=6.0, ended=NOON + timedelta(seconds=10)),
        trial(2, 0.5, seconds=6.0, ended=NOON + timedelta(seconds=14)),
        trial(3, 0.5, seconds=2.0, ended=NOON + timedelta(seconds=30)),
        trial(4, None, "running"),
    ]
    assert seen(together).busy_seconds() == 10 + 2


def test_a_trial_that_waited_over_night_has_spent_the_seconds_in_which_it_trained():
    morning = NOON + timedelta(hours=20)
    assert seen([trial(1, 0.5, seconds=3.0, created=NOON, ended=morning)]).busy_seconds() == 3


def test_the_next_leader_is_confirmed_if_the_first_one_was_only_lucky():
    trials = [trial(1, 0.9), trial(2, 0.8), trial(3, 0.3)]
    own = dict(enumerate("abcdefghi", start=1))
    assert next_to_confirm(seen(trials), own).number == 1
    unlucky = [trial(n, 0.6, confirms=1) for n in (4, 5, 6)]
    assert next_to_confirm(seen(trials + unlucky), own).number == 2
    lucky = [trial(n, 0.85, confirms=1) for n in (4, 5, 6)]
    assert next_to_confirm(seen(trials + lucky), own) is None


def test_of_candidates_that_trained_to_the_same_weights_one_is_confirmed():
    trials = [trial(1, 0.9), trial(2, 0.9), trial(3, 0.9), trial(7, 0.8)]
    unlucky = [trial(n, 0.6, confirms=1) for n in (4, 5, 6)]
    assert next_to_confirm(seen(trials + unlucky), {1: "a", 2: "a", 3: "a", 7: "b"}).number == 7


def test_the_winner_has_the_best_mean_over_other_seeds_and_the_mean_of_its_tests():
    again = [trial(n, score, confirms=1) for n, score in ((4, 0.6), (5, 0.5), (6, 0.7))]
    again += [trial(n, 0.7, confirms=2) for n in (7, 8, 9)]
    tests = {100 + n: {"metrics": {"val_accuracy": 0.7, "test_accuracy": n / 10}} for n in range(4, 10)}
    found = winner(seen([trial(1, 0.9), trial(2, 0.8), *again]), tests)
    assert (found["best"], found["scores"]) == (2, [0.7, 0.7, 0.7])
    assert found["test"] == {"test_accuracy": pytest.approx(0.8)}
    assert winner(seen([trial(1, None, "failed")]), {}) == {"best": None, "unsteady": []}


def test_one_that_runs_away_with_another_seed_does_not_win_and_the_next_is_confirmed():
    trials = [trial(1, 0.9), trial(2, 0.8)]
    unsteady = [trial(3, 0.9, confirms=1), trial(4, None, "failed", confirms=1), trial(5, 0.9, confirms=1)]
    now = seen(trials + unsteady)
    assert now.confirmed == {}
    assert next_to_confirm(now, {1: 1, 2: 2}).number == 2
    steady = [trial(n, 0.7, confirms=2) for n in (6, 7, 8)]
    found = winner(seen(trials + unsteady + steady), {106: {}, 107: {}, 108: {}})
    assert (found["best"], found["mean"], found["unsteady"]) == (2, pytest.approx(0.7), [1])


def test_a_seed_that_a_person_cancelled_is_trained_again():
    trials = [trial(1, 0.9), trial(2, 0.3)]
    two = [trial(3, 0.9, confirms=1), trial(4, None, "cancelled", confirms=1), trial(5, 0.9, confirms=1)]
    assert next_to_confirm(seen(trials + two), {1: 1, 2: 2}).number == 1
    assert next_to_confirm(seen([*trials, *two, trial(6, 0.9, confirms=1)]), {1: 1, 2: 2}) is None


def test_a_proposer_is_told_of_a_cancelled_trial_as_of_one_that_failed_and_of_no_half_known_scores():
    goal = Goal("val_accuracy", "parameters")
    assert past_of(trial(1, None, "cancelled"), goal, ()).state == "failed"
    assert past_of(trial(1, 0.5, "finished", second=30.0), goal, (0.4, 0.5)).values == (0.5, 30.0)
    assert past_of(trial(1, 0.5, "finished"), goal, ()).values == ()
    assert past_of(trial(1, None, "running"), goal, (0.4,)).curve == (0.4,)
