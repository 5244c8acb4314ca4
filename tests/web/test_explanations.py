"""Every explanation is a sentence with a place in the docs, and the docs have the same words as the pages."""

from dataclasses import MISSING

from dashboard.declarations import declared, grouped
from dashboard.records.network import LAYER_SETTINGS
from dashboard.records.statistics import STATISTICS
from dashboard.records.training import TRAINING_SETTINGS
from dashboard.settings import Settings
from dashboard.web.history.health_words import MEANINGS
from dashboard.web.kit.explanations import OF_PAGES, everything, glossary
from tests.docs_files import DOCS, leads_somewhere
from tests.page_home import home_with_all, showing
from tests.web.explained import unexplained
from tests.web.page_check import Page, classes, words


def test_each_explanation_is_a_sentence_whose_docs_are_there():
    faults = [
        name for name, about in everything().items() if len(about.text.split()) < 3 or not leads_somewhere(about.place)
    ]
    assert faults == []
    assert [place for place in OF_PAGES.values() if not leads_somewhere(place)] == []
    assert all(setting.help for setting in declared(Settings).values())


def test_the_docs_have_every_setting_with_its_default_and_meaning():
    text = (DOCS / "training.md").read_text()
    for name, setting in (LAYER_SETTINGS | TRAINING_SETTINGS).items():
        default = str(setting.default).lower() if isinstance(setting.default, bool) else str(setting.default)
        shown = "" if setting.default is MISSING else f"`{default}`"
        assert f"| {setting.label} | `{name}` | {shown} | {setting.help} |" in text
    assert [group for group in grouped(TRAINING_SETTINGS) if f"## {group}" not in text] == []


def test_the_docs_have_every_statistic_and_every_word_of_health():
    text = (DOCS / "statistics.md").read_text()
    assert [s.name for s in STATISTICS if f"| {s.heading} | `{s.name}` | {s.meaning} |" not in text] == []
    assert [name for name, meaning in MEANINGS.items() if f"| {meaning} |" not in text] == []


def test_the_glossary_of_help_is_made_of_them(demo):
    page = demo.get("/help")
    shown = {words(term) for facts in page.root.iter("dl") if "glossary" in classes(facts) for term in facts.iter("dt")}
    assert {entry[0] for topic in glossary().values() for entry in topic} <= shown


def test_a_setting_that_has_the_name_of_a_metric_is_explained_as_the_setting(demo):
    for address in ("/runs/1", "/networks/demo-digits"):
        assert TRAINING_SETTINGS["dtype"].help in demo.get(address).text
        assert "/help/docs/training/" in demo.get(address).text.split(TRAINING_SETTINGS["dtype"].help)[1][:60]


def test_a_head_that_is_a_name_in_somebody_s_data_is_not_explained_as_a_word_of_ours(demo):
    rows = next(t for t in demo.get("/datasets/digits").root.iter("table") if t.get("aria-label") == "First rows")
    assert [head for head in rows.iter("th") if any(child.get("popover") is not None for child in head.iter())] == []


def test_every_page_explains_its_numbers_facts_and_settings(tmp_path_factory):
    home, addresses = home_with_all(tmp_path_factory)
    with showing(home) as app:
        client = app.test_client()
        pages = {name: Page(client.get(address)) for name, address in addresses.items()}
        faults = {name: missing for name, page in pages.items() if (missing := unexplained(page.root))}
    assert faults.keys() <= {"style"}  # whose words are examples
