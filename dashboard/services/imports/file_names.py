"""The order of checkpoints: the numbers in their names, and the metrics that a name states.

``weights.05-0.32.h5``, ``epoch=3-val_loss=0.5.ckpt``, ``checkpoint-500/model.safetensors``: the number that counts is
the one called an epoch or a step, else the last that differs from name to name.
"""

import re
import string
from collections.abc import Collection, Sequence
from itertools import takewhile
from typing import NamedTuple

from dashboard.metrics import METRICS

EPOCHS = frozenset({"epoch", "epochs", "ep", "e"})
STEPS = frozenset({"step", "steps", "iter", "iteration", "iterations", "it", "checkpoint", "ckpt"})
OTHER_WORDS = (
    "acc",
    "error",
    "err",
    "score",
    "auc",
    "mape",
    "ppl",
    "perplexity",
    "iou",
    "map",
    "dice",
    "bleu",
    "reward",
)
MEASURED = frozenset({*METRICS, *OTHER_WORDS, "precision", "recall"})
"""Words of what is measured: our metrics, and those of other programs."""
OUR_WORDS = {"acc": "accuracy", "ppl": "perplexity"}
ENDINGS: tuple[str, ...] = ("safetensors", "weights", "keras", "onnx", "ckpt", "hdf5", "pth", "pt", "bin", "h5")
ENDINGS += ("npz", "npy", "csv", "skops", "zip", "tar", "gz", "part")
SAME_IN_ALL = re.compile(r"(?:^|/)(?:model|pytorch_model|weights|variables)(?=$|/)", re.IGNORECASE)
"""Names of files that say nothing, as a folder for each checkpoint holds them."""
NUMBER = re.compile(r"(?<==)-\d+(?:\.\d+(?:e-?\d+)?)?|\d+(?:\.\d+)?e-?\d+|\d+\.\d+|\d+", re.IGNORECASE | re.ASCII)
MARKS, LETTERS = ":-. _", string.ascii_letters + "_"
"""What may stand between a word and its number, and what words are made of."""
LONGEST_NUMBER = 9


class NameNumber(NamedTuple):
    """A number in a name, with the word before it in small letters, and whether an equals sign joins the two."""

    word: str
    text: str
    is_equation: bool

    @property
    def is_metric(self) -> bool:
        """Whether it is a measurement, as far as one name can say."""
        return self.is_measured or (self.is_equation and not self.text.isdigit())

    @property
    def is_measured(self) -> bool:
        """Whether the word says that it was measured."""
        return _ends_with(self.word, MEASURED)

    @property
    def metric(self) -> str:
        """The metric's name, as this dashboard writes it."""
        before, _, last = self.word.rpartition("_")
        return "_".join(filter(None, (before, OUR_WORDS.get(last, last))))

    @property
    def is_whole(self) -> bool:
        """Whether it can be a place in an order."""
        return self.text.isdigit() and len(self.text) <= LONGEST_NUMBER and not self.is_metric


class Place(NamedTuple):
    """Where a file stands in a series: its number, None without one, and what it `counts`: epoch or step.

    `metrics` are those that the name states by a word, `unnamed` fractions without a word.
    """

    number: int | None
    counts: str
    metrics: dict[str, float]
    unnamed: tuple[float, ...]


def places(names: Sequence[str]) -> list[Place]:
    """Return where each of the files of a series stands, in the order of `names`; a single file is a series, too."""
    of_names = [numbers_in(name) for name in names]
    counts = _counter(of_names)
    # What every name says alike is a setting, such as lr=1e-3.
    same = set.intersection(*map(set, of_names)) if len(of_names) > 1 else set()
    return [_place(numbers, counts, same) for numbers in of_names]


def in_order(names: Sequence[str]) -> list[int]:
    """Return the places in `names` of a series' files in their order; those without a number come last, by name."""
    known = places(names)

    def key(index: int) -> tuple[bool, int, tuple[tuple[int, str], ...]]:
        number = known[index].number
        return number is None, number or 0, natural(names[index])

    return sorted(range(len(names)), key=key)


def series_name(names: Sequence[str]) -> str:
    """Return what a series is called: what all names begin with, without the words of its numbers; empty if nothing."""
    stems = [_stem(name) for name in names]
    common = "".join(signs[0] for signs in takewhile(lambda signs: len(set(signs)) == 1, zip(*stems, strict=False)))
    words = [word for word in re.split(r"[^A-Za-z0-9]+", re.sub(r"[0-9.=]+$", "", common)) if word]
    while words and words[-1].lower() in EPOCHS | STEPS | {"weights", "model"} and len(words) > 1:
        words.pop()
    is_said = words and words[-1].lower() not in EPOCHS | STEPS
    return "-".join(words) if is_said else ""


def without_endings(name: str) -> str:
    """Return the last part of a name without the endings of files of weights: ``run/mlp.weights.h5`` is mlp."""
    return _stem(name).rpartition("/")[2] or name


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """Return what sorts names as people count: ``m2`` before ``m10``."""
    parts = re.split(r"(\d+)", name)
    return tuple((int(part[:18]), part) if index % 2 else (-1, part) for index, part in enumerate(parts))


def numbers_in(name: str) -> list[NameNumber]:
    """Return the numbers of a name, without its endings, each with its word; in time in proportion to its length."""
    stem, end = _stem(name), 0
    numbers: list[NameNumber] = []
    for match in NUMBER.finditer(stem):
        before = stem[end : match.start()].rstrip()
        is_equation = before.endswith("=")
        before = before[:-1] if is_equation else before.rstrip(MARKS)
        word = before[len(before.rstrip(LETTERS)) :].strip("_").lower()
        numbers.append(NameNumber(word, match[0], is_equation))
        end = match.end()
    return numbers


def _stem(name: str) -> str:
    parts = name.replace("\\", "/").split(".")
    while len(parts) > 1 and parts[-1].lower() in ENDINGS:
        parts.pop()
    return SAME_IN_ALL.sub("", ".".join(parts))


def _counter(of_names: Sequence[list[NameNumber]]) -> str:
    """Return the word of the number that counts; a place from the end (``-1``) where no word says it, empty if none.

    Without a word exactly one number must differ: of a date's three none is the epoch.
    """
    for words in (EPOCHS, STEPS):
        for number in (number for numbers in of_names for number in numbers):
            if number.is_whole and _ends_with(number.word, words):
                return number.word
    wholes = [[number.text for number in numbers if number.is_whole] for numbers in of_names]
    most = max(map(len, wholes), default=0)
    different = [back for back in range(1, most + 1) if len({_at(texts, back) for texts in wholes}) > 1]
    return f"-{different[0]}" if len(different) == 1 else ""


def _at(texts: Sequence[str], back: int) -> str:
    return texts[-back] if len(texts) >= back else ""


def _ends_with(word: str, words: Collection[str]) -> bool:
    return word in words or any(word.endswith(f"_{one}") for one in words)


def _place(numbers: Sequence[NameNumber], counts: str, same: Collection[NameNumber]) -> Place:
    wholes = [number for number in numbers if number.is_whole]
    chosen: NameNumber | None = None
    if counts.startswith("-"):
        chosen = wholes[int(counts)] if len(wholes) >= -int(counts) else None
    elif counts:
        chosen = next((number for number in wholes if number.word == counts), None)
    metrics = {
        number.metric: float(number.text)
        for number in numbers
        if number.is_measured or (number.is_metric and number not in same)
    }
    unnamed = [float(number.text) for number in numbers if not number.is_metric and not number.text.isdigit()]
    is_step = chosen is not None and _ends_with(chosen.word, STEPS)
    return Place(int(chosen.text) if chosen else None, "step" if is_step else "epoch", metrics, tuple(unnamed))
