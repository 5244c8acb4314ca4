"""The pages of a tensor's history, of one part of it, of health and of several versions: what they say and lead to."""

from urllib.parse import quote

import numpy as np
import pytest

from dashboard.services.cache import numbers as cached_numbers
from dashboard.services.datasets import add_bundled, get_dataset
from dashboard.services.networks import create_network, get_network
from dashboard.services.store.tables import clear_cache
from dashboard.services.versions.reading import get_version
from dashboard.services.versions.saving import Draft, save_version
from dashboard.web.compare.several_page import best_words
from tests.api.examples import IRIS_NETWORK, save, special_tensors
from tests.web.page_check import classes, words
from tests.worker import wait_until

DEMO = "/networks/demo-digits"
HISTORY = f"{DEMO}/history"
TENSOR = "layer_01.weight"


SVG = "{http://www.w3.org/2000/svg}"


def link_to(page, words_of_link):
    return next(address for address, said in page.links().items() if said == words_of_link)


def test_a_history_opens_with_where_the_tensor_moved_most_and_who_changed_it_last(demo):
    wait_until(lambda: "not counted yet" not in demo.get(HISTORY).sentence, "all changes to be counted")
    page = demo.get(HISTORY)
    assert page.h1 == "History of layer_01.weight in demo-digits"
    assert page.sentence.startswith("6 versions; it moved most in v2, by ")
    assert page.sentence.endswith("% of its norm; last changed in v6 by run 1.")
    farthest = demo.get(f"{HISTORY}?since=first").sentence
    assert farthest.startswith("6 versions; v6 is farthest from the first version, by ")


def test_the_slider_and_links_without_a_script_step_through_the_versions(demo):
    page = demo.get(f"{HISTORY}?at=3")
    slider = page.by_id("slider")
    assert (slider.get("min"), slider.get("max"), slider.get("value")) == ("1", "6", "3")
    steps = {e.get("data-key"): e.get("href") for e in page.root.iter("a") if "data-swap" in e.attrib}
    assert words(demo.get(steps["["]).by_id("at")).startswith("v2")
    assert words(demo.get(steps["]"]).by_id("at")).startswith("v4")
    ridge = next(e for e in page.root.iter(f"{SVG}svg") if "ridges" in classes(e))
    assert [words(e)[-2:] for e in ridge.iter(f"{SVG}a")] == ["v2", "v3", "v4", "v5", "v6"]
    assert [e.get("aria-current") for e in ridge.iter(f"{SVG}a")] == [None, "true", None, None, None]


def test_the_weights_are_one_choice_away_from_the_change(demo):
    change, weights = demo.get(HISTORY), demo.get(f"{HISTORY}?show=weights")
    assert "Distribution of the change since the version before" in change.text
    assert "Distribution of the weights" in weights.text
    assert demo.raw(f"{HISTORY}/map.png?at=1").status_code == 404  # the first version has changed nothing
    assert demo.raw(f"{HISTORY}/map.png?at=1&show=weights").mimetype == "image/png"


@pytest.mark.parametrize(
    "address",
    [
        f"{HISTORY}?tensor=nothing",
        f"{HISTORY}?at=99",
        f"{HISTORY}?row=900",
        f"{HISTORY}?unit=99",
        "/networks/no/history",
    ],
)
def test_what_is_not_there_is_a_real_404(demo, address):
    demo.get(address, status=404)


@pytest.mark.parametrize("query", ["since=yesterday", "show=all", "at=x", "row=x", "bins=1"])
def test_a_wrong_query_is_refused(demo, query):
    demo.get(f"{HISTORY}?{query}", status=422)


def test_from_the_table_one_click_leads_to_a_cells_and_to_a_units_time_line(demo):
    table = demo.get(f"{DEMO}/versions/6/tensors/{TENSOR}?row=20&column=7")
    cell = demo.get(link_to(table, "this cell over all versions"))
    assert cell.h1 == "Weight [20, 7] of layer_01.weight in demo-digits"
    assert cell.sentence.endswith("last changed in v6 by run 1, 5 times in all.")
    unit = demo.get(link_to(cell, "unit 7 as a whole"))
    assert unit.h1 == "Unit 7 of layer_01.weight in demo-digits"
    assert "1,797 records of the dataset were put through each version" in unit.text
    assert demo.get(link_to(unit, "its bias")).h1 == "Weight [7] of layer_01.bias in demo-digits"
    heads = {words(e): e for e in table.root.iter("th") if e.get("scope") == "col"}
    assert demo.get(next(heads["9"].iter("a")).get("href")).h1.startswith("Unit 9 of")


def test_a_time_line_leads_back_to_the_cell_in_the_table_of_each_version(demo):
    page = demo.get(f"{HISTORY}?tensor={TENSOR}&row=20&column=7")
    back = [e.get("data-href") for e in page.root.iter("tr") if e.get("data-href")]
    assert back[0] == f"{DEMO}/versions/6/tensors/{TENSOR}?row=20&column=7"
    assert words(demo.get(back[0]).by_id("cell")).startswith("[20, 7]: ")


def test_health_names_every_measure_in_a_sentence_and_sorts_by_each(demo):
    page = demo.get(f"{DEMO}/health")
    assert page.sentence.startswith("v6: 7 units of 32 dead from the first version on; norm ")
    measures = next(e for e in page.root.iter("ul") if "measures" in classes(e))
    said = [words(e) for e in measures.iter("p")]
    assert len(said) == 10
    assert all(sentence.endswith(".") for sentence in said)
    by_rank = demo.get(f"{DEMO}/health?sort=stable_rank")
    column = [float(words(row[7])) for row in next(by_rank.root.iter("tbody"))]
    assert column == sorted(column, reverse=True)


@pytest.fixture
def dying(workspace):
    """A network whose unit 1 is never active from version 2 on, and flat from none; unit 2 is a double."""
    add_bundled(workspace, "iris")
    layers = [{"units": 3, "activation": "relu"}]
    network = create_network(workspace, {"name": "dying", "dataset": "iris", "layers": layers})
    columns = get_dataset(workspace, "iris").description["columns"]
    numeric = [{"name": c["name"], "scale": 1.0, "offset": 0.0, "fill": 0.0} for c in columns if c["name"] != "species"]
    made = {
        "scaling": "none",
        "task": "classification",
        "numeric": numeric[:4],
        "categorical": [],
        "classes": get_dataset(workspace, "iris").description["classes"],
        **{"low": 0.0, "high": 1.0, "target_scale": 1.0, "target_offset": 0.0},
    }
    for sign in (1, -1, -2):
        tensors = {name: np.ones(shape, np.float32) for name, shape in network.spec.tensor_shapes}
        tensors["layer_01.weight"][:, 1] = sign  # all measures of iris are above 0
        tensors["layer_01.bias"][:] = 0
        draft = Draft(tensors, network.spec, get_dataset(workspace, "iris").id, made, {}, {})
        save_version(workspace, get_network(workspace, "dying"), draft)
    return workspace


@pytest.mark.usefixtures("dying")
def test_a_unit_that_never_fires_is_named_with_the_version_since_which(browser):
    # draw=1 counts to the end, however long a busy machine takes for it.
    unit = browser.get(f"/networks/dying/history?tensor={TENSOR}&unit=1&draw=1")
    assert "never fires since v2" in unit.text
    assert "150 records of the dataset" in unit.text
    assert (
        "never fires"
        not in browser.get(f"/networks/dying/history?tensor={TENSOR}&unit=0&draw=1").text.split("<main")[1][:900]
    )


@pytest.mark.usefixtures("dying")
def test_health_says_which_units_are_dead_and_duplicate_and_since_when(browser):
    page = browser.get("/networks/dying/health")
    assert page.sentence == "v3: 1 unit of 3 dead since v2; 1 duplicate unit; norm 1.414 times that of v1."
    assert link_to(page, "1").endswith(f"?tensor={TENSOR}&unit=1")
    rows = browser.raw("/networks/dying/health/units.json").json["items"]
    newest = [(row["unit"], row["finding"]) for row in rows if row["version"] == 3]
    doubled = [(unit, finding) for unit in (0, 2) for finding in ("constant", "duplicates")]
    dead = [(1, finding) for finding in ("dead", "never_active", "unvarying")]
    assert newest == sorted([*doubled, (1, "constant"), *dead])
    assert link_to(browser.get("/networks/dying"), "v3: 1 unit dead in layer 1: 1").startswith("/networks/dying/health")
    chip = browser.get("/networks/dying/versions/3")
    assert "1 unit dead in layer 1: 1" in chip.text


def test_since_when_units_are_dead_is_unknown_where_versions_before_are_damaged(dying, browser):
    def damage(number):
        (dying.settings.home_folder / f"weights/dying/v{number:04}/layer_01_weight.csv").unlink()
        clear_cache(dying)

    damage(2)
    page = browser.get("/networks/dying/health")
    assert "1 unit of 3 dead since v3 at the latest, v2 is unknown;" in page.sentence
    unit = browser.get(f"/networks/dying/history?tensor={TENSOR}&unit=1")
    assert "never fires since v3 at the latest, v2 is unknown" in unit.text
    since = browser.raw(f"/api/v1/networks/dying/timeline?tensor={TENSOR}&unit=1").json["dead_since"]
    assert (since["version"], since["at_latest"]) == (3, True)
    cell = f"/networks/dying/{{}}?tensor={TENSOR}&row=0&column=1"
    assert "last changed in v2 to v3, v2 is unknown." in browser.get(cell.format("history")).sentence
    last = browser.raw(f"/api/v1{cell.format('timeline')}").json["last_changed"]
    assert (last["version"], last["at_latest"]) == (3, True)
    damage(3)
    page = browser.get("/networks/dying/health")
    assert page.sentence == "3 versions; the newest one, v3, is damaged, so that its health cannot be counted."
    for address in ("/networks/dying", "/networks/dying/versions/3"):
        text = browser.get(address).text
        assert "dead units cannot be counted: damaged" in text
        assert "not counted yet" not in text


@pytest.mark.usefixtures("dying")
def test_what_takes_long_is_counted_only_on_demand_and_then_bit_by_bit(cautious, workspace):
    browser = cautious(workspace, 1)
    page = browser.get("/networks/dying/history")
    assert page.sentence == "3 versions; how far 2 of them moved is not counted yet; last changed in v3."
    asked = browser.get(link_to(page, "Draw anyway"))
    progress = asked.by_id("progress").get("data-poll-url")
    counted = 0
    while progress:
        part = browser.raw(progress).get_data(as_text=True)
        counted += 1
        progress = progress if "data-poll-url" in part else ""
        assert counted < 20, part
    assert "Everything is counted." in part
    done = browser.get("/networks/dying/history")
    assert done.sentence.startswith("3 versions; it moved most in v2")
    assert 'id="bands"' in done.text


def test_a_version_without_a_second_one_says_that_there_is_nothing_to_compare(browser, workspace):
    add_bundled(workspace, "iris")
    network = create_network(workspace, {"name": "one", "dataset": "iris", "layers": []})
    tensors = {name: np.zeros(shape, np.float32) for name, shape in network.spec.tensor_shapes}
    browser.get("/networks/one/history", status=404)
    save_version(workspace, network, Draft(tensors, network.spec, get_dataset(workspace, "iris").id, {}, {}, {}))
    assert browser.get("/networks/one/history").sentence == "1 version: there is nothing to compare yet."
    assert "all zero since v1" in browser.get("/networks/one/history").text
    assert get_version(workspace, "one", 1).changed is None


def test_two_to_eight_versions_stand_side_by_side(demo):
    chosen = "&".join(f"version=demo-digits:{number}" for number in (1, 3, 6))
    page = demo.get(f"/compare/several?{chosen}")
    assert page.h1 == "3 versions side by side"
    assert page.sentence.startswith("3 versions side by side; demo-digits:")
    rows = {words(row[1]): [words(cell) for cell in row[2:]] for row in next(page.root.iter("tbody"))}
    assert rows["epoch"] == ["1", "3", "6", "–"]  # a setting has no baseline
    assert rows["test accuracy"][-1] == "0.1000"  # one of ten classes, each as frequent
    hidden = demo.get(f"/compare/several?{chosen}&equal=hide&filter=epoch&sort=setting.epoch")
    assert [[words(cell) for cell in row] for row in next(hidden.root.iter("tbody"))] == [
        ["setting", "epoch ↓", "6", "3", "1", "–"]
    ]
    curves = demo.raw(f"/compare/several/curves.figure?{chosen}").json["data"]
    assert [trace["name"] for trace in curves] == [
        "demo-digits, run 1", "demo-digits:1", "demo-digits:3", "demo-digits:6",
    ]  # fmt: skip
    assert [trace["x"] for trace in curves[1:]] == [[1], [3], [6]]
    assert "batch size" not in rows
    assert "settings are equal: show" in page.text
    assert "batch size" in demo.get(f"/compare/several?{chosen}&equal=show").text
    assert "batch_size" in demo.raw(f"/compare/several/facts.csv?{chosen}").text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("version=demo-digits:1&version=demo-digits:77", 404),
        ("version=demo-digits:1&version=nonsense", 400),
        ("version=demo-digits:1&version=demo-digits:2&tensor=x", 404),
    ],
)
def test_another_choice_of_versions_is_refused_with_the_form_to_mend_it(demo, query, status):
    page = demo.get(f"/compare/several?{query}", status=status)
    assert any("bad" in classes(e) for e in page.root.iter("div"))
    assert next(box.get("value") for box in page.all("input", name="version", checked="")) == "demo-digits:1"


def test_versions_that_are_as_good_as_the_best_are_counted():
    known = {"mnist:1": 0.9, "mnist:2": 0.95, "mnist:3": 0.95, "mnist:4": 0.95}
    assert best_words("val_accuracy", known) == "best validation accuracy: 0.9500 of mnist:2 and 2 other versions"
    assert best_words("val_loss", known) == "best validation loss: 0.9000 of mnist:1"
    assert best_words("val_loss", {}) == ""


def test_all_versions_are_lines_between_axes_and_rows_of_a_table(demo):
    page = demo.get("/compare/all?network=demo-digits")
    assert page.sentence.startswith("6 versions of demo-digits; 1 setting differs; best validation accuracy: ")
    drawing = next(e for e in page.root.iter(f"{SVG}svg") if "threads" in classes(e))
    assert len(list(drawing.iter(f"{SVG}a"))) == 6
    names = [words(e) for e in drawing.iter(f"{SVG}text") if "name" in classes(e)]
    assert names[0] == "epoch"
    shown = demo.get("/compare/all?network=demo-digits&equal=show&filter=cross-entropy").by_id("main")
    cells = {words(cell) for cell in shown.iter("td")}
    assert {"cross-entropy", "Adam", "He, normal"} <= cells
    assert not any("_" in cell for cell in cells)
    by_loss = demo.raw("/compare/all.json?network=demo-digits&sort=-metric.val_loss").json["items"]
    losses = [row["metric.val_loss"] for row in by_loss]
    assert losses == sorted(losses)
    only = demo.raw("/compare/all.json?filter=demo-digits:4").json["items"]
    assert [row["version"] for row in only] == ["demo-digits:4"]
    demo.get("/compare/all?network=nobody", status=404)


def test_tensors_of_every_type_and_shape_have_their_pages(browser, workspace):
    add_bundled(workspace, "iris")
    create_network(workspace, IRIS_NETWORK)
    tensors = special_tensors() | {"empty": np.zeros((0, 3)), "cube": np.arange(24, dtype=np.int16).reshape(2, 3, 4)}
    save(workspace, tensors)
    save(workspace, tensors | {"cube": -tensors["cube"], "float64": np.full(4, np.nan)})
    for tensor in map(quote, tensors):
        for query in ("", "&show=weights", "&line=1", "&unit=0"):
            browser.get(f"/networks/iris-net/history?tensor={tensor}{query}")
        browser.get(f"/networks/iris-net/health?tensor={tensor}")
        browser.get(f"/compare/several?version=iris-net:1&version=iris-net:2&tensor={tensor}")
        for figure in ("bands", "distances", "norms", "ranks", "timeline"):
            assert browser.raw(f"/networks/iris-net/history/{figure}.figure?tensor={tensor}").json["layout"]


def test_without_versions_the_page_of_all_says_what_is_missing(browser):
    assert "No version yet" in browser.get("/compare/all").text


def test_the_networks_and_the_versions_pages_lead_to_history_and_health(demo):
    assert {f"{DEMO}/history", f"{DEMO}/health"} <= set(demo.get(DEMO).links())
    assert f"{HISTORY}?at=6" in demo.get(f"{DEMO}/versions/6").links()


def test_numbers_that_were_counted_are_kept_and_the_store_is_not_read_again(dying, browser):
    browser.get("/networks/dying/history")
    kept = cached_numbers.size_of_numbers(dying)
    for table in (dying.settings.home_folder / "weights").rglob("*.csv"):
        table.write_text("c0\nnot a number\n")
    dying.decoded.clear()
    assert kept > 0
    assert browser.get("/networks/dying/history").sentence.startswith("3 versions; it moved most in v2")
    cached_numbers.clear_numbers(dying)
    assert "row 0 has 1 cells where 3 belong" in words(browser.get("/networks/dying/history").root)
    assert "dying/v0003/layer_01_weight.csv: row 0 has" in words(browser.get("/networks/dying").root)
