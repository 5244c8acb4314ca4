"""Which layer learnt when: each layer's share at every step, what is not counted yet, and where it cannot be said."""

import pytest

from dashboard.records.why import WhyRequest
from dashboard.services.history import steps as service
from dashboard.services.why import results
from dashboard.services.why.results import known_why
from tests.unit.services.foreign_versions import save_foreign
from tests.unit.services.saved_versions import save_two
from tests.web.page_check import words

PAGE = "/networks/small/history/why"


def test_every_step_has_each_layers_share_of_its_change(browser, workspace):
    save_two(workspace)
    result = known_why(workspace, WhyRequest("small:1", "small:2"))
    (row,) = browser.raw(f"{PAGE}.json").get_json()["items"]
    by_layer = {
        layer: sum(one.share for one in result.tensors if one.name.startswith(f"layer_0{layer}")) for layer in (1, 2)
    }
    assert (row["step"], row["base"], row["change"]) == (2, 1, result.change)
    assert [row["layer_1"], row["layer_2"]] == pytest.approx([by_layer[1], by_layer[2]], rel=1e-12)
    page = browser.get(PAGE)
    assert page.h1 == "Which layer of small learnt when"
    assert page.sentence.startswith("Over 1 step from v1 to v2 the loss on 15 validation records rose by ")
    (step,) = [link for link, text in page.links().items() if text == "v1 → v2"]
    assert browser.get(step).h1 == "Why the loss changed from v1 to v2"
    drawn = browser.raw(f"{PAGE}.figure").get_json()["data"]
    assert [(trace["name"], trace["x"]) for trace in drawn] == [("layer 1", [2]), ("layer 2", [2]), ("all layers", [2])]


def test_what_a_request_has_no_time_for_is_counted_while_one_watches_or_stopped(browser, workspace, monkeypatch):
    save_two(workspace)
    stopped = browser.get(f"{PAGE}?count=no")
    assert "1 step is not counted yet." in words(stopped.root)
    monkeypatch.setattr("dashboard.web.history.steps.SECONDS", 0.0)
    watched = browser.get(PAGE)
    assert "Counting 1 step." in words(watched.root)
    done = browser.raw(watched.by_id("progress").get("data-poll-url")).get_data(as_text=True)
    assert "Everything is counted." in done
    assert service.learning_steps(workspace, "small", "", 0).of(service.COUNTED)


def test_a_step_that_takes_longer_than_a_second_is_counted_by_a_run(browser, workspace, monkeypatch):
    save_two(workspace)
    monkeypatch.setattr(results, "AT_ONCE_WORK", 0)
    assert "1 step takes longer than a second each" in words(browser.get(PAGE).root)
    queue = browser.post(PAGE, source=PAGE)
    assert "1 run queued." in words(queue.root)
    assert "Why small:2 is not as small:1" in words(queue.root)


def test_networks_that_cannot_run_or_have_one_version_say_so(browser, workspace):
    save_foreign(workspace)
    assert "from the second on" in browser.get("/networks/imported/history/why").sentence
    save_foreign(workspace)
    assert browser.get("/networks/imported/history/why").sentence.startswith(
        "It cannot be said: imported:1 has weights"
    )
    browser.get("/networks/nothing/history/why", status=404)
