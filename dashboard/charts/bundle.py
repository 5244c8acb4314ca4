"""The source of plotly.js: the small bundle that set-up fetched if there is one, else the plotly package's own.

No third-party file is committed. The script is compressed once per process, and named by its hash, so that a browser
may cache it for ever.

Our pages allow no inline style. plotly.js adds two style elements: its own, for which the pages load a stylesheet of
that id ready to be filled by script (`static/chart.css`), and that of a map library, which we never draw with. It
leaves the second one out where an element with its id exists already; a line before the script makes one. Heat maps
and colour bars write style attributes; another line lets these be set through the object model, which is allowed.
"""

import gzip
import hashlib
import re
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

from dashboard.charts.small_bundle import small_bundle

STYLE_ATTRIBUTES = b"""{const set=Element.prototype.setAttribute;
Element.prototype.setAttribute=function(name,value){
if(name==="style")this.style.cssText=value;else set.call(this,name,value)}}
"""


@cache
def plotly_digest() -> str:
    """Return the name of the script's content, from its hash."""
    return hashlib.sha256(_script()).hexdigest()[:16]


@cache
def packed_plotly() -> bytes:
    """Return the compressed script; the first call of a process takes a tenth of a second, of the full script three."""
    return gzip.compress(_script(), 9, mtime=0)


def _script() -> bytes:
    small = small_bundle()
    return without_inline_styles((small if small.exists() else package_script()).read_bytes())


def without_inline_styles(script: bytes) -> bytes:
    """Return the script behind lines that keep it from writing inline styles, which our pages' policy forbids."""
    ids = sorted({digest.decode() for digest in re.findall(rb'getElementById\("([0-9a-f]{64})"\)', script)})
    places = f'for(const id of {ids!r})document.head.append(Object.assign(document.createElement("meta"),{{id}}));\n'
    return STYLE_ATTRIBUTES + (places.encode() if ids else b"") + script


def package_script() -> Path:
    """Return the full bundle of the plotly package, without importing it; raises PackageNotFoundError."""
    return Path(str(distribution("plotly").locate_file("plotly/package_data/plotly.min.js")))
