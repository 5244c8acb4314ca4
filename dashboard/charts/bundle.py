"""Where plotly.js comes from: the small bundle that set-up fetched if there is one, else the plotly package's own.

No third-party file is committed. The script is compressed once into the cache folder, under a name that holds its
hash, so that a browser may keep it for ever.

Our pages allow no inline style. plotly.js adds two style elements: its own, for which the pages hold a stylesheet of
that id ready to be filled by script (`static/chart.css`), and that of a map library, which we never draw with. It
leaves the second one out where an element with its id is there already; a line before the script makes one.
"""

import gzip
import hashlib
import importlib.util
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

SMALL = Path(__file__).parent.parent.parent / ".venv" / "plotly" / "plotly-cartesian.min.js"


@dataclass(frozen=True)
class Bundle:
    """plotly.js, compressed: its file, and the hash of its content."""

    path: Path
    digest: str


@lru_cache(maxsize=4)
def plotly_bundle(cache: Path) -> Bundle:
    """Return the compressed script in the folder `cache`, made there if it is new."""
    source = SMALL if SMALL.exists() else _package_script()
    script = without_inline_styles(source.read_bytes())
    digest = hashlib.sha256(script).hexdigest()[:16]
    path = cache / f"plotly-{digest}.js.gz"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fresh = cache / f"{path.name}.{os.getpid()}"
        fresh.write_bytes(gzip.compress(script, 9, mtime=0))
        fresh.replace(path)
    return Bundle(path, digest)


def without_inline_styles(script: bytes) -> bytes:
    """Return the script behind a line that stands in for the style elements of other libraries in it."""
    ids = sorted({found.decode() for found in re.findall(rb'getElementById\("([0-9a-f]{64})"\)', script)})
    places = f'for(const id of {ids!r})document.head.append(Object.assign(document.createElement("meta"),{{id}}));\n'
    return places.encode() + script if ids else script


def _package_script() -> Path:
    """Return the full bundle of the plotly package, found without importing it."""
    spec = importlib.util.find_spec("plotly")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("The package plotly is not installed: run make run, which sets everything up.")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"
