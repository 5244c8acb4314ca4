"""The words in which pages name settings, and sentences that answer a page's question at its top."""

from dataclasses import asdict
from typing import Any

from dashboard.kinds import Choice
from dashboard.records.network import LAYER_SETTINGS, NetworkSpec, Version
from dashboard.records.tensor import TensorInfo, cell_name
from dashboard.records.training import TRAINING_SETTINGS

SETTINGS = LAYER_SETTINGS | TRAINING_SETTINGS


def setting_words(name: str) -> str:
    """Return a setting's name as people say it."""
    return SETTINGS[name].words if name in SETTINGS else name.replace("_", " ")


def cell_reference(version: Version, tensor: TensorInfo, row: int, column: int) -> str:
    """Return how a cell is cited: the reference of its version, tensor and place: `mnist:3 layer_01.weight [4, 2]`."""
    return f"{version.reference} {tensor.name} {cell_name(tensor.shape, row, column)}"


def choice_words(name: str, value: Any) -> Any:  # noqa: ANN401 - a setting's value
    """Return what a setting's value is called, such as squared error; a value without words as it is."""
    kind = SETTINGS[name].kind if name in SETTINGS else None
    return kind.words.get(value, value) if isinstance(kind, Choice) and isinstance(value, str) else value


def folded_settings(spec: NetworkSpec) -> dict[str, list[tuple[str, Any]]]:
    """Return the settings that matter first (`shown`: the main ones, and what is unusual), and the rest."""
    chosen = asdict(spec.training)
    is_shown = {name: not SETTINGS[name].group or value != SETTINGS[name].default for name, value in chosen.items()}
    return {
        part: [
            (setting_words(name), choice_words(name, value))
            for name, value in chosen.items()
            if is_shown[name] == shown
        ]
        for part, shown in (("shown", True), ("folded", False))
    }
