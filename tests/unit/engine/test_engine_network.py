"""A network is one vector seen as tensors; samples and feeds hand it rows without copying what they come from."""

import numpy as np
import pytest
from engine_examples import make_network, three_blobs
from hypothesis import given
from hypothesis import strategies as st

from dashboard.engine.activations import ACTIVATIONS
from dashboard.engine.feed import Feed, chunk_rows
from dashboard.engine.initializers import INITIALIZERS
from dashboard.engine.losses import LOSSES
from dashboard.engine.network import Network
from dashboard.engine.samples import Samples
from dashboard.errors import Invalid
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec


def test_tensors_are_views_into_one_vector_in_the_specs_order():
    network = make_network((("tanh", 5), ("softmax", 3)), inputs=4)
    tensors = network.tensors()
    assert [(name, tensor.shape) for name, tensor in tensors.items()] == network.spec.tensor_shapes
    assert all(np.shares_memory(tensor, network.vector) for tensor in tensors.values())
    np.testing.assert_array_equal(np.concatenate([t.ravel() for t in tensors.values()]), network.vector)


def test_loading_takes_a_copy_and_refuses_what_does_not_fit():
    network, other = make_network(seed=1), make_network(seed=2)
    network.load(other.tensors())
    np.testing.assert_array_equal(network.vector, other.vector)
    assert not np.shares_memory(network.vector, other.vector)
    tensors = dict(other.tensors())
    tensors["layer_01.weight"] = np.zeros((5, 4))
    tensors["layer_09.bias"] = tensors.pop("layer_02.bias")
    with pytest.raises(Invalid) as caught:
        network.load(tensors)
    assert caught.value.errors == {
        "layer_09.bias": "This network has no tensor layer_09.bias.",
        "layer_01.weight": "layer_01.weight has the shape (5, 4), this network needs (4, 5).",
        "layer_02.bias": "The tensor layer_02.bias is missing.",
    }
    np.testing.assert_array_equal(network.vector, other.vector)


def plain_activation(name, z):
    """The activations as the papers write them."""
    tanh_gelu = 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))
    table = {
        "identity": z,
        "sigmoid": 1 / (1 + np.exp(-z)),
        "tanh": np.tanh(z),
        "relu": np.where(z > 0, z, 0),
        "leaky_relu": np.where(z > 0, z, 0.01 * z),
        "elu": np.where(z > 0, z, np.exp(z) - 1),
        "gelu": tanh_gelu,
        "silu": z / (1 + np.exp(-z)),
        "softplus": np.log(1 + np.exp(z)),
        "softmax": np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True),
    }
    return table[name]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_the_published_function(name):
    z = np.random.default_rng(0).normal(0.0, 3.0, (6, 5))
    values = z.copy()
    ACTIVATIONS[name].forward(values, np.zeros_like(values))
    np.testing.assert_allclose(values, plain_activation(name, z), rtol=1e-11, atol=1e-14)


def plain_loss(name, z, t):
    """The losses as the papers write them, of outputs z, or of sums z where they are fused."""
    e, p = np.abs(z - t), 1 / (1 + np.exp(-z))
    table = {
        "squared_error": 0.5 * e**2,
        "absolute_error": e,
        "huber": np.where(e <= 1, 0.5 * e**2, e - 0.5),
        "binary_cross_entropy": -t * np.log(p) - (1 - t) * np.log(1 - p),
        "cross_entropy": -t * np.log(plain_activation("softmax", z)),
    }
    return table[name].sum(axis=1)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_the_published_one_summed_over_the_outputs(name):
    rng = np.random.default_rng(0)
    z, targets = rng.normal(0.0, 2.0, (50, 4)), rng.dirichlet(np.ones(4), 50)
    np.testing.assert_allclose(LOSSES[name].value(z, targets), plain_loss(name, z, targets), rtol=1e-12)


@pytest.mark.parametrize("name", ["binary_cross_entropy", "cross_entropy"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_fused_loss_stays_finite_and_right_however_sure_the_network_is(name, dtype):
    sums = np.array([[300.0, -300.0], [-300.0, 300.0]], dtype)
    values = LOSSES[name].value(sums, np.array([[1.0, 0.0], [1.0, 0.0]], dtype))
    np.testing.assert_allclose(values, [0.0, 600.0], atol=1e-100)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_activation_overflows_far_out_and_each_keeps_its_dtype(name, dtype):
    values = np.array([[-1e4, -90.0, 0.0, 90.0, 1e4]], dtype)
    ACTIVATIONS[name].forward(values, np.zeros_like(values))
    assert values.dtype == dtype
    assert np.isfinite(values).all()


def test_a_prediction_is_the_formula_written_out():
    network = make_network((("relu", 5), ("softmax", 3)))
    x = np.random.default_rng(3).normal(size=(3000, 4))
    t = network.tensors()
    hidden = np.maximum(x @ t["layer_01.weight"] + t["layer_01.bias"], 0.0)
    expected = plain_activation("softmax", hidden @ t["layer_02.weight"] + t["layer_02.bias"])
    np.testing.assert_allclose(network.predict(x), expected, rtol=1e-12)
    assert network.predict(x[:0]).shape == (0, 3)


@given(
    sizes=st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 20)),
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    dtype=st.sampled_from(["float32", "float64"]),
    cuts=st.lists(st.integers(0, 60), max_size=12),
    seed=st.integers(0, 99),
)
def test_a_record_has_the_same_scores_whatever_else_is_in_the_batch(sizes, activation, dtype, cuts, seed):
    inputs, hidden, outputs = sizes
    last = "softmax" if seed % 2 else activation
    layers = (LayerSpec(hidden, "tanh" if activation == "softmax" else activation), LayerSpec(outputs, last))
    loss = "cross_entropy" if last == "softmax" else "squared_error"
    network = Network(NetworkSpec(inputs, layers, TrainingSpec(loss=loss, dtype=dtype)))
    network.initialize(seed)
    records = np.random.default_rng(seed).normal(0.0, 3.0, (60, inputs))
    together = network.predict(records)
    parts = np.split(records, sorted(cuts))
    assert np.concatenate([network.predict(part) for part in parts]).tobytes() == together.tobytes()
    assert network.predict(records[::-1])[::-1].tobytes() == together.tobytes()
    assert network.predict(np.asfortranarray(records)).tobytes() == together.tobytes()


def test_a_prediction_of_the_wrong_width_is_refused_in_words():
    with pytest.raises(Invalid, match="takes 4 inputs"):
        make_network().predict(np.zeros((2, 5)))


def test_a_loss_with_an_activation_that_it_cannot_have_is_refused():
    for loss, output, needed in (("cross_entropy", "sigmoid", "softmax"), ("binary_cross_entropy", "tanh", "sigmoid")):
        with pytest.raises(Invalid, match=needed):
            make_network((("tanh", 3), (output, 3)), loss=loss)


SPREADS = {
    "glorot_uniform": np.sqrt(2 / (300 + 200)),
    "glorot_normal": np.sqrt(2 / (300 + 200)),
    "he_uniform": np.sqrt(2 / 300),
    "he_normal": np.sqrt(2 / 300),
    "lecun_uniform": np.sqrt(1 / 300),
    "lecun_normal": np.sqrt(1 / 300),
    "normal_sqrt": np.sqrt(1 / 200),
    "zeros": 0.0,
}


@pytest.mark.parametrize("name", INITIALIZERS)
def test_every_initializer_has_its_published_spread(name):
    network = Network(
        NetworkSpec(300, (LayerSpec(200, "relu"), LayerSpec(2, "softmax")), TrainingSpec(initializer=name))
    )
    network.vector[...] = 9.0
    network.initialize(5)
    weight = network.tensors()["layer_01.weight"]
    assert weight.std() == pytest.approx(SPREADS[name], rel=0.02)
    assert abs(weight.mean()) <= 0.02 * SPREADS[name] + 1e-12
    if name.endswith("uniform"):
        assert np.abs(weight).max() <= np.sqrt(3) * SPREADS[name] * (1 + 1e-6)
    assert not network.tensors()["layer_01.bias"].any()


def test_the_same_seed_draws_the_same_weights_in_both_precisions():
    drawn = []
    for dtype in ("float32", "float64"):
        network = make_network(dtype=dtype)
        network.initialize(3)
        drawn.append(network.vector)
    np.testing.assert_array_equal(drawn[0], drawn[1].astype(np.float32))


@given(st.lists(st.integers(0, 19), min_size=1), st.data())
def test_a_selection_of_a_selection_is_the_rows_of_the_first(first, data):
    second = data.draw(st.lists(st.integers(0, len(first) - 1)))
    samples = Samples(np.arange(40).reshape(20, 2), np.arange(20))
    chosen = samples.take(np.array(first)).take(np.array(second, dtype=int))
    assert len(chosen) == len(second)
    assert chosen.inputs is samples.inputs
    np.testing.assert_array_equal(chosen.selected_targets(), np.array(first)[np.array(second, dtype=int)])


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.bool_, np.float32, np.float64])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    ("scale", "offset"),
    [(1.0, 0.0), (0.99 / 255, 0.01), (np.array([1.0, 2.0, 0.5, 3.0]), np.array([0.0, -1.0, 2.0, 0.1]))],
)
def test_a_feed_gathers_and_scales_the_rows_asked_for(dtype, bias, order, scale, offset):
    table = np.random.default_rng(0).integers(0, 2 if dtype is np.bool_ else 200, (30, 4)).astype(dtype, order=order)
    samples = Samples(table, np.arange(30) % 3, scale, offset).take(np.arange(29, -1, -1))
    feed = Feed(make_network(bias=bias), samples, 8)
    rows = np.array([4, 0, 17, 4, 5, 6, 7, 8, 9, 10, 29])
    handed_out = 0
    for chunk in feed.chunks(rows):
        part = rows[handed_out : handed_out + len(chunk.inputs)]
        expected = table[29 - part].astype(np.float64) * scale + offset
        np.testing.assert_allclose(chunk.inputs[:, :4], expected, rtol=1e-15)
        np.testing.assert_array_equal(chunk.codes, (29 - part) % 3)
        np.testing.assert_array_equal(chunk.targets, np.eye(3)[(29 - part) % 3])
        assert chunk.inputs.shape[1] == (5 if bias else 4)
        assert (chunk.inputs[:, 4:] == 1.0).all()
        handed_out += len(chunk.inputs)
    assert handed_out == len(rows)


def test_a_memory_map_trains_like_the_array_that_it_holds(tmp_path):
    table = np.random.default_rng(0).integers(0, 255, (40, 4)).astype(np.uint8)
    np.save(tmp_path / "inputs.npy", table)
    mapped = np.load(tmp_path / "inputs.npy", mmap_mode="r")
    feeds = [Feed(make_network(), Samples(source, np.zeros(40, int), 1 / 255), 40) for source in (table, mapped)]
    held, read = (next(feed.chunks(np.arange(40))) for feed in feeds)
    np.testing.assert_array_equal(held.inputs, read.inputs)


def test_class_targets_take_the_books_values_but_for_cross_entropy():
    def table(loss, output, units, smoothing=0.0):
        network = make_network((("tanh", 3), (output, units)), loss=loss)
        samples = Samples(np.zeros((3, 4)), np.arange(3) % max(2, units), low=0.01, high=0.99)
        return Feed(network, samples, 3, smoothing).table

    np.testing.assert_allclose(table("squared_error", "sigmoid", 2), [[0.99, 0.01], [0.01, 0.99]])
    np.testing.assert_allclose(table("squared_error", "sigmoid", 1), [[0.01], [0.99]])
    np.testing.assert_allclose(table("cross_entropy", "softmax", 2), [[1, 0], [0, 1]])
    np.testing.assert_allclose(table("cross_entropy", "softmax", 3, 0.3)[0], [0.8, 0.1, 0.1])
    np.testing.assert_allclose(table("binary_cross_entropy", "sigmoid", 1, 0.1), [[0.059], [0.941]])


def test_chunks_hold_whole_batches():
    for inputs, batch in ((784, 128), (784, 32), (4, 32), (4, 1), (100_000, 64)):
        network = make_network(inputs=inputs, dtype="float32")
        assert chunk_rows(network, batch) % batch == 0
        assert chunk_rows(network, batch) >= batch


def test_three_blobs_are_what_the_tests_take_them_for():
    assert np.bincount(three_blobs(150).targets).tolist() == [50, 50, 50]


SUMS = np.linspace(-30.0, 30.0, 1201)


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"softmax"}))
def test_what_an_activation_says_of_itself_is_true(name):
    activation = ACTIVATIONS[name]
    outputs = np.array([activation.output(total) for total in SUMS])
    assert (outputs >= activation.low).all()
    assert (outputs <= activation.high).all()
    if activation.is_rectifier:
        np.testing.assert_array_equal(outputs > 0, SUMS > 0)
    assert activation.cuts_off == bool((outputs[SUMS < 0] == 0).all())
    slopes = np.abs(np.diff(outputs) / np.diff(SUMS))
    assert activation.saturates == bool(max(slopes[0], slopes[-1]) < 0.01)
