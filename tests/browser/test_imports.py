"""Two checkpoints of one PyTorch model, from the files to the difference of their weights, in six clicks."""

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

MODEL = Path(__file__).parent.parent / "formats" / "golden" / "mlp.pt"


def trained_on(folder):
    """Write two checkpoints, the second with other weights, as torch.save would, and return their paths."""
    first, second = folder / "mlp_epoch_1.pt", folder / "mlp_epoch_2.pt"
    first.write_bytes(MODEL.read_bytes())
    with zipfile.ZipFile(MODEL) as source, zipfile.ZipFile(second, "w") as target:
        for info in source.infolist():
            content = source.read(info)
            if re.search(r"/data/\d+$", info.filename):
                content = content[4:] + content[:4]
            target.writestr(info.filename, content)
    return [first, second]


class Clicks:
    """Counts what a person clicks."""

    def __init__(self):
        self.count = 0

    def __call__(self, act, *given):
        self.count += 1
        act(*given)


@pytest.mark.parametrize("theme", ["light"])
def test_two_checkpoints_of_a_pytorch_model_lead_to_their_difference_in_six_clicks(walk, tmp_path):
    page, click = walk.page, Clicks()
    walk.go("/import")
    walk.shot("i1-files")
    click(page.get_by_label("Files", exact=True).set_input_files, trained_on(tmp_path))
    click(page.get_by_role("button", name="Read and preview").click)
    expect(page.locator("h1")).to_have_text("Import mlp")
    walk.shot("i2-preview")
    expect(page.get_by_label("Layers", exact=True)).to_contain_text("units first, as PyTorch keeps them")
    layers = page.get_by_label("Activation")
    for place, activation in enumerate(("relu", "softmax")):
        click(layers.nth(place).select_option, activation)
    click(page.get_by_role("button", name="Save 2 versions").click)
    click(page.get_by_role("link", name="Compare v1 with v2").click)
    expect(page.locator("h1")).to_have_text("What changed from v1 to v2")
    expect(page.get_by_role("link", name="mlp", exact=True).first).to_be_visible()
    expect(page.locator("main")).to_contain_text("layer_01.weight")
    walk.shot("i3-difference")
    assert click.count == 6
