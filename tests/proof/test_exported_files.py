"""What leaves is loaded by the real frameworks, and gives there what it gives here (docs/exports.md)."""

import importlib.util
import zipfile

import h5py
import keras
import ml_dtypes
import numpy as np
import onnxruntime
import pytest
import torch
from safetensors.torch import load_file

from dashboard.engine.network import Network
from dashboard.records.network import NetworkSpec
from dashboard.records.training import ACTIVATIONS
from tests.unit.formats.writing_here import dense_arrays, described, spec_of, write_here

HIDDEN = [name for name in ACTIVATIONS if name != "softmax"]
NETWORKS = {
    "rectifiers": (["relu", "leaky_relu", "elu", "softmax"], "float32", True),
    "curves": (["tanh", "sigmoid", "silu", "softplus", "identity"], "float32", True),
    "gelu": (["gelu", "gelu", "sigmoid"], "float32", True),
    "no biases": (["relu", "tanh", "softmax"], "float32", False),
    "double": (["elu", "softplus", "leaky_relu", "silu", "softmax"], "float64", True),
    "double numbers": (["relu", "sigmoid", "gelu", "identity"], "float64", True),
}
"""Six networks with all activations; their columns have gaps, categories, indicators and parts of dates."""
CLASSES = ["no", "yes", "maybe"]
COLUMNS = {
    "scaling": "standard",
    "task": "classification",
    "numeric": [
        {"name": "age", "scale": 0.02, "offset": -0.5, "fill": 40.0, "may_miss": False},
        {"name": "income", "scale": 0.5, "offset": 0.1, "fill": 3.0, "may_miss": True},
        {"name": "when.year", "scale": 0.5, "offset": -1012.0, "fill": 2024.0, "may_miss": True},
        {"name": "when.days", "scale": 0.002, "offset": -0.5, "fill": 90.0, "may_miss": True},
    ],
    "categorical": [
        {"name": "town", "levels": ["Rome", "9"], "fill": "Rome", "may_miss": True},
        {"name": "size", "levels": ["s", "m", "l"], "fill": "m", "may_miss": False},
    ],
    "classes": CLASSES,
    "low": 0.0,
    "high": 1.0,
    "target_scale": 1.0,
    "target_offset": 0.0,
    "indicators": ["income"],
    "dates": [{"name": "when", "order": "year", "first": 738886.0, "parts": ["year", "days"]}],
    "targets": [],
}
ROWS = 500


def network(name):
    """Return (arrays, spec as JSON, inputs, outputs of the engine) of a network."""
    activations, dtype, bias = NETWORKS[name]
    sizes = [10, *[6] * (len(activations) - 1), 3]
    arrays, spec = dense_arrays(sizes, dtype, bias), spec_of(sizes, activations, dtype, bias)
    if activations[-1] == "softmax":
        spec["training"]["loss"] = "cross_entropy"
    ours = Network(NetworkSpec.from_json(spec))
    ours.load(arrays)
    inputs = np.asarray(scaled(*records()), dtype)
    return arrays, spec, inputs, ours.predict(inputs)


def records():
    """Return numbers with gaps, dates as their parts among them, and categories with gaps, as a file has them."""
    rng = np.random.default_rng(4)
    days = rng.integers(0, 700, ROWS).astype(np.float64)
    numbers = np.stack([rng.normal(size=ROWS) * 30 + 40, rng.normal(size=ROWS) * 5, 2024 + days // 366, days], axis=1)
    numbers[::4, 1] = np.nan
    numbers[::7, 2:] = np.nan
    towns, sizes = rng.choice(["Rome", "9", ""], ROWS), rng.choice(["s", "m", "l"], ROWS)
    return numbers, np.stack([towns, sizes], axis=1).astype(object)


def scaled(numbers, categories):
    """Return what the network is given, written out once more."""
    age, income, year, days = numbers.T
    parts = [age * 0.02 - 0.5, np.where(np.isnan(income), 3.0, income) * 0.5 + 0.1]
    parts += [np.where(np.isnan(year), 2024.0, year) * 0.5 - 1012.0, np.where(np.isnan(days), 90.0, days) * 0.002 - 0.5]
    towns = np.where(categories[:, 0] == "", "Rome", categories[:, 0])
    parts += [towns == "Rome", towns == "9", *(categories[:, 1] == size for size in "sml"), np.isnan(income)]
    return np.stack(parts, axis=1).astype(np.float64)


def assert_close(ours, theirs, most):
    """Compare outputs, and the classes where the two best are not as near as that."""
    assert ours.shape == theirs.shape
    assert float(np.abs(ours - theirs).max()) <= most
    best = np.sort(ours, axis=1)
    clear = best[:, -1] - best[:, -2] > most
    assert (np.argmax(ours, axis=1) == np.argmax(theirs, axis=1))[clear].all()


@pytest.mark.parametrize("name", NETWORKS)
def test_torch_loads_the_state_dict_and_fills_the_module_with_it(tmp_path, name):
    arrays, spec, inputs, ours = network(name)
    with zipfile.ZipFile(write_here("pytorch-module", arrays, tmp_path / "a.pt.zip", spec)) as archive:
        archive.extractall(tmp_path)
    for mapped in (False, True):
        state = torch.load(tmp_path / "model.pt", weights_only=True, mmap=mapped)
        for tensor, array in arrays.items():
            turned = np.ascontiguousarray(array.T) if tensor.endswith("weight") else array
            assert state[tensor].numpy().tobytes() == turned.tobytes()
    found = importlib.util.spec_from_file_location("model", tmp_path / "model.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    with torch.no_grad():
        assert_close(ours, module.load()(torch.from_numpy(inputs)).numpy(), 1e-5 if "double" not in name else 1e-12)


def every_type():
    types = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", ml_dtypes.bfloat16]
    arrays = {f"x.{np.dtype(kind).name}": np.arange(6).reshape(2, 3).astype(kind) for kind in types}
    return arrays | {
        "scalar": np.array(2.5),
        "empty": np.zeros((0, 3), "f4"),
        "deep.er/name": np.ones((1, 2, 1, 2), "i8"),
    }


def same(tensor, array):
    raw = tensor.contiguous().flatten().view(torch.uint8) if tensor.numel() else torch.zeros(0, dtype=torch.uint8)
    return tuple(tensor.shape) == array.shape and raw.numpy().tobytes() == array.tobytes()


@pytest.mark.parametrize("mapped", [False, True])
def test_torch_has_the_bits_of_every_type(tmp_path, mapped):
    arrays = every_type()
    state = torch.load(write_here("pytorch", arrays, tmp_path / "a.pt"), weights_only=True, mmap=mapped)
    assert list(state) == list(arrays)
    assert all(same(state[name], array) for name, array in arrays.items())
    assert all(str(state[name].dtype) == f"torch.{array.dtype.name}" for name, array in arrays.items())


def test_safetensors_has_the_bits_of_every_type_for_torch(tmp_path):
    arrays = every_type()
    state = load_file(write_here("safetensors", arrays, tmp_path / "a.safetensors"))
    assert all(same(state[name], array) for name, array in arrays.items())


def test_h5py_finds_every_tensor_by_its_path(tmp_path):
    arrays, spec, _, _ = network("rectifiers")
    with h5py.File(write_here("hdf5", arrays, tmp_path / "a.h5", spec)) as file:
        for name, array in arrays.items():
            assert file[f"/a_net/v0003/{name.replace('.', '/')}"][()].tobytes() == array.tobytes()


@pytest.mark.parametrize("name", [name for name in NETWORKS if "gelu" not in NETWORKS[name][0]])
def test_keras_loads_the_model_and_its_weights(tmp_path, name):
    arrays, spec, inputs, ours = network(name)
    model = keras.models.load_model(write_here("keras", arrays, tmp_path / "a.keras", spec))
    most = 1e-6 if "double" in name else 1e-5
    assert_close(ours, np.asarray(model.predict(inputs, verbose=0)), most)
    for weights in model.weights:
        weights.assign(np.zeros(weights.shape))
    model.load_weights(write_here("keras-weights", arrays, tmp_path / "a.weights.h5", spec))
    for weights, array in zip(model.get_weights(), arrays.values(), strict=True):
        assert weights.tobytes() == array.tobytes()


@pytest.mark.parametrize("name", NETWORKS)
def test_onnxruntime_goes_from_columns_to_classes(tmp_path, name):
    arrays, spec, _, ours = network(name)
    path = write_here("onnx", arrays, tmp_path / "a.onnx", spec, COLUMNS)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    numbers, categories = records()
    outputs, label, scores = session.run(["outputs", "label", "scores"], {"numbers": numbers, "categories": categories})
    assert_close(ours, outputs, 1e-12 if "double" in name else 1e-5)
    assert list(label) == [CLASSES[code] for code in np.argmax(outputs, axis=1)]
    assert np.array_equal(scores, outputs.astype(np.float64))


def test_onnxruntime_gives_several_targets_in_their_own_units(tmp_path):
    arrays, spec, _, ours = network("double numbers")
    targets = [{"name": name, "scale": 0.5 + place, "offset": place - 1.0} for place, name in enumerate("xyz")]
    columns = COLUMNS | {"task": "regression", "classes": [], "targets": targets}
    path = write_here("onnx", arrays, tmp_path / "a.onnx", spec, columns)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    numbers, categories = records()
    (value,) = session.run(["value"], {"numbers": numbers, "categories": categories})
    assert float(np.abs(value - (ours - [-1.0, 0.0, 1.0]) / [0.5, 1.5, 2.5]).max()) <= 1e-11


@pytest.mark.parametrize("name", NETWORKS)
def test_the_program_gives_the_same_bits_with_the_numpy_of_this_environment(tmp_path, name):
    arrays, spec, _, ours = network(name)
    path = write_here("script", arrays, tmp_path / "a.py", spec, COLUMNS)
    found = importlib.util.spec_from_file_location("program", path)
    program = importlib.util.module_from_spec(found)
    found.loader.exec_module(program)
    assert program.predict(np.asarray(scaled(*records()), ours.dtype)).tobytes() == ours.tobytes()


def test_the_networks_have_every_activation():
    assert {one for activations, _, _ in NETWORKS.values() for one in activations} == set(ACTIVATIONS)
    assert described(dense_arrays([2, 2])).tensors
