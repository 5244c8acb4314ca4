"""Eight writers and eight readers at one store for a minute: no error, no wrong bit, no number given twice.

    python benchmarks/together.py [--seconds 60] [--stores csv,mysql]

MySQL: a throw-away MariaDB is started, or TEST_MYSQL_URL names a server. Ends with status 1 if anything is wrong.
"""

import argparse
import os
import sys
import tempfile
import uuid
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.processes.together import run_together
from tests.server import Server, run_sql


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--stores", default="csv,mysql")
    options = parser.parse_args()
    runs = {"csv": run_csv, "mysql": run_mysql}
    good = [report(name, runs[name](options.seconds), options.seconds) for name in options.stores.split(",")]
    sys.exit(not all(good))


def run_csv(seconds):
    with tempfile.TemporaryDirectory() as home:
        return run_together(home, "csv:", seconds=seconds)


def run_mysql(seconds):
    url, name = os.environ.get("TEST_MYSQL_URL"), f"together_{uuid.uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "home").mkdir()
        if url:
            found = run_together(f"{folder}/home", f"{url.rstrip('/')}/{name}", seconds=seconds)
            run_sql(url, f"DROP DATABASE {name}")
            return found
        server = Server(Path(folder))
        server.start()
        try:
            return run_together(f"{folder}/home", server.url + name, seconds=seconds)
        finally:
            server.kill()


def report(name, found, seconds):
    """Print what one run has found; return whether all was right."""
    for error in found["errors"]:
        print(error)
    good = not found["errors"] and not (found["wrong"] or found["lost"] or found["numbers given twice"])
    print(
        f"{name}: 8 writers saved {found['saved']} versions ({found['saved'] / seconds:.1f}/s), "
        f"8 readers read {found['read']} tensors; {len(found['errors'])} errors, {found['wrong']} wrong, "
        f"{found['lost']} lost, {found['numbers given twice']} numbers given twice: {'good' if good else 'WRONG'}"
    )
    return good


if __name__ == "__main__":
    main()
