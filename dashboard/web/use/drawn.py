"""What the page shows of a drawing: the picture that the network sees, the answer, and arrows that nudge it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from dashboard.charts.pixels import ink_drawing
from dashboard.errors import Invalid, UserError
from dashboard.http import workspace
from dashboard.services.use.answers import Answer
from dashboard.services.use.drawing import Look, draw, why_not_drawn
from dashboard.services.use.inputs import inputs_of
from dashboard.services.use.loaded import Loaded
from dashboard.web.kit.tables import Table
from dashboard.web.use.page import scores_table
from dashboard.web.use.why import WhyPage, why_page
from dashboard.web.use.words import answer_sentence, look_words

MOVES = {"up": (0, -1), "left": (-1, 0), "right": (1, 0), "down": (0, 1)}
SIGNS = {"up": "↑", "left": "←", "right": "→", "down": "↓"}


@dataclass(frozen=True)
class DrawnPage:
    """The strokes as JSON, how far they are nudged, and what came of them; `problem` says why nothing did."""

    strokes: str = ""
    nudge: str = "0,0"
    picture: Markup | None = None
    answer: Answer | None = None
    rule: str = ""
    problem: str = ""
    why: WhyPage | None = None

    @property
    def sentence(self) -> str:
        """What the answer is."""
        return answer_sentence(self.answer) if self.answer is not None else ""

    @property
    def scores(self) -> Table:
        """The scores of the classes, the answer first."""
        return scores_table(self.answer, "Scores of the classes for the drawing")

    @property
    def moves(self) -> list[tuple[str, str, str]]:
        """The arrows: what is sent, the sign, and words."""
        return [(name, sign, f"Move by a pixel: {name}") for name, sign in SIGNS.items()]


def drawn_page(loaded: Loaded, sent: Mapping[str, str]) -> DrawnPage | None:
    """Return the drawing that was sent, or an empty canvas; None for a version that reads no pictures."""
    if why_not_drawn(loaded):
        return None
    strokes = sent.get("strokes", "")
    if not strokes:
        return DrawnPage()
    try:
        right, down = _nudge(sent.get("nudge", "0,0"))
        further = MOVES.get(sent.get("move", ""), (0, 0))
        nudge = (right + further[0], down + further[1])
        drawing = draw(workspace(), loaded, {"strokes": _strokes(strokes), "nudge": list(nudge)})
    except UserError as error:
        return DrawnPage(strokes="", problem=error.message)
    look: Look = drawing.look
    picture = ink_drawing(drawing.pixels, look.ground, look.ink, "What the network sees of the drawing")
    inputs = inputs_of(workspace(), loaded)
    reasons = why_page(loaded, inputs, drawing.inputs, drawing.answer, None)
    return DrawnPage(strokes, f"{nudge[0]},{nudge[1]}", picture, drawing.answer, look_words(look), why=reasons)


def _strokes(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid({"strokes": "The strokes are not valid JSON: draw again."}) from error


def _nudge(text: str) -> tuple[int, int]:
    parts = text.split(",")
    try:
        right, down = (int(part) for part in parts)
    except ValueError as error:
        raise Invalid({"nudge": "A nudge is right and down in pixels, such as 1,0."}) from error
    return right, down
