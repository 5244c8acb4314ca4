"""Datasets: the list, an upload with the choice of its columns, the bundled sets, and the page of one."""

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, BinaryIO, cast

from flask import Blueprint, Response, flash, render_template, request, url_for

from dashboard.charts.palette import THEMES
from dashboard.charts.records import records_png
from dashboard.errors import Invalid, UserError
from dashboard.records.dataset import Dataset
from dashboard.services import datasets as service
from dashboard.services.datasets import Upload, bundled_samples
from dashboard.web.datasets.forms import MOST_KINDS, DatasetForm, UploadForm
from dashboard.web.kit.answers import Answer, confirm_by_name, png_answer, redirect_to
from dashboard.web.kit.formats import plural
from dashboard.web.kit.forms import attach_errors, problems
from dashboard.web.kit.paging import neighbour_pages
from dashboard.web.kit.query import query_number, workspace
from dashboard.web.kit.tables import Numbers, exports, numbers_at
from dashboard.web.kit.words import dataset_sentence, datasets_sentence

blueprint = Blueprint("datasets", __name__)

COLUMNS_SHOWN = 50
VALUES_SHOWN = 14
CLASSES_SHOWN = 20
ROWS_SHOWN = 10
PICTURES_SHOWN, PICTURE_PIXELS = 14, 56
NUMBERS = ("name", "kind", "missing", "distinct", "low", "high", "mean", "std")
FORMAT_FIELDS = ("delimiter", "header", "encoding", "decimal")


@blueprint.get("/datasets")
def index() -> str:
    """Show all datasets."""
    found = service.list_datasets(workspace())
    rows = [_row(dataset) for dataset in found]
    return render_template(
        "datasets/index.html", sentence=datasets_sentence(found), rows=rows, exports=exports("datasets.datasets")
    )


@numbers_at(blueprint, "/datasets")
def datasets() -> Numbers:
    """Say what datasets there are."""
    heads = ["name", "task", "rows", "bytes", "inputs", "target", "classes", "networks", "created", "sha256"]
    rows = [
        [getattr(row["dataset"], name) for name in heads[:4]]
        + [row[name] for name in heads[4:8]]
        + [row["dataset"].created, row["dataset"].sha256]
        for row in map(_row, service.list_datasets(workspace()))
    ]
    return Numbers(heads, rows, "datasets")


@blueprint.get("/datasets/new")
def new() -> str:
    """Show where a CSV is uploaded, and the bundled sets."""
    return _upload_page(UploadForm())


@blueprint.post("/datasets/new")
def upload() -> Answer:
    """Keep an uploaded CSV, and go on to the choice of its columns."""
    form = UploadForm(request.form)
    try:
        found = _received()
    except UserError as error:
        attach_errors(form, error)
        return _upload_page(form), error.status
    return redirect_to(
        url_for("datasets.choose", upload=found.token, name=form.name.data or suggested_name(found.file_name))
    )


@blueprint.post("/datasets/bundled/<name>")
def bundled(name: str) -> Response:
    """Add a bundled set."""
    return redirect_to(url_for("datasets.show", name=service.add_bundled(workspace(), name).name))


@blueprint.get("/datasets/new/<upload>")
def choose(upload: str) -> str:
    """Show what was found in an uploaded CSV, for correction."""
    waiting = service.get_upload(workspace(), upload)
    found = service.preview_upload(workspace(), waiting)
    return _choose_page(waiting, found, _detected_form(found, request.args.get("name", "")))


@blueprint.post("/datasets/new/<upload>")
def create(upload: str) -> Answer:
    """Make the dataset, or read the file again in another format."""
    waiting = service.get_upload(workspace(), upload)
    asked = {name: request.form[name] for name in FORMAT_FIELDS if request.form.get(name)}
    try:
        found = service.preview_upload(workspace(), waiting, asked)
    except UserError as error:
        found = service.preview_upload(workspace(), waiting)
        return _choose_page(waiting, found, _with_errors(found, request.form, error)), error.status
    if request.form.get("action") == "read":
        return _choose_page(waiting, found, _detected_form(found, request.form.get("name", "")))
    form = _form(found, request.form)
    try:
        dataset = service.create_dataset(workspace(), waiting, _choices(form, found))
    except UserError as error:
        attach_errors(form, error)
        return _choose_page(waiting, found, form), error.status
    flash(f"{dataset.name} is ready.")
    return redirect_to(url_for("datasets.show", name=dataset.name))


@blueprint.get("/datasets/<name>")
def show(name: str) -> str:
    """Show a dataset."""
    dataset = service.get_dataset(workspace(), name)
    about = dataset.description
    offset = query_number("offset", 0, 0, 10**6)
    all_columns = about["columns"]
    following = offset + COLUMNS_SHOWN if offset + COLUMNS_SHOWN < len(all_columns) else None
    pages = neighbour_pages(following)
    words = f"columns {offset + 1} to {min(offset + COLUMNS_SHOWN, len(all_columns))} of {len(all_columns):,}"
    names = about["first_columns"]
    return render_template(
        "datasets/show.html",
        dataset=dataset,
        sentence=dataset_sentence(dataset),
        chip_list=_chips(dataset),
        columns=all_columns[offset : offset + COLUMNS_SHOWN],
        column_pages=(pages["previous"], pages["next"], words),
        classes=_classes(about["balance"])[:CLASSES_SHOWN],
        hidden_classes=max(len(about["balance"]) - CLASSES_SHOWN, 0),
        pictures=_pictures(dataset),
        split=list(about["split"].items()),
        first_rows=[row[:VALUES_SHOWN] for row in about["first_rows"][:ROWS_SHOWN]],
        first_columns=names[:VALUES_SHOWN],
        hidden_columns=max(len(names) - VALUES_SHOWN, 0),
        networks=service.networks_using(workspace(), dataset),
        exports={what: exports(f"datasets.{what}", name=dataset.name) for what in ("columns", "first_rows", "classes")},
    )


@numbers_at(blueprint, "/datasets/<name>/columns")
def columns(name: str) -> Numbers:
    """Say what each column is like."""
    found = service.get_dataset(workspace(), name).description["columns"]
    return Numbers(NUMBERS, [[column[key] for key in NUMBERS] for column in found], f"{name}_columns")


@numbers_at(blueprint, "/datasets/<name>/first-rows")
def first_rows(name: str) -> Numbers:
    """Say what stands in the first rows."""
    about = service.get_dataset(workspace(), name).description
    return Numbers(about["first_columns"], about["first_rows"], f"{name}_first_rows")


@blueprint.get("/datasets/<name>/records.png")
def records(name: str) -> Response:
    """Send the first records, where they are pixels, as pictures."""
    dataset = service.get_dataset(workspace(), name)
    pixels, shape = service.record_pixels(workspace(), dataset, PICTURES_SHOWN)
    zoom = PICTURE_PIXELS // max(shape[1], 1) or 1
    return png_answer(lambda theme: records_png(pixels, shape, theme, zoom), dataset.sha256)


@numbers_at(blueprint, "/datasets/<name>/classes")
def classes(name: str) -> Numbers:
    """Say how many rows each class has."""
    balance = service.get_dataset(workspace(), name).description["balance"]
    return Numbers(["class", "rows"], balance.items(), f"{name}_classes")


@blueprint.route("/datasets/<name>/delete", methods=["GET", "POST"])
def delete(name: str) -> Answer:
    """Ask for the name, then delete a dataset that no network uses."""
    dataset = service.get_dataset(workspace(), name)
    what = [f"{name} goes with its {plural(dataset.rows, 'row')}. This cannot be undone."]
    answer = confirm_by_name(name, f"Delete {name}", what, url_for("datasets.show", name=name))
    if answer is not None:
        return answer
    service.delete_dataset(workspace(), name)
    flash(f"{name} is deleted.")
    return redirect_to(url_for("datasets.index"))


def suggested_name(file_name: str) -> str:
    """Return a name for a dataset made from a file's: what is not allowed in names becomes a hyphen."""
    stem = PurePath(file_name).name.removesuffix(".csv").removesuffix(".CSV")
    return re.sub(r"[^\w .\-]+", "-", stem).strip(" .-_")[:64].strip(" .-_") or "dataset"


def _received() -> Upload:
    """Keep the sent file if it can be read as a table; raises UserError, and keeps nothing, if it cannot."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid({"file": "Choose a CSV file."})
    found = service.receive_upload(workspace(), cast(BinaryIO, file.stream), file.filename)
    try:
        service.preview_upload(workspace(), found)
    except UserError:
        service.discard_upload(workspace(), found.token)
        raise
    return found


def _upload_page(form: UploadForm) -> str:
    present = {dataset.name for dataset in service.list_datasets(workspace())}
    names = ("name", "title", "rows", "source", "licence")
    samples = [
        {name: getattr(sample, name) for name in names} | {"added": sample.name in present}
        for sample in bundled_samples()
    ]
    limit = workspace().settings.max_upload_mb
    return render_template("datasets/new.html", form=form, problems=problems(form), limit_mb=limit, samples=samples)


def _choose_page(waiting: Upload, found: Any, form: DatasetForm) -> str:  # noqa: ANN401 - a Preview of `data`
    size = f"{plural(found.rows, 'row')} of {plural(len(found.columns), 'column')}"
    target = found.suggested_target
    form.task.description = f"{form.task.description} {target} suggests {found.suggested_task(target)}."
    return render_template(
        "datasets/choose.html",
        upload=waiting.token,
        file_name=waiting.file_name,
        form=form,
        problems=problems(form),
        sentence=f"{size}. Is it read rightly? Nothing is kept until you create the dataset.",
        preview=found,
        shown=MOST_KINDS,
        shown_values=VALUES_SHOWN,
    )


def _form(found: Any, data: Mapping[str, str] | None, **values: Any) -> DatasetForm:  # noqa: ANN401
    return DatasetForm(data, columns=[column.name for column in found.columns], data=values)


def _detected_form(found: Any, name: str) -> DatasetForm:  # noqa: ANN401 - a Preview
    """Return the form as it follows from what was found in the file."""
    target = found.suggested_target
    shape = found.suggested_image_shape(target)
    return _form(
        found,
        None,
        name=name,
        target=target,
        kinds=[column.kind for column in found.columns[:MOST_KINDS]],
        image_shape=f"{shape[0]} x {shape[1]}" if shape else "",
        seed="1",
        delimiter=found.format.delimiter,
        header="yes" if found.format.header else "no",
        encoding=found.format.encoding,
        decimal=found.format.decimal,
    )


def _with_errors(found: Any, data: Mapping[str, str], error: UserError) -> DatasetForm:  # noqa: ANN401 - a Preview
    form = _form(found, data)
    attach_errors(form, error)
    return form


def _choices(form: DatasetForm, found: Any) -> dict[str, Any]:  # noqa: ANN401 - a Preview
    """Return what was chosen in the words of the JSON API; what was left empty is left to the defaults."""
    names = ("name", "target", "task", "missing", "validation", "test", "seed", *FORMAT_FIELDS)
    chosen = {name: form[name].data for name in names if form[name].data}
    kinds = {column: kind for column, kind in form.chosen_kinds().items() if column != form.target.data}
    return chosen | {"kinds": kinds, "image_shape": form.image_shape.data or ""}


def _row(dataset: Dataset) -> dict[str, Any]:
    about = dataset.description
    return {
        "dataset": dataset,
        "inputs": len(about["inputs"]),
        "target": about["target"],
        "classes": len(about["classes"]) or None,
        "networks": len(service.networks_using(workspace(), dataset)),
    }


def _chips(dataset: Dataset) -> list[tuple[str, str, str]]:
    shape = dataset.description["image_shape"]
    return [("", f"{shape[0]} × {shape[1]} pixels", "")] if shape else []


def _pictures(dataset: Dataset) -> dict[str, str] | None:
    """Return where the first records are drawn, in both themes, if they are pixels."""
    if not dataset.has_records or not dataset.description["image_shape"]:
        return None
    return {
        theme: url_for("datasets.records", name=dataset.name, theme=theme, v=dataset.sha256[:12]) for theme in THEMES
    }


def _classes(balance: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return each class with its share of the rows; of very many classes the largest first."""
    total = sum(balance.values()) or 1
    found = [{"name": name, "rows": rows, "share": rows / total} for name, rows in balance.items()]
    return sorted(found, key=lambda row: -row["rows"]) if len(found) > CLASSES_SHOWN else found
