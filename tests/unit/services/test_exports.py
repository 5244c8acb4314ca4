"""On each kind of store a version leaves and comes back: the same checksum, and not one new table."""

import io
import json

import ml_dtypes
import numpy as np
import pytest

from dashboard.cli import main
from dashboard.errors import UnreadableFile
from dashboard.files import ONE_HEADER
from dashboard.services.exports.making import export_version
from dashboard.services.exports.offers import FORMATS
from dashboard.services.imports.receiving import receive_import
from dashboard.services.imports.saving import save_import
from dashboard.services.upload_parts import SentFile
from dashboard.services.use.prediction import predict
from dashboard.services.versions.outside import create_foreign_network, save_outside
from dashboard.services.versions.reading import get_version
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.unit.services.used_versions import HEADER, ROWS, mixed_version, table


@pytest.mark.slow
def test_what_leaves_comes_back_as_the_same_version_without_a_new_table(workspace):
    network = create_foreign_network(workspace, "a-net")
    nan = np.array([0x7FC12345, 0x80000000], np.uint32).view(np.float32)
    tensors = {"encoder.0/w": nan, "half": np.ones((2, 3), ml_dtypes.bfloat16), "W1": np.zeros((0, 5)), "w1": nan[:1]}
    saved = save_outside(workspace, network, tensors, origin={"how": "push"})
    before = len(workspace.store.tables())
    for name in ("hdf5", "npz"):
        made = export_version(workspace, "a-net", 1, name)
        with made.file:
            waiting = receive_import(workspace, [SentFile(io.BytesIO(made.file.read()), made.name)])
        save_import(workspace, waiting, {"network": f"z-{name}"})
        assert get_version(workspace, f"z-{name}", 1).sha256 == saved.sha256
    assert len(workspace.store.tables()) == before


PROGRAMS = {"script"}
"""What is not read: a program."""
SOME = ("onnx", "script", "csv")
OTHERS = tuple(name for name in FORMATS if name not in SOME)


@pytest.mark.slow
@pytest.mark.parametrize("names", [SOME, pytest.param(OTHERS, marks=pytest.mark.soak)])
def test_every_format_comes_back_as_the_same_version_with_its_columns_and_classes(workspace, names):
    mixed_version(workspace)
    saved, before = get_version(workspace, "mixed", 1), len(workspace.store.tables())
    for name in names:
        made = export_version(workspace, "mixed", 1, name)
        with made.file:
            sent = [SentFile(io.BytesIO(made.file.read()), made.name)]
        outputs = made.proof.outputs  # of columns with gaps and categories, and of the parts of dates
        assert outputs is not None
        assert (outputs.records, outputs.is_within) == (ROWS, True)
        if name in PROGRAMS:
            with pytest.raises(UnreadableFile, match=r"text of a program.*\.py\.zip"):
                receive_import(workspace, sent)
            continue
        waiting = receive_import(workspace, sent)
        save_import(workspace, waiting, {"network": f"z-{name}", "as": "dense", "stated": True})
        back = get_version(workspace, f"z-{name}", 1)
        assert (name, back.sha256, back.preprocessing) == (name, saved.sha256, saved.preprocessing)
    assert len(workspace.store.tables()) == before
    record = dict(zip(HEADER.split(",")[:-1], table().splitlines()[4].split(",")[:-1], strict=True))
    last = f"z-{names[-1]}"
    own, again = (predict(workspace, one, 1, {"rows": [record]}).answers for one in ("mixed", last))
    assert own == again


@pytest.mark.slow
def test_the_command_line_writes_the_file_and_prints_its_proof(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WEIGHTBASE_HOME", str(tmp_path / "home"))
    opened = open_workspace(Settings(home=str(tmp_path / "home")))
    network = create_foreign_network(opened, "a-net")
    save_outside(opened, network, {"w": np.arange(3, dtype=np.int16)}, origin={"how": "push"})
    opened.catalogue.close()
    target = tmp_path / "a.npz"
    assert main(["export", "a-net:1", "--format", "npz", "-o", str(target), "--json"]) == 0
    proof = json.loads(capsys.readouterr().out)
    assert (proof["version"], proof["equal"], proof["bytes"]) == ("a-net:1", 1, target.stat().st_size)
    with ONE_HEADER, np.load(target) as file:
        assert file["w"].tolist() == [0, 1, 2]
    assert main(["export", "a-net:1", "--format", "keras", "-o", str(target)]) == 2
    assert "no layers of this dashboard" in capsys.readouterr().err
