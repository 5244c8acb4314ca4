import subprocess
import sys

READING = "import dashboard.data.dataset, dashboard.data.preprocessing, dashboard.data.bundled, dashboard.data.columns"


def test_a_process_that_parses_nothing_does_not_load_pyarrow_or_pandas():
    script = f"import sys; {READING}; sys.exit('pyarrow' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
