"""What pages say of datasets."""

from collections.abc import Sequence

from dashboard.records.dataset import Dataset
from dashboard.web.kit.formats import plural

EVALUATION_ONLY = " Too few rows, or one class only, to train on: it serves to evaluate versions."


def datasets_sentence(datasets: Sequence[Dataset]) -> str:
    """Say how many datasets and rows there are."""
    rows = sum(dataset.rows for dataset in datasets)
    return f"{plural(len(datasets), 'dataset')} with {plural(rows, 'row')}."


def dataset_sentence(dataset: Dataset) -> str:
    """Say what a dataset holds and what is predicted from what."""
    about = dataset.description
    rows, inputs = plural(dataset.rows, "row"), plural(len(about["inputs"]), "input")
    if dataset.task == "classification":
        goal = f"{about['target']} is one of {plural(len(about['classes']), 'class', 'classes')}"
    else:
        goal = f"{about['target']} is a number"
    dropped = f" {plural(about['dropped'], 'row')} with missing values left out." if about["dropped"] else ""
    use = "" if dataset.is_for_training else " It serves to evaluate versions only; no network trains on it."
    return f"{rows} with {inputs}; {goal}.{dropped}{use}"
