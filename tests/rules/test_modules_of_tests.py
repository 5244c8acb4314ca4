"""Modules of tests are imported by their names alone."""

from collections import Counter

from tests.rules.source import ROOT


def test_no_two_modules_of_tests_have_one_name():
    counts = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py") if path.parent.name != "soak")
    assert [name for name, count in counts.items() if count > 1] == []
