"""Plain words: standard engineering English in code, pages and documents. Two tables name what is retired."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.rules.source import ROOT, nodes_of

IN_TEXT = {
    # what is retired (a regular expression)    what to write instead
    r"lies?|lying|lain": "is stored, is in",
    r"beside": "next to, with",
    r"anew": "again",
    r"told|tells?|telling": "shown, says, reported",
    r"wash": "shade",
    r"mend(s|ed|ing)?": "fix",
    r"rooms?|house": "package, space",
    r"waist": "interface",
    r"shelf|shelves": "folder, file",
    r"handover": "passwords",
    r"awakening": "starting the worker",
    r"signs? of life": "heartbeat, lock",
    r"condemn(s|ed)?": "deleted",
    r"stragglers?": "left-over",
    r"deaf|unheard": "no weights in, no weights out",
    r"doubled (units?|cells?)|dead, doubled": "duplicate",
    r"sooner|in turn": "high, normal (priority); earlier, one after another",
    r"(good|poor) trials": "say the metric",
    r"seldom": "rarely",
    r"whither|whence|hither": "where",
    r"who proposes": "sampler",
    r"(where|how) it looks": "search space, strategy",
    r"what it looks for": "goal and budget",
    r"(a )?network of ours": "neural sampler",
    r"not now": "this cannot be done right now",
    r"upload and look": "upload and preview",
    r"one row a record": "one row per record",
    r"read rightly": "does this look right?",
    r"left empty is as defined": "empty fields use the network's own settings",
    r"all records are shown": "passes over the training data",
    r"waits as number": "queued, position 1",
    r"(is|are) at work": "is running",
    r"ran away": "diverged",
    r"is another one": "differs",
    r"by (its|their) checksums? alone": "by checksum only",
    r"a (ridge|line|field) a version": "per version",
    r"dark is good": "shade by",
    r"taken for what": "confusion matrix",
    r"time is spent": "time limit reached",
    r"it had learnt": "each time it learns",
    r"not well": "say what is wrong",
    r"(seconds|epochs) (in all|of each)": "time limit, epochs per trial",
    r"keeps? small": "second goal",
    r"there before": "already there",
    r"seen from here": "say what cannot be shown",
}

IN_NAMES = {
    # a word of a name    what to call it
    "anew": "again",
    "asked": "query, requested",
    "awakening": "starting",
    "beside": "next_to",
    "condemned": "deleted",
    "deaf": "no_input",
    "found": "say what it is",
    "handover": "passwords",
    "house": "package",
    "kept": "cache, cached, stored",
    "lies": "is_in",
    "mend": "fix",
    "room": "package, space",
    "shelf": "folder, file",
    "silent": "never_active",
    "stragglers": "left_over",
    "tell": "report",
    "told": "reported",
    "unheard": "no_output",
    "waist": "interface",
    "wash": "shade",
}

STORED = {"found"}
"""What the API names so: `found` next to `expected`."""

PLACES = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "app.py",
    "client",
    "dashboard",
    "docs",
    "static",
    "templates",
)
"""The folders and files that follow the tables: all that people read, and the program."""

TEXT = re.compile(rf"\b({'|'.join(IN_TEXT)})\b", re.IGNORECASE)


def files(*suffixes: str) -> list[Path]:
    """Return the files of these places that end in one of the suffixes."""
    places = [ROOT / place for place in PLACES]
    every = [path for place in places for path in (place.rglob("*") if place.is_dir() else [place])]
    return sorted({path for path in every if path.suffix in suffixes})


def advice(word: str) -> str:
    """Return what to write instead of a retired word."""
    return next(instead for pattern, instead in IN_TEXT.items() if re.fullmatch(pattern, word, re.IGNORECASE))


def retired(text: str) -> Iterator[str]:
    """Yield each retired word of a text with what to write instead, and where it stands."""
    plain = " ".join(text.split())
    for match in TEXT.finditer(plain):
        around = plain[max(0, match.start() - 30) : match.end() + 30]
        yield f"{match[0]!r} (write: {advice(match[0])}) in {around!r}"


def texts(path: Path) -> Iterator[str]:
    """Yield the strings, docstrings and comments of a Python module."""
    for node in nodes_of(path):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield "" if node.value in STORED else node.value
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def names(path: Path) -> Iterator[str]:
    """Yield every name that a Python module defines: its own, functions, classes, arguments and variables."""
    yield path.stem
    classes = [node for node in nodes_of(path) if isinstance(node, ast.ClassDef)]
    fields = {item.target for node in classes for item in node.body if isinstance(item, ast.AnnAssign)}
    for node in nodes_of(path):
        if isinstance(node, ast.Name) and node in fields and node.id in STORED:
            continue
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


@cache
def words(name: str) -> list[str]:
    """Return the words of a name, whether underscores or capitals divide them; `NotFound` is HTTP's and one word."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.replace("NotFound", "Notfound")).lower().split("_")


def test_documents_templates_and_scripts_use_plain_words():
    problems = [f"{path}: {problem}" for path in files(".md", ".html", ".js") for problem in retired(path.read_text())]
    assert "\n".join(problems) == ""


@pytest.mark.slow
def test_strings_docstrings_and_comments_use_plain_words():
    problems = [f"{path}: {problem}" for path in files(".py") for text in texts(path) for problem in retired(text)]
    assert "\n".join(problems) == ""


def test_names_use_plain_words():
    problems = {
        f"{path}: {name} (write: {IN_NAMES[word]})"
        for path in files(".py")
        for name in set(names(path))
        for word in words(name)
        if word in IN_NAMES
    }
    assert "\n".join(sorted(problems)) == ""


def test_every_retired_word_is_recognised():
    assert [advice(example) for example in ("Lies", "told", "mending", "signs of life")] == [
        "is stored, is in",
        "shown, says, reported",
        "fix",
        "heartbeat, lock",
    ]
    assert list(retired("It is faster. The tensors of a version lie\n  in a folder.")) != []
    assert words("sign_of_lifeKept") == ["sign", "of", "life", "kept"]
