"""The wheel, installed with pip alone in an empty environment, serves, trains, draws and verifies from any folder.

`make soak` installs what it needs, too: hundreds of megabytes. Otherwise the environment is shown what is here.
"""

import json
import os
import re
import subprocess
import sys
import sysconfig
import urllib.parse
import urllib.request
import venv
import zipfile
from http.cookiejar import CookieJar
from pathlib import Path

import plotly.graph_objects
import pytest

from dashboard.services.client_wheel import client_wheel
from tests.processes.test_serving import free_port, health
from tests.worker import wait_until

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parent.parent.parent
FOLDERS = ("dashboard", "templates", "static")


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the distributions, the wheel from the source distribution; return the wheel's path."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module", params=["beside our packages", pytest.param("alone", marks=pytest.mark.soak)])
def weightbase(wheel, tmp_path_factory, request):
    """Install the wheel; return its command, and an environment that knows no checkout."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder / "venv")  # without a pip of its own: ours installs into it
    if request.param == "beside our packages":
        (packages,) = folder.glob("venv/lib/python*/site-packages")
        (packages / "ours.pth").write_text(sysconfig.get_path("purelib"))
    target = ("--python", folder / "venv" / "bin" / "python")
    pinned = ("--constraint", ROOT / "requirements.txt")  # what else we test with, whatever was released since
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "WEIGHTBASE_"))}
    pip = (sys.executable, "-m", "pip", *target, "install", "-q", "--no-compile", *pinned)
    run(*pip, wheel, cwd=folder, env=environment)
    return folder / "venv" / "bin" / "weightbase", environment


class Visitor:
    """A browser's part: cookies and the token of a form."""

    def __init__(self, port):
        self.origin = f"http://127.0.0.1:{port}"
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, address, data=None):
        body = None if data is None else urllib.parse.urlencode(data).encode()
        with self.opener.open(urllib.parse.urljoin(self.origin, address), body, timeout=300) as answer:
            assert answer.status == 200
            return answer.read().decode()

    def json(self, address):
        return json.loads(self.get(address))

    def press(self, page, action):
        """Send the form of `page` that goes to `action`, which has nothing but its token."""
        form = re.search(rf'<form[^>]*action="{action}".*?</form>', page, re.DOTALL)[0]
        return self.get(action, {"csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', form)[1]})

    def figures(self, page):
        """Return the figures that the page's charts are drawn from, each a figure by Plotly's own judgement."""
        addresses = re.findall(r'data-figure-url="([^"]+)"', page)
        return [plotly.graph_objects.Figure(self.json(address.replace("&amp;", "&"))) for address in addresses]


def train_the_demo(visitor):
    visitor.press(visitor.get("/"), "/demo")
    wait_until(lambda: visitor.json("/api/v1/runs/1")["state"] == "finished", "the demo to be trained")


def check_the_charts(visitor):
    for number in range(1, 7):
        page = visitor.get(f"/networks/demo-digits/versions/{number}/tensors/layer_01.weight")
        (distribution,) = visitor.figures(page)
        counts = distribution.data[0].y[:-1]  # the last one is there twice, for its step
        assert 0.98 * 64 * 32 < sum(counts) <= 64 * 32  # all but the outermost hundredth
    assert len(visitor.figures(visitor.get("/networks/demo-digits/history?tensor=layer_01.weight"))) >= 3
    assert re.search(r"plotly\.js v\d", visitor.get(re.search(r'data-plotly="([^"]+)"', page)[1]))
    for stylesheet in re.findall(r'<link rel="stylesheet" href="([^"]+)"', page):
        visitor.get(stylesheet)


def test_the_wheel_holds_the_package_with_its_pages_and_nothing_else(wheel):
    packaged = {Path(name) for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    ours = {name: {path.relative_to(ROOT) for path in (ROOT / name).rglob("*.*")} for name in FOLDERS}
    code = {path for path in ours["dashboard"] if path.suffix != ".pyc"}
    client = {Path("client", name) for name in ("pyproject.toml", "README.md")}
    client |= {path.relative_to(ROOT) for path in (ROOT / "client" / "weightbase").rglob("*.py")}
    pages = {path for name in ("templates", "static") for path in ours[name]}
    assert packaged == code | {"dashboard" / path for path in pages | client}


def test_the_wheel_serves_trains_draws_and_verifies_from_any_folder(weightbase, tmp_path):
    command, environment = weightbase
    port = free_port()
    dashboard = subprocess.Popen(command, cwd=tmp_path, env=environment | {"WEIGHTBASE_PORT": str(port)})
    try:
        wait_until(lambda: health(port)["ok"], "the dashboard to answer")
        visitor = Visitor(port)
        train_the_demo(visitor)
        check_the_charts(visitor)
    finally:
        dashboard.terminate()
        dashboard.wait()
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    verified = run(command, "verify", cwd=tmp_path, env=environment).splitlines()
    assert verified[:-1] == [f"demo-digits:{number}: identical (4 tensors)" for number in range(1, 7)]
    assert verified[-1] == "6 versions verified, 0 different"


def test_the_client_in_the_same_environment_leaves_one_command_whichever_came_last(weightbase, wheel, tmp_path):
    command, environment = weightbase
    client = tmp_path / client_wheel().name
    client.write_bytes(client_wheel().content)
    python = command.with_name("python")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-compile", "--no-index")
    where = "import dashboard, sys; import weightbase; print(weightbase.__file__); weightbase.Session, weightbase.pull"
    own = run(command, "completion", "bash", cwd=tmp_path, env=environment)
    assert "backup" in own  # a verb that only the dashboard's command has
    for last in (client, wheel):
        run(*pip, "--force-reinstall", last, cwd=tmp_path, env=environment)
        assert run(command, "completion", "bash", cwd=tmp_path, env=environment) == own
        imported = Path(run(python, "-c", where, cwd=tmp_path, env=environment).strip())
        assert imported.parts[-3:] == ("site-packages", "weightbase", "__init__.py")
