"""A test browser that checks every page it fetches: what is bought here once holds for each page, for ever.

A page is valid HTML; has exactly one h1, and a title that begins with it; unique ids, and references that lead
somewhere; labelled fields; forms with a method, an action and, when they change something, a token; no inline
script but the one that sets the theme, no inline style or event handler; nothing from another origin.
"""

import itertools
import re
from collections import Counter
from functools import cached_property
from urllib.parse import urlsplit

import html5lib

from dashboard.web.kit.start_script import START_SCRIPT
from tests.web.quick_trees import NotPlain, read, same

MOST_NODES_OF_A_TABLE = 3000
UNLABELLED = {"hidden", "submit", "button", "image", "reset"}
REFERENCES = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "list", "form", "headers")
ADDRESSES = ("src", "href", "action", "formaction", "poster", "data", "data-poll-url", "data-figure-url")
VALID: set[str] = set()  # the places within pages that the full parser has found valid in this process
PARTS = ("src", "data-numbers", "data-figure-url", "data-poll-url")


class PageError(AssertionError):
    """A page breaks a rule of the house."""


class Page:
    """A fetched page: its response, its parsed tree, and a few ways to look into it."""

    def __init__(self, response):
        self.response = response
        self.text = response.get_data(as_text=True)

    @cached_property
    def root(self):
        """The page's tree; of a page that only gives its token it is never made."""
        return parse(self.text)

    @property
    def h1(self):
        """The page's heading."""
        return words(next(self.root.iter("h1")))

    @property
    def sentence(self):
        """The sentence that answers the page's question."""
        return next((words(e) for e in self.root.iter("p") if "sentence" in classes(e)), "")

    def all(self, tag, **attributes):
        """Return the elements of a tag whose attributes have these values (class_ stands for class)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [e for e in self.root.iter(tag) if all(e.get(name) == value for name, value in wanted.items())]

    def by_id(self, name):
        """Return the element with an id; raises StopIteration if there is none."""
        return next(element for element in self.root.iter() if element.get("id") == name)

    def links(self):
        """Return address -> words of all links that can be followed: none is in an inert part."""
        inert = {link for part in self.root.iter() if part.get("inert") is not None for link in part.iter("a")}
        return {e.get("href"): words(e) for e in self.root.iter("a") if e.get("href") and e not in inert}

    def parts(self):
        """Return the addresses of what the page fetches itself: pictures, scripts, figures, live parts."""
        found = [element.get(name) for element in self.root.iter() for name in PARTS if element.get(name)]
        return [address for address in found if address.startswith("/")]

    def token(self):
        """Return the token of the page's forms."""
        return re.search('name="csrf_token"[^>]* value="([^"]+)"', self.text)[1]


class NotAPage:
    """A picture, a CSV or the like."""

    def links(self):
        """Return no links."""
        return {}

    def parts(self):
        """Return no addresses."""
        return []


class Browser:
    """Flask's test client, whose every page is checked; it follows redirects and sends forms with their token."""

    def __init__(self, client):
        self.client = client

    def get(self, address, status=200, **options):
        """Fetch a page, check it and return it."""
        return self._page(self.client.get(address, follow_redirects=True, **options), status)

    def raw(self, address, **options):
        """Fetch what is no page (a picture, a CSV, a script), whole."""
        return self.client.get(address, buffered=True, **options)

    def either(self, address):
        """Fetch what may be a page or not; check and return it if it is one, else something without links.

        The built docs, if somebody has built them, are MkDocs' pages and not ours.
        """
        response = self.client.get(address, follow_redirects=True, buffered=True)
        if response.mimetype == "text/html" and not response.text.startswith("<!doctype"):
            parse_fragment(response.text)  # a live part, which stands inside a page
            return NotAPage()
        if response.mimetype == "text/html" and not response.request.path.startswith("/help/docs/"):
            return self._page(response, 200)
        if response.status_code != 200:
            raise PageError(f"{address}: {response.status_code}")
        return NotAPage()

    def post(self, address, data=None, status=200, source=None, **options):
        """Send a form as the page `source` (by default the address itself) would, and return the page that follows."""
        token = Page(self.client.get(source or address, follow_redirects=True)).token()
        sent = {"csrf_token": token} | (data or {})
        return self._page(self.client.post(address, data=sent, follow_redirects=True, **options), status)

    def _page(self, response, status):
        page = Page(response)
        response.request.environ["wsgi.input"].close()  # a large upload lies in a file
        if response.status_code != status:
            raise PageError(f"{response.request.path}: {response.status_code}, not {status}: {words(page.root)[:500]}")
        check_page(page.root, response.request.path)
        return page


def parse(text):
    """Parse a page strictly; raises PageError naming the first fault.

    The full parser is asked once for each place within a page: a page of known places, all of them valid, is read fast.
    """
    try:
        root, places = read(text)
    except NotPlain:
        return parse_strictly(text)
    if places <= VALID:
        return root
    strict = parse_strictly(text)
    if same(root, strict):
        VALID.update(places)
    return strict


def parse_strictly(text):
    """Parse a page by the full parser; raises PageError naming the first fault."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    root = parser.parse(text)
    if parser.errors:
        (line, column), code, details = parser.errors[0]
        shown = text.splitlines()[line - 1].strip()[:200]
        raise PageError(f"Not valid HTML: {code} {details} in line {line}, column {column}: {shown}")
    return root


def parse_fragment(text):
    """Parse a fragment of a page strictly, as it would stand inside a div."""
    return parse(f"<!doctype html><html lang=en><head><title>-</title></head><body><div>{text}</div></body></html>")


def check_page(root, where=""):
    """Apply every rule; raises PageError with all that is broken."""
    faults = [fault for rule in RULES for fault in rule(root)]
    if faults:
        raise PageError("\n".join([f"{where} breaks {len(faults)} rules:", *sorted(set(faults))]))


def words(element):
    """Return the text of an element as a reader sees it, without what opens only when it is wanted."""
    return " ".join("".join(_texts(element)).split())


def _texts(element):
    if not any(child.get("popover") is not None for child in element.iter("span")):
        return element.itertext()
    return _seen_texts(element)


def _seen_texts(element):
    yield element.text or ""
    for child in element:
        if child.get("popover") is None and child.get("class") != "about":
            yield from _seen_texts(child)
        yield child.tail or ""


def classes(element):
    """Return the classes of an element."""
    return (element.get("class") or "").split()


def one_heading(root):
    headings = list(root.iter("h1"))
    if len(headings) != 1:
        yield f"{len(headings)} h1 instead of one"
        return
    title = words(next(root.iter("title")))
    heading = words(headings[0])
    if not heading or not title.startswith(heading):
        yield f"the title {title!r} does not begin with the h1 {heading!r}"


def headings_in_order(root):
    levels = [int(e.tag[1]) for e in root.iter() if isinstance(e.tag, str) and re.fullmatch("h[1-6]", e.tag)]
    for before, after in itertools.pairwise(levels):
        if after > before + 1:
            yield f"an h{after} follows an h{before}"


def basics(root):
    if not root.get("lang"):
        yield "html has no lang"
    if not any(meta.get("charset") for meta in root.iter("meta")):
        yield "no charset"
    if not any(meta.get("name") == "viewport" for meta in root.iter("meta")):
        yield "no viewport"
    if len(list(root.iter("main"))) != 1:
        yield "not exactly one main"


def unique_ids(root):
    counts = Counter(e.get("id") for e in root.iter() if e.get("id") is not None)
    yield from (f"the id {name!r} occurs {count} times" for name, count in counts.items() if count > 1)
    yield from (f"the id {name!r} is empty or has spaces" for name in counts if not name or " " in name)


def references_lead_somewhere(root):
    ids = {e.get("id") for e in root.iter()}
    for element in root.iter():
        for attribute in REFERENCES:
            for name in (element.get(attribute) or "").split():
                if name not in ids:
                    yield f"{attribute}={name!r} leads nowhere"
        target = element.get("href") or ""
        if target.startswith("#") and target[1:] not in ids:
            yield f"the link {target} leads nowhere"


def labelled_fields(root):
    labels = {e.get("for") for e in root.iter("label") if words(e)}
    wrapped = {field for label in root.iter("label") if words(label) for field in label.iter()}
    for field in root.iter():
        if field.tag not in {"input", "select", "textarea"} or field.get("type") in UNLABELLED:
            continue
        named = field.get("aria-label") or field.get("aria-labelledby")
        if not named and field.get("id") not in labels and field not in wrapped:
            yield f"the field {field.get('name')!r} has no label"


def named_things(root):
    for tag in ("button", "a"):
        for element in root.iter(tag):
            pictures = "".join(image.get("alt") or "" for image in element.iter("img"))
            if not words(element) and not element.get("aria-label") and not pictures:
                yield f"a {tag} without words: {dict(element.attrib)}"
    yield from (f"an image without alt: {e.get('src')}" for e in root.iter("img") if e.get("alt") is None)
    yield from (f"a link without address: {words(e)!r}" for e in root.iter("a") if not e.get("href") and not is_off(e))


def is_off(element):
    """Return whether an element is a link that leads nowhere at present, and says so: a step beyond the ends."""
    return (element.get("role"), element.get("aria-disabled")) == ("link", "true")


def tables_are_small_and_named(root):
    for table in root.iter("table"):
        if sum(1 for _ in table.iter()) > MOST_NODES_OF_A_TABLE:
            yield f"a table of more than {MOST_NODES_OF_A_TABLE} nodes"
        if table.find("caption") is None and not table.get("aria-label") and not table.get("aria-labelledby"):
            yield "a table without caption or aria-label"
        if not any(True for _ in table.iter("th")):
            yield "a table without header cells"


def honest_forms(root):
    for form in root.iter("form"):
        method = form.get("method")
        if method not in {"get", "post", "dialog"}:
            yield f"a form with the method {method!r}"
        if method in {"get", "post"} and not form.get("action"):
            yield "a form without action"
        if method == "post" and not any(e.get("name") == "csrf_token" and e.get("value") for e in form.iter("input")):
            yield f"the form to {form.get('action')} has no token"
    for button in root.iter("button"):
        if button.get("type") not in {"submit", "button", "reset"}:
            yield f"the button {words(button)!r} does not say its type"


def nothing_inline(root):
    for script in root.iter("script"):
        if script.get("src") is None and script.text == START_SCRIPT:
            continue
        if not script.get("src") or words(script):
            yield "an inline script"
    if any(True for _ in root.iter("style")):
        yield "an inline style element"
    for element in root.iter():
        for name, value in element.attrib.items():
            if name == "style" or name.startswith("on"):
                yield f"the attribute {name}={value!r}"
            if str(value).strip().lower().startswith("javascript:"):
                yield f"a javascript address in {name}"


def own_origin(root):
    for element in root.iter():
        addresses = [element.get(name) for name in ADDRESSES if element.get(name)]
        addresses += [part.split()[0] for part in (element.get("srcset") or "").split(",") if part.strip()]
        for address in addresses:
            parts = urlsplit(address)
            if parts.netloc or parts.scheme not in {"", "data"}:
                yield f"an address of another origin: {address}"


RULES = (
    one_heading,
    headings_in_order,
    basics,
    unique_ids,
    references_lead_somewhere,
    labelled_fields,
    named_things,
    tables_are_small_and_named,
    honest_forms,
    nothing_inline,
    own_origin,
)
