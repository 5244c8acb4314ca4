"""The small datasets that come along, each with its source and licence, so that a first network needs no upload."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "samples"


@dataclass(frozen=True)
class BundledSample:
    """A bundled CSV and what is known about it; `image_shape` as a person would type it, empty if there is none."""

    name: str
    title: str
    rows: int
    source: str
    licence: str
    target: str
    task: str
    image_shape: str = ""

    @property
    def path(self) -> Path:
        """The path of the CSV."""
        return FOLDER / f"{self.name}.csv"


BUNDLED = (
    BundledSample(
        "digits",
        "Handwritten digits of 8 × 8 pixels",
        1797,
        "UCI Machine Learning Repository, Optical Recognition of Handwritten Digits (E. Alpaydin, C. Kaynak, 1998), "
        "test part, as in scikit-learn",
        "CC BY 4.0",
        "digit",
        "classification",
        "8x8",
    ),
    BundledSample(
        "iris",
        "Three species of iris by four measures",
        150,
        "UCI Machine Learning Repository, Iris (R. A. Fisher, 1936), as in scikit-learn",
        "CC BY 4.0",
        "species",
        "classification",
    ),
    BundledSample(
        "wine",
        "Three cultivars of wine by 13 chemical measures",
        178,
        "UCI Machine Learning Repository, Wine (S. Aeberhard, M. Forina, 1991), as in scikit-learn",
        "CC BY 4.0",
        "cultivar",
        "classification",
    ),
    BundledSample(
        "life-expectancy",
        "Life expectancy of 142 countries by continent, year, population and income",
        1704,
        "Gapminder Foundation (free data from gapminder.org), the excerpt by J. Bryan (R package gapminder)",
        "CC BY 3.0",
        "life_expectancy",
        "regression",
    ),
)
