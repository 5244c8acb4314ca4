"""Which chains of dense layers are proposed for the tensors of a file, and when a person has to choose."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.formats.contents import Contents, SourceTensor
from dashboard.formats.mapping import narrowed, proposals, why_foreign
from dashboard.records.network import LayerSpec, NetworkSpec


def contents(shapes, form="npz", about=None, dtype="float32", optimizer=()):
    tensors = [
        SourceTensor(name, dtype, dtype, tuple(shape), "", "", name in optimizer) for name, shape in shapes.items()
    ]
    return Contents(form, tuple(tensors), (), about or {})


def chain(proposal):
    """Return a proposal as (weight, bias, turned) of each layer."""
    return [(layer.weight, layer.bias, layer.turned) for layer in proposal.layers]


def sizes(proposal):
    return [proposal.layers[0].inputs, *(layer.units for layer in proposal.layers)]


MLP = {"fc1.weight": (6, 8), "fc1.bias": (6,), "fc2.weight": (3, 6), "fc2.bias": (3,)}
SQUARE = {"a.weight": (8, 8), "a.bias": (8,), "b.weight": (8, 8), "b.bias": (8,)}


def test_a_reading_that_leaves_nothing_over_comes_first():
    first, second = proposals(contents(MLP, "pytorch"))
    assert chain(first) == [("fc1.weight", "fc1.bias", True), ("fc2.weight", "fc2.bias", True)]
    assert sizes(first) == [8, 6, 3]
    assert not first.is_ambiguous
    assert {layer.activation for layer in first.layers} == {None}
    assert second.left_over == ("fc1.bias", "fc2.bias")


def test_the_books_weights_can_be_read_in_two_ways_and_a_dataset_decides():
    found = proposals(contents({"who": (10, 200), "wih": (200, 784)}))
    assert sorted(sizes(one) for one in found) == [[10, 200, 784], [784, 200, 10]]
    assert all(one.is_ambiguous for one in found)
    (only,) = narrowed(found, 784)
    assert chain(only) == [("wih", None, True), ("who", None, True)]
    assert not only.is_ambiguous


def test_square_layers_are_asked_about_with_the_formats_own_layout_first():
    found = proposals(contents(SQUARE, "pytorch"))
    assert len(found) == 4
    assert all(one.is_ambiguous for one in found)
    assert chain(found[0]) == [("a.weight", "a.bias", True), ("b.weight", "b.bias", True)]
    assert chain(proposals(contents(SQUARE))[0])[0] == ("a.weight", "a.bias", False)


@pytest.mark.parametrize(
    "shapes",
    [
        {"W1": (8, 6), "b1": (6,), "W2": (6, 1), "b2": (1,)},
        {"w1": (8, 6), "B1": (6, 1), "w2": (6, 1), "B2": (1, 1)},
        {"coefs_.0": (8, 6), "coefs_.1": (6, 1), "intercepts_.0": (6,), "intercepts_.1": (1,)},
        {"hidden/bias": (6,), "hidden/kernel": (8, 6), "out/bias": (1,), "out/kernel": (6, 1)},
        {"net.first.w": (8, 6), "net.first.offset": (6,), "net.second.w": (6, 1), "net.second.offset": (1,)},
        {"first": (8, 6), "second": (6,), "third": (6, 1), "fourth": (1,)},
    ],
)
def test_biases_are_found_by_name_by_stem_and_by_place(shapes):
    first, *rest = proposals(contents(shapes))
    assert sizes(first) == [8, 6, 1]
    assert first.left_over == ()
    assert None not in {layer.bias for layer in first.layers}
    assert not first.is_ambiguous
    assert all(one.left_over for one in rest)


def test_layers_that_stand_in_another_order_are_found_by_their_sizes():
    shapes = {"hidden": (6, 5), "input": (8, 6), "output": (5, 3)}
    first, second = proposals(contents(shapes))
    assert [layer.weight for layer in first.layers] == ["input", "hidden", "output"]
    assert sizes(second) == [3, 5, 6, 8]
    assert first.is_ambiguous


def test_optimizer_state_and_other_tensors_are_no_layers():
    shapes = MLP | {"optimizer.m": (6, 8), "steps": ()}
    first, *_ = proposals(contents(shapes, "pytorch", optimizer={"optimizer.m"}))
    assert first.left_over == ("steps",)
    assert [*proposals(contents(MLP, dtype="int8"))] == []


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        ({"conv.weight": (3, 3, 3, 3)}, "convolution"),
        ({"bn.running_mean": (6,)}, "normalisation"),
        ({"norm/gamma": (6,)}, "normalisation"),
        ({"lstm.weight_hh_l0": (16, 4)}, "recurrence"),
        ({"embedding.weight": (100, 8)}, "embedding"),
        ({"block.attn.in_proj_weight": (24, 8)}, "attention"),
    ],
)
def test_what_is_no_dense_network_is_foreign_and_says_why(extra, reason):
    assert proposals(contents(MLP | extra, "pytorch")) == ()
    assert reason in why_foreign(contents(MLP | extra, "pytorch"))


def test_matrices_that_do_not_follow_one_another_are_foreign():
    found = contents({"a": (3, 7), "b": (8, 5)})
    assert proposals(found) == ()
    assert "do not follow one another" in why_foreign(found)
    assert why_foreign(contents(MLP)) == ""


def test_a_chain_that_the_file_states_is_taken_as_it_says():
    links = [
        {"weight": "a.weight", "bias": "a.bias", "turned": True, "activation": "relu"},
        {"weight": "b.weight", "bias": None, "turned": False, "activation": "softmax"},
    ]
    (only,) = proposals(contents(SQUARE, "onnx", {"chain": {"layers": links, "why": ""}}))
    assert chain(only) == [("a.weight", "a.bias", True), ("b.weight", None, False)]
    assert [layer.activation for layer in only.layers] == ["relu", "softmax"]
    assert only.left_over == ("b.bias",)
    assert not only.is_ambiguous


def test_a_file_that_states_why_it_is_no_chain_is_foreign():
    found = contents(MLP, "onnx", {"chain": {"layers": [], "why": "its graph has the operation 'Conv'"}})
    assert proposals(found) == ()
    assert "the operation 'Conv'" in why_foreign(found)


def test_our_own_definition_is_taken_with_its_activations_and_ignored_if_it_does_not_fit():
    spec = NetworkSpec(8, (LayerSpec(6, "tanh"), LayerSpec(3, "softmax", bias=False)))
    shapes = dict(spec.tensor_shapes)
    (only,) = proposals(contents(shapes, "csv", {"weightbase": {"spec": spec.to_json()}}))
    assert [tuple(layer) for layer in only.layers] == [
        ("layer_01.weight", "layer_01.bias", False, 8, 6, "tanh"),
        ("layer_02.weight", None, False, 6, 3, "softmax"),
    ]
    changed = {"spec": spec.to_json() | {"layers": [{"units": 6}]}}
    assert proposals(contents(shapes, "csv", {"weightbase": changed}))[0].layers[0].activation is None


def test_scikit_learns_settings_give_the_activations():
    shapes = {"coefs_.0": (4, 5), "coefs_.1": (5, 3), "intercepts_.0": (5,), "intercepts_.1": (3,)}
    (only,) = proposals(contents(shapes, "skops", {"sklearn": {"activation": "relu", "out_activation_": "softmax"}}))
    assert [layer.activation for layer in only.layers] == ["relu", "softmax"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["spec", "layers", "weight", "bias", "activation", "turned", "why", "units", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.fixed_dictionaries({}, optional={"weightbase": JSON, "chain": JSON, "sklearn": JSON, "metadata": JSON}))
def test_whatever_a_file_says_about_itself_every_proposal_fits_its_tensors(about):
    for proposal in proposals(contents(MLP, "pytorch", about)):
        for layer in proposal.layers:
            assert MLP[layer.weight] == ((layer.units, layer.inputs) if layer.turned else (layer.inputs, layer.units))
            assert layer.bias is None or MLP[layer.bias] == (layer.units,)
        assert all(before.units == after.inputs for before, after in itertools.pairwise(proposal.layers))


@given(
    st.dictionaries(
        st.text("abwWB12._/", min_size=1, max_size=6),
        st.lists(st.integers(0, 3), max_size=3),
        max_size=7,
    )
)
def test_every_tensor_is_either_in_a_proposal_once_or_left_over(shapes):
    for proposal in proposals(contents(shapes)):
        used = [name for layer in proposal.layers for name in (layer.weight, layer.bias) if name is not None]
        assert sorted([*used, *proposal.left_over]) == sorted(shapes)
