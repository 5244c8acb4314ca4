"""Files that nobody's program writes: each is refused in words that name what is wrong, or read as what it is."""

import io
import json
import os
import struct
import zipfile

import h5py
import ml_dtypes
import numpy as np
import pytest
from onnx import helper, numpy_helper

from dashboard.errors import TooLarge, UnknownFormat, UnreadableFile, UserError
from tests.unit.formats import torch_files
from tests.unit.formats.reading_here import arrays_of, safetensors_file

SEQUENTIAL = '{"class_name": "Sequential", "config": {"layers": [%s]}}'
CENTRAL = b"PK\x01\x02"


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


GOOD = npy(np.arange(4, dtype="f4"))


def npy_said(description="'<f4'", shape="(1,)", is_fortran=False, content=bytes(4)):
    head = f"{{'descr': {description}, 'fortran_order': {is_fortran}, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + content


def packed(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def packed_but(start, content):
    """Return a ZIP of one array, in whose list of members some bytes are others."""
    whole = bytearray(packed({"w.npy": GOOD}))
    place = whole.find(CENTRAL) + start
    whole[place : place + len(content)] = content
    return bytes(whole)


def tensors_said(content=bytes(4), **changes):
    return safetensors_file({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], **changes}}, content)


def own_zip(**changes):
    entry = {"name": "w", "dtype": "float32", "shape": [1, 1], "file": "w.csv", "sha256": "0" * 64, **changes}
    return packed({"version.json": json.dumps({"tensors": [entry]}), "w.csv": "1\n"})


def skops(schema):
    return packed({"schema.json": json.dumps(schema)})


def keras(config):
    file = io.BytesIO()
    with h5py.File(file, "w") as made:
        made["layers/dense/vars/0"] = np.zeros((2, 3), "f4")
    return packed({"config.json": config, "metadata.json": "{}", "model.weights.h5": file.getvalue()})


def onnx(*nodes):
    """Return a model whose one layer is followed by nodes from h to y."""
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w"], ["h"]), *nodes], "g",
        [helper.make_tensor_value_info("x", 1, [None, 2])], [helper.make_tensor_value_info("y", 1, None)],
        [numpy_helper.from_array(np.zeros((2, 3), "f4"), "w"), numpy_helper.from_array(np.array(1e308), "big")],
    )  # fmt: skip
    return helper.make_model(graph).SerializeToString()


REFUSED = {
    "a ZIP whose member claims 4 GB": (packed_but(20, b"\xff" * 8), TooLarge, "unfolds to"),
    "a ZIP whose two names of a member differ": (
        packed({"w.npy": GOOD}).replace(b"w", b"v", 1), UnreadableFile, "w.npy",
    ),
    "a ZIP whose member begins beyond its end": (packed_but(42, b"\xf0\xff\xff\x7f"), UnreadableFile, "w.npy"),
    "a ZIP with a name that is no UTF-8": (
        packed({"é.npy": GOOD}).replace("é".encode(), b"\xff\xfe"), UnreadableFile, "damaged",
    ),
    "a ZIP with a wrong CRC": (packed({"w.npy": GOOD}).replace(GOOD[-4:], b"1234", 1), UnreadableFile, "w.npy"),
    "a ZIP with nothing in it": (packed({}), UnknownFormat, "none of the formats"),
    "a ZIP behind a program": (b"MZ" + bytes(100) + packed({"w.npy": GOOD}), UnknownFormat, "a program"),
    "a name of 60,000 characters": (packed({"n" * 60_000 + ".npy": GOOD}), UnreadableFile, "60,000 characters"),
    "an array without a name": (packed({".npy": GOOD}), UnreadableFile, "its name is empty"),
    "an array without a byte": (packed({"w.npy": b""}), UnreadableFile, "'w'"),
    "a shape that no array has": (npy_said(shape=f"(0, {2**61})", is_fortran=True), UnreadableFile, "no array has"),
    "a shape in 5,000 digits": (npy_said(shape=f"({'9' * 5000},)"), UnreadableFile, "no sound .npy header"),
    "a shape behind 30,000 signs": (npy_said(shape=f"({'-' * 30_000}1,)"), UnreadableFile, "no sound .npy header"),
    "a shape as a list": (npy_said(shape="[1]"), UnreadableFile, "no sound .npy header"),
    "a float without bytes": (npy_said("'<f0'"), UnreadableFile, "float0"),
    "a type as bytes": (npy_said("b'<f4'"), UnreadableFile, "records"),
    "safetensors with a shape that no array has": (
        tensors_said(b"", shape=[0, 2**61], data_offsets=[0, 0]), UnreadableFile, "no array has",
    ),
    "safetensors of 4-bit floats": (tensors_said(dtype="F4", shape=[8]), UnreadableFile, "F4"),
    "safetensors with offsets as floats": (tensors_said(data_offsets=[0.0, 4.0]), UnreadableFile, "no sound"),
    "safetensors with a name that ends early": (
        safetensors_file(b'{"a\\u0000b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)),
        UnreadableFile, "not valid text",
    ),
    "safetensors nested 100,000 deep": (safetensors_file(b'{"a":' + b"[" * 100_000), UnreadableFile, "no sound"),
    "a pointer of Git LFS": (b"version https://git-lfs.github.com/spec/v1\nsize 5\n", UnknownFormat, "git lfs pull"),
    "our ZIP with a file outside": (own_zip(file="../w.csv"), UnreadableFile, "version.json"),
    "our ZIP with a shape of truths": (own_zip(shape=[True, True]), UnreadableFile, "version.json"),
    "our ZIP with a name that is a list": (own_zip(name=["w"]), UnreadableFile, "version.json"),
    "skops with a file outside": (
        skops({"content": {"coefs_": {"__loader__": "NdArrayNode", "type": "numpy", "file": "../../etc/passwd"}}}),
        UnreadableFile, "is missing",
    ),
    "skops that holds itself": (
        skops({"__id__": 1, "content": {"__id__": 1, "__loader__": "CachedNode", "content": {"__id__": 1}}}),
        UnreadableFile, "no tensors",
    ),
    "Keras nested 5,000 deep": (keras('{"config":' * 5000 + "1" + "}" * 5000), UnreadableFile, "no sound JSON"),
    "Keras with half a pair of surrogates": (
        keras(SEQUENTIAL % '{"class_name": "Dense", "config": {"name": "\\ud800"}}'),
        UnreadableFile, "not valid text",
    ),
    "HDF5 of nothing but its first bytes": (b"\x89HDF\r\n\x1a\n" + bytes(2000), UnreadableFile, "damaged"),
    "ONNX of 5,000 groups": (b"\x08\x0a\x3a" + b"\x0b" * 5000, UnreadableFile, "no sound ONNX"),
    "a number of a million digits and a word": (b"1" * 10**6 + b"\nx\n", UnreadableFile, "'x', not a number"),
    "a quote that never ends": (b'"1,2\n3,4\n', UnreadableFile, "quoted wrongly"),
    "digits of another script": ("１,２\n３,４\n".encode(), UnreadableFile, "not a number"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_a_file_is_refused_in_words(tmp_path, kind):
    content, error, words = REFUSED[kind]
    (tmp_path / "w").write_bytes(content)
    with pytest.raises(UserError) as refused:
        arrays_of(tmp_path / "w")
    assert isinstance(refused.value, error)
    assert words in refused.value.message


@pytest.mark.parametrize(
    ("opcodes", "words"),
    [
        (b"\x80\x02}r\xff\xff\xff\x7f.", "damaged"),
        (b"\x80\x02\x8b\xff\xff\xff\x7f.", "damaged"),
        (b"\x80\x02L" + b"9" * 100_000 + b"L\n.", "damaged"),
        (b"\x80\x02\x82\x01.", "EXT1"),
        (b"\x80\x05\x97.", "NEXT_BUFFER"),
        (b"\x80\x04K\x01K\x02\x93.", "damaged"),
        (b"(ios\nsystem\n.", "os.system"),
        (torch_files.state(w=torch_files.tensor((1,), (1,), 2**70)), "beyond its storage"),
        (torch_files.state(w=torch_files.tensor(of=torch_files.storage("../0"))), "missing"),
        (torch_files.state(w=torch_files.tensor(of=torch_files.storage(length="6"))), "without a sound length"),
    ],
)
def test_a_pickle_that_no_program_writes_is_refused(tmp_path, opcodes, words):
    with pytest.raises(UnreadableFile) as refused:
        arrays_of(torch_files.zip_file(tmp_path / "a.pt", opcodes))
    assert words in refused.value.message


def test_an_order_of_bytes_that_is_not_known_is_refused(tmp_path):
    whole = torch_files.state(w=torch_files.tensor())
    with pytest.raises(UnreadableFile, match="no known order of bytes"):
        arrays_of(torch_files.zip_file(tmp_path / "a.pt", whole, extra={"byteorder": b"middle"}))


@pytest.mark.parametrize(
    "nodes",
    [
        [helper.make_node("Max", ["h"] * 100_000, ["y"])],
        [helper.make_node("Pow", ["h", "big"], ["p"]), helper.make_node("Exp", ["p"], ["y"])],
        [helper.make_node("Mul", ["h", "y"], ["y"]), helper.make_node("Exp", ["y"], ["y"])],
        [helper.make_node("Where", ["h"], ["y"])],
        [helper.make_node("Constant", [], ["c"]), helper.make_node("Mul", ["h", "c"], ["y"])],
    ],
)
def test_a_formula_that_makes_no_sense_leaves_the_tensors(tmp_path, nodes):
    (tmp_path / "w").write_bytes(onnx(*nodes))
    contents, arrays = arrays_of(tmp_path / "w")
    assert set(arrays) == {"w", "big"}
    assert contents.about["chain"]["layers"] == []


def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "w.npy")
    with pytest.raises(UnreadableFile, match="a link or a device"):
        arrays_of(tmp_path)


def test_of_types_that_numpy_lacks_only_the_one_that_is_certain_is_read(tmp_path):
    kinds = ("bfloat16", "float8_e4m3fn", "float8_e5m2")
    members = {f"{name}.npy": npy(np.array([1.5, -2], getattr(ml_dtypes, name))) for name in kinds}
    (tmp_path / "file.npz").write_bytes(packed(members))
    contents, arrays = arrays_of(tmp_path / "file.npz")
    assert {name: array.tolist() for name, array in arrays.items()} == {"float8_e5m2": [1.5, -2]}
    (only,) = contents.tensors
    assert (only.dtype, only.source_dtype) == ("float16", "float8_e5m2")
    reasons = {one.name: one.why for one in contents.skipped}
    assert "2 bytes, be they bfloat16" in reasons["bfloat16"]
    assert "1 byte, be they a float8" in reasons["float8_e4m3fn"]
