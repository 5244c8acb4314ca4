"""Files by the real frameworks: every tensor's name, type, shape and bits, as `make_golden.py` wrote them down."""

import json
from pathlib import Path

import pytest

from dashboard.errors import UserError
from dashboard.formats.mapping import proposals
from tests.unit.formats.reading_here import arrays_of

GOLDEN = Path(__file__).parent / "golden"
TRUTH = json.loads((GOLDEN / "truth.json").read_text())
READABLE = sorted(file for file, truth in TRUTH.items() if "format" in truth)
REFUSED = sorted(file for file, truth in TRUTH.items() if "refused" in truth)


def facts(tensors, is_optimizer):
    return {
        one.name: [one.dtype, one.source_dtype, list(one.shape), one.sha256]
        for one in tensors
        if one.is_optimizer == is_optimizer
    }


@pytest.mark.parametrize("file", READABLE)
def test_every_tensor_of_a_file_is_read_to_the_bit(file):
    contents, _ = arrays_of(GOLDEN / file)
    truth = TRUTH[file]
    assert facts(contents.tensors, is_optimizer=False) == truth["tensors"]
    assert contents.format == truth["format"]
    if truth["optimizer"] is not None:
        assert facts(contents.tensors, is_optimizer=True) == truth["optimizer"]
        assert sorted(one.name for one in contents.skipped) == truth["skipped"]


@pytest.mark.parametrize("file", REFUSED)
def test_a_program_is_refused_and_the_remedy_is_named(file):
    with pytest.raises(UserError) as refusal:
        arrays_of(GOLDEN / file)
    assert TRUTH[file]["refused"] in refusal.value.message
    assert any(remedy in refusal.value.message for remedy in ("torch.save(model.state_dict()", "Save", ".npz"))


def test_the_files_are_small():
    files = [path for path in GOLDEN.iterdir() if path.name != "truth.json"]
    assert {path.name for path in files} == set(TRUTH)
    assert sum(path.stat().st_size for path in files) < 200_000


@pytest.mark.parametrize("file", ["checkpoint.pt", "checkpoint_legacy.tar"])
def test_a_checkpoint_offers_its_epoch_and_its_metrics(file):
    contents, _ = arrays_of(GOLDEN / file)
    assert contents.about["epoch"] == 7
    assert contents.about["metrics"] == {"loss": 0.5, "accuracy": 0.75}


@pytest.mark.parametrize(
    ("file", "layers"),
    [
        ("mlp.pt", [("0.weight", "0.bias", True, 8, 6, None), ("2.weight", "2.bias", True, 6, 3, None)]),
        ("plain.keras", [("hidden/kernel", "hidden/bias", False, 8, 6, "relu"),
                         ("dense/kernel", "dense/bias", False, 6, 3, "softmax")]),
        ("plain.h5", [("hidden/kernel", "hidden/bias", False, 8, 6, "relu"),
                      ("dense/kernel", "dense/bias", False, 6, 3, "softmax")]),
        ("gemm.onnx", [("fc1.weight", "fc1.bias", True, 8, 6, "relu"), ("fc2", None, False, 6, 3, "softmax")]),
        ("exported.onnx", [("0.weight", "0.bias", True, 8, 6, "relu"), ("2.weight", "2.bias", True, 6, 3, "identity")]),
    ],
)  # fmt: skip
def test_the_layers_of_a_dense_network_are_proposed(file, layers):
    contents, _ = arrays_of(GOLDEN / file)
    first, *_ = proposals(contents)
    assert [tuple(layer) for layer in first.layers] == layers
    assert not first.is_ambiguous
    assert first.left_over == ()
