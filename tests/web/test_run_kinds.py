"""Kinds of runs are declared once: each can be carried out and has words, and a further one needs no other place."""

from dashboard.catalogue import runs as run_rows
from dashboard.jobs.job import Progress
from dashboard.records.run_kinds import ACTIONS, REPEATS, RUN_KINDS, TRAININGS, RunKind, kinds_in
from dashboard.services.store.process import find_action
from dashboard.services.versions.reading import count_versions
from dashboard.web.runs import words
from tests.unit.services.carry_out import carry_out


def count(workspace, job, tell):
    """Carry out an action of the kind that a test declares."""
    tell(Progress(1, 1, "counted", {"versions": count_versions(workspace)}))


def test_every_kind_can_be_carried_out_and_has_words():
    for kind in RUN_KINDS.values():
        if kind.lane in {ACTIONS, REPEATS}:
            assert callable(find_action(kind.name))
            assert kind.name in words.RESULTS
        assert kind.lane == TRAININGS or kind.name in {*words.RESULTS, *words.PROGRESS}
    assert kinds_in({ACTIONS, TRAININGS}) == [
        "training",
        "trial",
        "verify",
        "copy",
        "backup",
        "exact",
        "reindex",
        "push",
        "import",
        "change",
        "why",
        "export",
        "empty",
    ]


def test_a_further_kind_is_queued_carried_out_and_shown(browser, workspace, monkeypatch):
    kind = RunKind("count", ACTIONS, lambda request: f"Count {request['what']}", f"{__name__}:count")
    monkeypatch.setitem(RUN_KINDS, "count", kind)
    monkeypatch.setitem(words.RESULTS, "count", lambda run: f"There are {run.result['versions']} versions.")
    with workspace.catalogue.writing() as connection:
        run_rows.insert_run(connection, {"kind": "count", "spec": {}, "request": {"what": "versions"}})
    page = browser.get("/runs/1")
    assert page.h1 == "Run 1: Count versions"
    assert '<dl class="facts" id="facts" data-refresh-after-run>' in page.text  # its times are fetched again at its end
    assert carry_out(workspace).state == "finished"
    assert browser.get("/runs/1").sentence == "There are 0 versions."
    assert "Count versions" in browser.get("/runs").text
    assert browser.raw("/api/v1/runs/1").json["kind"] == "count"
