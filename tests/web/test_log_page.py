"""The page that shows how to log a training elsewhere, and the wheel of the client that it offers."""

import ast
import base64
import hashlib
import io
import re
import subprocess
import sys
import zipfile

import pytest

from dashboard.services.client_wheel import client_wheel
from tests.web.page_check import words

FRAMEWORKS = ["numpy", "pytorch", "keras", "lightning", "scikit-learn", "book"]


def test_each_framework_has_at_most_five_lines_with_this_server_s_address(demo):
    page = demo.get("/help/log")
    assert page.h1 == "Log your own training"
    sources = {e.get("id"): "".join(e.itertext()) for e in page.root.iter("pre")}
    assert list(sources) == ["install-command", *(f"{name}-lines" for name in FRAMEWORKS)]
    for name in FRAMEWORKS:
        source = sources[f"{name}-lines"]
        assert len(source.splitlines()) <= 5
        ast.parse(source)
        assert "http://localhost" in source
    buttons = [e.get("data-copies") for e in page.root.iter("button") if e.get("data-copies")]
    assert buttons == list(sources)


def test_the_address_is_that_under_which_the_page_was_asked_for(demo):
    answer = demo.client.get("/help/log", base_url="http://127.0.0.1:8123/weights")
    assert "weightbase.connect(&#34;http://127.0.0.1:8123/weights&#34;)" in answer.text
    assert f"pip install http://127.0.0.1:8123/weights/client/{client_wheel().name}" in answer.text


def test_another_release_of_the_client_is_not_here(demo):
    page = demo.get("/client/weightbase_client-9.9.9-py3-none-any.whl", status=404)
    assert client_wheel().name in words(page.root)


def test_the_wheel_records_what_it_holds_and_has_the_same_bytes_each_time(demo):
    served = demo.raw(f"/client/{client_wheel().name}").data
    client_wheel.cache_clear()
    assert served == client_wheel().content
    archive = zipfile.ZipFile(io.BytesIO(served))
    (record,) = [name for name in archive.namelist() if name.endswith("/RECORD")]
    listed = [line.split(",") for line in archive.read(record).decode().splitlines()]
    assert sorted(name for name, _, _ in listed) == sorted(archive.namelist())
    for name, digest, size in listed:
        if name != record:
            content = archive.read(name)
            expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            assert (digest, size) == (f"sha256={expected}", str(len(content)))


@pytest.mark.slow
def test_pip_installs_the_wheel(tmp_path):
    wheel = tmp_path / client_wheel().name
    wheel.write_bytes(client_wheel().content)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--target",
        tmp_path / "site",
        wheel,
    ]
    subprocess.run(pip, cwd=tmp_path, check=True)
    code = "import weightbase; print(weightbase.__file__, weightbase.__version__)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "site", check=True, capture_output=True, text=True
    )
    assert re.fullmatch(rf"{tmp_path}/site/weightbase/__init__\.py \d+\.\d+\.\d+", run.stdout.strip())
    assert (tmp_path / "site" / "bin" / "weightbase").is_file()
