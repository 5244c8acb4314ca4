import pytest

from dashboard.jobs import resting
from dashboard.jobs.memory import resident_mb
from dashboard.jobs.resting import GROWN_MB, REST_SECONDS, Rest


class Watched:
    """A Rest whose clock and size the test sets, and which counts how often it asks to be replaced."""

    def __init__(self):
        self.now, self.size, self.asked = 100.0, 90.0, 0
        self.trims = []
        self.rest = Rest(self.ask, lambda: self.size, lambda: self.now)

    def ask(self):
        self.asked += 1

    def look(self, seconds, requests, connections=0):
        self.now += seconds
        self.rest.look(requests, connections)
        return self.asked


@pytest.fixture
def watched(monkeypatch):
    """Return a Watched process whose memory is left alone; `trims` has the times at which it was given back."""
    watched = Watched()
    monkeypatch.setattr(resting, "give_back", lambda: watched.trims.append(watched.now))
    return watched


def test_a_process_that_has_grown_is_replaced_once_when_it_has_rested_long_enough(watched):
    watched.look(1, requests=9)
    watched.size += GROWN_MB + 1
    assert watched.look(REST_SECONDS - 1, requests=9) == 0
    assert watched.look(2, requests=9) == 1
    assert watched.look(1, requests=10) == 1
    assert watched.look(REST_SECONDS + 1, requests=10) == 1


def test_one_that_has_not_grown_stays_and_is_looked_at_again_after_other_requests(watched):
    watched.look(1, requests=9)
    watched.size += GROWN_MB - 1
    assert watched.look(REST_SECONDS + 1, requests=9) == 0
    watched.size += 2
    assert watched.look(REST_SECONDS + 1, requests=9) == 0, "nobody has asked it anything meanwhile"
    watched.look(1, requests=10)
    assert watched.look(REST_SECONDS + 1, requests=10) == 1


def test_it_does_not_rest_while_a_connection_is_open_or_requests_come(watched):
    watched.look(1, requests=1, connections=1)
    watched.size += GROWN_MB + 1
    assert watched.look(REST_SECONDS + 1, requests=1, connections=1) == 0
    for number in range(2, 9):
        assert watched.look(REST_SECONDS - 1, requests=number) == 0
    assert watched.look(REST_SECONDS + 1, requests=8) == 1


def test_memory_is_given_back_also_while_requests_go_on(watched):
    for number in range(20):
        watched.look(1, requests=number, connections=3)
    assert watched.trims == [107, 113, 119]


def test_the_size_of_a_process_is_known_in_mb():
    before = resident_mb()
    held = bytearray(b"x" * 100_000_000)
    assert 90 < resident_mb() - before < 200
    assert held
