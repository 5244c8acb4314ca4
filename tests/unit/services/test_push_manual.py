"""The lines of docs/push.md are typed as they stand, and answer what the page says."""

import os
import re
import subprocess
import threading
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from dashboard import create_app
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings

MANUAL = Path(__file__).parents[3] / "docs" / "push.md"
ENDS = re.compile(r"(curl .*?)( +#.*)?$", re.MULTILINE)


@pytest.fixture
def address(tmp_path):
    """The address of the API of a dashboard that answers in this process."""
    workspace = open_workspace(Settings(home=str(tmp_path / "home")))
    server = make_server("127.0.0.1", 0, create_app(workspace=workspace), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/api/v1"
    server.shutdown()
    thread.join()
    server.server_close()
    workspace.catalogue.close()


def test_the_lines_of_the_manual_answer_what_it_says(address, tmp_path):
    blocks = re.findall(r"```sh\n(.*?)```", MANUAL.read_text(), re.DOTALL)
    # What was pushed by the first lines is a version: contents of their own are sent in pieces.
    blocks[1] = "head -c 24 /dev/urandom > weight.bin; sha=$(sha256sum weight.bin | cut -c 1-64)\n" + blocks[1]
    script = "set -e\n" + "\n".join(ENDS.sub(lambda line: _with_status(line[1]), block) for block in blocks)
    done = subprocess.run(
        ["bash", "-c", script],
        env=os.environ | {"api": address},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    codes = re.findall(r"^(\d{3})$", done.stdout, re.MULTILINE)
    assert codes == ["201", "202", "201", "201", "200", "202", "201", "201", "200", "200"]
    assert "Upload-Offset: 10" in done.stdout
    assert '"missing":["' in done.stdout


def _with_status(line: str) -> str:
    """Let a line also print the status of its answer, but where its output is looked through."""
    return line if " | grep" in line else f"{line} -w '\\n%{{http_code}}\\n'"
