"""The client's wheel, installed by pip, works whole under Python 3.9 with the oldest and the newest NumPy for it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from dashboard.services.client_wheel import client_wheel
from tests.proof.scripts import run_script


def old_python():
    """Return a Python 3.9: WEIGHTBASE_PYTHON_3_9, that of the path, or one of pyenv's; None if there is none."""
    named = [os.environ.get("WEIGHTBASE_PYTHON_3_9"), shutil.which("python3.9")]
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for one in [*filter(None, named), *sorted(versions.glob("3.9.*/bin/python3.9"))]:
        about = [str(one), "-c", "import ssl, sys, venv; print(*sys.version_info[:2])"]
        found = subprocess.run(about, check=False, capture_output=True)
        if found.stdout.split() == [b"3", b"9"]:
            return str(one)
    return None


OLD = old_python()


@pytest.mark.skipif(OLD is None, reason="no Python 3.9 here: name one in WEIGHTBASE_PYTHON_3_9")
@pytest.mark.parametrize("numpy", ["1.22.4", "2.0.2"])
def test_every_part_of_the_client_works(dashboard, tmp_path, numpy):
    wheel = tmp_path / client_wheel().name
    wheel.write_bytes(client_wheel().content)
    subprocess.run([OLD, "-m", "venv", tmp_path / "venv"], check=True)  # with its own pip: newer ones leave 3.9 out
    python, work = tmp_path / "venv" / "bin" / "python", tmp_path / "work"
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, wheel, f"numpy=={numpy}"], check=True)
    work.mkdir()
    found = run_script("log_from_old_python.py", work, dashboard.url, python=python, client=None)
    assert (found["python"], found["numpy"]) == ([3, 9], numpy)
    assert {typed: code for typed, code in found["codes"].items() if code != 0} == {
        "compare old:1 old:2": 1,
        "show missing:1": 2,
    }
    networks = {one["name"]: one["versions"] for one in dashboard.get("/networks")["items"]}
    assert networks == {"old": 2, "file": 1, "strict": 1, "later": 1, "typed": 1}
    command = subprocess.run([python.parent / "weightbase", "--version"], check=True, capture_output=True, text=True)
    assert command.stdout.startswith("weightbase-client ")
