"""The table at the end of `make bench`: what it says of figures, and when one has become worse."""

import pytest

from benchmarks import _summary
from benchmarks._summary import Figure, figures_of, note, read_figures, regressions, table_of, write_result

RATIO = Figure("store", "csv, large: save", "pandas.to_csv", 13.0, "×", 15.0, False)
TIME = Figure("pages", "list, p95", "", 20.0, "ms", 50.0, True)


def test_what_benchmarks_note_is_read_back_and_without_a_table_nothing_is_written(tmp_path, monkeypatch):
    path = tmp_path / "figures"
    monkeypatch.delenv(_summary.COLLECTED, raising=False)
    note(*RATIO)
    assert read_figures(path) == []
    monkeypatch.setenv(_summary.COLLECTED, str(path))
    note(*RATIO)
    note(*TIME)
    assert read_figures(path) == [RATIO, TIME]


def test_the_table_says_which_goals_are_missed_and_what_was_before():
    lines = table_of([RATIO, TIME], {RATIO.key: 12.5}).splitlines()
    assert lines[2:] == [
        "| store | csv, large: save | pandas.to_csv | 13 × | ≥ 15, **missed** | 12.5 |",
        "| pages | list, p95 |  | 20 ms | ≤ 50 |  |",
    ]


def test_a_table_that_was_written_is_read_again():
    many = [RATIO, TIME, Figure("idle", "processor", "", 0.000012, "% of a core", None, True)]
    assert figures_of(table_of(many, {})) == {one.key: one.value for one in many}


@pytest.mark.parametrize(
    ("figure", "was", "words"),
    [
        (RATIO, 13.1, None),
        (RATIO, 20.0, "store csv, large: save pandas.to_csv: 13 ×, 54% worse than 20"),
        (RATIO, 5.0, None),
        (TIME, 18.0, None),
        (TIME, 10.0, "pages list, p95: 20 ms, 100% worse than 10"),
        (TIME, 40.0, None),
    ],
)
def test_what_is_worse_by_more_than_15_percent_is_reported(figure, was, words):
    assert regressions([figure], {figure.key: was}) == ([] if words is None else [words])
    assert regressions([figure], {}) == []


def test_the_result_has_the_table_what_ended_badly_and_what_is_worse(tmp_path, monkeypatch):
    monkeypatch.setattr(_summary, "RESULTS", tmp_path / "results")
    before = table_of([TIME._replace(value=10.0)], {})
    monkeypatch.setattr(_summary, "last_result", lambda: ("2026-11-30", before))
    path, worse = write_result([RATIO, TIME], ["search"])
    text = path.read_text()
    assert worse == ["pages list, p95: 20 ms, 100% worse than 10"]
    assert "Ended badly: search." in text
    assert "- pages list, p95: 20 ms, 100% worse than 10" in text
    assert figures_of(text) == {RATIO.key: 13.0, TIME.key: 20.0}
