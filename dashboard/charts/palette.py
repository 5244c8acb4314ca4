"""Colours: one diverging scale for every signed quantity, whose zero is the page's own background.

Light: ColorBrewer's RdBu as explicit stops (blue is negative). Dark: a scale of its own with a dark centre.
"""

from typing import Literal

Theme = Literal["light", "dark"]

DIVERGING: dict[str, tuple[str, ...]] = {
    "light": (
        "#053061", "#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#ffffff",
        "#fddbc7", "#f4a582", "#d6604d", "#b2182b", "#67001f",
    ),
    "dark": ("#9fd0ff", "#4aa3f0", "#1f5c94", "#14171c", "#8f4a12", "#e8833a", "#ffc48f"),
}  # fmt: skip
NAN_COLOUR = {"light": "#9e9e9e", "dark": "#777777"}

OKABE_ITO = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
"""Categories, in this order, at most seven (Okabe & Ito 2008, "Color Universal Design")."""


def diverging_levels(theme: str) -> list[tuple[int, int, int]]:
    """Return 256 colours (red, green, blue): levels 0 to 254 of the scale, and 255 for NaN."""
    stops = [_rgb(stop) for stop in DIVERGING[theme]]
    colours = [_between(stops, level / 254 * (len(stops) - 1)) for level in range(255)]
    return [*colours, _rgb(NAN_COLOUR[theme])]


def _between(stops: list[tuple[int, int, int]], position: float) -> tuple[int, int, int]:
    low = min(int(position), len(stops) - 2)
    share = position - low
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(stops[low], stops[low + 1], strict=True))
    return red, green, blue


def _rgb(text: str) -> tuple[int, int, int]:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)
