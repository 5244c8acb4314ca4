"""The source of plotly.js: the small bundle that set-up fetched if there is one, else the plotly package's own.

No third-party file is committed. The script is compressed once into the cache folder, under a name that holds its
hash, so that a browser may cache it for ever.

Our pages allow no inline style. plotly.js adds two style elements: its own, for which the pages hold a stylesheet of
that id ready to be filled by script (`static/chart.css`), and that of a map library, which we never draw with. It
leaves the second one out where an element with its id exists already; a line before the script makes one. Heat maps
and colour bars write style attributes; another line lets these be set through the object model, which is allowed.
"""

import gzip
import hashlib
import importlib.util
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dashboard.charts.small_bundle import small_bundle
from dashboard.files import atomic_write

STYLE_ATTRIBUTES = b"""{const set=Element.prototype.setAttribute;
Element.prototype.setAttribute=function(name,value){
if(name==="style")this.style.cssText=value;else set.call(this,name,value)}}
"""


@dataclass(frozen=True)
class Bundle:
    """plotly.js, compressed, and the hash of its content."""

    packed: bytes
    digest: str


@lru_cache(maxsize=4)
def plotly_bundle(cache: Path) -> Bundle:
    """Return the compressed script, from the folder `cache` if it is there: compressing it takes a second.

    It then stays in memory: half a megabyte, or 1.5 MB of the full script.
    """
    small = small_bundle()
    source = small if small.exists() else package_script()
    script = without_inline_styles(source.read_bytes())
    digest = hashlib.sha256(script).hexdigest()[:16]
    path = cache / f"plotly-{digest}.js.gz"
    with suppress(OSError, zlib.error, EOFError):  # it is not there, or torn
        packed = path.read_bytes()
        if gzip.decompress(packed) == script:
            return Bundle(packed, digest)
    packed = gzip.compress(script, 9, mtime=0)
    with suppress(OSError):  # without space or rights the next process compresses it again
        atomic_write(path, packed)
    return Bundle(packed, digest)


def without_inline_styles(script: bytes) -> bytes:
    """Return the script behind lines that keep it from writing inline styles, which our pages' policy forbids."""
    ids = sorted({digest.decode() for digest in re.findall(rb'getElementById\("([0-9a-f]{64})"\)', script)})
    places = f'for(const id of {ids!r})document.head.append(Object.assign(document.createElement("meta"),{{id}}));\n'
    return STYLE_ATTRIBUTES + (places.encode() if ids else b"") + script


def package_script() -> Path:
    """Return the full bundle of the plotly package, located without importing it; raises FileNotFoundError."""
    spec = importlib.util.find_spec("plotly")
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            "The package plotly is not installed: pip install plotly, or make run, which sets everything up."
        )
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"
