"""What leaves comes back to the bit: every type, rank and name through each format; repeated, the same bytes."""

import json
import tempfile
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.formats.mapping import proposals
from dashboard.formats.odd_nans import odd_nans
from dashboard.formats.types import TYPES, numpy_type
from dashboard.formats.writers.hdf5 import paths_of
from dashboard.weights.dtypes import DTYPES, numpy_dtype
from tests.unit.formats.reading_here import arrays_of, bits
from tests.unit.formats.writing_here import BY_NAME, dense_arrays, described, spec_of, write_here

ANY_TENSORS = ["safetensors", "npz", "hdf5", "pytorch", "csv"]
ODD_NAMES = ["../up", "a", "a.b", "a/b", "A", "layers.dense.vars.0", "__weightbase__", "__weightbase__0", "._x", "é·名"]
names = st.lists(
    st.one_of(
        st.sampled_from([*ODD_NAMES, "x" * 1000, "layer_01.weight", "__MACOSX/x", "a.npy", "?#%20"]),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30),
    ),
    min_size=1,
    max_size=6,
    unique=True,
)


@st.composite
def tensors(draw):
    """Return an array of any type, any rank up to 8 and any bits; a bool has only its two."""
    dtype = numpy_type(draw(st.sampled_from(TYPES)))
    shape = tuple(draw(st.lists(st.integers(0, 3), max_size=4))) + (1,) * draw(st.integers(0, 4))
    count = int(np.prod(shape)) * dtype.itemsize
    raw = np.frombuffer(draw(st.binary(min_size=count, max_size=count)), np.uint8)
    return (raw & 1 if dtype.name == "bool" else raw).view(dtype).reshape(shape)


@pytest.mark.slow
@pytest.mark.parametrize("name", ANY_TENSORS)
@settings(max_examples=30)
@given(data=st.data())
def test_every_type_rank_and_name_comes_back_to_the_bit_and_in_its_order(name, data):
    arrays = {tensor: data.draw(tensors()) for tensor in data.draw(names)}
    with tempfile.TemporaryDirectory() as folder:
        path = write_here(name, arrays, Path(folder) / "file")
        again = write_here(name, arrays, Path(folder) / "again")
        assert path.read_bytes() == again.read_bytes()
        contents, read = arrays_of(path)
    assert contents.format == {"csv": "csv-files"}.get(name, name)
    assert {key: bits(array) for key, array in read.items()} == {key: bits(array) for key, array in arrays.items()}
    assert list(read) == list(arrays)
    assert not any(one.is_optimizer for one in contents.tensors if "optimizer" not in one.name)
    facts = {one.name: one.sha256 for one in described(arrays).tensors}
    assert {one.name: one.sha256 for one in contents.tensors} == facts


@pytest.mark.parametrize("name", ANY_TENSORS)
def test_a_dense_network_states_its_layers_and_comes_back_as_them(name, tmp_path):
    arrays, spec = dense_arrays([5, 5, 5]), spec_of([5, 5, 5], ["gelu", "softmax"])
    contents, _ = arrays_of(write_here(name, arrays, tmp_path / "file", spec))
    (proposal,) = proposals(contents)
    assert [layer.activation for layer in proposal.layers] == ["gelu", "softmax"]
    assert [layer.weight for layer in proposal.layers] == ["layer_01.weight", "layer_02.weight"]
    assert {layer.turned for layer in proposal.layers} == {name == "pytorch"}
    assert not proposal.is_ambiguous
    assert contents.about["weightbase"]["spec"] == spec


def test_a_weight_of_pytorch_is_really_turned(tmp_path):
    arrays = dense_arrays([3, 4])
    _, read = arrays_of(write_here("pytorch", arrays, tmp_path / "file.pt", spec_of([3, 4], ["relu"])))
    assert bits(read["layer_01.weight"]) == bits(np.ascontiguousarray(arrays["layer_01.weight"].T))
    assert read["layer_01.weight"].shape == (4, 3)


def test_a_weight_without_layers_of_ours_is_not_turned(tmp_path):
    arrays = {"fc1.weight": np.arange(6, dtype="f4").reshape(2, 3)}
    _, read = arrays_of(write_here("pytorch", arrays, tmp_path / "file.pt"))
    assert read["fc1.weight"].shape == (2, 3)


def test_the_storages_of_pytorch_begin_at_multiples_of_64(tmp_path):
    arrays = {f"t{size}": np.zeros(size, "u1") for size in (1, 63, 64, 65, 200)}
    with zipfile.ZipFile(write_here("pytorch", arrays, tmp_path / "file.pt")) as archive:
        places = []
        for info in archive.infolist():
            archive.fp.seek(info.header_offset + 26)
            name, extra = (int.from_bytes(archive.fp.read(2), "little") for _ in range(2))
            places.append((info.header_offset + 30 + name + extra) % 64)
    assert places == [0] * len(places)
    assert len(places) == 5 + 4


def test_hdf5_has_the_hierarchy_of_network_version_layer_and_tensor(tmp_path):
    path = write_here("hdf5", dense_arrays([3, 4]), tmp_path / "file.h5")
    with h5py.File(path) as file:
        dataset = file["/a_net/v0003/layer_01/weight"]
        assert dataset.shape == (3, 4)
        assert dataset.attrs["name"] == "layer_01.weight"
        assert len(dataset.attrs["sha256"]) == 64


def test_a_name_that_begins_another_ones_path_gets_a_path_of_its_own():
    paths = paths_of(["a", "a.b", "a.b.c", "up/../x", "x.y"])
    assert paths["a.b.c"] == "a/b/c"
    assert paths["x.y"] == "x/y"
    assert all(paths[name].startswith("tensor_") for name in ("a", "a.b", "up/../x"))
    assert len(set(paths.values())) == 5


def test_numpy_reads_our_arrays_by_their_names(tmp_path):
    arrays = {"a.b": np.arange(3, dtype="i8"), "half": np.ones(2, numpy_type("bfloat16"))}
    with np.load(write_here("npz", arrays, tmp_path / "file.npz"), allow_pickle=False) as read:
        assert read["a.b"].tolist() == [0, 1, 2]
        assert read["half"].dtype == np.float32
        facts = json.loads(read["__weightbase__"].tobytes())
    assert facts["bfloat16"] == ["half"]
    assert facts["sha256"] == "0" * 64


def test_a_file_whose_own_facts_are_changed_is_read_by_what_it_holds(tmp_path):
    arrays = {"w": np.array([1.5, 2.1], "f4"), "b": np.zeros(2, "f4")}
    path = write_here("npz", arrays, tmp_path / "file.npz")
    changed = tmp_path / "changed.npz"
    lies = json.dumps({"bfloat16": ["w", 3], "members": {"w": 5}, "tensors": ["w"], "chain": [1]}).encode()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(changed, "w") as other:
        for name in archive.namelist():
            if name != "__weightbase__.npy":
                other.writestr(name, archive.read(name))
        with other.open("__weightbase__.npy", "w") as file:
            np.lib.format.write_array(file, np.frombuffer(lies, np.uint8))
    _, read = arrays_of(changed)
    assert {key: bits(array) for key, array in read.items()} == {key: bits(array) for key, array in arrays.items()}


def test_the_module_of_pytorch_names_every_activation_and_refuses_what_has_no_layers():
    module = BY_NAME["pytorch-module"]
    assert "no layers" in module.why_not(described({"w": np.zeros(2, "f4")}))
    assert module.why_not(described(dense_arrays([2, 2]), spec_of([2, 2], ["elu"]))) == ""


def test_the_types_that_are_written_are_those_of_tables():
    assert set(TYPES) == set(DTYPES)


def test_a_table_whose_text_is_too_large_to_be_read_back_is_refused_as_csv():
    small = described({"w": np.zeros((2, 2), "f4")})
    large = small._replace(tensors=(small.tensors[0]._replace(shape=(5000, 1001)),))
    assert BY_NAME["csv"].why_not(small) == ""
    assert "more than 5,000,000 weights" in BY_NAME["csv"].why_not(large)


@pytest.mark.parametrize(("dtype", "pattern"), [("float32", 0x7FA00000), ("bfloat16", 0x7FA0), ("float16", 0x7D00)])
def test_a_signalling_nan_is_stated_without_a_warning(dtype, pattern):
    array = np.array([pattern, 0], f"<u{numpy_dtype(dtype).itemsize}").view(numpy_dtype(dtype))
    assert odd_nans(array) == [(0, 1, pattern)]
