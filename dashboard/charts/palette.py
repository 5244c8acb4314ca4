"""Colours: one diverging scale for every signed quantity, whose zero is the page's own background.

Light: ColorBrewer's RdBu as explicit stops (blue is negative). Dark: a scale of its own with a dark centre. Figures
name the light theme's colours; the page's script puts those of the dark one in their place. The stylesheet declares
the same colours for what it draws itself and for the scripts, and a test compares the two.
"""

from typing import Literal

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
Colour = tuple[int, int, int]

DIVERGING: dict[str, tuple[str, ...]] = {
    "light": (
        "#053061", "#2166ac", "#4393c3", "#92c5de", "#d1e5f0", "#ffffff",
        "#fddbc7", "#f4a582", "#d6604d", "#b2182b", "#67001f",
    ),
    "dark": ("#9fd0ff", "#4aa3f0", "#1f5c94", "#14171c", "#8f4a12", "#e8833a", "#ffc48f"),
}  # fmt: skip
INK = {"light": "#15181d", "dark": "#e8ebef"}
NAN_COLOUR = {"light": "#9e9e9e", "dark": "#777777"}

NEGATIVE, POSITIVE, NEITHER = "#2166ac", "#b2182b", "#8a8f98"
"""Bars of signed quantities: two colours of the diverging scale, and a grey that both themes carry."""

OKABE_ITO = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
"""Categories, in this order, at most seven (Okabe & Ito 2008, "Color Universal Design")."""

RAMP = ("#a9cfe4", "#6aaed6", "#3d8dc4", "#1f6fb4", "#0b559f")
"""Versions are ordered: light is old. Between ColorBrewer's third and eighth Blues, which both themes carry."""


def diverging_levels(theme: str) -> list[Colour]:
    """Return 256 colours (red, green, blue): levels 0 to 254 of the scale, and 255 for NaN."""
    return [_at(DIVERGING[theme], level / 254) for level in range(255)] + [rgb(NAN_COLOUR[theme])]


def version_colours(count: int) -> list[str]:
    """Return the colours of so many versions from the oldest, which is light, to the newest."""
    places = [place / (count - 1) for place in range(count)] if count > 1 else [1.0] * count
    return [colour_at(RAMP, place) for place in places]


def colour_at(stops: tuple[str, ...], share: float) -> str:
    """Return the colour at this share (0 to 1) of the way along equally spaced stops."""
    return "#{:02x}{:02x}{:02x}".format(*_at(stops, share))


def see_through(colour: str, share: float) -> str:
    """Return a colour of which only a share (0 to 1) covers what is behind it."""
    red, green, blue = rgb(colour)
    return f"rgba({red},{green},{blue},{share})"


def solid(colour: str) -> tuple[str, float]:
    """Return what `see_through` was given: the colour and its share."""
    red, green, blue, share = colour.partition("(")[2].rstrip(")").split(",")
    return f"#{int(red):02x}{int(green):02x}{int(blue):02x}", float(share)


def _at(stops: tuple[str, ...], share: float) -> Colour:
    position = share * (len(stops) - 1)
    low = min(int(position), len(stops) - 2)
    part = position - low
    first, second = rgb(stops[low]), rgb(stops[low + 1])
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(first, second, strict=True))
    return red, green, blue


def rgb(text: str) -> Colour:
    """Return the (red, green, blue) of a colour written as #rrggbb."""
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)
