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
UNREADABLE = (tarfile.TarError, KeyError, EOFError, OSError)
SHA256 = "79542150855a52c567260e3137095dbe2b744e6d702a5cabe67da246942fba7a"


def small_bundle() -> Path:
    """Return the path of the small bundle once it is fetched: in the virtual environment, which set-up makes."""
    return Path(sys.prefix) / "share" / "weightbase" / f"plotly-cartesian-{VERSION}.min.js"


def fetch(npm: str) -> bytes:
    """Return the script as this npm fetches it; raises CalledProcessError if npm cannot, else what `unpack` raises."""
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", *QUICKLY, "--silent", "--pack-destination", folder, f"{PACKAGE}@{VERSION}"]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)  # noqa: S603 - fixed arguments
        (packed,) = Path(folder).glob("*.tgz")
        return unpack(packed)


def unpack(packed: Path) -> bytes:
    """Return the script in npm's archive; raises one of UNREADABLE, or ValueError if it is not the known one."""
    with tarfile.open(packed) as archive:
        member = archive.extractfile(MEMBER)
        script = member.read() if member is not None else b""
    digest = hashlib.sha256(script).hexdigest()
    if digest != SHA256:
        raise ValueError(f"{PACKAGE} {VERSION} has changed: its SHA-256 is {digest}.")
    return script


def main() -> int:
    """Fetch the small bundle unless it is there; return 1 if that is not possible, which set-up then says."""
    place, npm = small_bundle(), shutil.which("npm")
    if place.exists():
        return 0
    if npm is None:
        print("npm is not installed.")
        return 1
    try:
        atomic_write(place, fetch(npm))
    except (subprocess.CalledProcessError, ValueError, *UNREADABLE) as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
