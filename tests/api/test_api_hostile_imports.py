"""Hostile files of weights through the API: refused with a reason, nothing is executed, nothing of them stays."""

import io
from pathlib import Path

import pytest
from werkzeug.datastructures import FileStorage

from tests.api.hostile_files import EVERY
from tests.representatives import some_and_all

GROWTH = 50 * 2**20
"""So many bytes at most a hostile file may add to the process that was sent it."""
SOME = (
    "PyTorch: a program of protocol 2",
    "PyTorch: a function by its name",
    "PyTorch: a view that is beyond every memory",
    "HDF5: an external link",
    "HDF5: external storage",
    "Keras: a config that is deep",
    "safetensors: another size than its shape has",
    "ONNX: a tensor elsewhere",
    "an array: with a program for a header",
    "CSV: a formula",
    "ZIP: a member ../W.csv",
    "ZIP: a bomb",
    "also: skops that holds itself",
    "a program: whole_module.pt",
)


def resident():
    """Return how many bytes of memory this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.slow
@pytest.mark.parametrize("kinds", some_and_all(SOME, EVERY))
def test_hostile_files_of_every_kind_are_refused_and_nothing_of_them_stays(client, workspace, tmp_path, kinds):
    client.fails("POST", "/api/v1/imports", 422, data={"file": [FileStorage(io.BytesIO(b"x"), "warm-up")]})
    before = resident()
    for kind in kinds:
        part = FileStorage(io.BytesIO(EVERY[kind](tmp_path)), "model.bin")
        answer = client.fetch("POST", "/api/v1/imports", data={"file": [part]})
        assert (kind, answer.status_code in {413, 415, 422}) == (kind, True), answer.text
        assert (kind, len(answer.json["error"]["message"]) > 20) == (kind, True)
        assert not (tmp_path / "marker").exists()
        assert (kind, list(workspace.uploads_folder.iterdir())) == (kind, [])
    assert client.get("/api/v1/networks")["items"] == []
    assert resident() - before < GROWTH
