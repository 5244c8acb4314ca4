"""What a word on a page means, in one sentence, with the page of the docs that says more.

Each is declared once: metrics, statistics of tensors and settings where they are declared themselves, other words in
`terms`. Heads of tables, facts, forms and the glossary of Help read them here.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from flask import g, request, url_for

from dashboard.metrics import DECLARED, PARTS, heading_words, metric_words
from dashboard.records.network import LAYER_SETTINGS
from dashboard.records.statistics import STATISTICS
from dashboard.records.training import TRAINING_SETTINGS
from dashboard.web.kit.terms import TERMS

METRIC_PLACE, STATISTIC_PLACE = "scores#metrics", "statistics#of-a-tensor"
OF_PAGES = {
    "changes": "changes",
    "children": "changes",
    "compare": "compare",
    "datasets": "columns",
    "evaluate": "scores",
    "exports": "exports",
    "health": "statistics#health",
    "imports": "imports",
    "networks": "training",
    "runs": "training",
    "searches": "using-search",
    "settings": "settings",
    "several": "compare",
    "steps": "why",
    "store": "settings",
    "use": "use",
    "why": "why",
}
"""The docs of a page, for its words that only the page itself explains."""


class Explanation(NamedTuple):
    """A sentence, and the place in the docs (page#heading) that says more."""

    text: str
    place: str

    @property
    def sentence(self) -> str:
        """The text with the point at its end."""
        return self.text if self.text.endswith((".", "!", "?")) else f"{self.text}."

    @property
    def address(self) -> str:
        """The address of the docs."""
        return docs_address(self.place)


def docs_address(place: str) -> str:
    """Return the address of a place in the docs such as scores#metrics."""
    return _docs_address(place, request.script_root)


@lru_cache(maxsize=512)
def _docs_address(place: str, _prefix: str) -> str:
    page, _, heading = place.partition("#")
    return url_for("help.docs", path=f"{page}/", _anchor=heading or None)


def explanation(words: str, text: str = "", place: str = "") -> Explanation | None:
    """Return what words on a page mean: `text` if the page says so itself, else what is declared; None without both."""
    known = _by_text().get(text) or everything().get(words.casefold())
    if known is None and not text:
        return None
    return Explanation(
        text or (known.text if known else ""),
        place or (known.place if known else OF_PAGES.get(request.blueprint or "", "index")),
    )


def setting_explanation(label: str) -> Explanation | None:
    """Return what a setting of training means, where a metric has the same name, too: precision, loss."""
    return _settings().get(label.casefold()) or explanation(label)


def explanation_id(words: str) -> str:
    """Return an id for the explanation of words, which no other one on this page has."""
    name = "about-" + "".join(letter if letter.isalnum() else "-" for letter in words.casefold())
    counts = g.setdefault("explanations", {})
    counts[name] = counts.get(name, 0) + 1
    return name if counts[name] == 1 else f"{name}-{counts[name]}"


@lru_cache(maxsize=1)
def _by_text() -> dict[str, Explanation]:
    """Return every declared explanation by its text, as two topics may have the same words."""
    return {about.text: about for topic in glossary().values() for _words, about in topic}


@lru_cache(maxsize=1)
def _settings() -> dict[str, Explanation]:
    """Return the explanations of the settings of training by their labels, in small letters."""
    return {label.casefold(): about for label, about in glossary()["Training"]}


@lru_cache(maxsize=1)
def everything() -> dict[str, Explanation]:
    """Return every declared explanation by its words, in small letters."""
    declared = (entry for topic in reversed(glossary().values()) for entry in topic)
    return {words.casefold(): about for words, about in [*declared, *_names_of_metrics()]}


def glossary() -> dict[str, list[tuple[str, Explanation]]]:
    """Return what is explained, by topic; of words that two topics have, the first one's meaning holds."""
    terms = ((words, Explanation(text, place)) for place, known in TERMS.items() for words, text in known.items())
    return {
        "Metrics": [(heading_words(one.name), Explanation(one.meaning, METRIC_PLACE)) for one in DECLARED],
        "Training": [
            (one.label, Explanation(one.help, f"training#{_heading(one.group or 'Training')}"))
            for one in TRAINING_SETTINGS.values()
        ],
        "Layers": [(one.label, Explanation(one.help, "training#layers")) for one in LAYER_SETTINGS.values()],
        "Statistics of a tensor": [(one.heading, Explanation(one.meaning, STATISTIC_PLACE)) for one in STATISTICS],
        "Columns and facts": sorted(terms, key=lambda entry: entry[0].casefold().lstrip("|")),
    }


def _heading(group: str) -> str:
    """Return the anchor of a group's heading in docs/training.md."""
    return group.lower().replace(" ", "-")


def _names_of_metrics() -> Iterator[tuple[str, Explanation]]:
    """Yield the further names that pages give metrics: validation accuracy, Accuracy after."""
    for metric in DECLARED:
        about = Explanation(metric.meaning, METRIC_PLACE)
        yield metric.words, about
        for prefix, part in PARTS.items():
            of_part = Explanation(f"{metric.meaning} Here of the {part} records.", METRIC_PLACE)
            for words in {metric_words(prefix + metric.name), f"{part} {metric.words}", f"{part} {metric.short_words}"}:
                if prefix or words != metric.words:
                    yield words, of_part
        for when in ("before", "after", "put back"):
            yield f"{heading_words(metric.name)} {when}", about
