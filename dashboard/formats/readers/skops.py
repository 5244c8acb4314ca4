"""skops, a file of scikit-learn's models: read as data, without the skops package and without making any object.

schema.json describes objects within objects; arrays are .npy members that it names. Of a network only its weights are
taken (coefs_, intercepts_), its activations go into `about`, and the state of its optimizer is marked as such.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from dashboard.errors import UnreadableFile
from dashboard.formats.npy import add_npy
from dashboard.formats.optimizer_state import is_optimizer_state
from dashboard.formats.reader import Reader
from dashboard.formats.sink import Sink, shown
from dashboard.formats.source import Source
from dashboard.formats.texts import parse_json

SCHEMA = "schema.json"
WEIGHTS = ("coefs_", "intercepts_", "coef_", "intercept_")
FACTS = ("activation", "out_activation_", "n_features_in_", "n_outputs_", "n_layers_", "hidden_layer_sizes", "solver")
MOST_FACT = 1000


def recognises(start: bytes, members: Sequence[str]) -> bool:
    """Return whether it is a ZIP with the description of objects that skops writes."""
    return SCHEMA in members


def read(source: Source, sink: Sink) -> None:
    """Read weights, the optimizer's arrays and the activations; raises UnreadableFile, TooLarge."""
    schema = parse_json(source.member(SCHEMA, source.limits.text_bytes), "The description of the model (schema.json)")
    if not isinstance(schema, dict):
        raise UnreadableFile(
            "The description of the model (schema.json) describes no object: save it again with skops."
        )
    facts: dict[str, Any] = {"class": f"{schema.get('__module__')}.{schema.get('__class__')}"[:MOST_FACT]}
    for path, node in _parts(schema, "", source.limits.nesting):
        if node.get("__loader__") == "NdArrayNode":
            _take_array(path, node, source, sink)
        elif path in FACTS and node.get("__loader__") == "JsonNode":
            facts[path] = _fact(node.get("content"))
    sink.about["sklearn"] = facts


def _take_array(path: str, node: dict[str, Any], source: Source, sink: Sink) -> None:
    file = node.get("file")
    if path.partition(".")[0] not in WEIGHTS and not is_optimizer_state(path):
        sink.skip(path, "it is no weight of the model")
    elif node.get("type") != "numpy":
        sink.skip(path, "it is no array of numbers")
    elif file not in source.members:
        raise UnreadableFile(f"The array {shown(path)} of the model is missing in the file: save it again with skops.")
    else:
        add_npy(sink, path, source.member_pieces(file), source.member_size(file))


def _parts(node: Any, path: str, nesting: int) -> Iterator[tuple[str, dict[str, Any]]]:  # noqa: ANN401 - any JSON
    """Yield every object of the description with its path, such as coefs_.0."""
    if not isinstance(node, dict):
        return
    if nesting == 0:
        raise UnreadableFile(f"The description of the model is nested too deeply at {shown(path)}.")
    yield path, node
    content = node.get("content")
    if isinstance(content, dict) and "__loader__" in content:
        yield from _parts(content, path, nesting - 1)
        return
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for name, one in inner:
        if name != "key_types":
            yield from _parts(one, f"{path}.{name}" if path else str(name), nesting - 1)


def _fact(text: object) -> object:
    """Return a fact that is stored as JSON within a text; None if it is none."""
    if not isinstance(text, str) or len(text) > MOST_FACT:
        return None
    return parse_json(text, "The description of the model (schema.json)")


READER = Reader("skops", "scikit-learn model of skops", (".skops",), recognises, read, units_axis=1)
