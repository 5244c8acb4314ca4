"""HDF5 and Keras: what is read, and that nothing outside of a file is, whatever the file refers to."""

import contextlib
import io
import json
import random
import tempfile
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from dashboard.errors import TooLarge, UnreadableFile, UserError
from dashboard.formats.keras_chain import keras_chain
from dashboard.formats.keras_names import layer_name, legacy_name, names_in_config, names_of, snake_case
from dashboard.formats.mapping import proposals, why_foreign
from tests.unit.formats.reading_here import SMALL, arrays_of

GOLDEN = Path(__file__).parent.parent.parent / "formats" / "golden"
SECRET = "/etc/hostname"
WEIGHT = np.arange(6, dtype="f4").reshape(2, 3)


def written(path, write, **more):
    """Return the path of an HDF5 file that `write` fills."""
    with h5py.File(path, "w", **more) as file:
        write(file)
    return path


def refusal(path, limits=None):
    with pytest.raises(UserError) as refused:
        arrays_of(path, *([limits] if limits else []))
    assert isinstance(refused.value, UnreadableFile | TooLarge)
    return refused.value.message


def test_every_kind_of_number_and_order_of_bytes_is_read(tmp_path):
    made = {
        "a/b/w": WEIGHT,
        "big": WEIGHT.astype(">f8"),
        "whole": np.array([-(2**63), 2**63 - 1]),
        "flag": np.array([True, False]),
        "scalar": np.float32(2.5),
        "none": np.zeros((0, 3), "f4"),
    }

    def write(file):
        for name, array in made.items():
            file[name] = array
        file.create_dataset("packed", data=WEIGHT, chunks=(1, 3), compression="gzip", shuffle=True, fletcher32=True)

    _, read = arrays_of(written(tmp_path / "file", write))
    for name, array in (made | {"packed": WEIGHT}).items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].shape == np.asarray(array).shape


def test_tensors_come_in_the_order_in_which_people_count(tmp_path):
    def write(file):
        for number in (10, 2, 1):
            file[f"layer_{number}/w"] = WEIGHT

    contents, _ = arrays_of(written(tmp_path / "file", write))
    assert [one.name for one in contents.tensors] == ["layer_1/w", "layer_2/w", "layer_10/w"]


def test_what_lies_in_other_files_is_skipped_before_a_byte_of_it_is_read(tmp_path):
    written(tmp_path / "other", lambda file: file.create_dataset("w", data=WEIGHT))

    def write(file):
        file["own"] = WEIGHT
        file["linked"] = h5py.ExternalLink(str(tmp_path / "other"), "w")
        file["secret"] = h5py.ExternalLink(SECRET, "/")
        file["soft"] = h5py.SoftLink("/own")
        file["dangling"] = h5py.SoftLink("/nowhere")
        file["group/vars"] = h5py.ExternalLink(str(tmp_path / "other"), "/")
        file.create_dataset("outside", (4,), "u1", external=[(SECRET, 0, 4)])
        layout = h5py.VirtualLayout((2, 3), "f4")
        layout[...] = h5py.VirtualSource(str(tmp_path / "other"), "w", (2, 3))
        file.create_virtual_dataset("virtual", layout)

    contents, read = arrays_of(written(tmp_path / "file", write))
    assert list(read) == ["own"]
    reasons = {one.name: one.why for one in contents.skipped}
    assert sorted(reasons) == ["dangling", "group/vars", "linked", "outside", "secret", "soft", "virtual"]
    assert "not followed" in reasons["secret"]
    assert all("another file" in reasons[name] for name in ("outside", "virtual", "linked"))


def test_what_are_no_numbers_is_skipped_and_named(tmp_path):
    def write(file):
        file["own"] = WEIGHT
        file["text"] = "hello"
        file["complex"] = np.ones(2, "c8")
        file["record"] = np.zeros(2, [("a", "f4")])
        file["nothing"] = h5py.Empty("f4")
        file["reference"] = file["own"].ref
        file["long"] = np.ones(2, np.longdouble)
        file.create_dataset("choice", (2,), h5py.enum_dtype({"a": 1, "b": 2}))
        file.create_dataset("lists", (2,), h5py.vlen_dtype(np.int32))
        file["type"] = np.dtype("f8")

    contents, read = arrays_of(written(tmp_path / "file", write))
    assert list(read) == ["own"]
    names = ["choice", "complex", "lists", "long", "nothing", "record", "reference", "text"]
    assert sorted(one.name for one in contents.skipped) == names


def test_a_tensor_with_two_names_and_a_circle_of_groups_are_read_once(tmp_path):
    def write(file):
        file["a/w"] = WEIGHT
        file["b"] = file["a/w"]
        file["a/round"] = file["a"]

    _, read = arrays_of(written(tmp_path / "file", write))
    assert len(read) == 1


def test_large_claims_are_refused_before_reading(tmp_path):
    claimed = written(tmp_path / "a", lambda file: file.create_dataset("w", (10**6, 10**6), "f4", chunks=(1, 1000)))
    assert "unfolds" in refusal(claimed)
    chunk = written(
        tmp_path / "b", lambda file: file.create_dataset("w", (4,), "f4", chunks=(2**29,), maxshape=(None,))
    )
    assert "unfolds" in refusal(chunk, SMALL)
    bomb = written(
        tmp_path / "c", lambda file: file.create_dataset("w", data=np.zeros(2**21, "f4"), compression="gzip")
    )
    assert "unfolds" in refusal(bomb, SMALL)


def test_unknown_filters_and_deep_groups_are_refused(tmp_path):
    packed = written(tmp_path / "a", lambda file: file.create_dataset("w", data=WEIGHT, compression="lzf"))
    assert "packed in an unknown way" in refusal(packed)
    deep = written(tmp_path / "b", lambda file: file.create_dataset("/".join(["g"] * 70) + "/w", data=WEIGHT))
    assert "nested more than 64" in refusal(deep)
    ranks = written(tmp_path / "c", lambda file: file.create_dataset("w", data=np.zeros((1,) * 9)))
    assert "9 axes" in refusal(ranks)
    empty = written(tmp_path / "d", lambda file: file.create_group("x"))
    assert "no tensors" in refusal(empty)


def test_cut_and_changed_files_are_refused_or_read():
    whole, chance = (GOLDEN / "plain.h5").read_bytes(), random.Random(5)
    for place in [0, 7, 8, 100, 2000, *(chance.randrange(len(whole)) for _ in range(10))]:
        assert _read_bytes(whole[:place]) is None
    for _ in range(40):
        place = chance.randrange(len(whole))
        _read_bytes(whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :])


def _read_bytes(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        with contextlib.suppress(UserError):  # whatever else is raised, fails
            return arrays_of(path)
    return None


# ---------------------------------------------------------------- Keras


def keras_file(path, config, arrays, members=None):
    """Write a .keras file with this config and these datasets, and return its path."""
    inner = io.BytesIO()
    with h5py.File(inner, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        archive.writestr("model.weights.h5", inner.getvalue())
        for name, content in (members or {}).items():
            archive.writestr(name, content)
    return path


def dense(name, units, **settings):
    return {"class_name": "Dense", "config": {"name": name, "units": units, "activation": "relu"} | settings}


def sequential(*layers, name="m"):
    return {"class_name": "Sequential", "config": {"name": name, "layers": list(layers)}}


INPUT = {"class_name": "InputLayer", "config": {"batch_shape": [None, 2]}}
TWO = {"layers/dense/vars/0": WEIGHT, "layers/dense/vars/1": np.zeros(3), "layers/dense_1/vars/0": WEIGHT.T}


def test_the_names_that_people_gave_come_from_the_config(tmp_path):
    config = sequential(INPUT, dense("first", 3), dense("second", 2, use_bias=False, activation="softmax"))
    contents, read = arrays_of(keras_file(tmp_path / "a", config, TWO))
    assert list(read) == ["first/kernel", "first/bias", "second/kernel"]
    (only,) = proposals(contents)
    assert [tuple(layer) for layer in only.layers] == [
        ("first/kernel", "first/bias", False, 2, 3, "relu"),
        ("second/kernel", None, False, 3, 2, "softmax"),
    ]


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        ([{"class_name": "Conv2D", "config": {"name": "c"}}], "Conv2D"),
        ([{"class_name": "BatchNormalization", "config": {}}], "BatchNormalization"),
        ([dense("g", 3, activation="gelu")], "gelu"),
        ([dense("g", 3, activation={"class_name": "function", "config": "mine"})], "mine"),
        ([dense("g", 3), {"class_name": "LeakyReLU", "config": {"negative_slope": 0.01}}], "does not follow"),
        ([dense("g", 3, activation="linear"), {"class_name": "LeakyReLU", "config": {}}], "slope 0.3"),
        ([dense("g", 3, activation="linear"), {"class_name": "ReLU", "config": {"max_value": 6}}], "settings"),
        ([dense("g", 3, activation="linear"), {"class_name": "ELU", "config": {"alpha": 2.0}}], "alpha"),
        ([{"class_name": "InputLayer", "config": {"batch_shape": [None, 5, 2]}}, dense("g", 3)], "along an axis"),
        ([], "no dense layer"),
    ],
)
def test_a_model_that_the_engine_does_not_have_says_why(layers, reason):
    found = keras_chain(sequential(*layers))
    assert found.links == ()
    assert reason in found.why


def test_layers_of_their_own_for_activations_and_models_within_models_are_followed():
    leaky = {"class_name": "LeakyReLU", "config": {"negative_slope": 0.01}}
    inner = sequential(dense("d", 3, activation="linear"), leaky, name="inner")
    found = keras_chain(sequential(INPUT, inner, {"class_name": "Dropout", "config": {}}, dense("out", 2)))
    assert [(link.weight, link.activation) for link in found.links] == [
        ("inner/d/kernel", "leaky_relu"), ("out/kernel", "relu"),
    ]  # fmt: skip


def test_a_functional_model_must_be_a_line():
    def layer(name, *sources):
        nodes = [{"args": [{"config": {"keras_history": [one, 0, 0]}} for one in sources], "kwargs": {}}]
        return dense(name, 3) | {"name": name, "inbound_nodes": nodes if sources else []}

    layers = [INPUT | {"name": "i"}, layer("a", "i"), layer("b", "a")]
    model = {"class_name": "Functional", "config": {"layers": layers}}
    assert len(keras_chain(model).links) == 2
    layers.append(layer("c", "a"))
    assert "branch" in keras_chain(model).why


def test_a_file_that_is_changed_is_never_run_but_read_as_text(tmp_path):
    marker = tmp_path / "marker"
    program = {"class_name": "Lambda", "config": {"name": "l", "function": f"open({str(marker)!r}, 'w')"}}
    contents, read = arrays_of(keras_file(tmp_path / "a", sequential(INPUT, program, dense("d", 3)), TWO))
    assert not marker.exists()
    assert len(read) == 3
    assert "Lambda" in why_foreign(contents)


@pytest.mark.parametrize(
    ("config", "members", "reason"),
    [
        ("{", {}, "no sound JSON"),
        ("[" * 100_000, {}, "no sound JSON"),
        ("{}", {"../up": "x"}, "points outside"),
        ("{}", {"other.weights.h5": "x"}, "2 files of weights"),
        ('{"a": 1, "a": 2}', {}, "no sound JSON"),
    ],
)
def test_a_hostile_archive_is_refused(tmp_path, config, members, reason):
    assert reason in refusal(keras_file(tmp_path / "a", config, TWO, members))


@pytest.mark.parametrize("config", ["[]", "3", '{"config": 3}', '{"config": {"layers": [3, {"config": 4}]}}', "{}"])
def test_a_config_of_another_form_leaves_the_names_of_the_file(tmp_path, config):
    _, read = arrays_of(keras_file(tmp_path / "a", config, TWO))
    assert sorted(read) == ["dense/bias", "dense/kernel", "dense_1/kernel"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("model_weights/hidden/sequential/hidden/kernel", "hidden/kernel"),
        ("model_weights/hidden/hidden/kernel:0", "hidden/kernel"),
        ("model_weights/inner/inner/d1/bias:0", "inner/d1/bias"),
        ("model_weights/inner/d1/bias:0", "inner/d1/bias"),
        ("hidden/hidden/kernel:0", "hidden/kernel"),
        ("top", "top"),
    ],
)
def test_names_of_older_files(path, name):
    assert legacy_name(path) == name


@pytest.mark.parametrize(
    ("path", "count", "name"),
    [
        ("layers/dense_3/vars/1", 2, "dense_3/bias"),
        ("layers/conv2d_transpose/vars/0", 1, "conv2d_transpose/kernel"),
        ("layers/lstm/cell/vars/1", 3, "lstm/cell/recurrent_kernel"),
        ("layers/batch_normalization/vars/3", 4, "batch_normalization/moving_variance"),
        ("layers/batch_normalization/vars/0", 3, "batch_normalization/vars/0"),
        ("layers/my_layer/vars/0", 1, "my_layer/vars/0"),
        ("layers/dense/vars/0", 3, "dense/vars/0"),
        ("_layer_checkpoint_dependencies/dense/vars/0", 2, "dense/kernel"),
        ("vars/0", 1, "vars/0"),
        ("0", 1, "0"),
    ],
)
def test_names_of_newer_files(path, count, name):
    assert layer_name(path, {}, count) == name


def test_names_that_would_occur_twice_stay_paths():
    paths = ["layers/dense/vars/0", "layers/dense_1/vars/0"]
    assert names_of(paths, {"layers/dense": "x", "layers/dense_1": "x"}, is_legacy=False) == dict(
        zip(paths, paths, strict=True)
    )


def test_classes_are_written_as_keras_writes_them():
    made = {name: snake_case(name) for name in ("Dense", "Conv2D", "LSTMCell", "BatchNormalization", "PReLU", "GRU")}
    assert list(made.values()) == ["dense", "conv2d", "lstm_cell", "batch_normalization", "p_re_lu", "gru"]
    config = sequential(dense("a", 1), sequential(dense("b", 1), name="n"), dense("c", 1))
    assert names_in_config(config) == {
        "layers/dense": "a",
        "layers/sequential": "n",
        "layers/sequential/layers/dense": "b",
        "layers/dense_1": "c",
    }
