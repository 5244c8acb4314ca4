import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.errors import Conflict, Invalid
from dashboard.records.tensor import TensorKey
from dashboard.weights.names import refuse_clashes, safe_name, version_name


@pytest.mark.parametrize(
    ("tensor", "name"),
    [
        ("layer_01.weight", "layer_01_weight"),
        ("fc1.bias", "fc1_bias"),
        ("layer_01_weight", "layer_01_weight_a0d5ca4b4b2a"),
        ("Layer_01.weight", "layer_01_weight_"),
        ("🧠", "t_"),
        ("", "t_e3b0c44298fc"),
    ],
)
def test_tensors_are_named_like_this(tensor, name):
    assert safe_name(tensor, 48).startswith(name[:16])
    assert safe_name(tensor, 48) == safe_name(tensor, 48)


@given(st.text(max_size=400), st.integers(20, 48))
def test_every_name_is_safe_and_short_enough(tensor, longest):
    assert re.fullmatch(r"[a-z0-9_]+", safe_name(tensor, longest))
    assert len(safe_name(tensor, longest)) <= longest


@given(st.lists(st.text(alphabet="aA.b_Bweight", max_size=12), unique=True, min_size=2, max_size=30))
def test_different_tensors_have_different_names(tensors):
    assert len({safe_name(tensor, 48) for tensor in tensors}) == len(tensors)


def test_a_version_is_named_by_slug_and_number():
    assert version_name("mnist", 3, "__") == "mnist__v0003"
    assert version_name("mnist", 12345, "/") == "mnist/v12345"


@pytest.mark.parametrize(("network", "version"), [("..", 1), ("a/b", 1), ("a", 0), ("a", -1), ("ä", 1), ("a\n", 1)])
def test_what_is_no_slug_names_nothing(network, version):
    with pytest.raises(Invalid):
        version_name(network, version, "/")


def test_two_tensors_of_one_name_clash():
    key = TensorKey("net", 1, "w", "float32", (1,), "0")
    with pytest.raises(Conflict, match="'w' and 'w'"):
        refuse_clashes([key, key], 48)
