"""A guess about a file: what was guessed, why, and whether that is sure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Guess:
    """A guessed value with its reason, a plain sentence; one that is not `sure` is shown as a question."""

    value: Any
    reason: str
    sure: bool = True


Guesses = Mapping[str, Guess]
"""Field of the format -> its guess."""


def guesses_to_json(guesses: Guesses) -> dict[str, dict[str, Any]]:
    """Return plain values; `guesses_from_json` reads them back."""
    return {name: {"value": guess.value, "reason": guess.reason, "sure": guess.sure} for name, guess in guesses.items()}


def guesses_from_json(data: Mapping[str, Mapping[str, Any]]) -> dict[str, Guess]:
    """Return the guesses that `guesses_to_json` wrote."""
    return {name: Guess(**guess) for name, guess in data.items()}
