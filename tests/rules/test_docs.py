"""Every link within docs/ leads to a page and a heading that are there, and the site's navigation has every page."""

import yaml

from tests.docs_files import DOCS, ROOT, anchors, links

PAGES = sorted(DOCS.rglob("*.md"))


def test_every_link_of_the_docs_leads_to_a_file_and_a_heading():
    broken = []
    for page in PAGES:
        for link in links(page):
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            if not target.is_file() or (anchor and anchor not in anchors(target)):
                broken.append(f"{page.relative_to(ROOT)}: {link}")
    assert broken == []


def named(entries):
    """Yield the files of the navigation."""
    for entry in entries:
        value = next(iter(entry.values())) if isinstance(entry, dict) else entry
        yield from named(value) if isinstance(value, list) else [value]


def test_the_navigation_of_the_site_has_every_page_once():
    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    assert sorted(named(navigation)) == sorted(str(page.relative_to(DOCS)) for page in PAGES)


def test_the_list_of_decisions_has_every_decision():
    decisions = {path.name for path in (DOCS / "decisions").glob("*.md")} - {"README.md"}
    assert set(links(DOCS / "decisions" / "README.md")) == decisions
