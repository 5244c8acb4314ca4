"""Where plotly.js comes from: the small bundle that set-up fetched if there is one, else the plotly package's own.

No third-party file is committed. The script is compressed once into the cache folder, under a name that holds its
hash, so that a browser may keep it for ever.
"""

import gzip
import hashlib
import importlib.util
import os
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
    digest = _digest(source)
    path = cache / f"plotly-{digest}.js.gz"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fresh = cache / f"{path.name}.{os.getpid()}"
        fresh.write_bytes(gzip.compress(source.read_bytes(), 9, mtime=0))
        fresh.replace(path)
    return Bundle(path, digest)


def _package_script() -> Path:
    """Return the full bundle of the plotly package, found without importing it."""
    spec = importlib.util.find_spec("plotly")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("The package plotly is not installed: run make run, which sets everything up.")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
