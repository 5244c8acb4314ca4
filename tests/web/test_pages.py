"""Every page, empty and full: each is checked by the browser it is fetched with; here is what it says."""

import csv
import gzip
import io
import re
from collections import Counter
from urllib.parse import quote

import numpy as np
import pytest

from dashboard.services.versions.tensors import array, find_tensor
from tests.web.page_check import words

NETWORK = "/networks/demo-digits"
VERSION = f"{NETWORK}/versions/6"
TENSOR = f"{VERSION}/tensors/layer_01.weight"


@pytest.mark.parametrize(
    ("address", "heading", "button"),
    [
        ("/", "Networks", "Train a demo network"),
        ("/datasets", "Datasets", "Add a dataset"),
        ("/networks/new", "Define a network", "Add a dataset"),
        ("/runs", "Runs", "To the networks"),
        ("/compare", "Compare two versions", "To the networks"),
        ("/store", "Store", "To the networks"),
    ],
)
def test_an_empty_page_says_what_is_missing_and_offers_one_way_on(browser, address, heading, button):
    page = browser.get(address)
    assert page.h1 == heading
    empty = next(e for e in page.root.iter("div") if e.get("class") == "empty")
    offered = [words(e) for e in empty.iter() if e.tag == "button" or "button" in (e.get("class") or "")]
    assert offered == [button]


@pytest.mark.parametrize(
    ("address", "heading", "sentence"),
    [
        ("/", "Networks", r"1 network with 6 versions\."),
        (
            NETWORK,
            "demo-digits",
            r"6 versions; best is v\d by validation loss, validation accuracy 0\.9\d{3} \(baseline 0\.1000\)\.",
        ),
        (VERSION, "demo-digits v6", r".*2,410 parameters in 4 tensors\."),
        (TENSOR, "layer_01.weight of demo-digits v6", r"64 × 32: 2,048 weights from -\d\.\d{4} to \d\.\d{4}, .*"),
        ("/datasets", "Datasets", r"1 dataset with 1,797 rows\."),
        ("/datasets/digits", "digits", r"1,797 rows with 64 inputs; digit is one of 10 classes\."),
        ("/runs", "Runs", r"No run is active; 1 run ended\."),
        ("/runs/1", "Run 1 of demo-digits", r"Finished after epoch 6: validation accuracy 0\.9\d{3}, .*"),
        ("/store", "Store", r"24 tables of 6 versions hold 57\.8 kB of weights\."),
        (f"{NETWORK}/delete", "Delete demo-digits", ""),
        (f"{VERSION}/delete", "Delete demo-digits:6", ""),
        ("/networks/new?dataset=digits", "Define a network", ""),
        ("/datasets/new", "Add a dataset", ""),
        ("/help", "Help", r"Weightbase keeps every version .*"),
    ],
)
def test_a_page_opens_with_the_sentence_that_answers_its_question(demo, address, heading, sentence):
    page = demo.get(address)
    assert page.h1 == heading
    assert re.fullmatch(sentence, page.sentence)


def test_the_best_version_is_starred(demo):
    rows = [words(row) for row in demo.get(NETWORK).root.iter("tr") if "★ best" in words(row).split("to ★")[0]]
    assert len(rows) == 1


def test_the_window_shows_the_cells_from_the_asked_one_on(demo, trained_workspace):
    weights = array(trained_workspace, *find_tensor(trained_workspace, "demo-digits", 6, "layer_01.weight"))
    page = demo.get(f"{TENSOR}?row=60&column=30")
    cells = [[cell.get("title") for cell in row.iter("td")] for row in page.root.iter("tr") if row.get("data-row")]
    shown = np.array([[np.float32(text) for text in row] for row in cells])
    assert np.array_equal(shown, weights[60:64, 30:32])
    assert words(page.by_id("cell")) == f"[60, 30]: {weights[60, 30]!s}"


def test_the_cell_that_was_asked_for_is_marked(demo):
    marked = [e for e in demo.get(f"{TENSOR}?row=3&column=5").root.iter("td") if "here" in (e.get("class") or "")]
    assert len(marked) == 1


def test_a_window_leads_to_its_neighbours_and_to_the_same_place_in_other_versions(demo):
    links = demo.get(f"{TENSOR}?row=0&column=0").links()
    assert links[f"{TENSOR}?row=50&column=0"] == "down ↓"
    assert links[f"{TENSOR}?row=0&column=16"] == "right ⇥"
    assert links[f"{NETWORK}/versions/5/tensors/layer_01.weight?row=0&column=0"] == "[ older version"


@pytest.mark.parametrize(
    ("address", "status", "link"),
    [
        ("/networks/demo-digit", 404, NETWORK),
        ("/networks/demo-digits/versions/99", 404, VERSION),
        (f"{VERSION}/tensors/layer_1.weight", 404, TENSOR),
        ("/datasets/digit", 404, "/datasets/digits"),
        ("/runs/99", 404, "/"),
        ("/nowhere", 404, "/"),
        (f"{TENSOR}?row=64", 404, "/"),
        (f"{TENSOR}?row=minus", 422, "/"),
        (f"{TENSOR}?row=-1", 422, "/"),
        ("/?offset=-1", 422, "/"),
        (f"{VERSION}/heat-map.png?tensor=layer_01.weight&theme=pink", 400, "/"),
        (f"{VERSION}/heat-map.png?tensor=none", 404, "/"),
        (f"{VERSION}/units.png?unit=99", 404, "/"),
        (f"{VERSION}/distribution.json?tensor=layer_01.weight&bins=1", 422, "/"),
    ],
)
def test_what_does_not_exist_is_refused_with_the_nearest_that_does(demo, address, status, link):
    assert link in demo.get(address, status=status).links()


def test_a_method_that_is_not_meant_is_refused(demo):
    page = demo.post("/help", status=405, source="/networks/new")
    assert page.h1 == "This method is not allowed"


def test_the_comparison_says_what_changed(demo):
    page = demo.get("/compare?base=demo-digits:1&other=demo-digits:6")
    assert page.h1 == "What changed from v1 to v6"
    assert re.match(r"4 of 4 tensors changed, layer_01\.bias most \(\d+\.\d % of its norm\)\.", page.sentence)
    assert "The validation accuracy rose from" in page.sentence
    assert words(page.by_id("detail")) == "What changed in layer_01.weight shown first: its units are pictures"
    chosen = demo.get("/compare?base=demo-digits:1&other=demo-digits:6&tensor=layer_02.weight")
    assert words(chosen.by_id("detail")) == "What changed in layer_02.weight"


def test_five_columns_come_first_and_all_of_them_on_demand_while_the_files_have_all(demo):
    address = "/compare?base=demo-digits:1&other=demo-digits:6"
    first, whole = (demo.get(address + more) for more in ("", "&columns=all"))
    heads = ["Tensor", "Relative", "Max |Δ|", "Mean |Δ|", "Changed", "Flips"]
    assert table_heads(first) == heads
    assert set(heads) < set(table_heads(whole)) >= {"RMS", "Cosine", "ULP max", "KL"}
    files = [demo.raw(f"/compare/tensors.csv?{address.partition('?')[2]}{more}").data for more in ("", "&columns=all")]
    assert files[0] == files[1]
    assert b"wasserstein" in files[0]


def table_heads(page):
    table = next(each for each in page.root.iter("table") if each.get("aria-label") == "Tensors")
    return [words(head) for head in table.iter("th") if head.get("scope") == "col"]


def test_a_version_compared_with_itself_is_identical(demo):
    page = demo.get("/compare?base=demo-digits:2&other=demo-digits:2")
    assert page.sentence.startswith("Identical: every tensor is equal, bit for bit.")


def test_the_two_selected_versions_are_compared_the_older_one_as_base(demo):
    page = demo.get("/compare?version=demo-digits:6&version=demo-digits:2")
    assert page.h1 == "What changed from v2 to v6"


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("base=demo-digits:1&other=demo-digits:99", 404, "no version 99"),
        ("base=demo-digits:1&other=demo", 400, "name:number"),
        ("base=demo-digit:1&other=demo-digits:2", 404, "There is no network named 'demo-digit'."),
        ("version=demo-digits:77", 404, "no version 77"),
    ],
)
def test_a_comparison_that_cannot_be_made_says_why_and_keeps_what_was_typed(demo, query, status, said):
    page = demo.get(f"/compare?{query}", status=status)
    assert said in words(page.root)
    if status == 404:
        (alert,) = page.all("div", role="alert")
        nearest = next(link.get("href") for link in alert.iter("a") if words(link).startswith("demo-digits"))
        assert demo.get(nearest).h1


@pytest.mark.parametrize(
    ("query", "heading"),
    [
        ("", "Compare two versions"),
        ("base=demo-digits:1", "Compare two versions"),
        ("base=demo-digits:1&other=choose", "Compare two versions"),
        ("version=demo-digits:2", "What changed from v2 to v6"),  # the best
        ("version=demo-digits:1&version=demo-digits:3&version=demo-digits:6", "3 versions side by side"),
    ],
)
def test_any_number_of_selected_versions_leads_on(demo, query, heading):
    assert demo.get(f"/compare?{query}").h1 == heading


def test_a_version_is_picked_from_a_list_with_its_epoch_and_score(demo):
    page = demo.get("/compare?base=demo-digits:3&other=demo-digits:5")
    options = [words(option) for option in page.by_id("other").iter("option")]
    assert re.fullmatch(r"v6 ★ · epoch 6 · 0\.\d{4}", options[0])
    assert options[-1] == "Of other networks …"
    listed = demo.get("/compare/choose?side=other&base=demo-digits:3&filter=epoch%204")
    (row,) = listed.by_id("main").iter("tbody")
    assert [words(each)[:2] for each in row] == ["v4"]
    assert "/compare?base=demo-digits:3&other=demo-digits:4" in listed.links()


def test_suggested_and_recent_pairs_say_what_they_will_show(demo):
    demo.get("/compare?base=demo-digits:2&other=demo-digits:5")
    demo.raw("/compare?base=demo-digits:2&other=demo-digits:6", headers={"Weightbase-Swap": "1"})
    page = demo.get("/compare")
    suggested, recent = ([words(row) for row in body] for body in list(page.root.iter("tbody"))[:2])
    assert re.match(r"demo-digits v1 → v6All that changed since the first version: validation accuracy 0", suggested[0])
    assert re.match(r"demo-digits v2 → v53 versions apart: validation accuracy 0", recent[0])
    assert not any("v2 → v6" in row for row in recent)  # a step in place is not noted


def test_what_is_equal_is_hidden_on_demand(demo):
    address = "/compare?base=demo-digits:1&other=demo-digits:6"
    full, hidden, short = (words(demo.get(address + more).root) for more in ("&equal=show", "&equal=hide", ""))
    assert "optimizer" in full
    assert "optimizer" not in hidden
    assert "optimizer" not in short
    assert re.search(r"\d+ settings are equal: show", short)


def kind_of(part):
    """Return what tells one part of a query from another: of orders, all are alike."""
    return "sort" if part.startswith("sort=") else part


@pytest.mark.soak
def test_every_link_of_every_page_leads_somewhere(demo):
    """In each run of the tests, `test_nothing_is_dead.py` follows those of each page type."""
    seen, shapes, waiting = set(), Counter(), ["/"]
    while waiting:
        address = waiting.pop()
        path, _, query = re.sub(r"\d+", "0", address).partition("?")
        parts = [path, *(f"{path}?{kind_of(part)}" for part in query.split("&") if part)]
        if address in seen or all(shapes[part] >= (1 if "?" in part else 2) for part in parts):  # enough of a kind
            continue
        seen.add(address)
        shapes.update(parts)
        page = demo.either(address)
        waiting += [link.split("#")[0] for link in page.links() if not link.startswith("#") and "/delete" not in link]
    assert len(shapes) > 25


@pytest.mark.parametrize(
    "address",
    [
        f"{VERSION}/heat-map.png?tensor=layer_01.weight&theme=dark",
        f"{VERSION}/units.png?theme=light",
        "/datasets/digits/records.png?theme=dark",
        "/compare/heat-map.png?base=demo-digits:1&other=demo-digits:6&tensor=layer_01.weight",
    ],
)
def test_a_picture_is_kept_by_the_browser_until_it_changes(demo, address):
    first = demo.raw(address)
    assert first.data.startswith(b"\x89PNG")
    assert demo.raw(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_the_size_that_the_page_reserves_for_a_picture_is_the_pictures(demo):
    page = demo.get(VERSION)
    image = next(page.root.iter("{http://www.w3.org/2000/svg}image"))
    png = demo.raw(image.get("href")).data
    assert (int(image.get("width")), int(image.get("height"))) == (
        int.from_bytes(png[16:20], "big"),
        int.from_bytes(png[20:24], "big"),
    )


@pytest.mark.parametrize(
    "address",
    [
        f"{NETWORK}/curves.figure",
        "/runs/1/epochs.figure",
        f"{VERSION}/distribution.figure?tensor=layer_01.weight&bins=20&log=1&full=1",
        "/compare/changes.figure?base=demo-digits:1&other=demo-digits:6&tensor=layer_01.weight",
        "/compare/distributions.figure?base=demo-digits:1&other=demo-digits:6&tensor=layer_01.weight&bins=100",
    ],
)
def test_a_chart_has_its_figure(demo, address):
    figure = demo.raw(address).json
    assert figure["data"]
    assert all(len(trace["x"]) for trace in figure["data"])


def read_csv(response):
    assert response.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(response.text)))


def test_the_numbers_of_the_pages_are_csv_too(demo, trained_workspace):
    weights = array(trained_workspace, *find_tensor(trained_workspace, "demo-digits", 6, "layer_01.weight"))
    bins = read_csv(demo.raw(f"{VERSION}/distribution.csv?tensor=layer_01.weight&bins=10&full=1"))
    assert sum(int(row["weights"]) for row in bins) == weights.size
    assert float(bins[1]["from"]) == float(weights.min())
    versions = read_csv(demo.raw(f"{NETWORK}/versions.csv"))
    assert [row["version"] for row in versions] == ["1", "2", "3", "4", "5", "6"]
    epochs = read_csv(demo.raw("/runs/1/epochs.csv"))
    assert [row["epoch"] for row in epochs] == ["1", "2", "3", "4", "5", "6"]
    columns = read_csv(demo.raw("/datasets/digits/columns.csv"))
    assert len(columns) == 64
    tensors = read_csv(demo.raw("/compare/tensors.csv?base=demo-digits:1&other=demo-digits:6"))
    assert {row["status"] for row in tensors} == {"changed"}


NO_NUMBERS = {
    "Keyboard shortcuts",
    "The API's addresses",  # in the OpenAPI document
    "Settings",
    "Layers, from the inputs to the output",  # a form
    "Bundled datasets",  # a form
}


@pytest.mark.parametrize(
    "address",
    [
        "/",
        NETWORK,
        VERSION,
        TENSOR,
        f"{VERSION}/tensors/layer_01.bias",
        "/datasets",
        "/datasets/digits",
        "/runs",
        "/runs/1",
        "/compare?base=demo-digits:1&other=demo-digits:6",
        "/compare?base=demo-digits:1&other=demo-digits:6&tensor=layer_01.bias",
        "/networks/new?dataset=digits",
        "/datasets/new",
        "/help",
    ],
)
def test_every_table_and_chart_answers_with_its_numbers_as_csv_and_json(demo, address):
    page = demo.get(address)
    tables = [e for e in page.root.iter("table") if e.get("aria-label") not in NO_NUMBERS]
    charts = [e for e in page.root.iter("div") if e.get("data-figure-url")]
    links = page.links()
    for place in [e.get("data-numbers") for e in tables] + [csv_of(e.get("data-figure-url")) for e in charts]:
        assert place, f"a table of {address} does not say where its numbers are"
        as_json = place.replace(".csv", ".json")
        assert {place, as_json} <= set(links) or "epochs" in place, "a person finds them, too"
        rows, answer = read_csv(demo.raw(place)), demo.raw(as_json)
        assert rows
        assert answer.mimetype == "application/json"
        items = answer.json.get("items", answer.json.get("cells"))
        assert len(items) == len(rows)
        if "items" in answer.json:
            assert list(items[0]) == list(rows[0])


def csv_of(figure):
    """Return the address of a chart's numbers: that of its figure with another suffix."""
    path, _, query = figure.partition("?")
    kept = "&".join(part for part in query.split("&") if part and not part.startswith("v="))
    return path.removesuffix(".figure") + ".csv" + (f"?{kept}" if kept else "")


def test_the_json_of_a_table_holds_what_its_csv_holds(demo):
    rows = read_csv(demo.raw(f"{VERSION}/tensors.csv"))
    items = demo.raw(f"{VERSION}/tensors.json").json["items"]
    assert [row["tensor"] for row in rows] == [item["tensor"] for item in items]
    assert [float(row["norm"]) for row in rows] == [item["norm"] for item in items]


def test_verify_shows_the_proof(demo):
    page = demo.post(f"{VERSION}/verify", source=VERSION)
    assert "Proven: 4 tensors read back from the store" in words(page.root)


def test_the_help_lists_the_api_and_the_settings(demo):
    text = words(demo.get("/help").root)
    assert "/api/v1/networks" in text
    assert "WEIGHTBASE_STORE" in text


def test_the_scripts_and_styles_of_a_page_are_one_file_each_kept_for_ever_under_the_mark_of_its_content(demo):
    page = demo.get(NETWORK)
    scripts = [script.get("src") for script in page.root.iter("script") if script.get("src")]
    styles = [link.get("href") for link in page.root.iter("link") if link.get("rel") == "stylesheet"]
    assert (len(scripts), len(styles)) == (1, 1)
    for address in scripts + styles:
        response = demo.raw(address)
        assert response.status_code == 200
        assert "immutable" in response.headers["Cache-Control"]
        packed = demo.raw(address, headers={"Accept-Encoding": "gzip"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.data) == response.data


@pytest.mark.parametrize(
    "name", ["keys-nothing.js", "keys-theme-keys.js", "keys.css", "../app.js", "keys-.js", "weightbase.txt"]
)
def test_only_files_of_our_own_are_joined(demo, name):
    assert demo.raw(f"/static/joined/{name}").status_code == 404


def test_the_chart_library_is_our_own_and_sent_compressed(demo):
    address = next(e.get("data-plotly") for e in demo.get(NETWORK).root.iter("script") if e.get("data-plotly"))
    packed = demo.raw(address, headers={"Accept-Encoding": "gzip"})
    plain = demo.raw(address)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) * 2 < len(plain.data)
    assert b"plotly.js" in plain.data[:1000]
    assert demo.raw("/static/plotly-0000.js").status_code == 404


@pytest.mark.parametrize("address", [TENSOR, f"{NETWORK}/curves.figure", "/static/weightbase.css"])
def test_text_is_sent_compressed_to_those_who_take_it(demo, address):
    packed = demo.raw(address, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in demo.raw(address).headers


@pytest.mark.parametrize(
    ("address", "path"),
    [("/?offset=999999999", "/"), (f"{NETWORK}?offset=5000", NETWORK), ("/runs?offset=100", "/runs")],
)
def test_beyond_the_last_page_of_a_list_lies_the_last_page(demo, address, path):
    page = demo.get(address)
    assert page.response.request.full_path.rstrip("?") == path
    assert "demo-digits" in words(page.root)


def test_a_search_without_a_match_says_so_on_every_page(demo):
    assert "Nothing matches" in words(demo.get("/?search=none&offset=50").root)


@pytest.mark.parametrize("host", ["a..b", "x" * 3000])
def test_a_host_name_that_is_none_is_refused_in_a_sentence(demo, host):
    answer = demo.raw("/", headers={"Host": host})
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert "WEIGHTBASE_HOSTS" in answer.text


def test_a_form_that_is_too_old_says_what_to_do(demo):
    refused = demo.client.post(f"{VERSION}/verify", data={"csrf_token": "of another time"})
    assert refused.status_code == 400
    assert "Go back, reload the page and send the form again." in refused.text


def test_the_list_of_networks_is_sorted_by_the_address(trained_workspace, demo):
    page = demo.get("/?sort=score")
    heads = {words(e): e.get("aria-sort") for e in page.root.iter("th") if e.get("scope") == "col"}
    assert heads["Value ↓"] == "descending"
    assert heads["Name"] is None
    assert "/?sort=-score" in page.links()


@pytest.mark.parametrize(("search", "count"), [("DEMO", 1), ("handwritten Digits", 1), ("%", 0)])
def test_the_filter_of_networks_looks_at_names_and_purposes(demo, search, count):
    page = demo.get(f"/?search={quote(search)}")
    assert len(page.all("tr", data_href=NETWORK)) == count
    rows = demo.raw(f"/networks.json?search={quote(search)}").json["items"]
    assert len(rows) == count
