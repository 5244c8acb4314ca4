"""`make docs` builds the site, and the dashboard shows it: no page breaks the policy of pages or asks elsewhere."""

import subprocess
from urllib.parse import urljoin

import pytest
from playwright.sync_api import sync_playwright

from dashboard.settings import Settings
from dashboard.web.docs_page import FOLDER
from tests.browser.conftest import PATIENCE, serving
from tests.chromium import launch
from tests.docs_files import DOCS, ROOT, anchors
from tests.server import free_port


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The address of the docs of a dashboard, built just now."""
    subprocess.run(["make", "docs"], cwd=ROOT, check=True)
    with serving(Settings(home=str(tmp_path_factory.mktemp("home")), port=free_port())) as origin:
        yield f"{origin}/help/docs/"


def test_every_page_of_the_site_opens_without_a_complaint_and_has_the_anchors_of_its_text(site):
    complaints, answered = [], []
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        page = chromium.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("response", lambda answer: answered.append((answer.status, answer.url)))
        for path in sorted(DOCS.rglob("*.md")):
            name = str(path.relative_to(DOCS).with_suffix(""))
            page.goto(urljoin(site, "" if name == "index" else f"{name}/".replace("README/", "")))
            ids = set(page.eval_on_selector_all("article [id]", "all => all.map((one) => one.id)"))
            first = set(page.eval_on_selector_all("article h1", "all => all.map((one) => one.id)"))
            assert anchors(path) - first <= ids, name
        page.fill(".md-search__input", "baseline")
        page.wait_for_selector(".md-search-result__item")
        chromium.close()
    assert complaints == []
    assert [one for one in answered if one[0] >= 400 or not one[1].startswith(site)] == []


def test_no_page_of_the_site_has_an_inline_script():
    assert [str(path) for path in FOLDER.rglob("*.html") if "<script>" in path.read_text()] == []
