"""The small scripts in a real browser: steps in place, live pages, keyboard, themes; and the pages without them."""

import re
import time

import pytest
from playwright.sync_api import expect

from dashboard.settings import Settings
from tests.browser.conftest import PATIENCE, serving
from tests.once import demo_home
from tests.server import free_port

pytestmark = pytest.mark.browser

NETWORK = "/networks/demo-digits"
VERSION = f"{NETWORK}/versions/6"
TENSOR = f"{VERSION}/tensors/layer_01.weight"
SIDE_BY_SIDE = "/compare/several?version=demo-digits:1&version=demo-digits:6"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The address of a dashboard in which the demo network has been trained."""
    with serving(Settings(home=str(demo_home(tmp_path_factory)), port=free_port())) as address:
        yield address


@pytest.fixture
def watch(chromium, demo):
    """Open tabs; at the end none may have had an error in its console or asked another machine for anything."""
    faults, contexts = [], []

    def open_tab(path, **options):
        context = chromium.new_context(**{"viewport": {"width": 1440, "height": 900}, "base_url": demo} | options)
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(PATIENCE)
        tab.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("request", lambda request: None if request.url.startswith(demo) else faults.append(request.url))
        tab.goto(path)
        return tab

    yield open_tab
    for context in contexts:
        context.close()
    assert faults == []


def drawn(tab, chart):
    """Touch a chart, unless it was touched before, and wait until Plotly has drawn it."""
    tab.locator(f"#{chart}").scroll_into_view_if_needed()
    expect(tab.locator(f"#{chart}").locator(".panel, .main-svg").first).to_be_visible()
    for button in tab.locator(f"[data-touches={chart}]").all():
        button.click()
    expect(tab.locator(f"#{chart}:not(.busy) .main-svg").first).to_be_visible()


def until(said):
    """Wait until something is so; the run as a whole has its limit."""
    while not said():
        time.sleep(0.05)


def stays(tab):
    """Mark the document, so that it can be told later whether it was replaced by another."""
    tab.evaluate("window.sameDocument = true")
    return lambda: tab.evaluate("window.sameDocument === true")


def test_the_film_of_a_unit_plays_to_its_end_and_steps_by_arrows(watch):
    tab = watch(f"{NETWORK}/history?tensor=layer_01.weight&unit=5&at=1", reduced_motion="reduce")
    current, large = tab.locator(".frames a[aria-current]"), tab.locator("svg.large")
    play = tab.get_by_role("button", name="Play", exact=True)
    expect(current).to_have_text("v1")  # it does not begin by itself
    play.click()
    expect(tab.get_by_role("button", name="Pause", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(current).to_have_text("v6")
    expect(play).to_have_attribute("aria-pressed", "false")
    expect(large).to_have_attribute("viewBox", "45 0 8 8")
    tab.keyboard.press("ArrowLeft")
    expect(current).to_have_text("v5")
    expect(large).to_have_attribute("viewBox", "36 0 8 8")
    expect(tab.locator("#frame-words")).to_contain_text("v5, epoch 5: norm ")
    assert tab.url.endswith("at=5")
    tab.locator(".frames a", has_text="v2").click()
    expect(current).to_have_text("v2")
    tab.get_by_role("link", name="What changed since v1, cell by cell").click()
    assert "other=demo-digits:2" in tab.url.replace("%3A", ":")


def test_versions_are_stepped_through_in_place_and_back(watch):
    tab = watch(f"{TENSOR}?row=10&column=2")
    is_same = stays(tab)
    tab.keyboard.press("[")
    expect(tab.locator("h1")).to_have_text("layer_01.weight of demo-digits v5")
    expect(tab).to_have_title("layer_01.weight of demo-digits v5 · Weightbase")
    expect(tab.locator("tr[data-row='10']")).to_be_visible()
    assert "versions/5" in tab.url
    tab.go_back()
    expect(tab.locator("h1")).to_have_text("layer_01.weight of demo-digits v6")
    assert is_same()


@pytest.mark.soak
def test_a_drawn_chart_survives_the_step_and_shows_the_other_version(watch):
    tab = watch(VERSION)
    drawn(tab, "distribution-1")
    numbers = "JSON.stringify(document.getElementById('distribution-1').data[0].y)"
    before, is_same = tab.evaluate(numbers), stays(tab)
    tab.keyboard.press("[")
    expect(tab.locator("h1")).to_have_text("demo-digits v5")
    until(lambda: tab.evaluate(numbers) != before)
    drawn(tab, "distribution-1")
    assert is_same()


def test_a_cell_that_is_clicked_shows_all_its_digits_and_has_an_address(watch):
    tab = watch(TENSOR)
    cell = tab.locator("tr[data-row='7'] td").nth(3)
    cell.click()
    expect(tab.locator("#cell")).to_have_text(f"[7, 3]: {cell.get_attribute('title')}")
    assert tab.url.endswith("?row=7&column=3")
    tab.reload()
    expect(tab.locator("td.here")).to_have_attribute("title", tab.locator("#cell").inner_text().split(": ")[1])


@pytest.mark.soak
def test_a_click_on_the_heat_map_goes_there(watch):
    tab = watch(TENSOR)
    box = tab.locator(".map").bounding_box()
    tab.locator(".map").click(position={"x": box["width"] * 0.8, "y": box["height"] * 0.9})
    expect(tab.locator("td.here")).to_have_count(1)
    found = re.search(r"row=(\d+)&column=(\d+)", tab.url)
    assert (int(found[1]), int(found[2])) == (57, 25)


@pytest.mark.soak
def test_bins_and_the_log_axis_are_chosen_afterwards(watch):
    tab = watch(TENSOR)
    drawn(tab, "distribution")
    bars = "document.getElementById('distribution').data[0].x.length"
    assert tab.evaluate(bars) == 61
    tab.get_by_label("Bins").select_option("200")
    until(lambda: tab.evaluate(bars) == 201)
    tab.get_by_label("log axis").check()
    until(lambda: tab.evaluate("document.getElementById('distribution').layout.yaxis.type") == "log")


def test_two_versions_are_selected_and_compared_by_keyboard(watch):
    tab = watch(NETWORK)
    for key in "jxjjjjjxd":
        tab.keyboard.press(key)
    expect(tab.locator("h1")).to_have_text("What changed from v1 to v6")
    drawn(tab, "changes")
    is_same = stays(tab)
    tab.keyboard.press("}")
    expect(tab.locator("h1")).to_have_text("What changed from v2 to v6")
    assert is_same()


def test_the_map_of_a_change_says_what_the_cell_under_the_pointer_became_and_opens_it(watch):
    tab = watch("/compare?base=demo-digits:1&other=demo-digits:6&tensor=layer_01.weight")
    is_same = stays(tab)
    units = tab.locator("#change-map").get_attribute("data-units").split()
    box = tab.locator("#change-map img:visible").bounding_box()
    place = {"x": box["width"] * 9.5 / 32, "y": box["height"] * 50.5 / 64}
    tab.locator("#change-map").hover(position=place)
    expect(tab.locator("#pointed")).to_contain_text(f"unit {units[9]}, input 50 · [50, {units[9]}]: ")
    words = tab.locator("#pointed").inner_text()
    tab.locator("#change-map").click(position=place, modifiers=["Shift"])
    expect(tab.locator(".triptych").locator("..").locator("h3").first).to_have_text(f"Unit {units[9]}")
    assert f"unit={units[9]}" in tab.url
    assert is_same()
    tab.locator("#change-map").click(position=place)
    expect(tab.locator("h1")).to_have_text(f"Cell [50, {units[9]}] of layer_01.weight")
    assert words.rpartition("Δ\N{NO-BREAK SPACE}")[2] in tab.locator("main").inner_text()


def test_the_order_of_the_map_is_changed_by_a_key_and_stands_in_the_address(watch):
    tab = watch("/compare?base=demo-digits:1&other=demo-digits:6&tensor=layer_01.weight")
    moved = tab.locator("#change-map").get_attribute("data-units")
    tab.keyboard.press("o")
    expect(tab.locator("#change-map")).to_have_attribute("data-units", " ".join(map(str, range(32))))
    assert "order=raw" in tab.url
    tab.keyboard.press("o")
    expect(tab.locator("#change-map")).to_have_attribute("data-units", moved)


@pytest.mark.soak
def test_the_files_of_a_chart_hold_the_bins_that_are_drawn(watch):
    tab = watch(TENSOR)
    drawn(tab, "distribution")
    tab.get_by_label("Bins").select_option("200")
    until(lambda: tab.evaluate("document.getElementById('distribution').data[0].x.length") == 201)
    link = tab.locator("figure", has=tab.locator("#distribution")).get_by_role("link", name="CSV")
    assert "bins=200" in link.get_attribute("href")


def test_rows_are_walked_and_opened_by_keyboard(watch):
    tab = watch(NETWORK)
    for key in "jjk":
        tab.keyboard.press(key)
    tab.keyboard.press("Enter")
    expect(tab.locator("h1")).to_have_text("demo-digits v6")


def test_keys_typed_into_a_field_are_only_text(watch):
    tab = watch("/")
    tab.keyboard.press("/")
    tab.keyboard.type("tg?h")
    expect(tab.get_by_role("searchbox")).to_have_value("tg?h")
    expect(tab.locator("dialog[open]")).to_have_count(0)
    tab.keyboard.press("Enter")
    expect(tab.locator(".empty")).to_contain_text("Nothing matches")


def test_the_keyboard_shows_its_list_and_leads_home(watch):
    tab = watch("/help")
    tab.keyboard.press("?")
    expect(tab.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    tab.keyboard.press("Escape")
    tab.keyboard.press("g")
    tab.keyboard.press("h")
    expect(tab.locator("h1")).to_have_text("Networks")


def test_the_theme_follows_the_system_then_the_choice_and_is_remembered(watch):
    tab = watch(NETWORK, color_scheme="dark")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    assert tab.evaluate(ground) == "rgb(20, 23, 28)"
    drawn(tab, "curves")
    tab.keyboard.press("t")
    assert tab.evaluate(ground) == "rgb(255, 255, 255)"
    until(lambda: tab.evaluate("document.getElementById('curves').layout.paper_bgcolor") == "#ffffff")
    tab.reload()
    assert tab.evaluate(ground) == "rgb(255, 255, 255)"
    other = tab.context.new_page()
    other.goto(tab.url)
    other.keyboard.press("t")
    until(lambda: tab.evaluate(ground) == "rgb(20, 23, 28)")  # an open tab follows
    tab.evaluate("document.documentElement.dataset.theme = 'light'")  # as a page that the browser had put by
    tab.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    assert tab.evaluate(ground) == "rgb(20, 23, 28)"


def test_a_run_is_followed_live_and_cancelled(watch):
    tab = watch(NETWORK)
    tab.get_by_label("Epochs").fill("100000")
    tab.get_by_label("Save a version").fill("last")
    tab.get_by_role("button", name="Start training").click()
    is_same = stays(tab)
    expect(tab.locator("#progress .sentence")).to_contain_text("Epoch ")
    drawn(tab, "curves")
    before = tab.locator("#progress .sentence").inner_text()
    expect(tab.locator("#progress .sentence")).not_to_have_text(before)
    assert is_same()
    tab.get_by_role("button", name="Cancel").click()
    expect(tab.locator("#progress")).to_contain_text("cancelled")
    expect(tab.locator("#progress[data-poll-url]")).to_have_count(0)
    expect(tab.locator("nav .badge")).to_have_count(0)  # nor does the rest of the page say that it goes on
    expect(tab.locator("#about time")).to_have_count(2)


def test_the_queue_is_followed_live_and_keeps_what_a_person_is_at(watch):
    tab = watch(NETWORK)
    tab.get_by_label("Epochs").fill("100000")
    tab.get_by_label("Save a version").fill("last")
    tab.get_by_role("button", name="Start training").click()
    run = int(tab.locator("h1").inner_text().split()[1])
    tab.goto("/runs?state=running")
    is_same = stays(tab)
    expect(tab.locator(f"#run-{run}-more")).to_be_visible()  # perhaps it was still queued a moment ago
    tab.keyboard.press("j")
    tab.locator(f"#run-{run}-more").focus()
    tab.keyboard.press("Enter")
    line = tab.locator("tr.current")
    before = line.inner_text()
    expect(line).not_to_have_text(before)  # it gets on, and the line is still the current one
    expect(tab.locator(f"#run-{run}-more")).to_be_focused()
    tab.locator(f"#run-{run}-cancel").click()
    expect(tab.locator("#queue[data-poll-url]")).to_have_count(0)
    expect(tab.locator("#queue .sentence")).to_contain_text("No run is active")
    expect(tab.locator("nav .badge")).to_have_count(0)
    assert not is_same()  # the button was a form's: the page was loaded anew once, and lived on from there
    tab.goto("/runs?state=ended")
    expect(tab.locator("#queue tbody tr").first).to_contain_text("cancelled")


def test_the_form_is_changed_in_place_and_keeps_the_focus(watch):
    tab = watch("/networks/new?dataset=digits")
    is_same = stays(tab)
    tab.get_by_label("Name", exact=True).fill("in place")
    tab.get_by_role("button", name="Modern classifier").click()
    expect(tab.get_by_label("Units of layer 2")).to_have_value("128")
    tab.get_by_role("button", name="+ Add a layer").click()
    expect(tab.get_by_label("Units of layer 3")).to_be_focused()
    tab.keyboard.press("ControlOrMeta+a")
    tab.keyboard.type("5")
    tab.get_by_role("button", name="Move layer 3 up").click()
    expect(tab.get_by_label("Units of layer 2")).to_have_value("5")
    tab.get_by_role("button", name="Remove layer 1").click()
    expect(tab.locator("[data-layer]")).to_have_count(2)
    expect(tab.get_by_label("Name", exact=True)).to_have_value("in place")
    expect(tab.locator("#preview")).to_contain_text(f"{64 * 5 + 5 + 5 * 128 + 128 + 128 * 10 + 10:,} parameters")
    assert is_same()


@pytest.mark.parametrize("width", [pytest.param(1440, marks=pytest.mark.soak), 400])
def test_no_page_is_wider_than_its_window_or_moves_while_it_loads(watch, width):
    tab = watch("/help", viewport={"width": width, "height": 900})
    tab.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => { for (const entry of list.getEntries()) "
        "if (!entry.hadRecentInput) window.shift += entry.value; }).observe({type: 'layout-shift', buffered: true});"
    )
    compared = "/compare?base=demo-digits:1&other=demo-digits:6"
    lists = ("/", "/datasets", "/datasets/digits", "/datasets/new", "/networks/new", "/runs", "/store", "/help")
    history = f"{NETWORK}/history"
    over_versions = (history, f"{history}?unit=3", f"{NETWORK}/health", SIDE_BY_SIDE, "/compare/all")
    for path in (*lists, NETWORK, VERSION, TENSOR, "/runs/1", compared, *over_versions):
        tab.goto(path)
        while tab.locator("#progress[data-poll-url]").count():  # it counts, and shows what it has counted meanwhile
            tab.goto(path)
        if tab.locator(".chart").count():
            drawn(tab, tab.locator(".chart").first.get_attribute("id"))
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, path
        assert tab.evaluate("window.shift") < 0.01, path


def test_the_slider_steps_through_a_history_in_place_and_the_charts_of_all_versions_stay(watch):
    tab = watch(f"{NETWORK}/history")
    drawn(tab, "bands")
    is_same = stays(tab)
    tab.evaluate("document.getElementById('bands').mark = true")
    newest = int(re.match("v([0-9]+)", tab.locator("#at").inner_text())[1])  # other tests train on, too
    tab.get_by_label("Version", exact=True).focus()
    tab.keyboard.press("ArrowLeft")
    expect(tab).to_have_url(re.compile(f"at={newest - 1}$"))
    expect(tab.locator("#at")).to_contain_text(f"v{newest - 1}")
    expect(tab.get_by_label("Version", exact=True)).to_be_focused()
    tab.keyboard.press("[")
    expect(tab.locator("#at")).to_contain_text(f"v{newest - 2}")
    expect(tab.locator(".ridges [aria-current]")).to_contain_text(f"v{newest - 2}")
    tab.locator(".ridges text", has_text="v2").first.click()
    expect(tab.locator("#at")).to_contain_text("v2")
    assert tab.url.endswith("at=2")
    assert tab.evaluate("document.getElementById('bands').mark === true")
    tab.get_by_label("Show", exact=True).select_option("weights")
    expect(tab.locator("#ridges-title")).to_have_text("Distribution of the weights")
    assert is_same()


def test_a_click_on_a_cell_and_one_more_show_it_over_all_versions(watch):
    tab = watch(TENSOR)
    tab.locator("tr[data-row='20'] td").nth(7).click()
    tab.get_by_role("link", name="this cell over all versions").click()
    expect(tab.locator("h1")).to_have_text("Weight [20, 7] of layer_01.weight in demo-digits")
    drawn(tab, "timeline")
    tab.get_by_role("link", name="unit 7 as a whole").click()
    expect(tab.locator("h1")).to_have_text("Unit 7 of layer_01.weight in demo-digits")


def test_versions_are_ticked_and_stand_side_by_side(watch):
    tab = watch(NETWORK)
    for number in (1, 3, 6):
        tab.get_by_label(f"Select demo-digits:{number}").check()
    tab.get_by_role("button", name="Side by side").click()
    expect(tab.locator("h1")).to_have_text("3 versions side by side")
    drawn(tab, "distributions")
    drawn(tab, "curves")


def test_the_bar_below_the_versions_counts_and_says_why_it_is_off(watch):
    tab = watch(NETWORK)
    compare, several = (tab.get_by_role("button", name=name) for name in ("Compare the selected", "Side by side"))
    said = tab.locator("[data-chosen]")
    expect(said).to_have_text("Choose two versions, or up to eight.")
    expect(compare).to_be_disabled()
    for number, words, is_pair in (
        (1, "v1 chosen: choose one more.", False),
        (3, "v1 and v3 chosen.", True),
        (6, "3 chosen: side by side compares up to eight.", False),
    ):
        tab.get_by_label(f"Select demo-digits:{number}").check()
        expect(said).to_have_text(words)
        expect(compare).to_be_enabled(enabled=is_pair)
        expect(several).to_be_enabled(enabled=number > 1)
    expect(compare).to_have_attribute("title", "3 chosen: side by side compares up to eight.")
    expect(compare).to_be_in_viewport()
    tab.goto("/help")
    tab.go_back()
    expect(tab.locator("input[name=version]:checked")).to_have_count(3)
    expect(said).to_have_text("3 chosen: side by side compares up to eight.")
    tab.get_by_role("button", name="Clear").click()
    expect(said).to_have_text("Choose two versions, or up to eight.")


def test_one_drag_over_the_change_map_compares_its_first_version_with_its_last(watch):
    tab = watch(NETWORK)
    boxes = [tab.get_by_label(f"v{number - 1} → v{number}, layer_01.weight").bounding_box() for number in (3, 5)]
    middles = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]
    tab.mouse.move(*middles[0])
    tab.mouse.down()
    tab.mouse.move(*middles[1], steps=4)
    tab.mouse.up()
    tab.wait_for_url("**/compare?**")
    expect(tab.locator("#detail")).to_have_text("What changed in layer_01.weight")
    assert "base=demo-digits:2&other=demo-digits:5" in tab.url.replace("%3A", ":")


def test_everything_is_there_without_javascript(watch):
    tab = watch("/networks/new?dataset=digits", java_script_enabled=False)
    tab.get_by_role("button", name="+ Add a layer").click()
    expect(tab.locator("[data-layer]")).to_have_count(2)
    tab.get_by_label("Name", exact=True).fill("plain")
    tab.get_by_label("Name", exact=True).press("Enter")  # as a person would: it creates, and removes no layer
    expect(tab.locator("h1")).to_have_text("plain")
    tab.goto(NETWORK)
    tab.get_by_label("Select demo-digits:1").check()
    tab.get_by_label("Select demo-digits:6").check()
    tab.get_by_role("button", name="Compare the selected").click()
    expect(tab.locator("h1")).to_have_text("What changed from v1 to v6")
    expect(tab.locator(".steps kbd, .tabs kbd").locator("visible=true")).to_have_count(0)  # keys that would do nothing
    tab.get_by_role("link", name="layer_02.weight").click()
    expect(tab.locator("#detail")).to_have_text("What changed in layer_02.weight")
    tab.goto(f"{NETWORK}/history")
    tab.get_by_label("Show", exact=True).select_option("weights")
    tab.get_by_role("button", name="Show").first.click()
    expect(tab.locator("#ridges-title")).to_have_text("Distribution of the weights")
    tab.locator(".ridges text", has_text="v3").click()
    expect(tab.locator("#at")).to_contain_text("v3")
