"""A hundred kills of client and server during pushes, large ones among them, on both stores."""

import pytest

from tests.processes.test_killed_pushes import check, push_under_kills, settings

pytestmark = pytest.mark.processes

__all__ = ["settings"]

KILLS = 100
LARGE = 4


def test_each_key_is_one_version_after_a_hundred_kills(settings):
    check(settings, push_under_kills(settings, KILLS, LARGE), LARGE)
