"""Which cases of a test are in each run of the tests, one of every kind, and which are only in `make soak`."""

import pytest

STORES = ["csv", pytest.param("mysql", marks=[pytest.mark.server, pytest.mark.soak])]
"""The parameters of a fixture that opens a workspace in a store of either kind."""


def on_both_stores(fixture):
    """Return what marks a test that runs on both stores in each run of the tests: its fixture takes kinds of stores."""
    return pytest.mark.parametrize(fixture, ["csv", pytest.param("mysql", marks=pytest.mark.server)], indirect=True)


def most_in_soak(values, count):
    """Return parameters of which the first `count` are in each run of the tests, and the others only in `make soak`."""
    return [*values[:count], *(pytest.param(value, marks=pytest.mark.soak) for value in values[count:])]


def some_and_all(some, every):
    """Return two parameters: some cases for each run of the tests, and in `make soak` all of them."""
    return [pytest.param(some, id="some"), pytest.param(every, id="all", marks=pytest.mark.soak)]
