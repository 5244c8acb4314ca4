"""What is said of changes."""

from dashboard.records.change import CHANGES
from dashboard.services.changes.children import Preview
from dashboard.services.changes.measured import Between
from dashboard.web.kit.formats import plural

TITLES = {
    "edit": "Edit cells",
    "interpolate": "Interpolate",
    "average": "Average",
    "prune": "Prune",
    "round": "Round",
    "put_back": "Put back",
}
assert TITLES.keys() == CHANGES.keys()
EXPLANATIONS = {
    "edit": "Set cells of tables to new values. All other cells keep their bits.",
    "interpolate": "(1 − t) · this version + t · the other one, computed in float64 and rounded once.",
    "average": "The mean of 2 to 32 versions, computed in float64 and rounded once.",
    "prune": "Set the weights of the smallest magnitude, or whole hidden units, to 0. Biases are kept.",
    "round": "Store the weights in a narrower type, or snap each to a grid. int8 and int4 keep biases and the type: "
    "each value becomes one of 255 or 15 for its unit.",
    "put_back": "Units and tensors get the values that they have in another version, to the bit. All other cells stay.",
}
UNCHANGED = "A change becomes a new version, measured on the same records; this one stays as it is."
NOT_OF_ONE_ORIGIN = (
    "These versions share no ancestor, as far as is known here. Trainings from different seeds learn their units in "
    "different orders: a mix of them usually scores far lower. “Match units first” helps in dense networks."
)


def preview_sentence(preview: Preview) -> str:
    """Say how many cells a change would change."""
    if not preview.changed:
        return f"None of the {plural(preview.cells, 'cell')} would change."
    return f"{preview.changed:,} of {plural(preview.cells, 'cell')} would change. Nothing is saved yet."


def preview_notes(preview: Preview) -> list[str]:
    """Say what a person should know before saving."""
    notes = [] if preview.made.of_one_origin else [NOT_OF_ONE_ORIGIN]
    if taken := preview.made.taken:
        names = ", ".join(taken[:3]) + (" …" if len(taken) > 3 else "")
        notes.append(
            f"{plural(len(taken), 'tensor')} of whole numbers cannot be mixed and stay this version's: {names}."
        )
    return notes + ([preview.scores.why_not] if preview.scores.why_not else [])


def between_words(between: Between) -> str:
    """Say what was measured at each point of the chart."""
    of = "" if between.records == between.total else f" of {between.total:,}, evenly taken"
    return f"Measured on {plural(between.records, 'record')}{of} of the {between.part} part, without matching units."
