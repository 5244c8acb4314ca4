"""Files by the real frameworks, imported: every tensor's bits are in the store, through API, form and command line."""

import io
import json

import pytest
from werkzeug.datastructures import FileStorage

from dashboard import cli
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.tensors import read_tensors
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings, to_environment
from dashboard.weights.checksums import tensor_sha256
from tests.api.api_client import ApiClient
from tests.formats.test_golden_files import GOLDEN, READABLE, TRUTH
from tests.representatives import STORES, on_both_stores, some_and_all
from tests.unit.services.carry_out import carry_out
from tests.web.page_check import Browser


@pytest.fixture(params=STORES)
def opened(request, tmp_path):
    store = "csv:" if request.param == "csv" else request.getfixturevalue("mysql_url")
    workspace = open_workspace(Settings(home=str(tmp_path / "home"), store=store))
    with coordinator_lock(workspace.settings.home_folder):
        yield workspace
    workspace.catalogue.close()
    workspace.store.close()


def truth_of(file):
    return {name: (dtype, tuple(shape), sha256) for name, (dtype, _, shape, sha256) in TRUTH[file]["tensors"].items()}


def kept(workspace, name):
    arrays = read_tensors(workspace, get_version(workspace, name, 1))
    return {name: (array.dtype.name, array.shape, tensor_sha256(array)) for name, array in arrays.items()}


def name_of(file):
    return file.replace("_", "-")


SOME = ["every_type.pt", "legacy.pth", "lightning.ckpt", "every_type.safetensors", "plain.keras", "nested.h5"]
SOME += ["exported.onnx", "packed.npz", "one.npy", "classifier.skops"]  # of each format one


@pytest.mark.slow
@pytest.mark.parametrize("files", some_and_all(SOME, READABLE))
def test_every_file_through_the_api_is_in_the_store_to_the_bit(app_of, opened, files):
    client = ApiClient(app_of(opened))
    for file in files:
        parts = {"file": FileStorage(io.BytesIO((GOLDEN / file).read_bytes()), file)}
        token = client.post("/api/v1/imports", data={"file": [parts["file"]]}, status=201)["token"]
        client.post(f"/api/v1/imports/{token}/versions", json={"network": name_of(file)}, status=202)
        assert carry_out(opened).error is None
        assert (file, kept(opened, name_of(file))) == (file, truth_of(file))


@pytest.mark.slow
@on_both_stores("opened")
@pytest.mark.parametrize("files", some_and_all(["every_type.pt", "plain.keras", "gemm.onnx"], READABLE))
def test_every_file_through_the_form_is_in_the_store_to_the_bit(app_of, opened, files):
    browser = Browser(app_of(opened).test_client())
    for file in files:
        part = FileStorage(io.BytesIO((GOLDEN / file).read_bytes()), file)
        page = browser.post("/import", {"file": part}, content_type="multipart/form-data")
        address = page.root.find(".//form[@method='post']").get("action")
        choices = {"network": name_of(file), "kind": "foreign", "checkpoints": "0", "action": "save"}
        browser.post(address, choices, source=address)
        assert carry_out(opened).error is None
        assert (file, kept(opened, name_of(file))) == (file, truth_of(file))


@pytest.mark.slow
@pytest.mark.parametrize("files", some_and_all(["every_type.safetensors", "nested.h5", "plain.npz"], READABLE))
def test_every_file_through_the_command_line_is_in_the_store_to_the_bit(opened, files, monkeypatch, capsys):
    for name, value in to_environment(opened.settings).items():
        monkeypatch.setenv(name, value)
    for file in files:
        assert cli.main(["import", str(GOLDEN / file), "--network", name_of(file), "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"network": name_of(file), "versions": [1]}
        assert (file, kept(opened, name_of(file))) == (file, truth_of(file))


@pytest.mark.parametrize("opened", ["csv"], indirect=True)
def test_the_command_line_leaves_tensors_out_and_keeps_some(opened, monkeypatch, capsys):
    monkeypatch.setenv("WEIGHTBASE_HOME", opened.settings.home)
    command = ["import", str(GOLDEN / "mlp.pt"), "--network", "some", "--quiet"]
    assert cli.main([*command, "--keep", "0.*", "--keep", "2.bias", "--leave-out", "0.b*"]) == 0
    assert set(kept(opened, "some")) == {"0.weight", "2.bias"}
    assert cli.main([*command, "--keep", "none"]) == 2
    assert "No tensor is named 'none'" in capsys.readouterr().err
