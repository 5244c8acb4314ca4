"""Who coordinates: one process a data folder, which those who only ask about it never disturb."""

import fcntl
import threading

import pytest

from dashboard.jobs.coordinator import LOCK, coordinator_lock, is_coordinated, is_starting, note_start


@pytest.mark.slow
def test_the_lock_is_held_once(tmp_path):
    assert not is_coordinated(tmp_path)
    with coordinator_lock(tmp_path, wait_for_it=False) as ours:
        assert ours
        assert is_coordinated(tmp_path)
        with coordinator_lock(tmp_path, wait_for_it=False) as also_ours:
            assert not also_ours
    assert not is_coordinated(tmp_path)


def test_a_worker_is_starting_until_it_has_started_or_its_process_has_ended(tmp_path):
    assert note_start(tmp_path / "not there") is None
    assert not is_starting(tmp_path)
    file = note_start(tmp_path)
    assert is_starting(tmp_path)
    assert not is_coordinated(tmp_path)
    file.close()
    assert not is_starting(tmp_path)


def test_who_asks_at_the_same_time_is_not_taken_for_a_coordinator(tmp_path):
    with open(tmp_path / LOCK, "w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)  # somebody else is asking at this very moment
        assert not is_coordinated(tmp_path)


def test_a_coordinator_that_starts_while_somebody_asks_does_not_give_up(tmp_path):
    with open(tmp_path / LOCK, "w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        answered = threading.Timer(0.2, file.close)
        answered.start()
        with coordinator_lock(tmp_path, wait_for_it=False) as ours:
            assert ours
        answered.join()
