"""The docs as a site: its files are sent as they were built, and without them a page says what to do."""

import pytest

from dashboard import create_app
from tests.web.page_check import Browser, words


@pytest.fixture
def built(trained_workspace, tmp_path):
    """An app whose docs are three files."""
    for name, text in {"index.html": "home", "scores/index.html": "scores", "assets/site.css": "css"}.items():
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "secret.txt").write_text("secret")
    app = create_app(workspace=trained_workspace)
    app.config["DOCS_FOLDER"] = tmp_path / "site"
    return app.test_client()


@pytest.fixture
def unbuilt(trained_workspace, tmp_path):
    app = create_app(workspace=trained_workspace)
    app.config["DOCS_FOLDER"] = tmp_path / "nothing"
    return Browser(app.test_client())


@pytest.mark.parametrize(
    ("address", "text"),
    [("", "home"), ("scores/", "scores"), ("scores/index.html", "scores"), ("assets/site.css", "css")],
)
def test_a_page_or_file_of_the_docs_is_sent_as_it_was_built(built, address, text):
    answer = built.get(f"/help/docs/{address}", buffered=True)
    assert (answer.status_code, answer.text) == (200, text)
    assert "script-src 'self' 'sha256-" in answer.headers["Content-Security-Policy"]


def test_a_folder_without_a_slash_leads_to_its_page(built):
    assert built.get("/help/docs/scores").headers["Location"] == "/help/docs/scores/"
    behind = built.get("/help/docs/scores", base_url="http://localhost/weights")
    assert behind.headers["Location"] == "/weights/help/docs/scores/"


@pytest.mark.parametrize("address", ["nothing/", "nothing.css", "../secret.txt", "..%2fsecret.txt"])
def test_what_the_docs_do_not_have_is_not_found(built, address):
    answer = built.get(f"/help/docs/{address}", buffered=True)
    assert answer.status_code == 404
    assert "secret" not in answer.text.replace("secret.txt", "")


@pytest.mark.parametrize("address", ["/help/docs/", "/help/docs/scores/"])
def test_without_the_docs_a_page_says_which_command_builds_them(unbuilt, address):
    page = unbuilt.get(address)
    assert page.h1 == "The docs are not built"
    assert [words(e) for e in page.root.iter("pre")] == ["make docs"]
    assert ("docs/scores.md" in page.text) == ("scores" in address)
