"""Uploads in a real browser: how much is sent can be seen, and a file that is too large is refused with a page."""

import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from dashboard.settings import Settings
from tests.browser.conftest import PATIENCE, serving
from tests.server import free_port

pytestmark = pytest.mark.browser

ROW = ",".join(["0.125"] * 30)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """One dashboard for all tests: each has files of other names, or creates no dataset."""
    home = tmp_path_factory.mktemp("home")
    with serving(Settings(home=str(home), port=free_port(), max_upload_mb=2)) as address:
        yield address


@pytest.fixture
def open_tab(chromium, address):
    """Open tabs on the upload page of a dashboard that takes files of up to 2 MB."""
    contexts = []

    def open_tab(**options):
        contexts.append(chromium.new_context(base_url=address, **options))
        tab = contexts[-1].new_page()
        tab.set_default_timeout(PATIENCE)
        tab.goto("/datasets/new")
        return tab

    yield open_tab
    for context in contexts:
        context.close()


def csv_file(folder, megabytes):
    """Write a CSV with two classes of about so many megabytes."""
    path = folder / "numbers.csv"
    rows = int(megabytes * 2**20 / (len(ROW) + 3))
    path.write_text("\n".join(f"{ROW},{row % 2}" for row in range(rows)))
    return path


def upload(tab, path):
    tab.get_by_label("File", exact=True).set_input_files(path)
    tab.get_by_role("button", name="Upload and preview").click()


def test_a_file_beyond_the_limit_is_not_even_sent(open_tab, tmp_path):
    tab = open_tab()
    sent = []
    tab.on("request", lambda request: sent.append(request.method))
    upload(tab, csv_file(tmp_path, 5))
    expect(tab.locator(".upload-status")).to_contain_text("at most 2 MB are taken (WEIGHTBASE_MAX_UPLOAD_MB)")
    assert "POST" not in sent


def test_without_scripts_a_file_beyond_the_limit_is_refused_by_a_page_that_says_how_to_mend_it(open_tab, tmp_path):
    tab = open_tab(java_script_enabled=False)
    upload(tab, csv_file(tmp_path, 40))
    expect(tab.locator("h1")).to_have_text("Too large")
    expect(tab.locator("main")).to_contain_text("larger than 2 MB")
    expect(tab.locator("main")).to_contain_text("WEIGHTBASE_MAX_UPLOAD_MB")


def test_an_upload_tells_how_much_is_sent_and_shows_what_was_found_without_another_page(open_tab, tmp_path):
    tab = open_tab()
    tab.evaluate("""() => {
      window.said = [];
      new MutationObserver(() => {
        const words = document.querySelector(".upload-status p");
        if (words) window.said.push(words.textContent);
      }).observe(document.body, {subtree: true, childList: true, characterData: true});
    }""")
    upload(tab, csv_file(tmp_path, 1.5))
    expect(tab.locator("h1")).to_have_text("Check numbers.csv")
    assert re.search(r"/datasets/new/\w+", tab.url)
    said = tab.evaluate("window.said")
    assert any(re.fullmatch(r"1\.5 MB of 1\.5 MB sent", words) for words in said)
    assert "Reading the file …" in said
    tab.get_by_role("button", name="Create the dataset").click()
    expect(tab.locator("h1")).to_have_text("numbers")


def test_a_file_that_cannot_be_read_is_refused_beside_the_field_and_stays_chosen(open_tab, tmp_path):
    path = tmp_path / "picture.csv"
    path.write_bytes(bytes(range(256)) * 40)
    tab = open_tab()
    upload(tab, path)
    expect(tab.locator("#problems")).to_be_visible()
    assert tab.get_by_label("File", exact=True).evaluate("field => field.files[0].name") == "picture.csv"
    tab.locator("#problems a").first.click()
    expect(tab.locator("#problems")).to_be_visible()


def test_going_back_from_what_was_found_leads_to_the_upload(open_tab, tmp_path):
    tab = open_tab()
    upload(tab, csv_file(tmp_path, 0.1))
    expect(tab.locator("h1")).to_have_text("Check numbers.csv")
    tab.go_back()
    expect(tab.locator("h1")).to_have_text("Add a dataset")


def test_a_folder_of_pictures_is_chosen_and_shown(open_tab, tmp_path):
    for place in range(8):
        shade = Image.fromarray(np.full((8, 8), 40 + 20 * place, np.uint8))
        (tmp_path / "shades" / "ab"[place % 2]).mkdir(parents=True, exist_ok=True)
        shade.save(tmp_path / "shades" / "ab"[place % 2] / f"{place}.png")
    tab = open_tab()
    tab.get_by_label("Folder of pictures").set_input_files(tmp_path / "shades")
    tab.get_by_role("button", name="Upload and preview").click()
    expect(tab.locator("h1")).to_have_text("Check shades")
    shown = tab.get_by_alt_text("Pictures of b").locator("visible=true")
    expect(shown).to_have_count(1)
    assert shown.evaluate("picture => picture.naturalWidth") > 100


def faulty_file(folder):
    """Write a file with a title as wide as the table, a quote that is never closed, and numbers that may be both."""
    rows = [f"{n};1.{n * 37 % 1000:03};ok;{'ash' if n % 2 else 'elm'}" for n in range(1, 61)]
    rows[30] = rows[30].replace(";ok", ';"see below')
    path = folder / "faulty.csv"
    path.write_text("\n".join(["Report;of;March;2026", "n;height;note;tree", *rows]) + "\n")
    return path


def test_a_file_with_three_faults_is_repaired_on_the_page_and_trained(open_tab, tmp_path):
    tab = open_tab()
    upload(tab, faulty_file(tmp_path))
    expect(tab.locator("h1")).to_have_text("Check faulty.csv")
    expect(tab.locator("#problems")).to_contain_text("The quote that is opened in line 33 is never closed")
    tab.get_by_label("Quote character").select_option(label="none")
    tab.get_by_role("button", name="Read again").last.click()
    expect(tab.locator("main")).to_contain_text("rows of 4 columns")
    tab.get_by_label("Skip first lines").fill("1")
    tab.get_by_label("Skip lines below the header").fill("0")
    tab.get_by_label("Thousands separator").select_option(label="point .")
    tab.get_by_label("Decimal mark").select_option(label="comma ,")
    tab.get_by_role("button", name="Read again").last.click()
    expect(tab.get_by_role("table", name="Columns")).to_contain_text("1,999")
    tab.get_by_role("button", name="Create the dataset").last.click()
    expect(tab.locator("h1")).to_have_text("faulty")
    tab.goto("/networks/new?dataset=faulty")
    tab.get_by_label("Name", exact=True).fill("trees")
    tab.get_by_role("button", name="Create the network").last.click()
    tab.get_by_role("button", name="Start training").click()
    expect(tab.locator("#progress")).to_contain_text("finished")
