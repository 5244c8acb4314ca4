"""What a feed hands out: rows in the order asked for, as numbers, scaled."""

import numpy as np
import pytest

from dashboard.engine.feed import READY_BYTES, Feed
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec

ROWS, WIDTH = 50, 6
SOURCES = {
    "uint8": np.random.default_rng(1).integers(0, 256, (ROWS, WIDTH)).astype(np.uint8),
    "float64": np.random.default_rng(2).normal(size=(ROWS, WIDTH)) * [1, 1e300, 1, 1, 1, 1],
    "not contiguous": np.random.default_rng(3).normal(size=(WIDTH, ROWS)).T,
}
SCALINGS = {"none": (1.0, 0.0), "one": (1 / 255, 0.01), "a column": (np.arange(1.0, 7.0), np.arange(6.0))}


def feed_of(source, scaling, bias=True):
    spec = NetworkSpec(WIDTH, (LayerSpec(2, "softmax", bias=bias),), TrainingSpec())
    samples = Samples(source, np.zeros(ROWS, int), *scaling).take(np.arange(ROWS)[::-1])
    return Feed(Network(spec), samples, chunk=8)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("scaling", SCALINGS.values(), ids=SCALINGS)
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_inputs_that_were_made_ready_are_to_the_bit_those_that_are_scaled_on_the_way(source, scaling, bias):
    on_the_way, ready = feed_of(source, scaling, bias), feed_of(source, scaling, bias)
    ready.make_ready()
    assert ready.ready is not None
    order = np.random.default_rng(5).permutation(ROWS)
    with np.errstate(over="ignore"):
        wanted = [chunk.inputs.tobytes() for chunk in on_the_way.chunks(order)]
    assert [chunk.inputs.tobytes() for chunk in ready.chunks(order)] == wanted
    assert len(wanted) == 7  # chunks of 8


def test_a_source_that_is_large_is_not_made_ready():
    rows = READY_BYTES // (4 * (WIDTH + 1)) + 1
    spec = NetworkSpec(WIDTH, (LayerSpec(2, "softmax"),), TrainingSpec())
    feed = Feed(Network(spec), Samples(np.zeros((rows, WIDTH)), np.zeros(rows, int)), chunk=8)
    feed.make_ready()
    assert feed.ready is None
