"""What the build of the docs does beyond MkDocs: no inline script, no link out of docs/, nothing that is never read.

The dashboard's pages run no inline script (docs/decisions/http.md); Material has a few. Each is moved into a file that
is named by its content, and runs at the same place in the page.
"""

import hashlib
import re
import shutil
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+([A-Z][^)]*)\)")
UNREAD = ("404.html", "sitemap.xml", "sitemap.xml.gz", "assets/javascripts/lunr", "assets/images")
scripts: dict[str, str] = {}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the dashboard's mark, which stands in static/."""
    mark = Path(config.config_file_path).parent / "static" / "mark.svg"
    files.append(File.generated(config, "assets/mark.svg", abs_src_path=str(mark)))
    return files


def on_page_markdown(markdown: str, **_about: object) -> str:
    """Write a link to a file outside docs/, such as CONTRIBUTING.md, as its words: the site does not have it."""
    return OUTSIDE.sub(lambda link: f"{link[1]} (`{link[2].partition('#')[0]}`)", markdown)


def on_post_page(output: str, page: Page, **_about: object) -> str:
    """Replace each inline script by a file; its address is relative to the page."""
    return INLINE.sub(lambda found: _moved(found[1], "../" * page.file.dest_uri.count("/")), output)


def on_post_build(config: MkDocsConfig) -> None:
    """Write the scripts that pages had, and remove what no page of an English site reads: 3 of 5 MB."""
    site = Path(config.site_dir)
    for name, text in scripts.items():
        (site / name).write_text(text)
    for name in UNREAD:
        path = site / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in site.rglob("*.map"):
        path.unlink()


def _moved(text: str, base: str) -> str:
    name = f"assets/inline-{hashlib.sha256(text.encode()).hexdigest()[:12]}.js"
    scripts[name] = text
    return f'<script src="{base}{name}"></script>'
