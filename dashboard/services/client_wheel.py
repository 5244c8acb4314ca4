"""The client's wheel, which the dashboard offers to machines without a network: made here, always the same bytes."""

import base64
import hashlib
import io
import re
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent.parent
CLIENT = next(place for place in (HERE / "client", HERE.parent / "client") if (place / "pyproject.toml").is_file())
"""Where the client's source is: inside an installed package, next to it in a checkout."""
PACKAGE = "weightbase"
EPOCH = (1980, 1, 1, 0, 0, 0)
WHEEL = "Wheel-Version: 1.0\nGenerator: weightbase\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


class ClientWheel(NamedTuple):
    """A wheel: its file name, which pip reads, and its bytes."""

    name: str
    content: bytes


def client_version() -> str:
    """Return the release of the client that this dashboard offers."""
    match = re.search(r'^__version__ = "([^"]+)"$', (CLIENT / PACKAGE / "__init__.py").read_text(), re.MULTILINE)
    assert match is not None
    return match[1]


@cache
def client_wheel() -> ClientWheel:
    """Return the wheel of the client."""
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]
    name = f"{project['name'].replace('-', '_')}-{client_version()}"
    files = dict(_sources()) | dict(_about(f"{name}.dist-info", project))
    record = f"{name}.dist-info/RECORD"
    lines = [f"{path},{_digest(content)},{len(content)}\n" for path, content in files.items()]
    files[record] = "".join([*lines, f"{record},,\n"]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(_member(path), content)
    return ClientWheel(f"{name}-py3-none-any.whl", packed.getvalue())


def _sources() -> Iterator[tuple[str, bytes]]:
    for path in sorted((CLIENT / PACKAGE).rglob("*.py")):
        yield path.relative_to(CLIENT).as_posix(), path.read_bytes()


def _about(folder: str, project: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield what pip reads of a distribution."""
    heads = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {client_version()}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {line}" for line in project["dependencies"]),
        "Description-Content-Type: text/markdown",
    ]
    yield f"{folder}/METADATA", "\n".join([*heads, "", (CLIENT / project["readme"]).read_text()]).encode()
    yield f"{folder}/WHEEL", WHEEL.encode()
    scripts = "".join(f"{name} = {target}\n" for name, target in project["scripts"].items())
    yield f"{folder}/entry_points.txt", f"[console_scripts]\n{scripts}".encode()


def _digest(content: bytes) -> str:
    """Return the SHA-256 as wheels record it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _member(path: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(path, EPOCH)
    member.external_attr = 0o644 << 16
    member.compress_type = zipfile.ZIP_DEFLATED
    return member
