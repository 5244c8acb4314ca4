"""Run all benchmarks, or those that are named, and end with one table of their figures (`_summary`).

    python benchmarks/_all.py [store compare ...]

The table is written to benchmarks/results/<date>.md. The exit status is 1 if a benchmark ended badly, or if a figure is
more than 15 % worse than in the last committed result.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from benchmarks._summary import COLLECTED, read_figures, write_result  # noqa: E402 - after the path is set


def main() -> int:
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("[a-z]*.py"))
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        collected = Path(folder) / "figures"
        for name in names:
            print(f"== {name}", flush=True)
            environment = os.environ | {COLLECTED: str(collected)}
            done = subprocess.run([sys.executable, str(HERE / f"{name}.py")], env=environment, check=False)
            failed += [name] if done.returncode else []
        path, worse = write_result(read_figures(collected), failed)
    print(f"\n{path.read_text()}")
    for line in worse:
        print(f"WORSE: {line}")
    return 1 if failed or worse else 0


if __name__ == "__main__":
    sys.exit(main())
