"""ONNX: every tensor wherever it is in the model, and nothing of other files."""

import contextlib
import itertools
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from dashboard.engine.activations import ACTIVATIONS
from dashboard.errors import TooLarge, UnknownFormat, UnreadableFile, UserError
from dashboard.formats import onnx_functions
from dashboard.formats.mapping import proposals
from dashboard.formats.onnx_chain import onnx_chain
from dashboard.formats.onnx_tensors import parts_of
from tests.unit.formats.reading_here import SMALL, arrays_of

GOLDEN = Path(__file__).parent.parent.parent / "formats" / "golden"
WEIGHT = np.arange(6, dtype="f4").reshape(2, 3)


def named(name, array=WEIGHT):
    return numpy_helper.from_array(np.asarray(array), name)


def model_of(nodes, tensors=(), inputs=(("x", (None, 2)),), outputs=("y",)):
    """Return a model of nodes and tensors."""
    graph = helper.make_graph(
        list(nodes), "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        list(tensors),
    )  # fmt: skip
    return helper.make_model(graph)


def saved(path, model):
    path.write_bytes(model.SerializeToString())
    return path


def refusal(path):
    with pytest.raises(UserError) as refused:
        arrays_of(path)
    assert isinstance(refused.value, UnreadableFile | TooLarge | UnknownFormat)
    return refused.value.message


IDENTITY = helper.make_node("Identity", ["x"], ["y"])


def test_tensors_in_other_files_are_named_and_never_fetched(tmp_path):
    def outside(name, file):
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[2, 3], data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value=file)
        return tensor

    hostile = [outside("a", "/etc/hostname"), outside("b", "../../etc/hostname"), outside("c", "weights.bin")]
    contents, read = arrays_of(saved(tmp_path / "a", model_of([IDENTITY], [*hostile, named("w")])))
    assert list(read) == ["w"]
    assert {one.name: "another file" in one.why for one in contents.skipped} == {"a": True, "b": True, "c": True}
    assert "with its data inside" in refusal(saved(tmp_path / "b", model_of([IDENTITY], hostile)))


def test_a_tensor_that_only_says_that_it_is_elsewhere_is_skipped_too(tmp_path):
    tensor = named("w")
    tensor.external_data.add(key="location", value="/etc/hostname")
    assert "another file" in refusal(saved(tmp_path / "a", model_of([IDENTITY], [tensor])))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dims": [2, 4]}, "should have 32 bytes"),
        ({"dims": [-1, 3]}, "cannot be"),
        ({"dims": [1] * 9}, "9 axes"),
        ({"dims": [2**40, 2**40]}, "unfolds"),
        ({"raw_data": b""}, "and has 0"),
        ({"raw_data": bytes(23)}, "and has 23"),
        ({"float_data": [1.0]}, "should have"),
        ({"data_type": 99}, "unknown type"),
        ({"data_type": TensorProto.DOUBLE}, "should have 48"),
    ],
)
def test_a_tensor_that_is_not_as_its_shape_says_is_refused(tmp_path, changes, reason):
    tensor = named("w")
    for field, value in changes.items():
        if isinstance(value, list):
            del getattr(tensor, field)[:]
            getattr(tensor, field).extend(value)
        else:
            setattr(tensor, field, value)
    assert reason in refusal(saved(tmp_path / "a", model_of([IDENTITY], [tensor])))


def test_two_tensors_of_one_name_are_refused(tmp_path):
    assert "twice" in refusal(saved(tmp_path / "a", model_of([IDENTITY], [named("w"), named("w")])))


def nested(depth):
    """Return a graph with so many graphs within each other, the innermost with a tensor."""
    graph = helper.make_graph([], "g", [], [], [named("w")])
    for _ in range(depth):
        graph = helper.make_graph([helper.make_node("Loop", [], [], name="n", body=graph)], "g", [], [])
    return helper.make_model(graph)


def test_graphs_within_graphs_are_followed_to_a_depth(tmp_path):
    _, read = arrays_of(saved(tmp_path / "a", nested(3)))
    assert list(read) == ["n/body/n/body/n/body/w"]
    assert refusal(saved(tmp_path / "b", nested(33)))
    assert arrays_of(saved(tmp_path / "d", nested(20)))
    with pytest.raises(UnreadableFile, match="nested more than 32"):
        list(parts_of(nested(33)))
    made = nested(33).SerializeToString()
    for _ in range(200):  # deeper than the parser itself goes
        made = onnx.NodeProto(attribute=[onnx.AttributeProto(name="a", s=made)]).SerializeToString()
    (tmp_path / "c").write_bytes(b"\x08\x0a\x3a" + made)
    assert refusal(tmp_path / "c")


def test_nodes_of_one_name_keep_their_tensors_apart(tmp_path):
    branch = helper.make_graph([], "g", [], [], [named("w")])
    nodes = [helper.make_node("Loop", [], [], name="n", body=branch) for _ in range(2)]
    _, read = arrays_of(saved(tmp_path / "a", model_of(nodes)))
    assert list(read) == ["n/body/w", "n_1/body/w"]


def test_names_that_are_no_sound_text_are_shown_escaped(tmp_path):
    whole = (GOLDEN / "branches.onnx").read_bytes()
    for name in (
        b"golden",
        b"flag",
        b"choice",
        b"Scale",
        b"shift",
        b"Gemm",
        b"value_ints",
        b"else_branch",
        b"Constant",
    ):
        (tmp_path / "file").write_bytes(whole.replace(name, b"\xe6" + name[1:]))
        _, read = arrays_of(tmp_path / "file")
        assert all(isinstance(one, str) for one in read)


@pytest.mark.parametrize("content", [b"\x08\x0a\x12", b"\x08\x0a\x3a\xff\xff\xff\xff\x0f", b"\x08\x0a\x12\x01a"])
def test_what_is_no_model_is_refused(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    assert refusal(tmp_path / "a")


@given(data=st.data())
def test_a_cut_or_changed_file_is_refused_in_words_or_read(tmp_path_factory, data):
    whole = (GOLDEN / "branches.onnx").read_bytes()
    place, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    changed = whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :]
    path = tmp_path_factory.mktemp("changed") / "file"
    path.write_bytes(data.draw(st.sampled_from([whole[:place], changed])))
    with contextlib.suppress(UserError):  # whatever else is raised, fails
        arrays_of(path, SMALL)


# ---------------------------------------------------------------- the chain of layers


def gemm(out="y", weight="w", **settings):
    return helper.make_node("Gemm", ["x", weight], [out], **settings)


def test_weights_are_followed_through_what_turns_them():
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("Transpose", ["w"], ["t"], perm=[1, 0]),
        helper.make_node("MatMul", ["f", "t"], ["m"]),
        helper.make_node("Add", ["b", "m"], ["a"]),
        helper.make_node("Gelu", ["a"], ["y"], approximate="tanh"),
    ]
    found = onnx_chain(model_of(nodes, [named("w"), named("b", WEIGHT[:, 0])], (("x", (None, 1, 3)),)))
    assert [tuple(link) for link in found.links] == [("w", "b", True, "gelu")]


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ([helper.make_node("Conv", ["x", "w"], ["y"])], "'Conv'"),
        ([gemm(alpha=2.0)], "alpha"),
        ([gemm(beta=0.5)], "beta"),
        ([gemm(transA=1)], "turns its inputs"),
        ([gemm(weight="x")], "no weight"),
        ([gemm("h"), helper.make_node("Gelu", ["h"], ["y"])], "Gelu"),
        ([gemm("h"), helper.make_node("LeakyRelu", ["h"], ["y"], alpha=0.3)], "LeakyRelu"),
        ([gemm("h"), helper.make_node("Elu", ["h"], ["y"], alpha=0.5)], "Elu"),
        ([gemm("h"), helper.make_node("Add", ["h", "x"], ["y"])], "joins branches by the operation 'Add'"),
        ([gemm("h"), helper.make_node("Add", ["w", "w"], ["y"])], "no bias"),
        ([gemm("h"), helper.make_node("Swish", ["h"], ["y"], alpha=2.0)], "Swish"),
        ([gemm("h"), helper.make_node("Mul", ["h", "h"], ["y"])], "ends with 'Mul' and is none of the engine's"),
        ([gemm("h"), helper.make_node("Mul", ["h", "w"], ["y"])], "'Mul'"),
        ([gemm("h"), helper.make_node("Mul", ["h", "y"], ["y"])], "ends with 'Mul' and is none of the engine's"),
        ([gemm("h"), helper.make_node("Max", [], ["y"])], "operation 'Max'"),
        ([gemm("h"), helper.make_node("Div", ["h"], ["y"])], "ends with 'Div' and is none of the engine's"),
        ([gemm("h"), helper.make_node("Exp", ["h"], ["e"]), helper.make_node("Tanh", ["e"], ["y"])], "ends with 'Exp'"),
        (
            [gemm("h"), helper.make_node("Relu", ["h"], ["r"]), helper.make_node("Relu", ["r"], ["y"])],
            "two activations",
        ),
        ([helper.make_node("Relu", ["x"], ["h"]), helper.make_node("MatMul", ["h", "w"], ["y"])], "before the first"),
        ([helper.make_node("Relu", ["y"], ["y"])], "two activations"),
        ([helper.make_node("Identity", ["y"], ["y"])], "circle"),
        ([helper.make_node("MatMul", ["w", "w"], ["y"])], "several inputs"),
        ([helper.make_node("Mine", ["x"], ["y"], domain="ours")], "'Mine'"),
        ([gemm("h"), helper.make_node("Reshape", ["h", "s"], ["y"])], "reshapes"),
        ([gemm("h"), helper.make_node("Cast", ["h"], ["y"], to=TensorProto.INT8)], "'Cast'"),
        ([gemm("h"), helper.make_node("Cast", ["h"], ["y"])], "'Cast'"),
    ],
)
def test_a_graph_that_the_engine_does_not_have_says_why(nodes, reason):
    found = onnx_chain(model_of(nodes, [named("w")]))
    assert found.links == ()
    assert reason in found.why


ONE, HALF, SCALE, CUBE = (
    helper.make_node("Constant", [], [name], value_float=number)
    for name, number in (("one", 1.0), ("half", 0.5), ("scale", 0.7978846), ("cube", 0.044715))
)
FORMULAS = {
    "silu as torch writes it": ("silu", [("Sigmoid", "h", "s"), ("Mul", "h s", "y")]),
    "silu the other way round": ("silu", [("Identity", "h", "i"), ("Sigmoid", "i", "s"), ("Mul", "s h", "y")]),
    "silu as a quotient": ("silu", [("Neg", "h", "n"), ("Exp", "n", "e"), ("Add", "e one", "d"), ("Div", "h d", "y")]),
    "gelu from Tanh": (
        "gelu",
        [
            *(("Mul", "h h", "2"), ("Mul", "2 h", "3"), ("Mul", "cube 3", "c"), ("Add", "h c", "a")),
            *(("Mul", "a scale", "b"), ("Tanh", "b", "t"), ("Add", "one t", "d"), ("Mul", "h d", "e")),
            ("Mul", "half e", "y"),
        ],
    ),
    "softplus with a threshold": (
        "softplus",
        [("Softplus", "h", "s"), ("Greater", "h w20", "g"), ("Where", "g h s", "y")],
    ),
    "softplus from Exp": (
        "softplus",
        [
            *(("Abs", "h", "a"), ("Neg", "a", "n"), ("Exp", "n", "e"), ("Add", "e one", "f"), ("Log", "f", "l")),
            *(("Max", "h zero", "m"), ("Add", "m l", "y")),
        ],
    ),
    "sigmoid from Tanh": (
        "sigmoid",
        [("Mul", "h half", "a"), ("Tanh", "a", "t"), ("Mul", "t half", "b"), ("Add", "b half", "y")],
    ),
    "elu from Min": (
        "elu",
        [
            *(("Min", "h zero", "n"), ("Exp", "n", "e"), ("Sub", "e one", "f"), ("Relu", "h", "r")),
            ("Add", "r f", "y"),
        ],
    ),
    "leaky_relu from Max": ("leaky_relu", [("Mul", "h w0.01", "l"), ("Max", "h l", "y")]),
    "relu from Clip": ("relu", [("Clip", "h zero", "y")]),
    "a product with one": ("identity", [("Mul", "h one", "y")]),
}


@pytest.mark.parametrize("written", FORMULAS)
def test_an_activation_that_is_written_as_several_nodes_is_recognised_by_what_it_gives(written):
    activation, lines = FORMULAS[written]
    nodes = [helper.make_node(kind, inputs.split(), [output]) for kind, inputs, output in lines]
    numbers = [named("w20", np.float32(20)), named("zero", np.zeros(1)), named("w0.01", np.array([[0.01]], "f4"))]
    found = onnx_chain(model_of([ONE, HALF, SCALE, CUBE, gemm("h"), *nodes], [named("w"), *numbers]))
    assert ([tuple(link) for link in found.links], found.why) == ([("w", None, False, activation)], "")
    used = {name for _, inputs, _ in lines for name in inputs.split()}
    assert set(found.constants) == used & {"one", "half", "scale", "cube", "zero", "w20", "w0.01"}


def test_gelu_in_its_exact_form_is_not_taken_for_the_engine_s():
    lines = [("Mul", "h r", "a"), ("Erf", "a", "e"), ("Add", "e one", "b"), ("Mul", "h b", "c"), ("Mul", "c half", "y")]
    nodes = [helper.make_node(kind, inputs.split(), [output]) for kind, inputs, output in lines]
    found = onnx_chain(model_of([ONE, HALF, gemm("h"), *nodes], [named("w"), named("r", np.float32(0.70710678))]))
    assert "none of the engine's" in found.why


def test_the_bias_of_a_layer_with_one_unit_is_no_constant_of_a_formula():
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["m"]),
        helper.make_node("Add", ["m", "b"], ["h"]),
        helper.make_node("Sigmoid", ["h"], ["s"]),
        helper.make_node("Mul", ["s", "h"], ["y"]),
    ]
    found = onnx_chain(model_of(nodes, [named("w", WEIGHT[:, :1]), named("b", np.ones(1, "f4"))]))
    assert [tuple(link) for link in found.links] == [("w", "b", False, "silu")]
    assert found.constants == ()


def test_a_formula_of_very_many_nodes_is_refused_and_not_computed():
    names = ["h", *(f"n{number}" for number in range(500)), "y"]
    nodes = [helper.make_node("Add", [one, one], [two]) for one, two in itertools.pairwise(names)]
    assert "joins branches" in onnx_chain(model_of([gemm("h"), *nodes], [named("w")])).why


def test_the_formulas_are_those_of_the_engine():
    elementwise = set(ACTIVATIONS) - {"softmax"}
    assert set(onnx_functions.FORMULAS) == elementwise
    for name in elementwise:
        with np.errstate(over="ignore"):
            ours = [ACTIVATIONS[name].output(float(point)) for point in onnx_functions.POINTS[::50]]
            np.testing.assert_allclose(onnx_functions.FORMULAS[name](onnx_functions.POINTS[::50]), ours, 1e-9, 1e-12)


def test_constants_of_a_formula_are_not_left_over(tmp_path):
    nodes = [ONE, gemm("h"), helper.make_node("Mul", ["h", "one"], ["m"]), helper.make_node("Tanh", ["m"], ["y"])]
    contents, _ = arrays_of(saved(tmp_path / "a", model_of(nodes, [named("w")])))
    (found,) = proposals(contents)
    assert (found.layers[0].activation, found.left_over) == ("tanh", ())
    assert {one.name for one in contents.tensors} == {"w", "one"}


def test_several_inputs_or_outputs_are_no_chain():
    assert "2 outputs" in onnx_chain(model_of([gemm()], [named("w")], outputs=("y", "z"))).why
    two = model_of([gemm()], [named("w")], inputs=(("x", (None, 2)), ("z", (None, 2))))
    assert "several inputs" in onnx_chain(two).why
    ranks = model_of([gemm()], [named("w")], inputs=(("x", (None, 5, 2)),))
    assert "along an axis" in onnx_chain(ranks).why
