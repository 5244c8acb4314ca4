"""What a person keeps in a checkpoint: a network's tensors, the state of its training, and numbers such as the loss."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from dashboard.errors import TooLarge, UnreadableFile

MOST_OBJECTS = 500_000
MOST_METRICS = 100
LONGEST_METRIC = 100
UNNAMED = "tensor"
"""What a tensor is called that is the whole file."""
WRAPPER = re.compile(r"(?:model|net|network|weights|params|module|checkpoint)?_?(?:state|state_?dict|params|weights)?")
"""Names under which people put a network's tensors into a checkpoint, which are no part of the tensors' own names."""
TRAINING = re.compile(r"optim|sched|scaler|(^|_)rng|random|callbacks|loops|hyper_param|history", re.IGNORECASE)
"""Names under which people put what only the training goes on with."""
ADDED_PREFIXES = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""
NO_METRICS = re.compile(r"epochs?|.*step|.*iter(ation)?s?|.*version|.*seed|(best_)?epoch|.*batch_size", re.IGNORECASE)


class Leaf(NamedTuple):
    """A thing in a checkpoint that is no container, with its name and whether only the training needs it."""

    name: str
    value: Any
    is_training: bool


class Checkpoint(NamedTuple):
    """A checkpoint taken apart: `leaves` in the file's order; `about` has epoch, metrics and what names began with.

    `numbers` are tensors without an axis that are next to a network, such as the best accuracy so far.
    """

    leaves: list[Leaf]
    numbers: list[Leaf]
    about: dict[str, Any]


def take_apart(root: object, is_tensor: Callable[[object], bool], rank_of: Callable[[object], int]) -> Checkpoint:
    """Return the tensors of an unpickled object by their names, and what it says about the training.

    `rank_of` gives a tensor's number of axes: one without any, next to the weights, is a number of the training.
    Raises UnreadableFile for an object that contains itself, TooLarge for one with too many parts.
    """
    leaves = list(_walk(root, is_tensor))
    about: dict[str, Any] = {}
    if not isinstance(root, Mapping):
        return Checkpoint(_without_added(leaves, about), [], about)
    # A dot in a name does not mean parts: a plain state dict has dots in its keys.
    at_the_top = {_key(key) or UNNAMED: rank_of(one) for key, one in root.items() if is_tensor(one)}
    if any(at_the_top.values()) or all(leaf.name in at_the_top for leaf in leaves):
        return Checkpoint(_without_added(leaves, about), [], about)
    training = {str(key) for key, value in root.items() if _is_training(str(key), value)}
    _note_facts(root, about)
    parts = [leaf for leaf in leaves if leaf.name not in at_the_top]
    named = [leaf._replace(is_training=leaf.name.split(".")[0] in training) for leaf in parts]
    numbers = [leaf for leaf in leaves if leaf.name in at_the_top]
    return Checkpoint(_without_added(_without_wrapper(root, named), about), numbers, about)


def _walk(root: object, is_tensor: Callable[[object], bool]) -> Iterator[Leaf]:
    """Yield every tensor with the path to it, in order; without recursion, so that depth costs nothing."""
    seen: set[int] = set()
    stack: list[tuple[str, object, int]] = [("", root, 0)]
    inside: list[int] = []
    for _ in range(MOST_OBJECTS):
        if not stack:
            return
        name, value, depth = stack.pop()
        for left in inside[depth:]:
            seen.discard(left)
        del inside[depth:]
        if is_tensor(value):
            yield Leaf(name or UNNAMED, value, False)
        elif isinstance(value, Mapping | list | tuple):
            if id(value) in seen:
                raise UnreadableFile("The file has an object that contains itself: it holds no plain weights.")
            seen.add(id(value))
            inside.append(id(value))
            rows = value.items() if isinstance(value, Mapping) else enumerate(value)
            stack.extend(reversed([(f"{name}.{key}" if name else _key(key), one, depth + 1) for key, one in rows]))
    raise TooLarge(f"The file has more than {MOST_OBJECTS:,} objects, which are the most.", "file")


def _key(key: object) -> str:
    return key.decode("utf-8", "backslashreplace") if isinstance(key, bytes) else str(key)[:2000]


def _is_training(key: str, value: object) -> bool:
    """Return whether a part of a checkpoint is of the training: by its name, or as it is built like an optimizer."""
    first = value[0] if isinstance(value, list | tuple) and value else value
    is_optimizer = isinstance(first, Mapping) and "param_groups" in first and "state" in first
    return is_optimizer or (isinstance(value, Mapping | list | tuple) and TRAINING.search(key) is not None)


def _without_wrapper(root: Mapping[Any, Any], leaves: list[Leaf]) -> list[Leaf]:
    """Return the leaves without the usual name under which the one network of the checkpoint was put."""
    groups = {leaf.name.split(".")[0] for leaf in leaves if not leaf.is_training and "." in leaf.name}
    inner = {key for key in groups if isinstance(root.get(key), Mapping)}
    if len(groups) != 1 or not inner or not WRAPPER.fullmatch(min(inner).lower()):
        return leaves
    prefix = min(inner) + "."
    return [leaf if leaf.is_training else leaf._replace(name=leaf.name.removeprefix(prefix)) for leaf in leaves]


def _without_added(leaves: list[Leaf], about: dict[str, Any]) -> list[Leaf]:
    """Return the leaves without what a wrapper of PyTorch put before every name of the network; `about` names it."""
    for _ in ADDED_PREFIXES:
        for prefix in ADDED_PREFIXES:
            names = [leaf.name for leaf in leaves if not leaf.is_training]
            if names and all(name.startswith(prefix) and name != prefix for name in names):
                about.setdefault("left_off", []).append(prefix)
                leaves = [
                    leaf if leaf.is_training else leaf._replace(name=leaf.name.removeprefix(prefix)) for leaf in leaves
                ]
    return leaves


def _note_facts(root: Mapping[Any, Any], about: dict[str, Any]) -> None:
    """Note the epoch and the metrics that a checkpoint states: plain numbers next to the weights."""
    epoch = root.get("epoch")
    if type(epoch) is int and 0 <= epoch < 2**31:
        about["epoch"] = epoch
    nested = [value for key, value in root.items() if key in {"metrics", "scores", "results"}]
    rows = [row for values in (root, *nested) if isinstance(values, Mapping) for row in values.items()]
    metrics = {key: float(value) for key, value in rows if is_metric(key, value)}
    if metrics:
        about["metrics"] = dict(list(metrics.items())[:MOST_METRICS])
    version = root.get("pytorch-lightning_version")
    if isinstance(version, str):
        about["producer"] = f"Lightning {version[:30]}"


def is_metric(key: object, value: object) -> bool:
    """Return whether a name and a value next to the weights are a metric: a finite number that counts no steps."""
    is_name = isinstance(key, str) and 0 < len(key) <= LONGEST_METRIC and not NO_METRICS.fullmatch(key)
    is_number = type(value) is float or (type(value) is int and abs(value) < 2**53)
    return is_name and is_number and math.isfinite(float(value))  # type: ignore[arg-type]
