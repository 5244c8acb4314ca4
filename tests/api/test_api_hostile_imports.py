"""Hostile files of weights through the API: refused with a reason, nothing is executed, nothing of them stays."""

import io
import pickle
import zipfile
from pathlib import Path

import h5py
import numpy as np
import onnx
import pytest
from safetensors.numpy import save as safetensors_bytes
from werkzeug.datastructures import FileStorage

from tests.unit.formats.torch_files import named, state, tensor, value, zip_file

GROWTH = 50 * 2**20
"""So many bytes at most a hostile file may add to the process that was sent it."""
GOLDEN = Path(__file__).parent.parent / "formats" / "golden"
SECRET = "/etc/hostname"


class Runs:
    """Makes a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def zipped(files):
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return whole.getvalue()


def hdf5(folder):
    path = folder / "made.h5"
    with h5py.File(path, "w") as file:
        file["linked"] = h5py.ExternalLink(SECRET, "/")
        file.create_dataset("outside", (4,), "u1", external=[(SECRET, 0, 4)])
    return path.read_bytes()


def elsewhere():
    """Return a network whose only tensor is said to be in another file."""
    weight = onnx.TensorProto(name="w", data_type=onnx.TensorProto.FLOAT, dims=[2])
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=SECRET)
    graph = onnx.helper.make_graph([], "g", [], [], [weight])
    return onnx.helper.make_model(graph).SerializeToString()


def lying():
    """Return a file of safetensors whose header says that there are more numbers than there are."""
    sound = safetensors_bytes({"w": np.zeros((2, 3), np.float32)})
    return sound.replace(b"[2,3]", b"[9,9]")


def bomb():
    whole = io.BytesIO()
    np.savez_compressed(whole, w=np.zeros(200 * 2**20, np.uint8))
    return whole.getvalue()


HOSTILE = {
    "a program in PyTorch's ZIP": lambda folder: zip_file(
        folder / "made.pt", pickle.dumps({"w": Runs(folder / "marker")}, 2)
    ).read_bytes(),
    "a function by its name": lambda folder: zip_file(
        folder / "made.pt", state(w=named("os", "system") + b"(" + value(f"touch {folder}/marker") + b"tR")
    ).read_bytes(),
    "a pickle": lambda folder: pickle.dumps(Runs(folder / "marker"), 4),
    "a tensor beyond its storage": lambda folder: zip_file(
        folder / "made.pt", state(w=tensor((10**10,), (0,)))
    ).read_bytes(),
    "a whole model": lambda folder: (GOLDEN / "whole_module.pt").read_bytes(),
    "HDF5 that points elsewhere": hdf5,
    "ONNX that points elsewhere": lambda folder: elsewhere(),
    "a header that lies": lambda folder: lying(),
    "a bomb": lambda folder: bomb(),
    "members that point outside": lambda folder: zipped({"../W.csv": "1\n", "b.csv": "1\n"}),
    "a Keras config that is none": lambda folder: zipped(
        {"config.json": "[" * 100_000, "metadata.json": "{}", "model.weights.h5": b"no file"}
    ),
    "skops without its arrays": lambda folder: zipped({"schema.json": '{"__class__": "MLPClassifier"}'}),
    "a cut file": lambda folder: (GOLDEN / "plain.keras").read_bytes()[:9000],
}


def resident():
    """Return how many bytes of memory this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.slow
def test_hostile_files_of_every_kind_are_refused_and_nothing_of_them_stays(client, workspace, tmp_path):
    client.fails("POST", "/api/v1/imports", 422, data={"file": [FileStorage(io.BytesIO(b"x"), "warm-up")]})
    before = resident()
    for kind, make in HOSTILE.items():
        part = FileStorage(io.BytesIO(make(tmp_path)), "model.bin")
        answer = client.fetch("POST", "/api/v1/imports", data={"file": [part]})
        assert (kind, answer.status_code in {413, 415, 422}) == (kind, True), answer.text
        assert len(answer.json["error"]["message"]) > 20
        assert not (tmp_path / "marker").exists()
        assert (kind, list(workspace.uploads_folder.iterdir())) == (kind, [])
    assert client.get("/api/v1/networks")["items"] == []
    assert resident() - before < GROWTH
