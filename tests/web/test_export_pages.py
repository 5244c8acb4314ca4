"""The page on which a version is taken away: its formats, the proof of a file, and the formats that are refused."""

import numpy as np
import pytest

from dashboard.services.exports import by_runs
from dashboard.services.exports.offers import FORMATS
from dashboard.services.versions.outside import create_foreign_network, save_outside
from tests.unit.services.carry_out import carry_out
from tests.web.page_check import words

PAGE = "/networks/demo-digits/versions/6/export"


def test_the_page_names_each_format_and_leads_to_its_file(demo):
    page = demo.get(PAGE)
    assert page.h1 == "Export demo-digits v6"
    assert page.sentence.startswith(f"It can be exported in {len(FORMATS)} of {len(FORMATS)} formats; ")
    assert f"{PAGE}" in demo.get("/networks/demo-digits/versions/6").links()
    table = demo.raw(f"{PAGE}/formats.json").json["items"]
    assert all(f"/api/v1/networks/demo-digits/versions/6{row['file']}" in page.links() for row in table)
    assert all(row["carries"] and row["why_not"] == "" for row in table)


def test_a_proof_is_shown_with_its_figures(demo):
    demo.post(f"{PAGE}/prove", {"format": "safetensors"}, source=PAGE)
    said = words(demo.get(PAGE).root)
    assert "4 tensors read back, SHA-256 equal. Outputs of 1,000 records: equal." in said


@pytest.mark.parametrize("name", ["gguf", ""])
def test_an_unknown_format_is_refused_in_words(demo, name):
    page = demo.post(f"{PAGE}/prove", {"format": name}, source=PAGE)
    assert "Choose one of safetensors" in words(page.root)


def test_a_foreign_version_says_why_a_format_is_refused(browser, workspace):
    network = create_foreign_network(workspace, "other")
    save_outside(workspace, network, {"w": np.ones(3, "i8")}, origin={"how": "push"})
    page = browser.get("/networks/other/versions/1/export")
    assert "It has no layers of this dashboard" in words(page.root)
    assert "/api/v1/networks/other/versions/1.npz" in page.links()
    assert "/api/v1/networks/other/versions/1.pt.zip" not in page.links()


def test_the_page_of_a_large_version_starts_a_run_and_then_has_the_file(browser, workspace, monkeypatch):
    monkeypatch.setattr(by_runs, "AT_ONCE_CELLS", 2)
    monkeypatch.setattr(by_runs, "WAITED_CELLS", 2)
    network = create_foreign_network(workspace, "other")
    save_outside(workspace, network, {"w": np.ones(3, "i8")}, origin={"how": "push"})
    page, file = "/networks/other/versions/1/export", "/api/v1/networks/other/versions/1.npz"
    assert file not in browser.get(page).links()
    run = browser.post(f"{page}/prove", {"format": "npz"}, source=page)
    assert run.h1 == "Run 1 of other: Export version 1 as npz"
    assert page in run.links()
    assert carry_out(workspace).state == "finished"
    assert browser.get("/runs/1").sentence.startswith("1 tensor read back, SHA-256 equal.")
    assert file in browser.get(page).links()
