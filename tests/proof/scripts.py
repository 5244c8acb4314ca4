"""Runs scripts of this folder in processes of their own, as people's training scripts run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import weightbase

HERE = Path(__file__).parent
CLIENT = Path(weightbase.__file__).parent.parent


def run_script(name, folder, url, *arguments, python=sys.executable, client=CLIENT):
    """Run a script in a folder, with the client, for a server; return the JSON that it prints last.

    `client` is None where the client is installed.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "WEIGHTBASE_"))}
    environment |= {"WEIGHTBASE_URL": url, "WEIGHTBASE_TOKEN": "secret", "XDG_CACHE_HOME": str(folder / "cache")}
    environment |= {} if client is None else {"PYTHONPATH": str(client)}
    command = [str(python), str(HERE / name), *arguments]
    printed = subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(printed.splitlines()[-1])
