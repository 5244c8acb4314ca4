"""The compiled library computes what numpy does, within the rounding that docs/engine.md states."""

import ctypes
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from engine_examples import make_network, needs_library, three_blobs, train
from hypothesis import given
from hypothesis import strategies as st

from dashboard.engine.activations import ACTIVATIONS
from dashboard.engine.compiled.build import FOLDER, library_file
from dashboard.engine.compiled.library import Layer, Plan, Rows, library
from dashboard.engine.losses import LOSSES
from dashboard.engine.optimizers import OPTIMIZERS
from dashboard.engine.paths import MOST_BATCH, NUMPY, compiled_path, path_of
from dashboard.engine.samples import Samples
from dashboard.engine.training import Diverged, Training
from dashboard.errors import UserError

PAIRS = [(loss, output) for loss in LOSSES for output in ACTIVATIONS if LOSSES[loss].fused_with in (None, output)]
RATES = {"sgd": 0.01, "momentum": 0.002, "nesterov": 0.002, "rmsprop": 0.001, "adam": 0.001, "adamw": 0.001}
"""With larger ones, some of these networks multiply a rounding more than a hundredfold, by numpy alone, too."""
EPOCHS = 3


@st.composite
def trainings(draw):
    """A network's layers, and how it is trained: all that the engine has, in any combination."""
    hidden = draw(st.lists(st.tuples(st.sampled_from([*ACTIVATIONS]), st.integers(1, 37)), max_size=2))
    loss, output = draw(st.sampled_from(PAIRS))
    optimizer = draw(st.sampled_from([*OPTIMIZERS]))
    options = {
        "loss": loss,
        "optimizer": optimizer,
        "learning_rate": RATES[optimizer],
        "dtype": draw(st.sampled_from(["float64", "float32"])),
        "batch_size": draw(st.sampled_from([1, 2, 7, 8, 13, 50, 64])),
        "momentum": draw(st.sampled_from([0.0, 0.9])),
        "bias": draw(st.booleans()),
        "dropout": draw(st.sampled_from([0.0, 0.4])),
        "frozen": draw(st.sampled_from([(), (), (0,), (len(hidden),)])),
    }
    for name, value in (("l1", 0.01), ("l2", 0.1), ("clip_norm", 0.2), ("weight_decay", 0.1), ("label_smoothing", 0.1)):
        options[name] = draw(st.sampled_from([0.0, 0.0, value]))
    options["class_weights"] = draw(st.sampled_from(["none", "balanced"]))
    return (*hidden, (output, 3)), options


def samples_with_background(inputs, offset):
    """Fifty records of three classes, of which most inputs are the offset."""
    rng = np.random.default_rng(4)
    raw = np.where(rng.random((50, inputs)) < 0.3, rng.integers(1, 255, (50, inputs)), 0).astype(np.uint8)
    return Samples(raw, np.arange(50) % 3, scale=0.99 / 255, offset=offset)


@needs_library
@given(training=trainings(), inputs=st.integers(1, 40), offset=st.sampled_from([0.0, 0.01]))
def test_both_paths_agree_within_rounding(training, inputs, offset):
    layers, options = training
    samples = samples_with_background(inputs, offset)

    def trained(path):
        network = make_network(layers, inputs=inputs, epochs=EPOCHS, **options)
        _, epochs = train(network, samples, path=path)
        return network.vector, [epoch.loss for epoch in epochs]

    try:
        one, losses = trained(NUMPY)
    except Diverged:  # of three layers of identity, say: the other one runs away, too
        with pytest.raises(Diverged):
            trained(compiled_path())
        return
    other, other_losses = trained(compiled_path())
    if options["dtype"] == "float64":
        tolerance = 1e-9
    else:  # where a gradient is 0 but for rounding, a rule that divides by its size makes a step of that
        divides = options["optimizer"] in {"rmsprop", "adam", "adamw"}
        tolerance = 1e-4 + (10 * EPOCHS * RATES["adam"] if divides else 0.0)
    np.testing.assert_allclose(other, one, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(other_losses, losses, rtol=tolerance * 10, atol=tolerance * 10)


@needs_library
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_image_record_by_record_ends_where_numpy_does(optimizer):
    # 784 inputs take more than one depth of a product, and more than one call; most inputs wait for their turn.
    results = []
    for path in (NUMPY, compiled_path()):
        network = make_network(
            (("sigmoid", 40), ("softmax", 3)), inputs=784, epochs=2, batch_size=1, optimizer=optimizer
        )
        train(network, samples_with_background(784, 0.0), path=path)
        results.append(network.vector)
    np.testing.assert_allclose(results[1], results[0], rtol=1e-9, atol=1e-9)


@needs_library
def test_what_runs_away_is_found():
    network = make_network((("relu", 5), ("identity", 1)), loss="squared_error", optimizer="sgd", learning_rate=900.0)
    samples = Samples(np.random.default_rng(1).normal(size=(80, 4)), np.ones((80, 1)))
    with pytest.raises(Diverged):
        train(network, samples, task="regression", path=compiled_path())


@needs_library
def test_a_long_epoch_lets_others_in_between():
    ticks = []
    network = make_network((("relu", 2_000), ("softmax", 3)), inputs=400, epochs=1, batch_size=16, dtype="float32")
    training = Training(network, three_blobs(160, 400), None, "classification", compiled_path())
    (chunk,) = training.feed.chunks(np.arange(160))
    training.steps.begin(np.random.default_rng(1))
    training.steps.run(chunk, 0.001, lambda: ticks.append(1))
    assert len(ticks) == 10  # after each batch of these 13 million multiplications


def test_large_batches_and_networks_are_left_to_numpy():
    small = make_network(batch_size=MOST_BATCH).spec
    large = replace(small, training=replace(small.training, batch_size=MOST_BATCH + 1))
    assert path_of(small) == (compiled_path() or NUMPY)
    assert path_of(large) == NUMPY
    assert path_of(make_network((("relu", 9_000), ("softmax", 3)), inputs=900, batch_size=64).spec) == NUMPY


def test_a_training_does_not_change_its_path_in_silence():
    with pytest.raises(UserError, match="cannot go on with the same bits: build the library"):
        Training(make_network(), three_blobs(), None, "classification", "compiled-999")


@pytest.mark.parametrize(("name", "structure"), [("Layer", Layer), ("Plan", Plan), ("Rows", Rows)])
def test_the_structures_have_the_fields_of_the_c_file_in_their_order(name, structure):
    text = re.sub(r"/\*.*?\*/", "", (FOLDER / "kernels.c").read_text(), flags=re.DOTALL)
    body = re.search(rf"typedef struct \{{([^}}]*)\}} {name};", text)
    assert body is not None
    declared = [
        field.split()[-1].strip("*").partition("[")[0]
        for line in body.group(1).split(";")
        for field in line.split(",")
        if field.strip()
    ]
    assert declared == [field for field, *_ in structure._fields_]
    assert ctypes.sizeof(structure) % 8 == 0


@needs_library
def test_the_library_computes_all_that_the_engine_has_and_numbers_it_as_it_names_it():
    loaded = library()
    for first, names in (
        ("IDENTITY", loaded.activations),
        ("SQUARED_ERROR", loaded.losses),
        ("SGD", loaded.optimizers),
    ):
        (listed,) = re.findall(rf"enum \{{ ({first}[^}}]*) \}}", (FOLDER / "kernels.c").read_text())
        assert listed.lower().split(", ") == names
    assert [set(loaded.activations), set(loaded.losses)] == [set(ACTIVATIONS), set(LOSSES)]
    assert set(loaded.optimizers) == set(OPTIMIZERS)


@needs_library
def test_what_the_library_does_not_have_is_left_to_numpy(monkeypatch):
    monkeypatch.setattr(library(), "activations", ["identity"])
    assert path_of(make_network((("tanh", 4), ("identity", 3)), loss="squared_error").spec) == NUMPY
    assert path_of(make_network((("identity", 3),), loss="squared_error").spec) == compiled_path()


@needs_library
def test_without_the_library_training_is_by_numpy_and_set_up_says_so(tmp_path):
    # A copy of the package without what was compiled, and no compiler.
    copy = "import shutil; shutil.copytree({!r}, {!r}, ignore=shutil.ignore_patterns('*.so', '__pycache__'))"
    subprocess.run([sys.executable, "-c", copy.format(str(FOLDER.parents[1]), str(tmp_path / "dashboard"))], check=True)
    asked = "from dashboard.engine.paths import compiled_path; print(repr(compiled_path()))"
    found = subprocess.run([sys.executable, "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout == "''\n"
    built = subprocess.run(
        [sys.executable, "-m", "dashboard.engine.compiled.build"],
        check=False,
        cwd=tmp_path,
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 1
    assert "Training uses numpy alone, which is slower: there is no C compiler" in built.stderr
    assert library_file().exists()
