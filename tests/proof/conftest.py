"""For `make proof`: chooses the backend of Keras before anything imports it, and counts the cases of each file."""

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.processes.test_client_logs import Dashboard

os.environ["KERAS_BACKEND"] = "torch"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"


@pytest.fixture
def dashboard(tmp_path):
    """A real dashboard with a password, in processes of its own."""
    made = Dashboard(tmp_path / "home")
    made.start()
    yield made
    made.stop()


def pytest_terminal_summary(terminalreporter):
    """Say what was proven: the cases of each function of the tests, and how many of them passed."""
    passed, all_cases = Counter(), Counter()
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, ()):
            path, _, name = report.nodeid.partition("::")
            what = Path(path).stem.removeprefix("test_"), name.partition("[")[0].removeprefix("test_")
            all_cases[what] += 1
            passed[what] += outcome == "passed"
    terminalreporter.section("what was proven: passed of cases")
    for file, name in sorted(all_cases):
        words = f"{file}: {name}".replace("_", " ")
        terminalreporter.write_line(f"{passed[file, name]:4} of {all_cases[file, name]:4}  {words}")
    terminalreporter.write_line(f"{passed.total():4} of {all_cases.total():4}  in all")
