"""Makes a small data folder by the JSON API of whatever commit it is run in: see README.md, which says how.

Every kind of thing that is stored is in it: uploaded and bundled datasets, networks for both tasks, runs of every end,
versions (of which one is in the trash, and a network, too), a search with its proposer's network, a verification.
"""

import hashlib
import io
import os
import re
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import mysql.connector
import numpy as np

from dashboard import create_app
from dashboard.settings import Settings, to_environment

TRIALS = int(os.environ.get("TRIALS", "11"))
LATER = os.environ.get("LATER", "") == "1"
ELSEWHERE = os.environ.get("ELSEWHERE", "") == "1"
NOT_YET_LEARNT = 10  # the neural sampler's network proposes only after so many trials, and weighs 100 kB
PAGES = (
    "compare?base=flowers:2&other=flowers:3",
    "networks/flowers/history?draw=1",
    "networks/flowers/health?draw=1",
    "networks/flowers/history?tensor=layer_01.weight&unit=0&draw=1",
)
ROWS = [f"{'a' if number % 3 else 'b'},{number % 7},{number * 0.25 + number % 3:.2f}" for number in range(40)]
CSV = "\n".join(["kind,size,price", "a,,1.5", *ROWS]).encode()
FLOWERS = {
    "name": "flowers",
    "purpose": "Tells three kinds of iris apart.",
    "dataset": "iris",
    "fields": {"author": "Anderson"},
    "layers": [{"units": 3, "activation": "relu", "dropout": 0.1}],
    "training": {"epochs": 2, "learning_rate": 0.01, "batch_size": 16, "save": "every"},
}
PRICES = {
    "name": "prices",
    "dataset": "goods",
    "layers": [{"units": 2, "activation": "tanh", "bias": False}],
    "output": {"activation": "identity"},
    "training": {"loss": "squared_error", "optimizer": "sgd", "epochs": 2, "dtype": "float64", "save": "best"},
}
DAYS = [
    f"2026-01-{number % 28 + 1:02},{'yes' if number % 3 else 'no'},{'(5.00)' if number == 7 else f'${number}.50'},"
    f"{number % 5},{number * 0.5:.2f},{number * 0.25 + number % 2:.2f}"
    for number in range(60)
]
HEAD = "day,open,price,staff,visits,sales"
SHOP = {
    "name": "shop",
    "target": "sales",
    "kinds": '{"day": "date", "visits": "target", "staff": "categorical"}',
    "missing_words": "none, ?",
    "test": "0.2",
}
VISITS = {
    "name": "visits",
    "dataset": "shop",
    "layers": [{"units": 3, "activation": "tanh"}],
    "output": {"activation": "identity"},
    "training": {"loss": "squared_error", "epochs": 2, "scaling": "standard", "save": "best", "best_by": "r2"},
}
SEARCH = {
    "name": "tries",
    "dataset": "iris",
    "space": {"layers": {"low": 1, "high": 1}, "units": {"low": 2, "high": 4}, "batch_size": [32]},
    "budget": {"trials": TRIALS, "epochs": 2},
    "sampler": "neural" if TRIALS > NOT_YET_LEARNT else "random",
}


LAYERS_OF_FILE = {"as": "dense", "activations": ["relu", "softmax"], "classes": ["setosa", "versicolor", "virginica"]}


def weights_file(random):
    """Return the bytes of a .npz with two dense layers of 4 inputs and 3 outputs."""
    file = io.BytesIO()
    shapes = {"w1": (4, 5), "b1": (5,), "w2": (5, 3), "b2": (3,)}
    arrays = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    np.savez(file, **arrays)
    return file.getvalue()


class Maker:
    """The API of an app around a data folder."""

    def __init__(self, settings):
        self.settings = settings
        self.client = create_app(settings).test_client()

    def post(self, path, **options):
        """Send a request, and return its JSON; anything but success ends the making."""
        answer = self.client.post(f"/api/v1{path}", **options)
        assert answer.status_code < 300, answer.text
        return answer.json

    def ended(self):
        """Return once no run waits or runs any more, trained by a worker of our own if none does it."""
        while any(
            run["state"] in {"queued", "running"} and run["kind"] != "external"  # whose process is elsewhere
            for run in self.client.get("/api/v1/runs").json["items"]
        ):
            command = [sys.executable, "app.py", "worker", "--until-idle"]
            subprocess.run(command, env=os.environ | to_environment(self.settings), check=True)
            time.sleep(0.2)

    def datasets(self):
        """Add the bundled iris, and an upload with a missing cell and a column of words."""
        self.post("/datasets", json={"bundled": "iris"})
        form = {"name": "goods", "target": "price", "task": "regression", "file": (io.BytesIO(CSV), "goods.csv")}
        self.post("/datasets", data=form, content_type="multipart/form-data")

    def networks(self):
        """Train both networks, one of them further from its second version; a run diverges, and one is cancelled."""
        for network in (FLOWERS, PRICES, FLOWERS | {"name": "unwanted"}):
            self.post("/networks", json=network)
            self.post(f"/networks/{network['name']}/runs", json={})
            self.ended()
        self.post("/networks/flowers/runs", json={"parent": 2, "epochs": 2})
        self.ended()
        self.post("/networks/prices/runs", json={"learning_rate": 1000.0, "epochs": 50})
        run = self.post("/networks/prices/runs", json={"epochs": 100000})
        self.post(f"/runs/{run['id']}/cancel")
        self.ended()

    def search(self):
        """Search, and open its best trial as a network."""
        search = self.post("/searches", json=SEARCH)
        self.ended()
        best = self.client.get(f"/api/v1/searches/{search['id']}").json["best"]
        self.post(f"/searches/{search['id']}/trials/{best['trial']}/network", json={})
        self.ended()

    def later(self):
        """Add what came with migration 0007: dates, yes and no, signs, two targets, own files, repeated trainings."""
        files = {
            "file": (io.BytesIO("\n".join([HEAD, *DAYS]).encode()), "shop.csv"),
            "validation_file": (io.BytesIO("\n".join([HEAD, *DAYS[5:20]]).encode()), "later.csv"),
        }
        self.post("/datasets", data=SHOP | files, content_type="multipart/form-data")
        self.post("/networks", json=VISITS)
        self.post("/networks/visits/runs", json={})
        for network, kind in (("visits", "folds"), ("flowers", "seeds")):
            self.post(f"/networks/{network}/repeats", json={kind: 2, "epochs": 1})
        self.ended()

    def elsewhere(self):
        """Add what came with migration 0008: imports of both kinds, a version that was pushed, runs elsewhere."""
        random = np.random.default_rng(8)
        for network, choices in (("series", {}), ("layers", LAYERS_OF_FILE)):
            files = [(io.BytesIO(weights_file(random)), f"epoch={epoch}-val_loss=0.{epoch}.npz") for epoch in (1, 2)]
            token = self.post("/imports", data={"file": files}, content_type="multipart/form-data")["token"]
            self.post(f"/imports/{token}/versions", json={"network": network, "purpose": "from a file"} | choices)
            self.ended()
        self.post("/networks", json={"name": "pushed", "kind": "foreign"})
        for key, end in (("done", {"state": "finished"}), ("broken", {"state": "failed", "error": "out of memory"})):
            run = self.post("/networks/pushed/runs", json={"kind": "external", "key": key, "epochs": 2})["id"]
            self.post(f"/runs/{run}/epochs", json=[{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25, "own": 3.0}])
            self.push(key, random.normal(size=(4, 3)).astype(np.float32), run)
            self.post(f"/runs/{run}/end", json=end)
        silent = self.post("/networks/pushed/runs", json={"kind": "external", "key": "silent"})["id"]
        self.post(f"/runs/{silent}/epochs", json=[{"epoch": 1, "loss": None}])

    def push(self, key, weight, run):
        """Push a version of one weight, whose rows are units, and one number."""
        arrays = {"fc.weight": weight, "steps": np.array(7, np.int64)}
        digests = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}
        tensors = [
            {"name": name, "dtype": array.dtype.name, "shape": list(array.shape), "sha256": digests[name]}
            for name, array in arrays.items()
        ]
        tensors[0]["units_axis"] = 0
        manifest = {"key": key, "epoch": 2, "metrics": {"loss": 0.25, "own": 3.0}, "run": run, "tensors": tensors}
        for digest in self.post("/networks/pushed/versions", json=manifest)["missing"]:
            content = next(array.tobytes() for name, array in arrays.items() if digests[name] == digest)
            answer = self.client.put(f"/api/v1/contents/{digest}", data=content)
            assert answer.status_code < 300, answer.text
        self.post("/networks/pushed/versions", json=manifest)

    def actions(self):
        """Verify everything, put a version and a network into the trash, and look at pages that keep numbers."""
        self.post("/store/verify")
        self.ended()
        for path in ("/networks/flowers/versions/1", "/networks/unwanted"):
            assert self.client.delete(f"/api/v1{path}").status_code < 300
        for page in PAGES:
            assert self.client.get(f"/{page}").status_code in {200, 404}  # an earlier form may not have this page


def pack(home, target):
    """Write the folder without what is nobody's data; the database's journal is brought into its file before."""
    if (home / "catalogue.sqlite").exists():
        with sqlite3.connect(home / "catalogue.sqlite") as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    left_out = {"secret_key", "worker.log", "scripts", "catalogue.sqlite-wal", "catalogue.sqlite-shm"}

    def plain(member):
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return None if Path(member.name).name in left_out else member

    with tarfile.open(target, "w:gz") as archive:
        archive.add(home, ".", filter=plain)


def dump(url, target):
    """Write a MySQL database as one statement a line; every float as the text of its double, which is exact."""
    parts = urlsplit(url)
    database = parts.path.strip("/")
    connection = mysql.connector.connect(
        host=parts.hostname, port=parts.port, user=parts.username, password=parts.password, database=database
    )
    cursor = connection.cursor()

    def rows(sql):
        cursor.execute(sql)
        return cursor.fetchall()

    lines = ["SET FOREIGN_KEY_CHECKS = 0"]
    views = []
    for name, kind in rows("SHOW FULL TABLES"):
        made = rows(f"SHOW CREATE TABLE `{name}`")[0][1]
        if kind == "VIEW":
            views.append(re.sub("ALGORITHM=.* VIEW", "VIEW", made).replace(f"`{database}`.", ""))
            continue
        lines.append(" ".join(made.split()))
        columns = [
            (row[0], row[1].lower().startswith(("float", "double"))) for row in rows(f"SHOW COLUMNS FROM `{name}`")
        ]
        wanted = ", ".join(f"CAST(`{column}` AS DOUBLE)" if exact else f"`{column}`" for column, exact in columns)
        for row in rows(f"SELECT {wanted} FROM `{name}`"):
            lines.append(f"INSERT INTO `{name}` VALUES ({', '.join(literal(value) for value in row)})")
    target.write_text("\n".join([*lines, *views]) + "\n")


def literal(value):
    """Return a value as SQL, on one line."""
    if value is None or isinstance(value, int | float | Decimal):
        return "NULL" if value is None else repr(value) if isinstance(value, float) else str(value)
    if isinstance(value, bytes | bytearray):
        return f"0x{value.hex()}" if value else "''"
    text = str(value).replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{text}'"


def main():
    """Make a home in a temporary folder, in a CSV store or in the database of the second argument, and pack it."""
    target = Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        store = sys.argv[2] if sys.argv[2:] else "csv:"
        maker = Maker(Settings(home=folder, store=store))
        maker.datasets()
        maker.networks()
        if TRIALS:
            maker.search()
        if LATER:
            maker.later()
        if ELSEWHERE:
            maker.elsewhere()
        maker.actions()
        if sys.argv[2:]:
            dump(sys.argv[2], home / "database.sql")
        pack(home, target)


if __name__ == "__main__":
    main()
