"""Which of many files are one checkpoint: shards with their index, a folder of tables, or a file by itself."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from dashboard.errors import Invalid, UnreadableFile

BY_PREFERENCE = (".safetensors", ".pt", ".pth", ".ckpt", ".bin", ".keras", ".h5", ".hdf5", ".npz", ".onnx", ".skops")
"""The endings of files that hold all tensors of a model; of the same model in several, the first is taken."""
ARRAY_ENDINGS = (".npy",)
TABLE_ENDINGS = (".csv", ".tsv", ".txt")
INDEX_ENDING = ".index.json"
LONGEST_INDEX = 2 * 2**20
"""An index names each tensor of a model once, of which there may be 10,000."""
OF_TRAINING = {"optimizer", "scheduler", "scaler", "rng_state", "training_args", "trainer_state", "random_states_0"}
"""Files next to a model's that hold how its training stood."""
CONFIGURATION = "config.json"
"""What says that all files of a folder are one model, in several formats perhaps."""
ONLY_FILE, SHARDS, TABLES = "file", "shards", "tables"


class Group(NamedTuple):
    """Files that are one checkpoint: a file, shards, or tables, each of which is a tensor."""

    name: str
    kind: str
    files: tuple[str, ...]


class Grouping(NamedTuple):
    """The checkpoints of an upload, and its other files with the reason why each is left out."""

    groups: tuple[Group, ...]
    left_out: Mapping[str, str]


def group(names: Sequence[str], read: Callable[[str, int], bytes]) -> Grouping:
    """Return the checkpoints that files are; `read` returns the first bytes of one, and is asked for indexes only.

    Raises Invalid if there is none, UnreadableFile for an index of shards that is wrong.
    """
    folders: dict[str, list[str]] = {}
    for name in names:
        folders.setdefault(_folder(name), []).append(name)
    groups: list[Group] = []
    left_out: dict[str, str] = {}
    for folder, files in folders.items():
        checkpoints, others = _of_folder(folder, files, read)
        groups += checkpoints
        left_out |= others
    if not groups:
        shown = ", ".join(sorted(left_out)[:5])
        raise Invalid({"file": f"None of the files holds weights by its ending ({shown}). Send the model's files."})
    return Grouping(tuple(groups), left_out)


def is_series_of_tables(names: Sequence[str]) -> bool:
    """Return whether files are a folder of CSV files for each checkpoint, the same in each."""
    folders: dict[str, set[str]] = {}
    for name in names:
        folders.setdefault(_folder(name), set()).add(PurePosixPath(name).name)
    same = len({frozenset(files) for files in folders.values()}) == 1
    return same and len(folders) > 1 and all(_ending(name) in TABLE_ENDINGS for name in names)


def _of_folder(folder: str, files: list[str], read: Callable[[str, int], bytes]) -> tuple[list[Group], dict[str, str]]:
    """Return the checkpoints among the files of one folder, and why the others are left out."""
    left_out = {name: "it belongs to the training, not to the model" for name in files if _is_of_training(name)}
    rest = [name for name in files if name not in left_out]
    groups: list[Group] = []
    for index in sorted(name for name in rest if name.endswith(INDEX_ENDING)):
        shards = _shards(index, files, read(index, LONGEST_INDEX + 1))
        groups.append(Group(index.removesuffix(INDEX_ENDING), SHARDS, shards))
        left_out[index] = "it says which file holds which tensor"
        rest = [name for name in rest if name not in {index, *shards}]
    models = sorted((name for name in rest if _ending(name) in BY_PREFERENCE), key=_preference)
    groups += [Group(name, ONLY_FILE, (name,)) for name in models]
    tables = [name for name in rest if _ending(name) in ARRAY_ENDINGS + TABLE_ENDINGS and not _is_text_about(name)]
    if tables and not groups:
        groups.append(_tables(folder, tables))
    if any(PurePosixPath(name).name == CONFIGURATION for name in files) and len(groups) > 1:
        groups.sort(key=lambda one: _preference(one.files[0]))
        others = [name for one in groups[1:] for name in one.files]
        left_out |= dict.fromkeys(others, f"it is the same model as {groups[0].name}, by the folder's config.json")
        groups = groups[:1]
    taken = {name for one in groups for name in one.files}
    return groups, left_out | {name: "it holds no weights" for name in files if name not in {*taken, *left_out}}


def _tables(folder: str, tables: list[str]) -> Group:
    return Group(folder or tables[0], TABLES if len(tables) > 1 else ONLY_FILE, tuple(tables))


def _shards(index: str, files: Iterable[str], content: bytes) -> tuple[str, ...]:
    """Return the files that an index of shards names; raises UnreadableFile if one is not there."""
    if len(content) > LONGEST_INDEX:
        raise UnreadableFile(f"{index} is no index of shards: it is larger than {LONGEST_INDEX // 2**20} MB.")
    try:
        named = json.loads(content)["weight_map"].values()
        parts = sorted({PurePosixPath(_folder(index), str(name)).as_posix() for name in named})
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise UnreadableFile(f"{index} is no index of shards: it has no weight_map.") from error
    missing = sorted(set(parts) - set(files))
    if missing or not parts:
        raise UnreadableFile(f"{index} names {', '.join(missing[:3]) or 'no file'}, not sent with it: send all shards.")
    return tuple(parts)


def _folder(name: str) -> str:
    parent = PurePosixPath(name).parent.as_posix()
    return "" if parent == "." else parent


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _preference(name: str) -> tuple[int, str]:
    ending = _ending(name)
    return BY_PREFERENCE.index(ending) if ending in BY_PREFERENCE else len(BY_PREFERENCE), name


def _is_of_training(name: str) -> bool:
    return _ending(name) in BY_PREFERENCE and PurePosixPath(name).stem.lower() in OF_TRAINING


def _is_text_about(name: str) -> bool:
    """Return whether a text is about the model, such as a list of what has to be installed."""
    stem = PurePosixPath(name).stem.lower()
    return _ending(name) == ".txt" and stem in {"readme", "requirements", "merges", "vocab", "license", "notes"}
