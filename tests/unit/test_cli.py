import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import app
from dashboard import cli
from dashboard.client_verbs import client_module
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from tests.server import free_port

ROOT = Path(__file__).parent.parent.parent
VERBS = ["serve", "worker", "verify", "copy", "backup", "restore", "exact", "reindex", "settings"]
CLIENT_VERBS = ["networks", "versions", "show", "runs", "datasets", "searches", "compare", "log", "pull", "sync"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [["-m", "dashboard.cli"], pytest.param(["app.py"], marks=pytest.mark.soak)], ids=" ".join
)
def test_the_help_names_every_verb(command):
    printed = subprocess.run(
        [sys.executable, *command, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert printed.startswith("usage: weightbase ")
    assert [verb for verb in VERBS + CLIENT_VERBS if f"\n    {verb} " in printed] == VERBS + CLIENT_VERBS


def test_app_py_is_the_same_command_line():
    assert app.main is cli.main


def test_a_setting_that_cannot_work_is_refused_by_name(monkeypatch, capsys):
    monkeypatch.setenv("WEIGHTBASE_PORT", "ninety")
    assert cli.main(["settings"]) == 2
    assert "WEIGHTBASE_PORT must be a whole number" in capsys.readouterr().err


@pytest.mark.slow
def test_a_reader_that_has_enough_ends_a_command_without_a_traceback():
    read_end, write_end = os.pipe()
    os.close(read_end)
    command = [sys.executable, "app.py", "settings"]
    ended = subprocess.run(command, cwd=ROOT, stdout=write_end, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write_end)
    assert (ended.returncode, ended.stderr) == (1, "")


@pytest.mark.slow
def test_the_process_that_watches_the_others_loads_neither_flask_nor_numpy():
    code = "import dashboard.cli as cli, dashboard.jobs.supervisor, sys; cli._parser('serve'); "
    code += "print({'flask', 'numpy', 'sqlalchemy'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "set()"


def run_verb(*words, **environment):
    """Run a verb as a person does; return exit code, what was printed, and the errors."""
    command, given = [sys.executable, "app.py", *words], os.environ | environment
    done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
def test_the_client_s_verbs_open_the_configured_home(tmp_path, monkeypatch, capsys):
    home = str(tmp_path / "home")
    code, printed, _ = run_verb("networks", "--json", WEIGHTBASE_HOME=home)
    assert (code, json.loads(printed)["error"]["code"]) == (2, "not_found")
    open_workspace(Settings(home=home)).catalogue.close()
    monkeypatch.setenv("WEIGHTBASE_HOME", home)
    assert cli.main(["networks", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"items": [], "next": None}
    assert cli.main(["verify", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"proven": 0, "different": 0, "differences": []}


@pytest.mark.slow
def test_a_server_out_of_reach_is_exit_code_3():
    code, printed, problem = run_verb("verify", "--server", f"http://127.0.0.1:{free_port()}")
    assert (code, printed) == (3, "")
    assert "There is no answer from http://127.0.0.1:" in problem


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_every_verb_and_option(shell, capsys):
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert [verb for verb in [*VERBS, *CLIENT_VERBS] if verb not in script] == []
    assert "metric" in script
    if shell == "bash":
        typed = f"{script}\nCOMP_WORDS=(weightbase ver) COMP_CWORD=1; _weightbase_complete; echo ${{COMPREPLY[@]}}"
        printed = subprocess.run(["bash", "-c", typed], capture_output=True, text=True, check=True).stdout
        assert printed.split() == ["verify", "versions"]


def test_an_import_takes_the_same_options_with_and_without_a_server():
    ours, theirs = cli._parser("import"), client_module("command").parser_of_client()

    def options(parser):
        (verbs,) = [action for action in parser._actions if action.choices]
        return {word for action in verbs.choices["import"]._actions for word in action.option_strings}

    assert options(ours) == options(theirs)
