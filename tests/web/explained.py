"""What a page explains: every head of a column of numbers, every fact and every setting has a sentence and its docs."""

from urllib.parse import urlsplit

from tests.docs_files import leads_somewhere
from tests.web.page_check import classes, words

WITHOUT = {"window", "pairs", "confusion", "layers"}
"""Tables of weights and of classes, whose heads are numbers and names, and the form of layers with its labels."""
DOCS = "/help/docs/"


def unexplained(root):
    """Return what a page shows without explaining it."""
    return [*_heads(root), *_facts(root), *_settings(root)]


def _heads(root):
    for table in root.iter("table"):
        if WITHOUT & set(classes(table)):
            continue
        for head in table.iter("th"):
            is_quiet = any("visually-hidden" in classes(child) for child in head)
            if (
                head.get("scope") == "col"
                and "right" in classes(head)
                and "named" not in classes(head)
                and not is_quiet
            ):
                yield from _missing(head, f"the column {words(head)!r} of {table.get('aria-label')!r}")


def _facts(root):
    for facts in root.iter("dl"):
        if "facts" in classes(facts) and not {"of-code", "named"} & set(classes(facts)):
            for fact in facts.iter("dt"):
                yield from _missing(fact, f"the fact {words(fact)!r}")


def _settings(root):
    """Look at what forms change; a view's own choices say what they are."""
    for form in root.iter("form"):
        for field in form.iter("div") if form.get("method") == "post" else ():
            if {"field", "tick-field"} & set(classes(field)) and "named" not in classes(field):
                label = next((words(one) for one in field if one.tag == "label" or "label" in classes(one)), "")
                yield from _missing(field, f"the setting {label!r}")


def _missing(element, what):
    """Yield what is missing of the explanation within an element."""
    found = [link.get("href") for link in element.iter("a") if DOCS in (link.get("href") or "")]
    if not found:
        yield f"{what} has no explanation"
    for address in found:
        parts = urlsplit(address)
        if not leads_somewhere(parts.path.partition(DOCS)[2] + (f"#{parts.fragment}" if parts.fragment else "")):
            yield f"{what}: its docs, {address}, are nowhere"
    for note in element.iter("span"):
        if note.get("popover") is not None and len("".join(note.itertext()).split()) < 4:
            yield f"{what} is explained by nothing"
