import os
import sys

import pytest

from dashboard.jobs.supervisor import NOT_OPENED, Child
from dashboard.jobs.wake_pipe import RESTED, RESTS, WAKE, WOKEN, has_supervisor, wake_supervisor
from tests.worker import wait_until


def child(code):
    found = Child("The worker", [sys.executable, "-S", "-c", f"import sys; sys.exit({code})"], dict(os.environ), ())
    found.tend()
    return found


def ended(one):
    one.process.wait()
    one.tend()
    return one


def test_a_worker_that_has_rested_is_started_when_it_is_woken_and_not_before():
    worker = ended(child(RESTED))
    worker.tend()
    assert (worker.process, worker.is_resting) == (None, True)
    worker.hear(WOKEN)
    worker.tend()
    assert worker.process is not None
    worker.hear(RESTS)
    assert ended(worker).is_resting


@pytest.mark.parametrize(
    ("message", "starts"),
    [(RESTS + WOKEN, True), (WOKEN + RESTS, False), (WOKEN + RESTS + WOKEN + WOKEN, True), (RESTS, False)],
)
def test_what_is_queued_behind_its_last_look_starts_it_again(message, starts):
    worker = child(RESTED)
    worker.hear(message)
    assert (ended(worker).process is not None) == starts
    worker.wait_for_end()


def test_a_worker_that_ends_in_another_way_is_started_again(capsys):
    worker = ended(child(0))
    assert not worker.is_resting
    wait_until(lambda: worker.tend() or worker.process is not None, "the worker to be started again")
    worker.process.wait()
    assert "ended with code 0" in capsys.readouterr().err


def test_a_worker_that_cannot_open_its_home_says_so_once(capsys):
    worker = child(NOT_OPENED)
    for starts in (1, 2):
        ended(worker)
        wait_until(lambda: worker.tend() or worker.process is not None, "the worker to be started again")
        assert worker.starts == starts + 1
    worker.process.wait()
    said = capsys.readouterr().err.splitlines()
    assert said == ["The worker cannot open its home or store, and tries again until it can; the pages say why"]


def test_a_full_pipe_keeps_nobody_waiting(monkeypatch):
    messages, wake = os.pipe()
    os.set_blocking(wake, False)
    monkeypatch.delenv(WAKE, raising=False)
    wake_supervisor()
    assert not has_supervisor()
    monkeypatch.setenv(WAKE, str(wake))
    for _ in range(70_000):
        wake_supervisor()
    assert os.read(messages, 3) == 3 * WOKEN
    os.close(messages)
    os.close(wake)
