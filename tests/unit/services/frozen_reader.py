"""A process that may only read a home: it reads all that there is, and prints what it has found as JSON."""

import io
import json
import sys

from dashboard import KEY_OF_THE_SERVER, cli, create_app
from dashboard.errors import StoreUnavailable
from dashboard.services.workspace import open_workspace
from dashboard.settings import Settings

LOCAL = {"Host": "127.0.0.1:8000"}
PAGES = (
    *("/", "/datasets", "/datasets/iris", "/runs", "/searches", "/store", "/help", "/networks/small", "/networks/new"),
    *("/networks/small/versions/1", "/networks/small/versions/1/tensors/layer_01.weight", "/networks/small/history"),
    *("/networks/small/health", "/compare?base=small:1&other=small:2", "/datasets/new", "/store/backup"),
    "/api/v1/networks/small/versions/1.zip",
    *("/api/v1/networks/small/versions/2", "/api/v1/networks/small/versions/2/tensors/layer_01.weight.csv", "/healthy"),
)


def read(home, target, store):
    """Return the status of each page, the answers to what would write, and the exit codes of commands."""
    try:
        open_workspace(Settings(home=home, store=store))
        refusal = ""
    except StoreUnavailable as error:
        refusal = error.message
    app = create_app(Settings(home=home, store=store, read_only=1))
    client = app.test_client()
    found = {page: client.get(page, headers=LOCAL).status_code for page in PAGES}
    form = client.get("/networks/new", headers=LOCAL).text
    file = {"file": (io.BytesIO(b"a,b\n1,2\n3,4\n"), "numbers.csv"), "name": "numbers", "target": "b"}
    upload = client.post("/api/v1/datasets", headers=LOCAL, data=file)
    bundled = client.post("/api/v1/datasets", headers=LOCAL, json={"bundled": "wine"})
    verified = cli.main(["verify"])
    copied = cli.main(["copy", "--to", "csv:", "--to-home", target])
    backed_up = [cli.main(["backup", f"{target}.zip"]), cli.main(["backup", "--check", f"{target}.zip"])]
    return {
        "refusal": refusal,
        "pages": found,
        "form": "<form inert" in form and "Forms and buttons that change something are switched off" in form,
        "outlives its process": app.secret_key == KEY_OF_THE_SERVER,
        "added": [upload.status_code, bundled.status_code],
        "verified": verified,
        "copied": copied,
        "backed_up": backed_up,
    }


if __name__ == "__main__":
    print("\n" + json.dumps(read(*sys.argv[1:4])))
