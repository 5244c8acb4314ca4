"""The files of docs/: their headings' anchors as MkDocs names them, and their links."""

import re
import unicodedata
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
CODE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def text_of(path):
    """Return the text of a page without its blocks of code."""
    return CODE.sub("", path.read_text())


def slug(heading):
    """Return the anchor of a heading, as the extension toc of Markdown makes it."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    ascii_only = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", ascii_only).strip().lower())


@cache
def anchors(path):
    """Return the anchors of a page; of equal headings the later ones have a number."""
    found = []
    for heading in re.findall(r"^#+ (.+)$", text_of(path), re.MULTILINE):
        name = slug(heading)
        found.append(f"{name}_{found.count(name)}" if name in found else name)
    return frozenset(found)


def links(path):
    """Return the addresses of a page's links to files, with their anchors."""
    return [link for link in LINK.findall(re.sub(r"`[^`\n]*`", "", text_of(path))) if "://" not in link]


def leads_somewhere(address):
    """Return whether an address of the site, such as scores/#metrics, is a page of docs/ with that anchor."""
    place, _, anchor = address.partition("#")
    path = DOCS / f"{place.strip('/') or 'index'}.md"
    return path.is_file() and (not anchor or anchor in anchors(path))
