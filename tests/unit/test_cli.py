import os
import subprocess
import sys
from pathlib import Path

import pytest

import app
from dashboard import cli

ROOT = Path(__file__).parent.parent.parent
VERBS = ["serve", "worker", "verify", "copy", "backup", "restore", "exact", "reindex", "settings"]


@pytest.mark.parametrize("command", [["-m", "dashboard.cli"], ["app.py"]], ids=" ".join)
def test_the_help_names_every_verb(command):
    printed = subprocess.run(
        [sys.executable, *command, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert printed.startswith("usage: weightbase ")
    assert [verb for verb in VERBS if f"\n    {verb} " in printed] == VERBS


def test_app_py_is_the_same_command_line():
    assert app.main is cli.main


def test_a_setting_that_cannot_work_is_refused_by_name(monkeypatch, capsys):
    monkeypatch.setenv("WEIGHTBASE_PORT", "ninety")
    assert cli.main(["settings"]) == 2
    assert "WEIGHTBASE_PORT must be a whole number" in capsys.readouterr().err


def test_a_reader_that_has_enough_ends_a_command_without_a_traceback():
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "app.py", "settings"]
    ended = subprocess.run(command, cwd=ROOT, stdout=write_end, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write_end)
    assert (ended.returncode, ended.stderr) == (1, "")


def test_the_process_that_watches_the_others_loads_neither_flask_nor_numpy():
    code = "import dashboard.cli, dashboard.jobs.supervisor, sys; print({'flask', 'numpy'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "set()"
