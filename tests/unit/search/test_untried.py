"""No candidate is tried twice, and a space of which everything was tried has nothing left."""

import dataclasses
from functools import partial

import pytest

from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec
from dashboard.search.ranges import Range
from dashboard.search.samplers import SAMPLERS
from dashboard.search.space import SearchSpace
from dashboard.search.studies import Past
from dashboard.search.untried import choose, same_weights

SPACE = SearchSpace(
    layers=Range(0, 1), units=Range(2, 4), activation=("tanh", "relu"), dropout=Range(0, 0), batch_size=(8,),
    learning_rate=Range(0.1, 0.1), optimizer=("adam",), schedule=("constant",), weight_decay=None,
)  # fmt: skip
"""No hidden layer, or one of two, three or four units with either activation: seven candidates."""
BASE = TrainingSpec(epochs=10)


def definition(space, params, records=100):
    return same_weights(space.spec(params, BASE, 4, 3, "classification"), records)


def search(space, sampler, trials, records=100, past=(), seed=1):
    """Return what a search tries until nothing is left or the trials are used, and its last choice."""
    done, define = list(past), partial(definition, space, records=records)
    skipped = 0
    while len(done) < trials:
        choice = choose(space, sampler, seed, ["maximize"], done, define, {define(one.params) for one in done})
        skipped += choice.skipped
        if choice.proposal is None:
            return done, choice, skipped
        done.append(Past(choice.proposal.params, "finished", (len(done) / 100,)))
    return done, None, skipped


@pytest.mark.parametrize("name", [name for name, kind in SAMPLERS.items() if kind.is_available])
def test_a_search_ends_when_all_candidates_have_been_tried_once(name):
    done, last, skipped = search(SPACE, name, 20)
    assert len(done) == len({str(one.params) for one in done}) == last.all_tried == 7
    assert skipped >= (name != "grid")
    assert search(SPACE, name, 20, past=done[:4])[0] == done


def test_candidates_with_more_in_one_batch_than_there_are_records_are_one():
    space = dataclasses.replace(SPACE, layers=Range(0, 0), batch_size=(64, 100, 128, 256))
    done, last, _ = search(space, "random", 20)
    assert ({one.params["batch_size"] >= 100 for one in done}, len(done), last.all_tried) == ({True, False}, 2, 2)
    assert search(space, "random", 20, records=1000)[1].all_tried == 4
    grid = search(space, "grid", 20)
    assert (len(grid[0]), grid[1].all_tried, grid[2]) == (2, 2, 2)


def test_a_space_with_a_range_of_fractions_has_always_something_new():
    space = dataclasses.replace(SPACE, learning_rate=Range(0.01, 0.1))
    done, last, _ = search(space, "neural", 12)
    assert (len({str(one.params) for one in done}), last) == (12, None)


def test_of_a_space_too_large_to_look_through_at_once_the_last_candidate_is_found():
    space = dataclasses.replace(SPACE, layers=Range(1, 1), units=Range(1, 600), activation=("tanh", "relu"))
    define = partial(definition, space)
    everything = space.candidates()
    tried = {define(params) for params in everything}
    assert len(tried) == len(everything) == 1200
    last = everything[77]
    past = [Past(everything[0], "failed")]
    assert choose(space, "random", 1, ["maximize"], past, define, tried - {define(last)}).proposal.params == last
    assert choose(space, "random", 1, ["maximize"], past, define, tried)[::2] == (None, 1200)


def test_what_makes_no_difference_to_the_weights_makes_none_to_a_candidate():
    def spec(**training):
        return same_weights(NetworkSpec(4, (LayerSpec(3, "softmax"),), TrainingSpec(**training)), 50)

    assert spec(optimizer="adamw") == spec(optimizer="adam")
    assert spec(optimizer="adamw", weight_decay=0.1) != spec(optimizer="adam", weight_decay=0.1)
    assert spec(schedule="step", epochs=10) == spec(schedule="constant", epochs=10)
    assert spec(schedule="step", epochs=11) != spec(schedule="constant", epochs=11)
    assert spec(schedule="cosine", epochs=1) == spec(schedule="constant", epochs=1)
    assert spec(schedule="cosine", epochs=2) != spec(schedule="constant", epochs=2)
    assert spec(batch_size=64) == spec(batch_size=50) != spec(batch_size=32)
