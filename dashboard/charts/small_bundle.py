"""Set-up's step that fetches plotly.js's small bundle (all that we draw with, a third of the size), where npm is there.

Run as ``python -m dashboard.charts.small_bundle``. It needs nothing but npm's own client; without npm or a network
the plotly package's full bundle is served, and the pages are only slower. The version is that of the plotly package's
own plotly.js (a test compares them), and what arrives must have the known SHA-256.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from dashboard.files import atomic_write

PACKAGE = "plotly.js-cartesian-dist-min"
VERSION = "4.1.1"
MEMBER = "package/plotly-cartesian.min.js"
QUICKLY = ("--fetch-retries=0", "--fetch-timeout=20000")  # without a network set-up is not to wait for minutes
SHA256 = "79542150855a52c567260e3137095dbe2b744e6d702a5cabe67da246942fba7a"


def small_bundle() -> Path:
    """Return the path of the small bundle once it is fetched: in the virtual environment, which set-up makes."""
    return Path(sys.prefix) / "share" / "weightbase" / f"plotly-cartesian-{VERSION}.min.js"


def fetch(place: Path, npm: str) -> str:
    """Fetch the bundle to `place` with this npm; return "" or a sentence that says why it is not there."""
    with tempfile.TemporaryDirectory() as folder:
        fetched = subprocess.run(  # noqa: S603 - fixed arguments
            [npm, "pack", *QUICKLY, "--silent", "--pack-destination", folder, f"{PACKAGE}@{VERSION}"],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
        )
        packed = next(Path(folder).glob("*.tgz"), None)
        if fetched.returncode or packed is None:
            return f"npm could not fetch {PACKAGE}: {fetched.stderr.strip()[-300:] or fetched.returncode}"
        return unpack(packed, place)


def unpack(packed: Path, place: Path) -> str:
    """Write the script out of npm's archive to `place`, whole or not at all; return "" or what is wrong with it."""
    try:
        with tarfile.open(packed) as archive:
            member = archive.extractfile(MEMBER)
            script = member.read() if member is not None else b""
    except (tarfile.TarError, KeyError, EOFError, OSError) as error:
        return f"What npm fetched for {PACKAGE} {VERSION} cannot be unpacked: {error}."
    digest = hashlib.sha256(script).hexdigest()
    if digest != SHA256:
        return f"{PACKAGE} {VERSION} has changed: its SHA-256 is {digest}."
    atomic_write(place, script)
    return ""


def main() -> int:
    """Fetch the small bundle unless it is there; set-up continues without it, so only a wrong content is a failure."""
    place, npm = small_bundle(), shutil.which("npm")
    if place.exists():
        return 0
    if npm is None:
        print("npm is not installed: charts use the full plotly.js (1.5 MB instead of 0.5 MB, once per browser).")
        return 0
    problem = fetch(place, npm)
    print(problem or f"Fetched {PACKAGE} {VERSION} for quicker charts.")
    return int("SHA-256" in problem)


if __name__ == "__main__":
    sys.exit(main())
