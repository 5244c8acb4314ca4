"""The docs as a site, built by `make docs` into dashboard/docs_site; where nobody has built it, a page that says so."""

from pathlib import Path

from flask import Response, current_app, render_template, send_from_directory, url_for
from werkzeug.exceptions import NotFound as NoFile

import dashboard
from dashboard.errors import NotFound
from dashboard.web.kit.answers import redirect_to
from dashboard.web.log_page import blueprint

__all__ = ["blueprint"]  # that of the help, to which this page belongs

FOLDER = Path(dashboard.__file__).parent / "docs_site"


@blueprint.get("/help/docs/", defaults={"path": ""})
@blueprint.get("/help/docs/<path:path>")
def docs(path: str) -> Response | str:
    """Send a file of the docs, the index for a folder."""
    folder = Path(current_app.config.get("DOCS_FOLDER", FOLDER))
    if not (folder / "index.html").is_file():
        return render_template("help/no_docs.html", path=path, is_checkout=(FOLDER.parents[1] / "mkdocs.yml").is_file())
    if not path or path.endswith("/"):
        path += "index.html"
    try:
        return send_from_directory(folder, path)
    except NoFile:
        if not (folder / path / "index.html").is_file():
            raise NotFound(f"The docs have no page {path.removesuffix('index.html')}.") from None
    return redirect_to(url_for("help.docs", path=f"{path}/"))
