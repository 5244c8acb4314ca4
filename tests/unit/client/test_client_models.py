"""The weights of models as the client reads them; `make proof` does the same with the frameworks themselves."""

import json
import struct
from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest

from weightbase.errors import WeightbaseError
from weightbase.metrics import numbers, only_numbers
from weightbase.models import tensors_of
from weightbase.names import automatic_base, keras_names, plain_names
from weightbase.tensors import sha256


def listed(model):
    return [(one.name, one.dtype, one.shape, one.units_axis) for one in tensors_of(model)]


class Book:
    def __init__(self):
        self.wih, self.who = np.ones((3, 4)), np.zeros((2, 3))


def perceptron():
    return SimpleNamespace(coefs_=[np.ones((4, 3)), np.ones((3, 2))], intercepts_=[np.zeros(3), np.zeros(2)])


def test_the_book_s_class_has_two_weights_with_units_in_rows():
    assert listed(Book()) == [("wih", "float64", (3, 4), 0), ("who", "float64", (2, 3), 0)]


def test_a_perceptron_has_the_names_and_the_layout_of_our_own_networks():
    expected = [("layer_01.weight", "float64", (4, 3), 1), ("layer_01.bias", "float64", (3,), None)]
    assert listed(perceptron())[:2] == expected
    pipeline = SimpleNamespace(steps=[("scale", object()), ("net", perceptron())], named_steps={})
    assert listed(pipeline) == listed(perceptron())


def test_a_dict_may_be_nested_and_what_is_no_number_is_left_out():
    arrays = {"params": {"Dense_0": {"kernel": np.ones((2, 3), np.float32), "name": "first"}}, "step": 7, "none": None}
    assert listed(arrays) == [("params/Dense_0/kernel", "float32", (2, 3), None), ("step", "int64", (), None)]


def test_a_checkpoint_is_its_state_dict():
    assert listed({"epoch": 3, "state_dict": {"w": np.ones(2)}, "optimizer": {"m": np.ones(2)}})[0][0] == "w"


def test_weights_are_copied_in_c_order_and_little_endian():
    array = np.arange(6, dtype=">f4").reshape(2, 3).T
    (one,) = tensors_of({"w": array})
    array[0, 0] = 99
    assert one.bits.tobytes() == np.array([[0, 3], [1, 4], [2, 5]], "<f4").tobytes()
    assert len(sha256(one.bits)) == 64


@pytest.mark.parametrize("kind", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_short_floats_are_exact(kind):
    values = np.array([1.5, -0.0, 2.0], kind if kind == "bfloat16" else getattr(ml_dtypes, kind))
    (one,) = tensors_of({"w": values})
    assert one.dtype == ("bfloat16" if kind == "bfloat16" else "float16")
    again = one.bits.view(ml_dtypes.bfloat16) if kind == "bfloat16" else one.bits
    assert again.astype(np.float32).tobytes() == values.astype(np.float32).tobytes()


@pytest.mark.parametrize(
    "model", [len, {}, {"text": "abc"}, {"z": np.zeros(2, complex)}, 3], ids=lambda model: type(model).__name__
)
def test_what_has_no_weights_is_refused(model):
    with pytest.raises(TypeError, match=r"no model|no weights"):
        tensors_of(model)


def test_wrappers_leave_the_names():
    assert plain_names(["module.fc.weight", "module.fc.bias"]) == {
        "module.fc.weight": "fc.weight",
        "module.fc.bias": "fc.bias",
    }
    assert (
        plain_names(["_orig_mod.module.a", "_orig_mod.module.b._orig_mod.w"])["_orig_mod.module.b._orig_mod.w"] == "b.w"
    )
    assert plain_names(["module.a", "head.b"]) == {"module.a": "module.a", "head.b": "head.b"}
    assert plain_names(["_orig_mod.a", "a"]) == {"_orig_mod.a": "_orig_mod.a", "a": "a"}


def test_keras_numbers_by_position_and_keeps_a_person_s_names():
    automatic = {"dense_7": "dense", "dense_9": "dense"}
    paths = ["sequential_3/dense_7/kernel", "sequential_3/dense_1/kernel", "sequential_3/dense_9/kernel"]
    assert keras_names(paths, "sequential_3", automatic) == ["dense/kernel", "dense_1/kernel", "dense_2/kernel"]
    assert [automatic_base(name, "BatchNormalization") for name in ("batch_normalization_12", "norm")] == [
        "batch_normalization",
        "",
    ]
    assert automatic_base("forward_lstm_1", "LSTM") == "forward_lstm"


def test_arrays_of_files(tmp_path):
    np.savez(tmp_path / "a.npz", w=np.ones((2, 2)), b=np.zeros(2, np.float16))
    assert listed(tmp_path / "a.npz") == [("w", "float64", (2, 2), None), ("b", "float16", (2,), None)]
    bits = np.array([0x3F80, 0x7FC1], "<u2")
    header = json.dumps({"w": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bits.tobytes())
    (one,) = tensors_of(str(tmp_path / "a.safetensors"))
    assert (one.dtype, one.bits.tolist()) == ("bfloat16", bits.tolist())


@pytest.mark.parametrize("name", ["a.pt", "a.npz", "a.safetensors"])
def test_other_and_damaged_files_are_refused_by_name(tmp_path, name):
    (tmp_path / name).write_bytes(b"\xff" * 20)
    with pytest.raises(WeightbaseError, match=name):
        tensors_of(tmp_path / name)


def test_a_pickle_in_an_npz_is_not_loaded(tmp_path):
    np.savez(tmp_path / "a.npz", w=np.array([{}], object))
    with pytest.raises(WeightbaseError, match=r"a\.npz cannot be read"):
        tensors_of(tmp_path / "a.npz")


def test_metrics_are_numbers():
    given = {"loss": np.float32(0.5), "n": 3, "nan": float("nan"), "none": None, "one": np.array([[2.0]])[0, 0]}
    assert numbers(given) == {"loss": 0.5, "n": 3.0, "nan": None, "none": None, "one": 2.0}
    with pytest.raises(TypeError, match="metric name is the text 'x'"):
        numbers({"name": "x"})
    assert only_numbers({"loss": 1, "name": "x", "many": np.ones(3)}) == {"loss": 1.0}
