"""The film of a unit on its page: a frame per version, each a link that shows it large, with Play where scripts run."""

import math
from typing import Any, NamedTuple

from dashboard.charts.palette import THEMES
from dashboard.errors import NotFound
from dashboard.http import workspace
from dashboard.services.history.film import Film, film_size, get_film, largest_inputs
from dashboard.services.history.parts import PartHistory
from dashboard.web.history.query import HistoryQuery
from dashboard.web.kit.formats import number, plural
from dashboard.web.kit.urls import address

MOST_BARS = 12
LONGEST_LABEL = 32
BAR_HEIGHT, HALF = 4, 30
"""Of a bar, in the units of its drawing: how high it is, and how long the longest is."""


class Bar(NamedTuple):
    """A weight as a bar: where it begins and how long it is, its class, and its place from the top."""

    x: float
    width: float
    css: str
    y: int


class Frame(NamedTuple):
    """A version: where it is shown large, in words what is seen, what changed in it, and its drawing.

    The drawing is the part `view` of the picture of all frames, or bars.
    """

    number: int
    address: str
    compare: str
    words: str
    is_current: bool
    view: str
    bars: list[Bar]


class Strip(NamedTuple):
    """All frames and the one that is shown large; `pictures` has all of them in both themes, none of bars.

    `size` is (width, height) of the picture of all frames, `labels` name the bars; `choices` are (words, address,
    whether it is chosen).
    """

    frames: list[Frame]
    current: Frame
    older: str
    newer: str
    pictures: tuple[str, ...]
    size: tuple[int, int]
    labels: list[str]
    choices: list[tuple[str, str, bool]]
    note: str


def strip_of(params: HistoryQuery, part: PartHistory) -> Strip | None:
    """Return the film of a unit; None for what is no unit, or has a single weight. Raises NotFound or StoreError."""
    if part.what != "unit" or part.unit is None or len(part.shape) < 2:
        return None
    film = get_film(workspace(), params.name, part.tensor, part.unit, params.at)
    if film.weights.shape[1] < 2:
        return None
    is_change = shows_change(params, film)
    frames = _frames(params, film, is_change)
    place = _place(params, frames)
    frames[place] = frames[place]._replace(is_current=True)
    height, width = film_size(film)
    values = {"at": film.added or "", "offset": "", "draw": "", "v": film.content[:12]}
    values |= {"show": "" if is_change else "weights"}
    return Strip(
        frames=frames,
        current=frames[place],
        older=frames[max(place - 1, 0)].address,
        newer=frames[min(place + 1, len(frames) - 1)].address,
        pictures=()
        if film.shape is None
        else tuple(params.query.address("history.film_of", theme=theme, **values) for theme in THEMES),
        size=(len(frames) * (width + 1) - 1, height),
        labels=[] if film.shape else [_label(film, place) for place in largest_inputs(film, is_change, MOST_BARS)],
        choices=_choices(params, film, is_change),
        note=_note(film, is_change),
    )


def shows_change(params: HistoryQuery, film: Film) -> bool:
    """Return whether the frames show the change since the first version: by default, where there is a second one."""
    return not params.weights and len(film.versions) > 1


def _place(params: HistoryQuery, frames: list[Frame]) -> int:
    """Return the place of the chosen version, by default the newest; raises NotFound with the nearest frames."""
    if not params.at:
        return len(frames) - 1
    for place, frame in enumerate(frames):
        if frame.number == params.at:
            return place
    nearest = sorted((frame.number for frame in frames), key=lambda one: abs(one - params.at))[:5]
    raise NotFound(f"v{params.at} is no frame of this film.", "at", [f"{params.name}:{one}" for one in nearest])


def _frames(params: HistoryQuery, film: Film, is_change: bool) -> list[Frame]:
    height, width = film_size(film)
    first = f"{params.name}:{film.versions[0].number}"
    bars = [[] for _ in film.versions] if film.shape else _bars(film, is_change)
    frames = []
    for place, version in enumerate(film.versions):
        other = f"{params.name}:{version.number}"
        compared: dict[str, Any] = {"base": first, "other": other, "tensor": film.tensor, "unit": film.unit}
        words = f"v{version.number}, epoch {version.epoch}: norm {number(film.norm(place))}"
        if place:
            moved = number(film.moved(place))
            words += f", its change since v{film.versions[0].number} has the norm {moved}"
        frames.append(
            Frame(
                number=version.number,
                address=params.query.address("history.show", at=version.number, offset=""),
                compare=address("compare.unit", **compared) if place else "",
                words=words,
                is_current=False,
                view=f"{place * (width + 1)} 0 {width} {height}" if film.shape else "",
                bars=bars[place],
            )
        )
    return frames


def _bars(film: Film, is_change: bool) -> list[list[Bar]]:
    """Return the bars of each frame: of the same inputs, on one scale."""
    shown = film.shown(is_change)[:, largest_inputs(film, is_change, MOST_BARS)]
    sizes = [abs(value) for value in shown.reshape(-1).tolist() if math.isfinite(value)]
    longest = max(sizes, default=0.0) or 1.0
    return [[_bar(value / longest, place) for place, value in enumerate(row)] for row in shown.tolist()]


def _bar(share: float, place: int) -> Bar:
    if not math.isfinite(share):
        return Bar(0, 0, "unknown", place * BAR_HEIGHT)
    width = round(HALF * abs(share), 2)
    return Bar(round(-width if share < 0 else 0.0, 2), width, "raises" if share > 0 else "lowers", place * BAR_HEIGHT)


def _label(film: Film, place: int) -> str:
    return film.inputs[place][:LONGEST_LABEL] if film.inputs else f"input {place}"


def _choices(params: HistoryQuery, film: Film, is_change: bool) -> list[tuple[str, str, bool]]:
    if len(film.versions) < 2:
        return []
    change, weights = (params.query.address("history.show", show=show, offset="") for show in ("", "weights"))
    first = film.versions[0].number
    return [("weights", weights, not is_change), (f"change since v{first}", change, is_change)]


def _note(film: Film, is_change: bool) -> str:
    """Say what the frames show, on which scale, and what is left out."""
    first = f"v{film.versions[0].number}"
    what = f"how far its weights are from those of {first}" if is_change else "its weights"
    each = f"Each frame is a version and shows {what}, all on one scale"
    left_out = film.total - len(film.versions)
    text = f"{each}; {plural(left_out, 'version')} of {film.total:,} left out." if left_out else f"{each}."
    if film.shape is None and film.weights.shape[1] > MOST_BARS:
        text += f" Of {film.weights.shape[1]:,} inputs the {MOST_BARS} with the largest numbers."
    if film.shape is not None and len(film.shape) == 3:
        text += " The weights of red, green and blue stand side by side."
    return text
