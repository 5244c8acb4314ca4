"""Evaluating a version: on a dataset that is here, or on a file, which becomes a dataset for evaluation."""

from typing import BinaryIO, cast

from flask import Blueprint, render_template, request

from dashboard.errors import UserError
from dashboard.http import workspace
from dashboard.services.datasets import list_datasets
from dashboard.services.versions.evaluation import Evaluation, evaluate_in_full, why_not_measured
from dashboard.services.versions.evaluation_file import add_evaluation_file
from dashboard.services.versions.reading import get_version
from dashboard.web.evaluate import page
from dashboard.web.evaluate.forms import EvaluateForm, FileForm
from dashboard.web.kit.answers import Answer, redirect_to
from dashboard.web.kit.forms import attach_errors, options, problems
from dashboard.web.kit.query import query
from dashboard.web.kit.tables import Numbers, Table, exports, numbers_at
from dashboard.web.kit.urls import address
from dashboard.web.versions.scores import MOST_CLASSES

blueprint = Blueprint("evaluate", __name__, url_prefix="/networks/<name>/versions/<int:number>/evaluate")


@blueprint.get("")
def show(name: str, number: int) -> Answer:
    """Show the forms and, of the dataset in the address, what was measured."""
    chosen, form = query().text("dataset"), EvaluateForm(query().args)
    if not chosen:
        return _page(name, number, form, FileForm())
    try:
        evaluation = evaluate_in_full(workspace(), name, number, chosen)
    except UserError as error:
        get_version(workspace(), name, number)
        attach_errors(form, error)
        return _page(name, number, form, FileForm()), error.status
    return _page(name, number, form, FileForm(), evaluation)


@blueprint.post("")
def upload(name: str, number: int) -> Answer:
    """Store a file as a dataset for evaluation, and measure on it."""
    form, file = FileForm(request.form), request.files.get("file")
    try:
        if file is None or not file.filename:
            raise UserError("Choose a file.", "file")
        dataset = add_evaluation_file(workspace(), name, number, cast(BinaryIO, file.stream), file.filename)
    except UserError as error:
        get_version(workspace(), name, number)
        attach_errors(form, error)
        return _page(name, number, EvaluateForm(), form), error.status
    return redirect_to(address("evaluate.show", name=name, number=number, dataset=dataset.name))


@numbers_at(blueprint, "/<any(metrics, classes, targets, confusion, records):what>")
def numbers(name: str, number: int, what: str) -> Table | Numbers:
    """Return one of the tables, all of it, as measured on the dataset in the address."""
    return page.TABLES[what](evaluate_in_full(workspace(), name, number, query().text("dataset")))


def _page(name: str, number: int, form: EvaluateForm, file_form: FileForm, evaluation: Evaluation | None = None) -> str:
    version = get_version(workspace(), name, number)
    names = [dataset.name for dataset in list_datasets(workspace()) if dataset.has_records]
    form.dataset.choices = options((dataset, dataset) for dataset in names)
    tables = {}
    if evaluation is not None:
        files = {"name": name, "number": number, "dataset": evaluation.dataset.name}
        tables = {
            "metrics": page.metrics_table(evaluation),
            "classes": page.classes_table(evaluation),
            "targets": page.targets_table(evaluation),
            "confusions": page.confusions(evaluation),
            "confusion_files": exports("evaluate.numbers", what="confusion", **files),
            "records": page.records_page(evaluation),
        }
    return render_template(
        "evaluate/show.html",
        version=version,
        unmeasured=why_not_measured(version),
        sentence=page.sentence(evaluation) if evaluation else "Measured on every record of a dataset, or of a file.",
        nothing_learnt=page.nothing_learnt_on(evaluation) if evaluation else "",
        problems=[*problems(form), *problems(file_form)],
        form=form,
        file_form=file_form,
        evaluation=evaluation,
        records_shown=page.RECORDS_SHOWN,
        most_classes=MOST_CLASSES,
        limit_mb=workspace().settings.max_upload_mb,
        **tables,
    )
