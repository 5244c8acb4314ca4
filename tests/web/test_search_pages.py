"""Searches on the pages: the form, the live page of one, what is asked of it there, and its numbers."""

import csv
import io
import re
from dataclasses import asdict, replace
from typing import Any

import pytest

from dashboard import create_app
from dashboard.catalogue import searches as search_rows
from dashboard.jobs.coordinator import coordinator_lock
from dashboard.search.space import SearchSpace
from dashboard.services.datasets import add_bundled
from dashboard.services.search.findings import AgainstRandom
from dashboard.services.search.requests import create_search, get_search, list_searches
from dashboard.services.search.view import brief_view
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings
from dashboard.web.searches.figures import FIGURES, chart_size, figure_mark
from dashboard.web.searches.words import against_random_sentence, candidate_words, opened_sentence
from tests.web.page_check import Browser, parse_fragment, words
from tests.worker import wait_until, working

NEW = "/searches/new"
TRIALS = 12
SMALL = {
    "name": "flowers",
    "dataset": "iris",
    "space": {"layers": {"low": 1, "high": 1}, "units": {"low": 2, "high": 8}, "batch_size": [16]},
    "budget": {"trials": TRIALS, "epochs": 1},
}


COMPROMISES = SMALL | {
    "name": "compromises",
    "goal": {"metric": "val_accuracy", "second": "parameters"},
    "budget": {"trials": 6, "epochs": 1},
}


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A workspace in which two searches, the second with two goals, were driven to their ends by real processes."""
    opened = open_workspace(Settings(home=str(tmp_path_factory.mktemp("searched"))))
    with working(opened.settings):
        add_bundled(opened, "iris")
        for asked in (SMALL, COMPROMISES):
            search = create_search(opened, asked)
            wait_until(lambda: not get_search(opened, search.id).is_driven, "the search to end")  # noqa: B023
    assert [get_search(opened, number).state for number in (1, 2)] == ["finished", "finished"]
    with coordinator_lock(opened.settings.home_folder):  # from here on nothing is trained
        yield opened
    opened.catalogue.close()


@pytest.fixture(scope="module")
def searched_app(searched):
    return create_app(workspace=searched)


@pytest.fixture
def found(searched_app):
    return Browser(searched_app.test_client())


def typed(page):
    """Return what the form holds, as a browser would send it; several ticked boxes of one name are a list."""
    data = {}
    for field in page.by_id("search").iter():
        name = field.get("name")
        if not name or field.tag == "button" or (field.get("type") == "checkbox" and field.get("checked") is None):
            continue
        if field.tag == "select":
            chosen = [o for o in field.iter("option") if o.get("selected") is not None] or list(field.iter("option"))
            data.setdefault(name, []).append(chosen[0].get("value"))
        elif field.tag in {"input", "textarea"}:
            data.setdefault(name, []).append(field.get("value", "y") if field.tag == "input" else (field.text or ""))
    return {name: values if len(values) > 1 else values[0] for name, values in data.items()}


def problems_of(page):
    box = [e for e in page.root.iter("div") if e.get("id") == "problems"]
    return [words(item) for item in box[0].iter("li")] if box else []


@pytest.mark.parametrize(
    ("address", "heading", "button"),
    [("/searches", "Searches", "Start a search"), (NEW, "Start a search", "Add a dataset")],
)
def test_an_empty_page_says_what_is_missing_and_offers_one_way_on(browser, address, heading, button):
    page = browser.get(address)
    assert page.h1 == heading
    empty = next(e for e in page.root.iter("div") if e.get("class") == "empty")
    assert [words(e) for e in empty.iter() if "button" in (e.get("class") or "")] == [button]


def test_the_form_as_it_opens_starts_a_search(workspace, browser):
    add_bundled(workspace, "digits")
    page = browser.post(NEW, typed(browser.get(NEW)) | {"name": "first"})
    assert (page.h1, page.sentence) == ("first", "The first trials are on their way.")
    search = get_search(workspace, 1)
    assert (search.goal.metric, search.budget.trials, search.stopping) == ("val_accuracy", 40, "curve")
    assert search.space["activation"] == ["tanh", "relu", "silu"]
    assert search.shown_state == "running"


def test_with_a_second_goal_the_form_as_it_opens_starts_a_search_that_stops_none_early(workspace, browser):
    add_bundled(workspace, "digits")
    browser.post(NEW, typed(browser.get(NEW)) | {"name": "small too", "goal-second": "parameters"})
    search = get_search(workspace, 1)
    assert (search.goal.second, search.stopping) == ("parameters", "none")


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_kept(workspace, browser):
    add_bundled(workspace, "digits")
    data = typed(browser.get(NEW)) | {"name": "../x", "budget-trials": "0", "space-units-low": "many"}
    data |= {"space-learning_rate-low": "1", "space-learning_rate-high": "0.1", "space-batch_size": "16, x"}
    del data["space-activation"]
    page = browser.post(NEW, data, status=422)
    found = " ".join(problems_of(page))
    for label in ("Name", "Trials", "Batch sizes"):
        assert label in found
    assert "Give a whole number from 1" in found
    assert "range begins above its end" in found
    assert "Choose one or more of" in found
    assert page.by_id("budget-trials").get("value") == "0"
    assert list_searches(workspace)[0].items == []


def test_what_is_wrong_with_a_range_names_its_setting_and_leads_to_its_field(workspace, browser):
    add_bundled(workspace, "digits")
    data = typed(browser.get(NEW)) | {"space-learning_rate-low": "0", "space-units-high": "many"}
    data |= {"space-dropout-low": "0.4", "space-dropout-high": "0.1"}
    page = browser.post(NEW, data | {"name": "x"}, status=422)
    said = problems_of(page)
    assert "Learning rate, from: Give a number from 1e-08 to 100." in said
    assert "Dropout, from: The range begins above its end: 0.4 is more than 0.1." in said
    assert any(line.startswith("Units of each layer, to: Give a whole number") for line in said)
    assert page.links()["#space-learning_rate-low"] == "Learning rate, from"
    assert page.by_id("space-learning_rate-low").get("aria-label") == "Learning rate, from"


def test_a_name_that_is_taken_and_a_dataset_that_is_gone_are_refused(workspace, browser):
    add_bundled(workspace, "iris")
    create_search(workspace, SMALL)
    page = browser.post(NEW, typed(browser.get(NEW)) | {"name": "flowers"}, status=409)
    assert problems_of(page) == ["Name: There is a search named 'flowers' already. Choose another name."]
    page = browser.post(NEW, typed(browser.get(NEW)) | {"name": "more", "dataset": "tulips"}, status=422)
    assert "There is no dataset named 'tulips'" in problems_of(page)[0]


def test_a_finished_search_opens_with_its_winner(found):
    page = found.get("/searches/1")
    best = (
        r"the winner is trial \d+: validation accuracy 0\.\d+ ± \S+ on average over 3 other seeds, test accuracy [01].*"
    )
    assert re.fullmatch(rf"{TRIALS} trials tried; {best}\.", page.sentence)
    assert "The winner" in words(page.by_id("best"))
    assert {"Open as network"} <= {words(button) for button in page.root.iter("button")}
    rows = [row for row in page.root.iter("tr") if row.get("data-href", "").startswith("/runs/")]
    assert len(rows) == TRIALS
    assert sum("★" in words(row) for row in rows) == 1
    assert page.text.count('<polyline class="line') == TRIALS


PLAIN = {"layers": 1, "units_1": 8, "activation": "tanh", "optimizer": "adam", "learning_rate": 0.01, "batch_size": 16}
PLAIN |= {"dropout": 0.0, "schedule": "constant", "has_weight_decay": False}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, ""),
        ({"dropout": 0.3141}, ", dropout 0.31"),
        ({"schedule": "cosine"}, ", cosine"),
        ({"has_weight_decay": True, "weight_decay": 0.0000123}, ", decay 1.2e-5"),
        ({"dropout": 0.5, "schedule": "cosine", "has_weight_decay": True, "weight_decay": 0.01}, None),
    ],
)
def test_a_candidate_is_said_with_all_that_makes_it_differ_from_another(more, said):
    every = ", dropout 0.5, cosine, decay 0.01"
    plain = "8 tanh, Adam 0.01, batch 16"
    assert candidate_words(PLAIN | more, SearchSpace().to_json()) == plain + (every if said is None else said)


def test_what_all_candidates_have_in_common_is_said_of_each():
    fixed = {"dropout": {"low": 0.2, "high": 0.2}, "schedule": ["step"], "weight_decay": {"low": 0.001, "high": 0.001}}
    space = SearchSpace().to_json() | fixed | {"no_weight_decay": False}
    params = {name: PLAIN[name] for name in PLAIN if name not in {"dropout", "schedule", "has_weight_decay"}}
    assert candidate_words(params, space) == "8 tanh, Adam 0.01, batch 16, dropout 0.2, step, decay 0.001"
    assert candidate_words(params, space | {"weight_decay": "off"}).endswith("dropout 0.2, step")
    assert candidate_words(params | {"layers": 0}, space) == "no hidden layer, Adam 0.01, batch 16, step, decay 0.001"


def test_a_list_says_on_each_of_its_pages_how_many_searches_there_are_in_all(workspace, browser):
    add_bundled(workspace, "iris")
    first = create_search(workspace, SMALL)
    with workspace.catalogue.writing() as connection:
        dataset_id = search_rows.dataset_id_of(connection, first.id)
        row = {"purpose": "", "dataset_id": dataset_id, "space": first.space, "goal": asdict(first.goal), "seed": 1}
        row |= {"budget": asdict(first.budget), "sampler": "neural", "stopping": "curve", "state": "stopped"}
        for number in range(52):
            search_rows.insert_search(connection, row | {"name": f"more-{number}"})
    for address, rows in (("/searches", "1 to 50 of 53"), ("/searches?offset=50", "51 to 53 of 53")):
        page = browser.get(address)
        assert page.sentence == "53 searches; 1 running."
        assert rows in words(page.root)
    assert browser.get("/searches?offset=100").links()["/searches"]


@pytest.mark.parametrize("address", ["/searches", "/searches/1/delete", "/runs", "/runs/1", "/runs/2"])
def test_the_pages_about_a_search_keep_the_rules_and_lead_to_it(found, address):
    page = found.get(address)
    assert "/searches/1" in page.links()


def test_the_leaderboard_is_sorted_by_the_address(found):
    def sizes(sort):
        page = found.get(f"/searches/1?sort={sort}")
        table = next(e for e in page.root.iter("table") if e.get("aria-label") == "Trials")
        heads = [words(head).rstrip(" ↑↓") for head in table.iter("th") if head.get("scope") == "col"]
        place = heads.index("Parameters") - 1
        return [
            int(words(list(row.iter("td"))[place]).replace(",", "")) for row in table.iter("tr") if row.get("data-href")
        ]

    assert "/searches/1?sort=-parameters#trials" in found.get("/searches/1?sort=parameters").links()
    assert sizes("parameters") == sorted(sizes(""), reverse=True)
    assert sizes("-parameters") == sorted(sizes(""))


def test_what_a_trial_is_made_of_stands_in_one_line_and_whole_on_hover(searched, found):
    page = found.get("/searches/1")
    cells = [cell for cell in page.root.iter("td") if cell.get("class") == "cut"]
    said = {candidate_words(trial.params, get_search(searched, 1).space) for trial in brief_view(searched, 1).trials}
    assert len(cells) == TRIALS
    titles = {span.get("title") for cell in cells for span in cell.iter("span")}
    assert titles == {words(cell) for cell in cells} <= said


def test_tables_that_scroll_in_their_box_show_it_and_are_reached_by_the_keyboard(found):
    for name in ("leaderboard", "settings"):
        box = found.get("/searches/2").by_id(name)
        assert (box.get("class"), box.get("tabindex"), box.get("role")) == ("scroll hint", "0", "group")


@pytest.mark.parametrize("name", ["front", "history"])
def test_points_of_a_chart_lead_to_their_trials(searched, found, name):
    figure = found.raw(f"/searches/2/{name}.figure").json
    numbers = {number for trace in figure["data"] for number in trace.get("customdata", [])}
    assert numbers == {trial.number for trial in brief_view(searched, 2).candidates}
    for number in numbers:
        answer = found.raw(figure["layout"]["meta"]["leads"].replace("{}", str(number)))
        assert f"Trial {number} of compromises" in words(found.get(answer.headers["Location"]).root)
    assert found.raw("/searches/2/trials/99").status_code == 404


def test_trials_on_the_front_are_marked_and_listed_with_links(found):
    points = found.raw("/searches/2/front.json").json["items"]
    on = [point["trial"] for point in sorted(points, key=lambda point: point["parameters"]) if point["on_the_front"]]
    page = found.get("/searches/2")
    rows = [row for row in page.by_id("leaderboard").iter("tr") if row.get("data-href")]
    assert {words(next(row.iter("a"))).split()[0] for row in rows if "◆" in words(row)} == {
        str(number) for number in on
    }
    listed = next(p for p in page.root.iter("p") if "On the front" in words(p))
    assert [words(link) for link in listed.iter("a")] == [f"trial {number}" for number in on]
    assert all(re.fullmatch(r"/runs/\d+", link.get("href")) for link in listed.iter("a"))
    assert "On the front" not in words(found.get("/searches/1").root)


@pytest.mark.parametrize("name", ["trials", "history", "curves", "importance", "predictions", "beliefs"])
def test_every_table_and_chart_has_its_numbers_as_csv_and_json(found, name):
    lines = list(csv.DictReader(io.StringIO(found.raw(f"/searches/1/{name}.csv").text)))
    items = found.raw(f"/searches/1/{name}.json").json["items"]
    assert len(lines) == len(items) > 0
    assert list(lines[0]) == list(items[0])


@pytest.mark.parametrize("name", ["history", "importance", "predictions", "belief"])
def test_every_chart_is_drawn_from_a_figure(found, name):
    figure = found.raw(f"/searches/1/{name}.figure").json
    assert figure["data"] != []


@pytest.mark.parametrize("name", ["history", "curves", "importance", "predictions", "belief"])
def test_a_chart_that_the_page_has_is_not_counted_again(found, monkeypatch, name):
    mark = found.raw(f"/searches/1/{name}.figure").headers["ETag"]
    monkeypatch.setitem(FIGURES, name, lambda *_: pytest.fail("counted again"))
    answer = found.raw(f"/searches/1/{name}.figure", headers={"If-None-Match": mark})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", mark)


def test_what_is_expected_of_another_setting_is_another_chart(found):
    marks = {found.raw(f"/searches/1/belief.figure?setting={name}").headers["ETag"] for name in ("units_1", "dropout")}
    assert len(marks) == 2


def test_a_trial_that_starts_changes_the_chart_of_learning_curves_and_not_that_of_what_matters(searched):
    ended = brief_view(searched, 1)
    started = replace(ended.trials[0], number=99, state="running", score=None)
    more = replace(ended, trials=[*ended.trials, started])
    same = {name: figure_mark(ended, name) == figure_mark(more, name) for name in ("importance", "curves")}
    assert same == {"importance": True, "curves": False}
    assert figure_mark(ended, "importance") != figure_mark(replace(ended, trials=ended.trials[1:]), "importance")


def test_once_nothing_is_running_the_chart_of_learning_curves_says_so(found):
    figure = found.raw("/searches/1/curves.figure").json
    assert (figure["data"], figure["layout"]["annotations"][0]["text"][:20]) == ([], "No trial is running.")


def test_the_trials_are_narrowed_to_those_with_some_words(found):
    whole = found.get("/searches/1?all=1")
    names = [words(cell) for cell in whole.by_id("leaderboard").iter("td") if cell.get("class") == "cut"]
    kind = names[0].split()[1].rstrip(",")  # an activation
    same = [name for name in names if kind in name]
    (form,) = whole.all("form", role="search")
    assert {field.get("name"): field.get("value") for field in form.iter("input")} == {"search": "", "all": "1"}
    page = found.get(f"/searches/1?all=1&search={kind}+finished")
    shown = [words(cell) for cell in page.by_id("leaderboard").iter("td") if cell.get("class") == "cut"]
    assert shown == same
    assert f"{len(shown)} of 12 trials with the words" in words(page.by_id("tried"))
    assert "No trial has these words." in words(found.get("/searches/1?search=nothing").by_id("tried"))


def test_a_chart_of_too_few_trials_says_how_many_it_waits_for(found):
    chart = found.get("/searches/2").by_id("importance")
    assert words(chart) == "Drawn once 8 trials have finished with a score, if a setting differs among them."
    assert "undrawn" in chart.get("class")


@pytest.mark.parametrize(("bars", "size"), [(1, "low"), (7, "low"), (8, ""), (13, "tall"), (19, "taller")])
def test_a_chart_with_many_bars_is_high_enough_for_their_names(bars, size):
    assert chart_size(bars) == size


def test_the_chart_of_what_matters_is_as_high_as_its_settings_need(found):
    chart = found.get("/searches/1").by_id("importance")
    settings = len(found.raw("/searches/1/importance.json").json["items"])
    assert settings > 7
    assert chart.get("class").split() == ["chart", *chart_size(settings).split()]


@pytest.mark.parametrize(("part", "name"), [("head", "progress"), ("trials", "tried")])
def test_the_live_parts_are_the_same_alone_as_in_the_page_and_ask_no_more_at_the_end(found, part, name):
    alone = parse_fragment(found.raw(f"/searches/1/progress?part={part}").text)
    whole = found.get("/searches/1").by_id(name)
    fresh = next(element for element in alone.iter() if element.get("id") == name)
    assert re.sub(r"\d+ min ago|just now", "", words(fresh)) == re.sub(r"\d+ min ago|just now", "", words(whole))
    assert fresh.get("data-poll-url") is None


def test_while_a_search_waits_its_page_asks_again(workspace, browser):
    add_bundled(workspace, "iris")
    create_search(workspace, SMALL)
    address = browser.get("/searches/1").by_id("progress").get("data-poll-url")
    assert browser.raw(address).status_code == 204
    assert browser.raw("/searches/1/progress?mark=old").status_code == 200


def test_a_search_is_paused_resumed_and_stopped_by_its_buttons(workspace, browser):
    add_bundled(workspace, "iris")
    create_search(workspace, SMALL)
    for verb, state in (("pause", "pausing"), ("resume", "running"), ("stop", "stopping")):
        page = browser.post(f"/searches/1/{verb}", source="/searches/1")
        assert state in words(page.by_id("progress"))
    page = browser.post("/searches/1/stop", source="/searches/1")
    assert "The search 'flowers' is stopped already." in words(page.root)


def test_a_budget_is_widened_and_a_wrong_one_is_refused_beside_its_field(workspace, browser):
    add_bundled(workspace, "iris")
    create_search(workspace, SMALL)
    form: dict[str, Any] = {
        "budget-trials": "99",
        "budget-epochs": "2",
        "budget-seconds": "0",
        "space-units-high": "64",
    }
    form |= {"space-activation": ["relu"], "space-optimizer": ["adam"], "space-schedule": ["cosine"]}
    browser.post("/searches/1/change", form, source="/searches/1")
    search = get_search(workspace, 1)
    assert (search.budget.trials, search.space["units"]["high"], search.space["activation"]) == (99, 64, ["relu"])
    page = browser.post("/searches/1/change", form | {"budget-trials": "-1"}, status=422, source="/searches/1")
    assert problems_of(page) == ["Trials: Give a whole number from 1 to 10,000."]
    assert get_search(workspace, 1).budget.trials == 99


def test_a_trial_is_opened_as_a_network_by_one_click_and_only_once(searched, found):
    best = brief_view(searched, 1).search.result["best"]
    address = f"/searches/1/trials/{best}/network"
    page = found.post(address, source="/searches/1")
    assert page.h1.endswith(f"of flowers-{best}")
    assert found.post(address, source="/searches/1").h1 == f"flowers-{best}"
    assert f"To its network flowers-{best}" in words(found.get("/searches/1").root)


@pytest.mark.parametrize(
    ("confirms", "state", "says"),
    [
        (None, "finished", "ends with the trial's weights, bit for bit"),
        (None, "stopped", "was stopped early after 4 epochs; the network is trained to its end"),
        (None, "cancelled", "was cancelled after 4 epochs; the network is trained to its end"),
        (2, "finished", "will agree with it within rounding"),
    ],
)
def test_what_a_network_has_in_common_with_its_trial_is_said_as_it_is(found, searched, confirms, state, says):
    trial = replace(brief_view(searched, 1).candidates[0], confirms=confirms, state=state, epochs=4)
    assert says in opened_sentence("flowers-1", trial)


def test_a_finished_search_offers_to_go_on_only_with_more_to_spend(found):
    progress = found.get("/searches/1").by_id("progress")
    assert "All trials have been used. Add trials to continue." in words(progress)
    assert "Resume" not in {words(button) for button in progress.iter("button")}


def test_a_search_is_deleted_once_its_name_is_typed(workspace, browser):
    add_bundled(workspace, "iris")
    create_search(workspace, SMALL)
    assert browser.post("/searches/1/delete", {"typed": "no"}, status=422).h1 == "Delete flowers"
    assert browser.post("/searches/1/delete", {"typed": "flowers"}, status=409).h1
    assert get_search(workspace, 1).name == "flowers"


def test_what_does_not_exist_is_a_404(browser):
    for address in ("/searches/7", "/searches/7/progress", "/searches/7/trials.csv", "/searches/7/delete"):
        assert browser.raw(address).status_code == 404


def test_the_trials_that_confirm_the_winner_are_in_the_table_and_its_card_leads_to_them(found, searched):
    now = brief_view(searched, 1)
    again = now.confirmations[now.search.result["best"]]
    links = [link.get("href") for link in found.get("/searches/1").by_id("progress").iter("a")]
    assert {f"/runs/{trial.run_id}" for trial in again} < set(links)
    rows = list(csv.DictReader(io.StringIO(found.raw("/searches/1/trials.csv").text)))
    assert [row["trial"] for row in rows if row["confirms"]] == [
        str(trial.number) for trial in now.trials if trial.confirms
    ]


def test_of_a_few_trials_nothing_is_said_about_random_search():
    few = AgainstRandom(each=4, best_random=0.5, best_proposed=0.9, random=9, proposed=4, better=3, expected=0.4)
    assert "5 of each are needed" in against_random_sentence(few, None)


def test_a_change_says_what_is_left_to_do_for_it(found, searched):
    form: dict[str, Any] = {"budget-trials": "99", "budget-epochs": "2", "budget-seconds": "0"}
    with searched.catalogue.reading() as connection:
        before = search_rows.get_search(connection, 1)
    space = {"space-activation": before.space["activation"], "space-optimizer": before.space["optimizer"]}
    space |= {"space-schedule": before.space["schedule"]}
    same = form | space | {"budget-trials": str(before.budget.trials)}
    try:
        page = found.post("/searches/1/change", same, source="/searches/1")
        assert "Changed. All trials have been used. Add trials to continue." in words(page.root)
        page = found.post("/searches/1/change", form | space, source="/searches/1")
        assert "Changed. Resume the search to use it." in words(page.root)
    finally:
        with searched.catalogue.writing() as connection:
            values = {"budget": asdict(before.budget), "space": before.space}
            search_rows.change_search(connection, 1, values)


def test_a_setting_can_be_chosen_before_anything_is_believed_of_it(workspace, browser):
    add_bundled(workspace, "iris")
    create_search(workspace, SMALL)
    names = {option.get("value") for option in browser.get("/searches/1").by_id("setting").iter("option")}
    assert {"units_1", "learning_rate"} <= names
    assert browser.raw("/searches/1/belief.figure?setting=learning_rate").status_code == 200


def test_the_proposers_page_offers_no_training_that_would_be_refused(found, searched):
    name = get_search(searched, 1).network
    page = found.get(f"/networks/{name}")
    assert f"{name} does not read" in words(page.root)
    assert "it is trained by the search that it proposes for" in words(page.root)
    assert "Start training" not in {words(button) for button in page.root.iter("button")}
    assert "#train" not in {link.get("href") for link in page.root.iter("a")}
