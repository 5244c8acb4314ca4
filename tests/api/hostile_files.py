"""Hostile files of weights of every kind of every format, each made by a function of a folder."""

import pickle
import struct
import zipfile
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import onnx

from tests.unit.formats import test_csv_files_of_weights as tables
from tests.unit.formats import test_hdf5_files as hdf5
from tests.unit.formats import test_hostile_files as further
from tests.unit.formats import test_numpy_files as arrays
from tests.unit.formats import test_onnx_files as graphs
from tests.unit.formats import test_safetensors_files as safetensors
from tests.unit.formats.torch_files import legacy_file, named, state, storage, tensor, value, zip_file

GOLDEN = Path(__file__).parent.parent / "formats" / "golden"
SECRET = "/etc/hostname"
WEIGHT = np.zeros((2, 3), np.float32)


class Runs:
    """Makes a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def torch_of(data, folder, **more):
    return zip_file(folder / "made.pt", data(folder) if callable(data) else data, **more).read_bytes()


def two_pickles(folder):
    path = zip_file(folder / "made.pt", state(w=tensor()))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("other/data.pkl", state(w=tensor()))
    return path.read_bytes()


def doubling():
    """Return a pickle that makes ever more objects out of a few bytes each."""
    lists = (b"](h" + bytes([n]) + b"h" + bytes([n]) + b"eq" + bytes([n + 1]) for n in range(40))
    return b"\x80\x02]q\x00" + b"".join(lists) + b"."


PICKLES = {
    **{f"a program of protocol {n}": partial(lambda n, folder: pickle.dumps({"w": Runs(folder / "marker")}, n), n)
       for n in range(2, pickle.HIGHEST_PROTOCOL + 1)},
    "a function by its name": lambda folder: state(
        w=named("os", "system") + b"(" + value(f"touch {folder}/marker") + b"tR"
    ),
    "a function by an older opcode": lambda folder: b"\x80\x02(" + value(f"touch {folder}/marker") + b"ios\nsystem\n.",
    "a function within a listed one": state(w=named("torch._utils", "_rebuild_tensor_v2.__globals__") + b"."),
    "a listed class that is built": state(w=named("collections", "OrderedDict") + b"}" + value("a") + b"\x88sb"),
    "a function that is called wrongly": state(w=named("torch._utils", "_rebuild_tensor_v2") + b")R"),
    "a tensor beyond its storage": state(w=tensor((2, 4), (4, 1))),
    "a stride below zero": state(w=tensor((2, 3), (-3, 1))),
    "a view that is larger than its storage": state(w=tensor((70_000,), (0,))),
    "a view that is beyond every memory": state(w=tensor((10**10,), (0,))),
    "a storage of another size": state(w=tensor(of=storage(length=7))),
    "a storage outside": state(w=tensor(of=storage(key="../version"))),
    "a storage of two types": state(a=tensor(), b=tensor(of=storage(kind="IntStorage"))),
    "a list that holds itself": b"\x80\x02]q\x01h\x01a.",
    "deep nesting": b"\x80\x02)" + b"\x85" * 200_000 + b".",
    "a memo that grows": b"\x80\x02]r\xff\xff\xff\x7f.",
    "a number of many digits": b"\x80\x02\x8b" + struct.pack("<i", 1000) + b"\x01" * 1000 + b".",
    "objects without end": doubling(),
    "an empty pickle": b"",
}  # fmt: skip


def hdf5_of(write, folder):
    return hdf5.written(folder / "made.h5", write).read_bytes()


def virtual(file):
    layout = h5py.VirtualLayout((4,), "u1")
    layout[...] = h5py.VirtualSource(SECRET, "w", (4,))
    file.create_virtual_dataset("w", layout)


DATASETS = {
    "an external link": lambda file: file.__setitem__("w", h5py.ExternalLink(SECRET, "/")),
    "a soft link to nothing": lambda file: file.__setitem__("w", h5py.SoftLink("/nowhere")),
    "external storage": lambda file: file.create_dataset("w", (4,), "u1", external=[(SECRET, 0, 4)]),
    "a virtual dataset": virtual,
    "another filter": lambda file: file.create_dataset("w", data=WEIGHT, compression="lzf"),
    "a claim beyond every memory": lambda file: file.create_dataset("w", (10**6, 10**6), "f4", chunks=(1, 1000)),
    "a chunk beyond every memory": lambda file: file.create_dataset("w", (4,), "f4", chunks=(2**29,), maxshape=(None,)),
    "a bomb": lambda file: file.create_dataset("w", data=np.zeros(2**26, "f4"), compression="gzip", chunks=True),
    "deep groups": lambda file: file.create_dataset("/".join(["g"] * 70) + "/w", data=WEIGHT),
}


def keras_of(config, members, folder):
    return hdf5.keras_file(folder / "made.keras", config, hdf5.TWO, members).read_bytes()


def changed(**fields):
    """Return a network whose tensor has other fields than its bytes are."""
    one = graphs.named("w")
    for field, content in fields.items():
        if isinstance(content, list):
            del getattr(one, field)[:]
            getattr(one, field).extend(content)
        else:
            setattr(one, field, content)
    return graphs.model_of([graphs.IDENTITY], [one]).SerializeToString()


def elsewhere():
    """Return a network whose only tensor is said to be in another file."""
    weight = onnx.TensorProto(name="w", data_type=onnx.TensorProto.FLOAT, dims=[2])
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=SECRET)
    return graphs.model_of([graphs.IDENTITY], [weight]).SerializeToString()


GRAPHS = {
    "a tensor elsewhere": elsewhere(),
    "fewer numbers than its shape": changed(dims=[2, 4]),
    "a length below zero": changed(dims=[-1, 3]),
    "a claim beyond every memory": changed(dims=[2**40, 2**40]),
    "an unknown type": changed(data_type=99),
    "deep graphs": graphs.nested(33).SerializeToString(),
    "two of one name": graphs.model_of([graphs.IDENTITY], [graphs.named("w"), graphs.named("w")]).SerializeToString(),
}
TEXTS = {
    "zero bytes": "1,2\0",
    "no rows": "a,b\n",
    "rows of two lengths": "1,2\n3\n",
    "a word": "1,2\n3,x\n",
    "a formula": "1,2\n3,=1+1\n",
}
OUTSIDE = ("../W.csv", "/etc/W.csv", "a/../../W.csv", "C:/W.csv", "a\\W.csv")
CONFIGS = {
    "that is cut": ("{", {}),
    "that is deep": ("[" * 100_000, {}),
    "beside a member outside": ("{}", {"../up": "x"}),
    "beside two files of weights": ("{}", {"other.weights.h5": "x"}),
    "with a name twice": ('{"a": 1, "a": 2}', {}),
}
ARRAYS = {
    "of objects": arrays.npy_header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", content=b"cos\nx\n"),
    **{f"with {kind}": made for kind, made in arrays.LIES.items()},
}
PROGRAMS = ("whole_module.pt", "script.pt", "classifier.joblib", "objects.npz")


def _content(content, folder):
    return content


def _all(format_name, made, make=_content):
    return {f"{format_name}: {kind}": partial(make, one) for kind, one in made.items()}


EVERY = {
    **_all("PyTorch", PICKLES, torch_of),
    "PyTorch: two pickles": two_pickles,
    "PyTorch: TorchScript": lambda folder: torch_of(state(w=tensor()), folder, extra={"constants.pkl": b""}),
    "PyTorch: a stream with other storages": lambda folder: legacy_file(
        folder / "made.pt", state(w=tensor()), ("1",), struct.pack("<q", 6) + bytes(24)
    ).read_bytes(),
    **_all("HDF5", DATASETS, hdf5_of),
    **{f"Keras: a config {kind}": partial(keras_of, *one) for kind, one in CONFIGS.items()},
    **_all("safetensors", safetensors.LIES),
    **_all("ONNX", GRAPHS),
    **_all("an array", ARRAYS),
    **_all("CSV", {kind: text.encode() for kind, text in TEXTS.items()}),
    **_all("ZIP", {kind: tables.hostile(change) for kind, (change, _) in tables.ATTACKS.items()}),
    **_all("ZIP", {f"a member {name}": tables.packed({name: "1\n", "b.csv": "1\n"}) for name in OUTSIDE}),
    "ZIP: a bomb": lambda folder: tables.packed({"a.csv": "0," * 2**26, "b.csv": "1\n"}),
    **_all("also", {kind: content for kind, (content, *_) in further.REFUSED.items()}),
    **_all("a program", {file: (GOLDEN / file).read_bytes() for file in PROGRAMS}),
}
