"""PyTorch's files without PyTorch: what is read, and that nothing of a file is executed, whatever it holds."""

import contextlib
import pickle
import pickletools
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.errors import TooLarge, UnknownFormat, UnreadableFile, UserError
from tests.unit.formats.reading_here import SMALL, arrays_of
from tests.unit.formats.torch_files import (
    MAGIC,
    legacy_file,
    named,
    state,
    storage,
    tensor,
    value,
    zip_file,
)

GOLDEN = Path(__file__).parent.parent.parent / "formats" / "golden"
NUMBERS = np.arange(6, dtype="<f4")


def refusal(path):
    """Return the message with which a file is refused."""
    with pytest.raises(UserError) as refused:
        arrays_of(path)
    assert isinstance(refused.value, UnreadableFile | TooLarge | UnknownFormat)
    assert refused.value.status in {413, 415, 422}
    return refused.value.message


class Runs:
    """Makes a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def test_both_forms_hold_the_same_numbers(tmp_path):
    data = state(w=tensor(), t=tensor((3, 2), (1, 3)), part=tensor((2,), (3,), 1), none=tensor((0, 4), (4, 1)))
    raw = NUMBERS.tobytes()
    zipped = zip_file(tmp_path / "a", data, {"0": raw})
    legacy = legacy_file(tmp_path / "b", data, content=struct.pack("<q", 6) + raw)
    for path in (zipped, legacy):
        _, read = arrays_of(path)
        whole = NUMBERS.reshape(2, 3)
        assert {name: array.tolist() for name, array in read.items()} == {
            "w": whole.tolist(), "t": whole.T.tolist(), "part": [1.0, 4.0], "none": [],
        }  # fmt: skip


def test_a_big_endian_file_is_turned(tmp_path):
    path = zip_file(tmp_path / "a", state(w=tensor()), {"0": NUMBERS.astype(">f4").tobytes()}, {"byteorder": b"big"})
    _, read = arrays_of(path)
    assert read["w"].tolist() == NUMBERS.reshape(2, 3).tolist()


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("write", [zip_file, legacy_file])
def test_code_in_a_file_is_never_run(tmp_path, protocol, write):
    marker = tmp_path / "marker"
    path = write(tmp_path / "file", pickle.dumps({"w": Runs(marker)}, protocol))
    assert "is a program" in refusal(path)
    assert not marker.exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_code_in_a_bare_pickle_is_never_run(tmp_path, protocol):
    marker, path = tmp_path / "marker", tmp_path / "file"
    path.write_bytes(pickle.dumps(Runs(marker), protocol))
    assert refusal(path)
    assert not marker.exists()


@pytest.mark.parametrize(
    "opcodes",
    [
        named("os", "system") + b"(" + value("touch marker") + b"tR",
        b"(" + value("touch marker") + b"ios\nsystem\n",
        b"(" + named("os", "system") + value("touch marker") + b"o",
        named("torch._utils", "_rebuild_tensor_v2.__globals__") + b".",
        named("collections", "OrderedDict.__init__"),
        named("torch", "load") + b"(" + value("x") + b"tR",
        named("builtins", "eval") + b"(" + value("1") + b"tR",
        named("builtins", "getattr"),
        named("torch.hub", "load"),
        value("os") + value("system") + b"\x93",
        b"\x82\x01",
        named("torch._tensor", "_rebuild_from_type_v2") + b"(" + value(len) * 0 + named("os", "system") + b"N)NtR",
    ],
)
def test_only_what_is_listed_exactly_may_be_named(tmp_path, opcodes):
    assert "program" in refusal(zip_file(tmp_path / "file", state(w=opcodes)))


@pytest.mark.parametrize(
    "opcodes",
    [
        named("collections", "OrderedDict") + b"}" + value("build") + named("torch", "device") + b"sb",
        named("collections", "OrderedDict") + b"N}" + value("name") + value("x") + b"s\x86b",
        named("torch", "FloatStorage") + b")R",
        named("torch._utils", "_rebuild_tensor_v2") + b")R",
        named("_codecs", "encode") + b"(" + value("x") + value("rot13") + b"tR",
    ],
)
def test_the_stand_ins_can_neither_be_changed_nor_called_wrongly(tmp_path, opcodes):
    assert refusal(zip_file(tmp_path / "file", state(w=opcodes)))


@pytest.mark.parametrize(
    ("opcodes", "reason"),
    [
        (tensor((2, 4), (4, 1)), "beyond its storage"),
        (tensor((2, 3), (3, 1), offset=1), "beyond its storage"),
        (tensor((2, 3), (-3, 1)), "cannot be"),
        (tensor((2, 3), (3, 1), offset=-1), "cannot be"),
        (tensor((2, 3), (3,)), "beyond its storage"),
        (tensor((-2, 3), (3, 1)), "cannot be"),
        (tensor((2.0, 3), (3, 1)), "cannot be"),
        (tensor(("2", 3), (3, 1)), "cannot be"),
        (tensor((2,) * 9, (0,) * 9), "9 axes"),
        (tensor((2**70, 0), (0, 0)), "cannot be"),
        (tensor((70_000,), (0,)), "70,000 numbers out of 6"),
        (tensor((10**10,), (0,)), "unfolds"),
        (tensor(of=storage(length=-1)), "sound length"),
        (tensor(of=storage(length="6")), "sound length"),
        (tensor(of=storage(length=2**62)), "sound length"),
        (tensor(of=storage(length=7)), "24 bytes, and should have 28"),
        (tensor(of=storage(key="1")), "missing"),
        (tensor(of=storage(key="../version")), "missing"),
        (tensor(of=value("storage")), "without a storage"),
        (tensor(of=value(("storage",)) + b"Q"), "no storage"),
        (tensor(of=storage(kind="Storage")), "program"),
    ],
)
def test_a_tensor_that_is_not_in_its_storage_is_refused(tmp_path, opcodes, reason):
    assert reason in refusal(zip_file(tmp_path / "file", state(w=opcodes)))


def test_a_storage_of_two_types_is_refused(tmp_path):
    data = state(a=tensor(), b=tensor(of=storage(kind="IntStorage")))
    assert "two types" in refusal(zip_file(tmp_path / "file", data))


def test_tensors_with_a_sign_kept_aside_are_skipped(tmp_path):
    lazy = b"}" + value("neg") + b"\x88s"
    contents, read = arrays_of(zip_file(tmp_path / "file", state(w=tensor(), n=tensor(lazy=lazy))))
    assert list(read) == ["w"]
    assert contents.skipped[0].name == "n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x80\x02}" + value("w") + b"h\x00s.", ""),
        (b"\x80\x02]q\x01h\x01a.", "contains itself"),
        (b"\x80\x02}q\x01" + value("w") + b"h\x01s.", "contains itself"),
        (b"\x80\x02)" + b"\x85" * 200_000 + b".", "nested more than 64"),
        (b"\x80\x02" + b"]" * 100 + b"a" * 99 + b".", "nested more than 64"),
        (b"\x80\x02]r\xff\xff\xff\x7f.", "damaged"),
        (b"\x80\x02](K\x01p2000000000\n0.", "damaged"),
        (b"\x80\x02\x8b" + struct.pack("<i", 1000) + b"\x01" * 1000 + b".", "more digits"),
        (b"\x80\x02}(" + b"K\x01" * 3 + b"u.", "damaged"),
        (b"\x80\x0200.", "damaged"),
        (b"\x80\x02t.", "damaged"),
        (b"\x80\x02}.", "no tensors"),
        (b"\x80\x02K\x01.", "no tensors"),
        (b"", "damaged"),
        (b".", "damaged"),
        (b"\x80\x02}", "damaged"),
    ],
)
def test_a_pickle_that_is_no_plain_data_is_refused(tmp_path, data, reason):
    assert reason in refusal(zip_file(tmp_path / "file", data))


@pytest.mark.slow
def test_ever_more_objects_out_of_few_bytes_are_refused(tmp_path):
    doubling = b"\x80\x02]q\x00" + b"".join(
        b"](" + b"h" + bytes([n]) + b"h" + bytes([n]) + b"eq" + bytes([n + 1]) for n in range(40)
    )
    assert "objects" in refusal(zip_file(tmp_path / "file", doubling + b"."))


def test_the_zip_must_be_one_of_weights(tmp_path):
    twice = zip_file(tmp_path / "twice", state(w=tensor()))
    with zipfile.ZipFile(twice, "a") as archive:
        archive.writestr("other/data.pkl", state(w=tensor()))
    assert "2 files data.pkl" in refusal(twice)
    script = zip_file(tmp_path / "script", state(w=tensor()), extra={"constants.pkl": b""})
    assert "TorchScript" in refusal(script)


@pytest.mark.parametrize(
    ("keys", "content", "reason"),
    [
        (("0",), struct.pack("<q", 6) + bytes(23), "should have"),
        (("0",), struct.pack("<q", 6) + bytes(25), "should have"),
        (("0",), struct.pack("<q", 7) + bytes(28), "not those"),
        (("0",), struct.pack("<q", -1), "not those"),
        (("0", "0"), struct.pack("<q", 6) + bytes(24), "not those"),
        (("1",), struct.pack("<q", 6) + bytes(24), "not those"),
        ((), b"", "missing"),
    ],
)
def test_a_stream_whose_storages_are_not_those_of_its_tensors_is_refused(tmp_path, keys, content, reason):
    assert reason in refusal(legacy_file(tmp_path / "file", state(w=tensor()), keys, content))


def test_numbers_of_numpy_beside_the_weights_are_read_as_data(tmp_path):
    whole = {"state_dict": {"w": np.arange(6.0).reshape(2, 3).T}, "loss": np.float32(0.5), "epoch": 3, "name": "x"}
    path = zip_file(tmp_path / "file", pickle.dumps(whole, 2))
    contents, read = arrays_of(path)
    assert read["w"].tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
    assert (contents.about["epoch"], contents.about["metrics"]) == (3, {"loss": 0.5})
    objects = zip_file(tmp_path / "objects", pickle.dumps({"a": np.array([{}], object), "w": np.ones(2)}, 2))
    contents, read = arrays_of(objects)
    assert list(read) == ["w"]
    assert contents.skipped[0].name == "a"


@pytest.mark.parametrize(
    ("whole", "names", "training"),
    [
        ({"model": {"fc.w": 0}, "optimizer": {"state": {0: {"m": 0}}, "param_groups": []}}, ["fc.w"], 1),
        ({"net": {"module.fc.w": 0, "module.fc.b": 0}}, ["fc.w", "fc.b"], 0),
        ({"state_dict": {"_orig_mod.module.w": 0}}, ["w"], 0),
        ({"generator": {"w": 0}, "discriminator": {"w": 0}}, ["generator.w", "discriminator.w"], 0),
        ({"generator": {"w": 0}, "opt": {"state": {0: {"m": 0}}, "param_groups": [{}]}}, ["generator.w"], 1),
        ({"module": {"w": 0}, "scheduler": {"x": 0}, "rng": [0]}, ["w"], 1),
        ([0, [0]], ["0", "1.0"], 0),
        ({1: {2: 0}}, ["1.2"], 0),
    ],
)
def test_the_names_are_those_of_the_network_wherever_a_checkpoint_keeps_it(tmp_path, whole, names, training):
    array = np.ones(2, "f4")

    def filled(part):
        if isinstance(part, dict):
            return OrderedDict((key, filled(one)) for key, one in part.items())
        return [filled(one) for one in part] if isinstance(part, list) else array

    contents, _ = arrays_of(zip_file(tmp_path / "file", pickle.dumps(filled(whole), 2)))
    assert [one.name for one in contents.tensors if not one.is_optimizer][: len(names)] == names
    assert sum(one.is_optimizer for one in contents.tensors) >= training


def test_a_dot_in_the_name_of_a_single_number_makes_no_network_beside_the_others(tmp_path):
    plain = state(**{"bn.num_batches_tracked": tensor((), ()), "scale": tensor((), ())})
    contents, read = arrays_of(zip_file(tmp_path / "file", plain, {"0": NUMBERS.tobytes()}))
    assert list(read) == ["bn.num_batches_tracked", "scale"]
    assert (contents.skipped, contents.about) == ((), {"producer": "PyTorch"})


def test_a_single_number_beside_the_network_is_offered_as_a_metric(tmp_path):
    one = tensor((), ())
    inner = b"}" + value("w") + tensor() + b"s"
    path = zip_file(tmp_path / "file", state(model=inner, best_accuracy=one), {"0": (NUMBERS + 1).tobytes()})
    contents, read = arrays_of(path)
    assert list(read) == ["w"]
    assert contents.about["metrics"] == {"best_accuracy": 1.0}
    assert contents.skipped[0].name == "best_accuracy"


@pytest.mark.parametrize("file", ["mlp.pt", "every_type_legacy.pt"])
@given(data=st.data())
def test_a_cut_or_changed_file_is_refused_in_words_or_read(tmp_path_factory, file, data):
    whole = (GOLDEN / file).read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.booleans())
    changed = (
        whole[:place]
        if cut
        else whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    )
    path = tmp_path_factory.mktemp("changed") / "file"
    path.write_bytes(changed)
    if cut:
        refusal(path)
    else:
        with contextlib.suppress(UserError):  # whatever else is raised, fails
            arrays_of(path, SMALL)


def test_no_opcode_of_a_golden_file_makes_objects_in_another_way():
    data = (GOLDEN / "every_type_legacy.pt").read_bytes()
    assert data.startswith(MAGIC)
    names = {opcode.name for opcode, _, _ in pickletools.genops(data[len(MAGIC) :])}
    assert not names & {"NEWOBJ", "INST", "OBJ", "STACK_GLOBAL"}
