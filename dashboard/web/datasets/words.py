"""What pages say of datasets."""

from collections.abc import Sequence

from dashboard.records.dataset import Dataset
from dashboard.services.datasets import GapCosts
from dashboard.web.kit.formats import plural

NAMES_SHOWN = 5

EVALUATION_ONLY = " Too few rows, or one class only, to train on: it serves to evaluate versions."


def datasets_sentence(datasets: Sequence[Dataset]) -> str:
    """Say how many datasets and rows there are."""
    rows = sum(dataset.rows for dataset in datasets)
    return f"{plural(len(datasets), 'dataset')} with {plural(rows, 'row')}."


def gap_sentences(costs: GapCosts | None) -> list[str]:
    """Say what each way of treating missing values costs, in numbers; nothing without missing values."""
    if costs is None:
        return []
    some = ", ".join(f"{name} ({count:,})" for name, count in costs.gaps[:NAMES_SHOWN])
    more = len(costs.gaps) - NAMES_SHOWN
    where = f"{some} and {plural(more, 'further column')}" if more > 0 else some
    marked = f"{plural(len(costs.marked), 'input')} would mark where a value was missing"
    rows = f"{costs.dropped:,} of {plural(costs.rows, 'row')} would go"
    lost = ", ".join(f"'{name}'" for name in costs.lost[:NAMES_SHOWN])
    classes = f", and with them {plural(len(costs.lost), 'class', 'classes')}: {lost}" if costs.lost else ""
    return [
        f"Missing values with the types below: {where}.",
        f"Filled in: all {costs.rows:,} rows stay; with the median {marked}.",
        f"Rows dropped: {rows}{classes}.",
    ]


def dataset_sentence(dataset: Dataset) -> str:
    """Say what a dataset holds and what is predicted from what."""
    about = dataset.description
    rows, inputs = plural(dataset.rows, "row"), plural(len(about["inputs"]), "input")
    if dataset.has_groups:
        goal = f"classes are predicted: {_groups_words(dataset)}"
    elif dataset.task == "classification":
        goal = f"{about['target']} is one of {plural(len(about['classes']), 'class', 'classes')}"
    elif len(dataset.targets) > 1:
        *first, last = dataset.targets[: NAMES_SHOWN + 1]
        more = len(dataset.targets) - NAMES_SHOWN - 1
        ends = f", {last} and {plural(more, 'further column')}" if more > 0 else f" and {last}"
        goal = f"{', '.join(first)}{ends} are numbers"
    else:
        goal = f"{about['target']} is a number"
    dropped = f" {plural(about['dropped'], 'row')} with missing values left out." if about["dropped"] else ""
    use = "" if dataset.is_for_training else " It serves to evaluate versions only; no network trains on it."
    return f"{rows} with {inputs}; {goal}.{dropped}{use}"


def _groups_words(dataset: Dataset) -> str:
    """Say how many classes each of several targets has, of very many only of the first ones."""
    groups = dataset.description["groups"]
    said = [f"{name} ({len(own)})" for name, own in zip(dataset.targets, groups, strict=True)]
    more = len(said) - NAMES_SHOWN
    return ", ".join(said[:NAMES_SHOWN]) + (f" and {plural(more, 'further target')}" if more > 0 else "")


def split_words(dataset: Dataset) -> str:
    """Say how the rows are split where that is not at random, and which parts come from files of their own."""
    given = [part for part, rows in dataset.description.get("given", {}).items() if rows]
    if given:
        rest = "training is the first file" if len(given) == 2 else _rest_words(dataset, given[0])
        files = "files of their own" if len(given) == 2 else "a file of its own"
        return f"{' and '.join(given)} from {files}; {rest}"
    return _method_words(dataset)


def _rest_words(dataset: Dataset, given: str) -> str:
    other = "test" if given == "validation" else "validation"
    if not dataset.description["split"][other]:
        return f"no {other} part"
    return f"{other} is taken from the training file {_method_words(dataset) or 'at random'}"


def _method_words(dataset: Dataset) -> str:
    how, by = dataset.spec.get("split", "random"), dataset.spec.get("split_by", "")
    if how == "ordered":
        return f"in the order of {by}, the last rows are the test part" if by else "in the order of the file"
    return f"whole groups by {by}" if how == "grouped" else ""
