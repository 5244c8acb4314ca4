"""Of many files it is found which are one checkpoint: shards, tables, or a file by itself."""

import json

import pytest

from dashboard.errors import Invalid, UnreadableFile
from dashboard.services.imports.grouping import Group, group, is_series_of_tables


def no_index(name, most):
    raise AssertionError(f"{name} is no index")


def index_of(*shards):
    return lambda name, most: json.dumps({"weight_map": {f"tensor {shard}": shard for shard in shards}}).encode()


def names_of(grouping):
    return [one.name for one in grouping.groups]


def test_each_file_of_weights_is_a_checkpoint_and_others_are_left_out_with_the_reason():
    found = group(["run/epoch_1.pt", "run/epoch_2.pt", "run/log.txt.gz", "run/optimizer.pt"], no_index)
    assert names_of(found) == ["run/epoch_1.pt", "run/epoch_2.pt"]
    assert found.left_out == {
        "run/log.txt.gz": "it holds no weights",
        "run/optimizer.pt": "it belongs to the training, not to the model",
    }


def test_shards_with_their_index_are_one_checkpoint():
    names = ["m/model-1.safetensors", "m/model-2.safetensors", "m/model.safetensors.index.json", "m/config.json"]
    found = group(names, index_of("model-1.safetensors", "model-2.safetensors"))
    assert found.groups == (Group("m/model.safetensors", "shards", ("m/model-1.safetensors", "m/model-2.safetensors")),)


def test_an_index_that_names_a_file_that_was_not_sent_is_refused_by_the_name_of_the_file():
    with pytest.raises(UnreadableFile, match=r"m/model-2\.safetensors, not sent with it"):
        group(["m/model-1.safetensors", "m/i.index.json"], index_of("model-1.safetensors", "model-2.safetensors"))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"weight_map": []}', b'{"weight_map": {}}', b"[" * 100_000])
def test_what_is_no_index_is_refused(content):
    with pytest.raises(UnreadableFile):
        group(["a.safetensors", "a.index.json"], lambda name, most: content[:most])


def test_of_one_model_in_several_formats_one_is_taken():
    names = ["r/config.json", "r/pytorch_model.bin", "r/model.safetensors", "r/model.onnx"]
    found = group(names, no_index)
    assert names_of(found) == ["r/model.safetensors"]
    assert "same model" in found.left_out["r/pytorch_model.bin"]


def test_tables_of_a_folder_are_one_checkpoint_and_folders_of_the_same_tables_a_series():
    names = ["e1/W1.csv", "e1/b1.csv", "e2/W1.csv", "e2/b1.csv"]
    assert group(names, no_index).groups == (
        Group("e1", "tables", ("e1/W1.csv", "e1/b1.csv")),
        Group("e2", "tables", ("e2/W1.csv", "e2/b1.csv")),
    )
    assert is_series_of_tables(names)
    assert not is_series_of_tables(["W1.csv", "b1.csv"])
    assert not is_series_of_tables(["e1/W1.csv", "e2/W2.csv"])


def test_files_without_weights_are_refused_by_their_names():
    with pytest.raises(Invalid, match=r"README\.md"):
        group(["README.md", "train.py"], no_index)


def test_an_index_that_is_too_large_is_refused_before_it_is_read_whole():
    asked = []

    def read(name, most):
        asked.append(most)
        return b" " * most

    with pytest.raises(UnreadableFile, match="larger than 2 MB"):
        group(["a.safetensors", "a.index.json"], read)
    assert asked == [2 * 2**20 + 1]
