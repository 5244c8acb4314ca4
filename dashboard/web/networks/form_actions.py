"""What the buttons of the network form other than Create do: each works without JavaScript, by sending the form.

The value of a button is the action: add-layer, remove-layer-2, move-up-2, move-down-2, add-field, remove-field-0,
preset-book. All that was typed stays; an index that is no longer there does nothing.
"""

import re
from collections.abc import Callable, Sequence

from dashboard.records.network import MOST_LAYERS
from dashboard.web.networks.forms import MOST_FREE_FIELDS, NEW_LAYER, NetworkForm
from dashboard.web.networks.presets import PRESETS, preset


def apply_action(form: NetworkForm, action: str) -> bool:
    """Do what a button asks for; False if the action is none of these (Create, say)."""
    match = re.fullmatch(r"(\w+(?:-(?:layer|field|up|down))?)(?:-([a-z]+|\d{1,4}))?", action)
    if match is None or match[1] not in ACTIONS:
        return False
    ACTIONS[match[1]](form, match[2] or "")
    return True


def _add_layer(form: NetworkForm, _: str) -> None:
    if len(form.layers) >= MOST_LAYERS:
        form.form_errors.append(f"A network has at most {MOST_LAYERS} hidden layers.")
        return
    last = form.layers[-1].data if len(form.layers) else {}
    alike = {name: last[name] for name in ("activation", "bias", "dropout") if name in last}
    form.layers.append_entry(NEW_LAYER | alike)


def _add_field(form: NetworkForm, _: str) -> None:
    if len(form.fields) >= MOST_FREE_FIELDS:
        form.form_errors.append(f"A network has at most {MOST_FREE_FIELDS} free fields.")
        return
    form.fields.append_entry()


def _remove_layer(form: NetworkForm, what: str) -> None:
    layers = form.layers.data
    if _is_in(layers, what):
        del layers[int(what)]
        form.layers.process(None, layers)


def _remove_field(form: NetworkForm, what: str) -> None:
    rows = form.fields.data
    if _is_in(rows, what):
        del rows[int(what)]
        form.fields.process(None, rows)


def _move(form: NetworkForm, what: str, by: int) -> None:
    layers = form.layers.data
    if _is_in(layers, what):
        layer = layers.pop(int(what))
        layers.insert(max(int(what) + by, 0), layer)
        form.layers.process(None, layers)


def _preset(form: NetworkForm, what: str) -> None:
    if what in PRESETS:
        form.fill(preset(what))


def _is_in(rows: Sequence[object], what: str) -> bool:
    return what.isdigit() and int(what) < len(rows)


ACTIONS: dict[str, Callable[[NetworkForm, str], None]] = {
    "add-layer": _add_layer,
    "remove-layer": _remove_layer,
    "move-up": lambda form, what: _move(form, what, -1),
    "move-down": lambda form, what: _move(form, what, +1),
    "add-field": _add_field,
    "remove-field": _remove_field,
    "preset": _preset,
}
