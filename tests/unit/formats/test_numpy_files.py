"""npy, npz and skops: every bit of what NumPy and scikit-learn write, and files whose header says what is not so."""

import io
import json
import re
import struct
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dashboard.errors import TooLarge, UnreadableFile
from dashboard.formats.mapping import proposals
from tests.unit.formats.reading_here import SMALL, arrays_of, assert_read_or_refused, bits, flipped_or_cut

GOLDEN = Path(__file__).parent.parent.parent / "formats" / "golden"
TRUTH = json.loads((GOLDEN / "truth.json").read_text())


@pytest.mark.parametrize(
    "name", ["plain.npz", "packed.npz", "one.npy", "classifier.skops", "regressor.skops", "numpy.safetensors"]
)
def test_what_the_frameworks_wrote_is_read_to_the_bit(name):
    only = next(iter(TRUTH[name]["tensors"]))  # an array alone is named after its file
    contents, _ = arrays_of(GOLDEN / name, name=f"{only}.npy")
    read = {
        tensor.name: [tensor.dtype, tensor.source_dtype, list(tensor.shape), tensor.sha256]
        for tensor in contents.tensors
        if not tensor.is_optimizer
    }
    assert read == TRUTH[name]["tensors"]
    assert contents.format == TRUTH[name]["format"]


def test_every_type_of_safetensors_that_torch_wrote_is_read_to_the_bit():
    contents, _ = arrays_of(GOLDEN / "every_type.safetensors")
    read = {one.name: [one.dtype, one.source_dtype, list(one.shape), one.sha256] for one in contents.tensors}
    assert read == TRUTH["every_type.safetensors"]["tensors"]


def test_a_network_of_scikit_learn_keeps_its_activation_and_marks_the_optimizer():
    contents, _ = arrays_of(GOLDEN / "classifier.skops")
    assert contents.about["sklearn"]["activation"] == "relu"
    assert contents.about["sklearn"]["out_activation_"] == "softmax"
    marked = {tensor.name for tensor in contents.tensors if tensor.is_optimizer}
    assert {"_best_coefs.0", "_optimizer.ms.0", "_optimizer.vs.5"} <= marked
    assert "_random_state.state.key" in {one.name for one in contents.skipped}


@pytest.mark.parametrize("name", ["classifier.joblib"])
def test_a_file_of_joblib_is_a_program_and_the_message_turns_it_into_data(name, tmp_path, monkeypatch):
    with pytest.raises(UnreadableFile, match="This file is a program") as refused:
        arrays_of(GOLDEN / name)
    first, second = re.search(r"data: (.*) and then (.*)\. Then send model", refused.value.message).groups()
    made = SimpleNamespace(coefs_=[np.ones((4, 3)), np.ones((3, 2))], intercepts_=[np.zeros(3), np.zeros(2)])
    monkeypatch.chdir(tmp_path)
    exec(f"{first}\n{second}", {"numpy": np, "joblib": SimpleNamespace(load=lambda _: made)})  # as somebody copies them
    contents, _ = arrays_of(tmp_path / "model.npz")
    assert [(layer.inputs, layer.units) for layer in proposals(contents)[0].layers] == [(4, 3), (3, 2)]


def test_an_array_of_objects_is_skipped_and_alone_refused():
    with pytest.raises(UnreadableFile, match="Python objects"):
        arrays_of(GOLDEN / "objects.npz")


def npy(array, version=None):
    """Return the bytes of an array's file."""
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version)
    return file.getvalue()


def npy_header(text, version=1, content=b"", length=None):
    """Return a file with this header, whatever it says."""
    size = struct.pack("<H" if version == 1 else "<I", len(text) if length is None else length)
    return b"\x93NUMPY" + bytes([version, 0]) + size + text.encode() + content


@given(
    arrays.arrays(
        st.sampled_from(["<f2", ">f4", "<f8", ">f8", "<i8", ">i2", "|u1", "|b1", ">u8"]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    ),
    st.booleans(),
    st.sampled_from([(1, 0), (2, 0), (3, 0)]),
)
def test_any_array_is_read_to_the_bit_whatever_its_order(tmp_path_factory, array, is_fortran, version):
    path = tmp_path_factory.getbasetemp() / "any.npy"
    path.write_bytes(npy(np.array(array, order="F" if is_fortran else "C"), version))
    read = arrays_of(path)[1]["any"]
    little = array.astype(array.dtype.newbyteorder("<"))
    assert bits(read) == bits(little)


HEAD = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n"
LIES = {
    "a shape that is larger than the file": npy_header(HEAD.replace("(2,)", "(3,)"), content=bytes(8)),
    "a shape that is smaller than the file": npy_header(HEAD.replace("(2,)", "(1,)"), content=bytes(8)),
    "a shape beyond every number": npy_header(HEAD.replace("(2,)", "(2**62, 2)"), content=bytes(8)),
    "a length below zero": npy_header(HEAD.replace("(2,)", "(-2,)"), content=bytes(8)),
    "a length that is no number": npy_header(HEAD.replace("(2,)", "(2.0,)"), content=bytes(8)),
    "a length that is a truth": npy_header(HEAD.replace("(2,)", "(True,)"), content=bytes(4)),
    "no type": npy_header("{'fortran_order': False, 'shape': (2,)}", content=bytes(8)),
    "a program for a header": npy_header("__import__('os').system('true')", content=bytes(8)),
    "a header that is nested": npy_header("(" * 5000, content=bytes(8)),
    "a header that is longer than the file": npy_header(HEAD, length=60_000),
    "a header that is longer than headers are": npy_header(HEAD + " " * 70_000, 2, bytes(8)),
    "a version that is not known": npy_header(HEAD, 9, bytes(8)),
    "nothing after its first bytes": b"\x93NUMPY",
    "too many axes": npy_header(HEAD.replace("(2,)", "(2,1,1,1,1,1,1,1,1)"), content=bytes(8)),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_array_that_says_what_is_not_so_is_refused_by_its_name(tmp_path, lie):
    (tmp_path / "w.npy").write_bytes(LIES[lie])
    with pytest.raises(UnreadableFile, match="'w'"):
        arrays_of(tmp_path / "w.npy")


@pytest.mark.parametrize(
    ("dtype", "reason"),
    [
        ("complex64", "its type is complex64"),
        ("U3", "its type is text"),
        ("S3", "its type is text"),
        ("V2", "only that its numbers have 2 bytes"),
        ("V5", "its type is records"),
        ([("a", "f4")], "its type is records"),
        ("datetime64[s]", "its type is dates"),
        ("float128", "its type is float128"),
    ],
)
def test_a_type_that_tables_do_not_hold_is_skipped_and_named(tmp_path, dtype, reason):
    np.savez(tmp_path / "file", w=np.zeros(2, np.float32), other=np.zeros(2, dtype))
    contents, read = arrays_of(tmp_path / "file.npz")
    assert set(read) == {"w"}
    assert [one.name for one in contents.skipped] == ["other"]
    assert reason in contents.skipped[0].why


def test_an_array_that_claims_far_more_than_its_file_is_refused_before_it_is_read(tmp_path):
    (tmp_path / "w.npy").write_bytes(npy_header(HEAD.replace("(2,)", f"({2**40},)")))
    with pytest.raises(TooLarge, match="unfolds to more than 64 MB"):
        arrays_of(tmp_path / "w.npy")


def test_a_bomb_of_zeros_is_refused_by_its_claim(tmp_path):
    np.savez_compressed(tmp_path / "bomb", w=np.zeros(8 * 2**20, np.uint8))
    with pytest.raises(TooLarge, match="unfolds to 8 MB; 1 MB is the limit"):
        arrays_of(tmp_path / "bomb.npz", SMALL)


SOUND = io.BytesIO()
np.savez_compressed(SOUND, w=np.arange(6, dtype=np.float32).reshape(2, 3), b=np.array([1, 2], ">i2"))


@given(st.data())
def test_arrays_that_were_cut_or_have_flipped_bits_are_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "flipped.npz"
    path.write_bytes(flipped_or_cut(data, SOUND.getvalue()))
    assert_read_or_refused(path)


def test_a_skops_file_whose_description_is_not_so_is_refused(tmp_path):
    def attempt(schema):
        with zipfile.ZipFile(tmp_path / "file", "w") as archive:
            archive.writestr("schema.json", schema)
        with pytest.raises(UnreadableFile) as refused:
            arrays_of(tmp_path / "file")
        return refused.value.message

    array = {"__loader__": "NdArrayNode", "type": "numpy", "file": "../1.npy"}
    assert "is missing in the file" in attempt(json.dumps({"content": {"coefs_": array}}))
    nested = "null"
    for _ in range(100):
        nested = f'{{"content": {{"a": {nested}}}}}'
    assert "nested too deeply" in attempt(nested)
    assert "no sound JSON" in attempt('{"content": ')
    assert "no sound JSON" in attempt('{"content": 1, "content": 2}')
    assert "describes no object" in attempt("[]")
    assert "no tensors" in attempt("{}")
