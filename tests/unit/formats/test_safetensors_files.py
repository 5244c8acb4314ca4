"""safetensors: every bit of every type, and files whose header says what is not so."""

import dataclasses
import json

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import save, save_file

from dashboard.errors import TooLarge, UnreadableFile, UserError
from dashboard.formats.limits import Limits
from dashboard.formats.types import TYPES, WIDENED, numpy_type
from dashboard.weights.dtypes import DTYPES
from tests.unit.formats.reading_here import SMALL, arrays_of, bits, safetensors_file

ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


def test_the_types_of_files_are_those_of_tables():
    assert set(TYPES) == set(DTYPES)


@pytest.mark.parametrize("name", [name for name in TYPES if name != "bfloat16"])
def test_every_type_and_rank_is_read_to_the_bit(tmp_path, name):
    random = np.random.default_rng(1)
    dtype = numpy_type(name)
    made = {
        f"rank {rank}": random.integers(0, 2 if name == "bool" else 256, (*shape, dtype.itemsize), np.uint8)
        .view(dtype)
        .reshape(shape)
        for rank, shape in enumerate([(), (5,), (2, 3), (2, 0, 4), (1, 2, 3, 4)])
    }
    save_file(made, tmp_path / "file")
    contents, read = arrays_of(tmp_path / "file")
    assert {one: bits(array) for one, array in read.items()} == {one: bits(array) for one, array in made.items()}
    assert contents.format == "safetensors"
    assert {tensor.source_dtype for tensor in contents.tensors} == {name}


def test_bfloat16_keeps_its_bits(tmp_path):
    raw = np.arange(2**16, dtype="<u2").tobytes()  # every one there is, NaN payloads included
    entry = {"dtype": "BF16", "shape": [256, 256], "data_offsets": [0, 2**17]}
    (tmp_path / "file").write_bytes(safetensors_file({"w": entry}, raw))
    _, read = arrays_of(tmp_path / "file")
    assert bits(read["w"]) == ("bfloat16", (256, 256), raw)


@pytest.mark.parametrize(
    ("code", "name"),
    [("F8_E4M3", "float8_e4m3fn"), ("F8_E5M2", "float8_e5m2"), ("F8_E8M0", "float8_e8m0fnu")],
)
def test_float8_is_widened_to_the_same_numbers(tmp_path, code, name):
    raw = np.arange(256, dtype=np.uint8)
    entry = {"dtype": code, "shape": [256], "data_offsets": [0, 256]}
    (tmp_path / "file").write_bytes(safetensors_file({"w": entry}, raw.tobytes()))
    contents, read = arrays_of(tmp_path / "file")
    small = raw.view(getattr(ml_dtypes, name)).astype(np.float64)
    assert contents.tensors[0].dtype == WIDENED[name] == read["w"].dtype.name
    assert contents.tensors[0].source_dtype == name
    np.testing.assert_array_equal(read["w"].astype(np.float64), small)


def test_the_optimizers_tensors_are_marked_and_types_without_tables_are_skipped(tmp_path):
    header = {
        "fc.weight": ENTRY,
        "optimizer.state.0.exp_avg": {"dtype": "F32", "shape": [2], "data_offsets": [8, 16]},
        "z": {"dtype": "C64", "shape": [1], "data_offsets": [16, 24]},
        "__metadata__": {"format": "pt"},
    }
    (tmp_path / "file").write_bytes(safetensors_file(header, bytes(24)))
    contents, _ = arrays_of(tmp_path / "file")
    assert {tensor.name: tensor.is_optimizer for tensor in contents.tensors} == {
        "fc.weight": False,
        "optimizer.state.0.exp_avg": True,
    }
    assert [tuple(one) for one in contents.skipped] == [("z", "its type is C64, which tables do not hold")]
    assert contents.about == {"metadata": {"format": "pt"}}


LIES = {
    "overlapping tensors": safetensors_file(
        {"a": ENTRY, "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, bytes(12)
    ),
    "a hole": safetensors_file({"a": ENTRY, "b": {"dtype": "F32", "shape": [2], "data_offsets": [12, 20]}}, bytes(20)),
    "bytes after the last tensor": safetensors_file({"a": ENTRY}, bytes(9)),
    "too few bytes": safetensors_file({"a": ENTRY}, bytes(7)),
    "another size than its shape has": safetensors_file({"a": ENTRY | {"shape": [3]}}, bytes(8)),
    "a shape below zero": safetensors_file({"a": ENTRY | {"shape": [-2]}}, bytes(8)),
    "a shape beyond every number": safetensors_file({"a": ENTRY | {"shape": [2**62, 2**62]}}, bytes(8)),
    "offsets that run backwards": safetensors_file({"a": ENTRY | {"data_offsets": [8, 0]}}, bytes(8)),
    "a header that is longer than the file": b"\xff\0\0\0\0\0\0\0{}",
    "a header that is no JSON": safetensors_file(b'{"a": ', bytes(8)),
    "a header that is nested": safetensors_file(b"{" + b'"a":{' * 100_000, b""),
    "one name twice": safetensors_file(json.dumps({"a": ENTRY, "b": ENTRY}).replace('"b"', '"a"').encode(), bytes(8)),
    "a type that nobody knows": safetensors_file({"a": ENTRY | {"dtype": "F33"}}, bytes(8)),
    "too many axes": safetensors_file({"a": ENTRY | {"shape": [2, *[1] * 9]}}, bytes(8)),
    "too long a name": safetensors_file({"a" * 1025: ENTRY}, bytes(8)),
    "no tensor": safetensors_file({}),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_file_that_says_what_is_not_so_is_refused_with_a_reason(tmp_path, lie):
    (tmp_path / "file").write_bytes(LIES[lie])
    with pytest.raises(UnreadableFile) as refused:
        arrays_of(tmp_path / "file")
    assert (refused.value.status, refused.value.code, refused.value.field) == (422, "unreadable", "file")
    assert len(refused.value.message) > 20


def test_too_many_tensors_and_too_large_a_file_are_refused_by_their_limits(tmp_path):
    save_file({f"t{number}": np.zeros(1, np.uint8) for number in range(101)}, tmp_path / "many")
    assert Limits().tensors == 10_000
    with pytest.raises(TooLarge, match="more than 100 tensors"):
        arrays_of(tmp_path / "many", dataclasses.replace(Limits(), tensors=100))
    save_file({"w": np.zeros(2**20 + 1, np.uint8)}, tmp_path / "large")
    with pytest.raises(TooLarge, match=r"1 MB are the most\. Raise WEIGHTBASE_MAX_UPLOAD_MB"):
        arrays_of(tmp_path / "large", SMALL)


SOUND = save({"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.arange(4, dtype=np.int8)}, {"k": "v"})


@given(st.data())
def test_a_file_that_was_cut_or_has_flipped_bits_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "flipped.safetensors"
    changed = bytearray(SOUND)
    for _ in range(data.draw(st.integers(0, 3))):
        changed[data.draw(st.integers(0, len(SOUND) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(changed[: data.draw(st.integers(0, len(SOUND)))])
    try:
        contents, read = arrays_of(path, Limits())
    except UserError as error:
        assert error.status in {413, 415, 422}  # noqa: PT017 - either may be
    else:
        assert {tensor.name for tensor in contents.tensors} == set(read)


@given(arrays.arrays(st.sampled_from(["<f4", "<f8", "<i8", "|u1"]), arrays.array_shapes(min_dims=0, min_side=0)))
def test_whatever_the_library_writes_is_read_to_the_bit(tmp_path_factory, array):
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    save_file({"any": array}, path)
    assert bits(arrays_of(path)[1]["any"]) == bits(array)
