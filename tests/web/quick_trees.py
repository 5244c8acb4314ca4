"""A page's tree, read by a few patterns: for pages of which the full parser has seen every part, and found it valid.

html5lib takes 0.1 s for a larger page, and the tests fetch thousands. What it says of an element depends on the
elements around it, so that of each place it is asked once. What is written in any but the plainest form is left to it.
"""

import html
import re
from xml.etree.ElementTree import Element, SubElement

BEGINNING = re.compile(r"\s*<!doctype html>\s*", re.IGNORECASE)
NAME, VALUE = r"[a-zA-Z][a-zA-Z0-9:-]*", r"\"[^\"]*\"|[^\s\"'=<>`]+"
TAG = re.compile(rf"<(/?)([a-z][a-zA-Z0-9]*)((?:\s+{NAME}(?:=(?:{VALUE}))?)*)\s*(/?)>")
ATTRIBUTE = re.compile(rf"({NAME})(?:=({VALUE}))?")
ODD = re.compile(
    r"&(?!(?:amp|lt|gt|quot|#34|#39);)|<!(?!doctype)|[\x00-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]"
)
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SVG = "{http://www.w3.org/2000/svg}"


class NotPlain(ValueError):
    """A page is written in a form that only the full parser understands."""


class Reading:
    """What has been read of a page: its tree, and the places of elements and texts within elements."""

    def __init__(self):
        self.root, self.open, self.last = None, [], None
        self.path, self.places = "", set()

    def text(self, text):
        """Append what stands between two tags."""
        if not text:
            return
        if "<" in text:
            raise NotPlain(text)
        if not text.isspace():
            self.places.add(f"{self.path}/text")
        text = html.unescape(text) if "&" in text else text
        if self.last is not None:
            self.last.tail = text
        elif self.open:
            self.open[-1].text = text.removeprefix("\n") if self.open[-1].tag in {"pre", "textarea"} else text

    def begin(self, name, attributes, closes_itself):
        """Append an element."""
        found = attributes_of(attributes)
        in_svg = name == "svg" or (self.open and self.open[-1].tag.startswith(SVG))
        tag = SVG + name if in_svg else name
        if self.open:
            element = SubElement(self.open[-1], tag, found)
        elif self.root is None:
            element = self.root = Element(tag, found)
        else:
            raise NotPlain(name)
        self.places.add(f"{self.path}/{name}")
        if closes_itself if in_svg else name in VOID:
            self.last = element
        elif closes_itself:
            raise NotPlain(name)
        else:
            self.open.append(element)
            self.path, self.last = f"{self.path}/{name}", None

    def end(self, name):
        """Close the innermost element, which must have this name."""
        if not self.open or self.open[-1].tag.removeprefix(SVG) != name:
            raise NotPlain(name)
        self.last = self.open.pop()
        self.path = self.path.rpartition("/")[0]


def attributes_of(text):
    """Return the attributes of a tag."""
    found = {}
    for name, value in ATTRIBUTE.findall(text) if text else ():
        if name in found:
            raise NotPlain(name)
        found[name] = html.unescape(value.strip('"')) if "&" in value else value.strip('"')
    return found


def read(text):
    """Return the tree of a page and the places of all that is in it; raises NotPlain."""
    text = text.replace("\r\n", "\n")
    beginning = BEGINNING.match(text)
    if not beginning or ODD.search(text):
        raise NotPlain(text[:40])
    reading, position = Reading(), beginning.end()
    for tag in TAG.finditer(text, position):
        reading.text(text[position : tag.start()])
        ends, name, attributes, closes_itself = tag.groups()
        if ends:
            reading.end(name)
        else:
            reading.begin(name, attributes, closes_itself)
        position = tag.end()
    if reading.open or reading.root is None or text[position:].strip():
        raise NotPlain(text[position:])
    if [child.tag for child in reading.root] != ["head", "body"]:
        raise NotPlain("html")
    return reading.root, reading.places


def same(one, other):
    """Return whether two trees are the same, but for texts of nothing but spaces."""
    return (
        (one.tag, one.attrib, len(one)) == (other.tag, other.attrib, len(other))
        and plain(one.text) == plain(other.text)
        and plain(one.tail) == plain(other.tail)
        and all(map(same, one, other))
    )


def plain(text):
    return "" if text is None or text.isspace() else text
