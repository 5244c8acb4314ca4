"""Networks that leave and compute by themselves: from the columns of a file to answers, as the engine here has them."""

import json
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import onnx
import pytest

from dashboard.data.preprocessing import CategoricalInput, NumberTarget, NumericInput, Preprocessing
from dashboard.engine.activations import ACTIVATIONS
from dashboard.engine.measuring import classes
from dashboard.engine.network import Network
from dashboard.formats.mapping import proposals
from dashboard.formats.running import RawRecords
from dashboard.formats.running_process import run_onnx, run_script
from dashboard.formats.types import numpy_type, plain
from dashboard.records.network import LayerSpec, NetworkSpec
from dashboard.records.training import TrainingSpec
from tests.unit.formats.reading_here import arrays_of, bits
from tests.unit.formats.writing_here import BY_NAME, dense_arrays, described, spec_of

HIDDEN = [name for name in ACTIVATIONS if name != "softmax"]
MISSES = NumericInput("income", 0.5, -1.0, 3.25, may_miss=True)
AGE, IS_OPEN = NumericInput("age", 0.0125, -0.3, 40.0), NumericInput("open", 1.0, 0.0, 1.0, words=("no", "yes"))
TOWN = CategoricalInput("town", ("Rome", "none", "9"), "Rome", may_miss=True)
SIZE = CategoricalInput("size", ("s", "m"), "m")
CLASSES = Preprocessing("standard", "classification", (AGE, MISSES, IS_OPEN), (TOWN, SIZE), ("no", "yes", "'\"\\n"),
                        0.0, 1.0, 1.0, 0.0, indicators=("income", "town"))  # fmt: skip
NUMBER = Preprocessing("minmax", "regression", (AGE, MISSES), (), (), 0.0, 1.0, 0.02, -0.5)


def records_of(preprocessing, count=40):
    """Return records with gaps where they may be, as a file has them."""
    rng = np.random.default_rng(3)
    columns = [rng.integers(0, 2, count) if one.words else rng.normal(size=count) * 50 for one in preprocessing.numeric]
    numbers = np.stack(columns, axis=1).astype(np.float64)
    for place, one in enumerate(preprocessing.numeric):
        numbers[::5, place] = np.nan if one.may_miss else numbers[::5, place]
    levels = [column.levels for column in preprocessing.categorical]
    texts = [[own[(row + place) % len(own)] for place, own in enumerate(levels)] for row in range(count)]
    for place, column in enumerate(preprocessing.categorical):
        for row in range(0, count, 7) if column.may_miss else ():
            texts[row][place] = ""
    words = {one.name: list(one.words) for one in preprocessing.numeric if one.words}
    names = [one.name for one in preprocessing.numeric]
    return RawRecords(names, words, numbers, [one.name for one in preprocessing.categorical], texts)


def inputs_of(preprocessing, records):
    """Return what the network is given, written out independently of the code that does so elsewhere."""
    rows = []
    for numbers, texts in zip(records.numbers, records.categories, strict=True):
        row = [
            (one.fill if np.isnan(x) else x) * one.scale + one.offset
            for one, x in zip(preprocessing.numeric, numbers, strict=True)
        ]
        for column, text in zip(preprocessing.categorical, texts, strict=True):
            row += [float((text or column.fill) == level) for level in column.levels]
        for name in preprocessing.indicators:
            known = dict(zip(records.number_names, np.isnan(numbers), strict=True))
            known |= {one: not text for one, text in zip(records.category_names, texts, strict=True)}
            row.append(float(known[name]))
        rows.append(row)
    return np.array(rows)


def made(name, tmp_path, preprocessing, activations, dtype="float32", bias=True, units=5, outputs=3):
    """Return (path of a file, outputs of the engine, records) of a network at random."""
    records = records_of(preprocessing)
    inputs = inputs_of(preprocessing, records)
    sizes = [inputs.shape[1], *[units] * (len(activations) - 1), outputs]
    arrays = dense_arrays(sizes, dtype, bias)
    loss = "cross_entropy" if activations[-1] == "softmax" else "squared_error"
    layers = tuple(LayerSpec(u, a, bias) for u, a in zip(sizes[1:], activations, strict=True))
    spec = NetworkSpec(sizes[0], layers, TrainingSpec(loss=loss, dtype=dtype))
    network = Network(spec)
    network.load(arrays)
    description = described(arrays, spec.to_json(), preprocessing.to_json())._replace(missing_words=("", "none"))
    assert BY_NAME[name].why_not(description) == ""
    path = tmp_path / f"file{BY_NAME[name].suffix}"
    for place in (path, tmp_path / "again"):
        BY_NAME[name].write(description, iter(arrays.values()), place)
    assert path.read_bytes() == (tmp_path / "again").read_bytes()
    return path, network.predict(inputs), records, arrays


def labels_of(outputs, preprocessing):
    threshold = (preprocessing.low + preprocessing.high) / 2
    return [preprocessing.classes[code] for code in classes(outputs, threshold).tolist()]


TEN = [[*HIDDEN[:5], "softmax"], [*HIDDEN[5:], "sigmoid"]]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activations", TEN, ids=["first", "second"])
def test_a_program_gives_the_same_bytes_with_every_activation_gaps_and_categories(tmp_path, activations, dtype):
    path, own, records, arrays = made("script", tmp_path, CLASSES, activations, dtype)
    answers = run_script(path, records, dict.fromkeys(arrays, dtype))
    assert bits(answers.outputs) == bits(own)
    assert answers.labels == labels_of(own, CLASSES)
    assert answers.sha256 == {one.name: one.sha256 for one in described(arrays).tensors}
    assert answers.problem == ""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activations", TEN, ids=["first", "second"])
def test_onnx_goes_from_columns_to_classes_with_every_activation_gaps_and_categories(tmp_path, activations, dtype):
    path, own, records, arrays = made("onnx", tmp_path, CLASSES, activations, dtype)
    answers = run_onnx(path, records, {})
    assert np.abs(answers.outputs - own).max() <= (1e-5 if dtype == "float32" else 1e-12)
    assert answers.outputs.dtype == own.dtype
    assert answers.labels == labels_of(own, CLASSES)
    contents, read = arrays_of(path)
    assert {name: bits(read[name]) for name in arrays} == {name: bits(array) for name, array in arrays.items()}
    (proposal,) = proposals(contents)
    assert [layer.activation for layer in proposal.layers] == activations
    model = onnx.load_model_from_string(path.read_bytes())
    assert {one.domain: one.version for one in model.opset_import} == {"": 13, "ai.onnx.ml": 2}
    assert model.ir_version == 7


@pytest.mark.parametrize("name", ["onnx", "script"])
def test_a_number_and_several_numbers_come_in_their_own_units(tmp_path, name):
    several = (NumberTarget("a", 2.0, 1.0), NumberTarget("b", 0.5, -1.0))
    for place, (targets, outputs) in enumerate([((), 1), (several, 2)]):
        preprocessing = Preprocessing.from_json(NUMBER.to_json() | {"targets": [one.__dict__ for one in targets]})
        (tmp_path / str(place)).mkdir()
        activations = ["tanh", "identity"]
        path, own, records, _ = made(
            name, tmp_path / str(place), preprocessing, activations, "float64", outputs=outputs
        )
        run = run_onnx if name == "onnx" else run_script
        answers = run(path, records, TYPES)
        assert np.abs(answers.outputs - own).max() <= 1e-12
        assert answers.labels is None


TYPES = {f"layer_0{number}.{what}": "float64" for number in (1, 2) for what in ("weight", "bias")}


@pytest.mark.parametrize("name", ["onnx", "script"])
def test_one_output_of_two_classes_is_decided_by_the_threshold(tmp_path, name):
    two = Preprocessing.from_json(CLASSES.to_json() | {"classes": ["no", "yes"], "low": 0.01, "high": 0.99})
    path, own, records, arrays = made(name, tmp_path, two, ["elu", "sigmoid"], outputs=1, bias=False)
    answers = (run_onnx if name == "onnx" else run_script)(path, records, dict.fromkeys(arrays, "float32"))
    assert answers.labels == labels_of(own, two)
    assert len(set(answers.labels)) == 2


def test_a_program_reads_a_csv_and_writes_one_line_for_each_record(tmp_path):
    path, own, records, _ = made("script", tmp_path, NUMBER, ["relu", "identity"], outputs=1)
    texts = [[repr(number).replace("nan", "") for number in row] for row in records.numbers.tolist()]
    lines = ["income,age,more", *(f"{income},{age},x" for age, income in texts)]
    (tmp_path / "records.csv").write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [sys.executable, "-I", str(path), str(tmp_path / "records.csv")], capture_output=True, text=True, check=True
    )
    wanted = (own[:, 0].astype(float) - NUMBER.target_offset) / NUMBER.target_scale
    assert done.stdout.splitlines() == ["prediction", *map(repr, wanted.tolist())]


def test_a_program_says_what_it_cannot_read(tmp_path):
    path, _, records, arrays = made("script", tmp_path, CLASSES, ["relu", "softmax"])
    dtypes = dict.fromkeys(arrays, "float32")
    gap = records._replace(numbers=np.full_like(records.numbers, np.nan))
    assert run_script(path, gap, dtypes).problem == "age: a value is needed"
    odd = records._replace(categories=[["Oslo", "s"]] * 40)
    assert run_script(path, odd, dtypes).problem == "town: 'Oslo' is none of Rome, none, 9"


def test_a_program_with_half_floats_beside_it_has_their_bits(tmp_path):
    arrays = {name: array.astype(numpy_type("bfloat16")) for name, array in dense_arrays([4, 3]).items()}
    spec, zipped = spec_of([4, 3], ["relu"]), BY_NAME["script-zip"]
    description = described(arrays, spec, NUMBER.to_json())
    zipped.write(description, iter(arrays.values()), tmp_path / "file.zip")

    with zipfile.ZipFile(tmp_path / "file.zip") as archive:
        archive.extractall(tmp_path)
    none = RawRecords([], {}, np.empty((0, 0)), [], [])
    found = run_script(tmp_path / "predict.py", none, dict.fromkeys(arrays, "bfloat16")).sha256
    assert found == {one.name: one.sha256 for one in description.tensors}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["keras", "keras-weights"])
def test_files_of_keras_come_back_as_their_layers_to_the_bit(tmp_path, name, dtype):
    activations = [one for one in HIDDEN if one != "gelu"] + ["softmax"]
    path, _, _, arrays = made(name, tmp_path, CLASSES, activations, dtype, units=4)
    contents, read = arrays_of(path)
    (proposal,) = proposals(contents)
    assert [layer.activation for layer in proposal.layers] == activations
    for number, layer in enumerate(proposal.layers, start=1):
        assert bits(read[layer.weight]) == bits(plain(arrays[f"layer_{number:02d}.weight"]))
        assert bits(read[layer.bias]) == bits(arrays[f"layer_{number:02d}.bias"])


def test_the_config_of_keras_is_what_the_reader_reads_as_the_same_layers(tmp_path):
    activations = ["leaky_relu", "silu", "softmax"]
    path, _, _, _ = made("keras", tmp_path, CLASSES, activations)
    contents, _ = arrays_of(path)
    assert [one["activation"] for one in contents.about["chain"]["layers"]] == activations


def test_the_weights_of_keras_are_where_keras_looks_for_them(tmp_path):
    path, _, _, _ = made("keras-weights", tmp_path, CLASSES, ["relu", "softmax"], bias=False)
    with h5py.File(path) as file:
        assert sorted(file["layers"]) == ["dense", "dense_1"]
        assert list(file["layers/dense_1/vars"]) == ["0"]


@pytest.mark.parametrize(
    ("name", "dtype", "activations", "reason"),
    [
        ("keras", "float32", ["gelu", "softmax"], "its gelu is the tanh form"),
        ("keras-weights", "float16", ["relu", "softmax"], "its weights are float16"),
        ("onnx", "bfloat16", ["relu", "softmax"], "its weights are bfloat16"),
        ("script", "float32", ["relu", "softmax"], "it has no preprocessing"),
    ],
)
def test_a_format_says_what_it_cannot_hold(name, dtype, activations, reason):
    arrays = {key: array.astype(numpy_type(dtype)) for key, array in dense_arrays([4, 3, 2]).items()}
    description = described(arrays, spec_of([4, 3, 2], activations))
    assert reason in BY_NAME[name].why_not(description).lower()
    assert "no layers" in BY_NAME[name].why_not(described(arrays))


def test_a_large_program_is_refused_in_favour_of_its_zip():
    arrays = {"layer_01.weight": np.zeros((1100, 1000), "f4")}
    description = described(arrays, spec_of([1100, 1000], ["relu"], bias=False), json.loads("{}") | {"numeric": []})
    assert "take the ZIP" in BY_NAME["script"].why_not(description)
    assert BY_NAME["script-zip"].why_not(description) == ""
