from hypothesis import given
from hypothesis import strategies as st

from dashboard.analysis.matching import Pair, match_tensors

versions = st.dictionaries(st.sampled_from("abcdefg"), st.sampled_from([(2,), (3,), (2, 3)]))


def test_tensors_of_one_name_belong_together_even_if_reshaped():
    assert match_tensors([("w", (2, 3)), ("b", (3,))], [("b", (3,)), ("w", (2, 4))]) == [Pair("w", "w"), Pair("b", "b")]


def test_renamed_tensors_are_paired_in_order_with_those_of_their_shape():
    base = [("fc1", (4, 4)), ("fc2", (4, 4)), ("out", (4, 2))]
    other = [("dense", (4, 4)), ("dense_1", (4, 4)), ("extra", (9,))]
    assert match_tensors(base, other) == [
        Pair("fc1", "dense"),
        Pair("fc2", "dense_1"),
        Pair("out", None),
        Pair(None, "extra"),
    ]


def test_what_a_person_paired_comes_before_names_and_shapes():
    base, other = [("a", (2,)), ("b", (2,))], [("a", (2,)), ("c", (5,))]
    assert match_tensors(base, other, {"b": "a", "a": "c"}) == [Pair("a", "c"), Pair("b", "a")]
    assert match_tensors(base, other, {"gone": "a", "a": "gone"}) == [Pair("a", "a"), Pair("b", None), Pair(None, "c")]


@given(versions, versions, st.dictionaries(st.sampled_from("abch"), st.sampled_from("adgh")))
def test_every_tensor_stands_in_exactly_one_pair(base, other, by_hand):
    pairs = match_tensors(list(base.items()), list(other.items()), by_hand)
    assert [pair.base for pair in pairs if pair.base is not None] == list(base)
    assert sorted(pair.other for pair in pairs if pair.other is not None) == sorted(other)
