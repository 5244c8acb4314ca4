"""The tutorial for users of PyTorch runs as it stands, and its model comes back as it was logged."""

import os
import re
import subprocess
import sys
from pathlib import Path

import torch

from tests.proof.scripts import CLIENT

PAGE = Path(__file__).parents[2] / "docs" / "tutorials" / "pytorch.md"


def test_the_blocks_of_the_tutorial_log_five_versions_and_take_the_first_back(dashboard, tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    script = "\n".join(blocks).replace("http://127.0.0.1:8000", dashboard.url)
    script += "\ntorch.save(model.state_dict(), 'first.pt')"
    environment = os.environ | {"WEIGHTBASE_TOKEN": "secret", "PYTHONPATH": str(CLIENT)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^\d\.\w+ moved most: by ", done.stdout, re.MULTILINE)
    assert dashboard.epochs("torch-demo") == [1, 2, 3, 4, 5]
    assert sorted(torch.load(tmp_path / "first.pt")) == ["0.bias", "0.weight", "2.bias", "2.weight"]
