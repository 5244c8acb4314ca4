"""Datasets: the list, an upload with the choice of its columns, the bundled sets, and the page of one."""

from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO, cast

from flask import Blueprint, Response, flash, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from dashboard.charts.records import records_png, records_size
from dashboard.errors import UserError
from dashboard.http import workspace
from dashboard.services import datasets as service
from dashboard.services.dataset_pictures import EACH, record_pixels
from dashboard.services.dataset_preview import with_marker
from dashboard.services.dataset_records import PARTS
from dashboard.services.dataset_records import part_records as read_records
from dashboard.services.datasets import Detected, Preview, Upload
from dashboard.services.part_files import create_from_files
from dashboard.services.upload_parts import SentFile, receive_files
from dashboard.web.datasets.file_format import format_part, format_values, settled_fields
from dashboard.web.datasets.forms import MOST_KINDS, QUESTIONS, DatasetForm, UploadForm
from dashboard.web.datasets.page import (
    DATASET_COLUMNS,
    choice_table,
    classes_table,
    columns_table,
    datasets_table,
    first_rows_table,
    ignored_table,
    main_classes,
    raw_rows_table,
    samples_table,
    targets_table,
)
from dashboard.web.datasets.part_files import (
    TOKENS,
    forget_files,
    name_files,
    part_formats,
    receive_part_files,
    waiting_files,
)
from dashboard.web.datasets.pictures import PICTURE_PIXELS, pictures_of_dataset, pictures_of_upload, shape_words
from dashboard.web.datasets.source import changed_options, source_fields, source_values
from dashboard.web.datasets.words import (
    EVALUATION_ONLY,
    dataset_sentence,
    datasets_sentence,
    gap_sentences,
    split_words,
)
from dashboard.web.kit.answers import Answer, confirm_by_name, png_answer, redirect_to
from dashboard.web.kit.formats import plural
from dashboard.web.kit.forms import attach_errors, problems
from dashboard.web.kit.lists import listed
from dashboard.web.kit.paging import pager
from dashboard.web.kit.query import query
from dashboard.web.kit.tables import Numbers, Table, chosen_order, exports, numbers_at

MOST_RECORDS = 100_000
UNREAD = "The file cannot be read so. Correct its format below; nothing is stored until you create the dataset."

blueprint = Blueprint("datasets", __name__)

COLUMNS_SHOWN = 50
ROWS_SHOWN = 10
TABLES = {
    "columns": columns_table,
    "targets": targets_table,
    "ignored": ignored_table,
    "classes": classes_table,
    "first-rows": first_rows_table,
}


@blueprint.get("/datasets")
def index() -> Answer:
    """Show all datasets."""
    table = datasets()
    sentence = datasets_sentence([row.dataset for row in table.rows])
    return render_template("datasets/index.html", sentence=sentence, found=listed(table))


@numbers_at(blueprint, "/datasets")
def datasets() -> Table:
    """Return what datasets there are."""
    return datasets_table(chosen_order(query(), DATASET_COLUMNS, "created"))


@blueprint.get("/datasets/new")
def new() -> str:
    """Show where a CSV is uploaded, and the bundled sets."""
    return _upload_page(UploadForm())


@blueprint.post("/datasets/new")
def upload() -> Answer:
    """Store an uploaded CSV, and go on to the choice of its columns."""
    form = UploadForm(request.form)
    try:
        received = _received()
    except UserError as error:
        attach_errors(form, error)
        return _upload_page(form), error.status
    name = form.name.data or service.suggested_name(received.file_name)
    return redirect_to(url_for("datasets.choose", upload=received.token, name=name))


@blueprint.post("/datasets/bundled/<name>")
def bundled(name: str) -> Response:
    """Add a bundled set."""
    return redirect_to(url_for("datasets.show", name=service.add_bundled(workspace(), name).name))


@blueprint.get("/datasets/new/<upload>")
def choose(upload: str) -> Answer:
    """Show what was detected in an uploaded CSV, for correction; also if it cannot be read so (422)."""
    waiting = service.get_upload(workspace(), upload)
    return _read_page(waiting, {}, query().text("name"), {})


@blueprint.post("/datasets/new/<upload>")
def create(upload: str) -> Answer:
    """Make the dataset, or read the file again in another format."""
    waiting = service.get_upload(workspace(), upload)
    words = {name: request.form[name] for name in service.READING_SETTINGS if name in request.form}
    if chosen := changed_options(waiting, request.form):
        return _converted(waiting, chosen)
    if taken := request.form.get("take-missing"):
        words["column_words"] = with_marker(waiting, _changes(words), taken)
        return _read_page(waiting, settled_fields(request.form), request.form.get("name", ""), words)
    if request.form.get("action") in {"read", "forget-files"}:
        return _read_page(waiting, settled_fields(request.form), request.form.get("name", ""), words)
    try:
        preview = service.preview_upload(waiting, _changes(words))
    except UserError as error:
        return _unread_page(waiting, Detected(waiting.format, waiting.guesses), error, request.form)
    form = _form(waiting, preview, request.form)
    try:
        receive_part_files(form, waiting)
        dataset = create_from_files(workspace(), waiting, waiting_files(form), _choices(form))
    except UserError as error:
        attach_errors(form, error)
        return _choose_page(waiting, preview, form, Detected(preview.format, waiting.guesses)), error.status
    flash(f"{dataset.name} is ready.")
    return redirect_to(url_for("datasets.show", name=dataset.name))


@blueprint.get("/datasets/<name>")
def show(name: str) -> Answer:
    """Show a dataset."""
    dataset = service.get_dataset(workspace(), name)
    table, every_class = columns_table(dataset), classes_table(dataset)
    pages = pager(len(dataset.description["columns"]), length=COLUMNS_SHOWN)
    problem = service.records_problem(workspace(), dataset)
    return render_template(
        "datasets/show.html",
        dataset=dataset,
        problem=problem,
        sentence=dataset_sentence(dataset),
        split=split_words(dataset),
        columns=table.part(pages.offset, pages.length),
        pages=pages,
        targets=targets_table(dataset),
        ignored=ignored_table(dataset).part(0, COLUMNS_SHOWN),
        classes=main_classes(every_class),
        class_count=len(list(every_class.rows)),
        pictures=[] if problem else pictures_of_dataset(dataset),
        shape=shape_words(dataset.description["image_shape"]) if dataset.description["image_shape"] else "",
        parts={part: exports("datasets.part_records", name=name, part=part) for part in PARTS if not problem},
        first_rows=first_rows_table(dataset).part(0, ROWS_SHOWN),
        networks=service.networks_using(workspace(), dataset),
    )


@numbers_at(blueprint, '/datasets/<name>/<any(columns, targets, ignored, classes, "first-rows"):what>')
def numbers(name: str, what: str) -> Table:
    """Return one of the tables of a dataset's page, all of it."""
    return TABLES[what](service.get_dataset(workspace(), name))


@blueprint.get("/datasets/<name>/records.png")
def records(name: str) -> Response:
    """Send the first records, all or those of a class, or one `record`, as pictures where they are pixels.

    Classes and records are counted from 0.
    """
    dataset = service.get_dataset(workspace(), name)
    label = query().number("class") if query().text("class") else None
    first, count = (query().number("record"), 1) if query().text("record") else (0, EACH)
    pixels, shape = record_pixels(workspace(), dataset, count, label, first)
    zoom, _, _ = records_size(shape, len(pixels), PICTURE_PIXELS)
    return png_answer(
        lambda theme: records_png(pixels, shape, theme, zoom), f"{dataset.sha256} {label} {first} {count}"
    )


@numbers_at(blueprint, "/datasets/<name>/records")
def part_records(name: str) -> Numbers:
    """Return the records of the part `part` (all without it), from the record `offset` on, as they were read."""
    source = query()
    part = source.word("part", PARTS)
    taken = read_records(workspace(), name, part, source.number("limit", MOST_RECORDS, 1), source.number("offset"))
    heads = ["record", "part", *(f"input.{column}" for column in taken.inputs), *taken.target_names]
    rows = ([one.record, one.part, *one.inputs.values(), *taken.targets_of(one)] for one in taken.records)
    return Numbers(heads, rows, f"{name}_{part or 'records'}")


@blueprint.route("/datasets/<name>/delete", methods=["GET", "POST"])
def delete(name: str) -> Answer:
    """Ask for the name, then delete a dataset that no network uses."""
    dataset = service.get_dataset(workspace(), name)
    what = [f"{name} goes with its {plural(dataset.rows, 'row')}. This cannot be undone."]
    confirm_by_name(name, f"Delete {name}", what, url_for("datasets.show", name=name))
    service.delete_dataset(workspace(), name)
    flash(f"{name} is deleted.")
    return redirect_to(url_for("datasets.index"))


def _changes(words: Mapping[str, str]) -> dict[str, str]:
    """Return the format of the form, with how cells are read."""
    return {name: request.form[name] for name in service.FORMAT_SETTINGS if request.form.get(name)} | dict(words)


def _received() -> Upload:
    """Store what was sent, a file or several; raises UserError, and stores nothing, if it cannot be read."""
    files = [*request.files.getlist("file"), *request.files.getlist("folder")]
    return receive_files(workspace(), [SentFile(cast(BinaryIO, file.stream), file.filename or "") for file in files])


def _converted(upload: Upload, chosen: Mapping[str, str]) -> Answer:
    """Make the CSV again with other options, and show what is found then."""
    try:
        fresh = service.convert_again(workspace(), upload, chosen)
    except UserError as error:
        return _unread_page(upload, Detected(upload.format, upload.guesses), error, request.form)
    flash("The file was read again with these choices. Nothing is stored yet.")
    return redirect_to(url_for("datasets.choose", upload=fresh.token, name=request.form.get("name", "")))


def _upload_page(form: UploadForm) -> str:
    return render_template(
        "datasets/new.html",
        form=form,
        problems=problems(form),
        limit_mb=workspace().settings.max_upload_mb,
        samples=samples_table(),
    )


def _read_page(upload: Upload, given: Mapping[str, str], name: str, words: Mapping[str, str]) -> Answer:
    """Show an upload, read with what a person has settled of its format, and of words; the rest is guessed."""
    detected = Detected(upload.format, upload.guesses)
    files = _files_of_request(upload)
    try:
        detected = service.detect_upload(upload, given)
        preview = service.preview_of(upload, detected, words)
    except UserError as error:
        data = {**format_values(detected), **given, **files, "name": name}
        return _unread_page(upload, detected, error, data, given)
    return _choose_page(upload, preview, _detected_form(upload, preview, name, files), detected, given)


def _files_of_request(upload: Upload) -> dict[str, str]:
    """Return the tokens of the files for other parts, those that were sent just now included."""
    form = DatasetForm(request.form, columns=[])
    if request.form.get("action") == "forget-files":
        forget_files(form)
    try:
        receive_part_files(form, upload)
    except UserError as error:  # the file itself is read again all the same
        flash(error.message, "error")
    return {name: form[name].data or "" for name in TOKENS}


def _unread_page(
    upload: Upload, detected: Detected, error: UserError, data: Mapping[str, Any], settled: Iterable[str] = ()
) -> Answer:
    """Show the format of an upload that cannot be read with it, what is wrong, and the file's first lines."""
    form = DatasetForm(MultiDict(source_values(upload) | dict(data)), columns=[], sheets=upload.taken.sheets)
    attach_errors(form, error)
    page = render_template(
        "datasets/choose.html",
        upload=upload,
        form=form,
        source=source_fields(form, upload),
        format=format_part(form, detected, settled),
        problems=problems(form),
        sentence=UNREAD,
        pictures=None,
        columns=None,
        lines=service.first_lines_of(upload),
    )
    return page, error.status


def _choose_page(
    upload: Upload, preview: Preview, form: DatasetForm, detected: Detected, settled: Iterable[str] = ()
) -> str:
    size = f"{plural(preview.rows, 'row')} of {plural(len(preview.columns), 'column')}"
    target = preview.suggested_target
    form.target.description = f"{form.target.description} '{target}' is suggested: {preview.guess.reason}."
    form.task.description = f"{form.task.description} {target} suggests {preview.suggested_task(target)}."
    use = "" if service.suggested_purpose(preview, target) == "training" else EVALUATION_ONLY
    pictures = pictures_of_upload(upload, preview)
    pixels = pictures.places if pictures else frozenset[int]()
    return render_template(
        "datasets/choose.html",
        upload=upload,
        form=form,
        source=source_fields(form, upload),
        format=format_part(form, detected, settled),
        problems=problems(form),
        sentence=f"{size}.{use} Does this look right? Nothing is stored until you create the dataset.",
        question=preview.guess.question,
        costs=gap_sentences(_costs(upload, preview, form)),
        pictures=pictures,
        columns=choice_table(preview, form, without=pixels),
        pixels=choice_table(preview, form, only=pixels) if pixels else None,
        pixels_open=any(field.errors for field in (*form.kinds, form.categorical, form.ignored)),
        has_files=name_files(form),
        part_formats=part_formats(form),
        hidden=max(len(preview.columns) - MOST_KINDS, 0),
        first_rows=raw_rows_table(preview.names, preview.first_rows),
    )


def _costs(upload: Upload, preview: Preview, form: DatasetForm) -> service.GapCosts | None:
    """Return what missing values cost with the target and the types that the form shows."""
    target = form.target.data if form.target.data in preview.names else preview.suggested_target
    suggested = {name: kind for name, (kind, _) in preview.suggested_kinds(target).items()}
    chosen = {name: kind for name, kind in form.chosen_kinds().items() if name in suggested}
    task = form.task.data or preview.suggested_task(target)
    return service.upload_gap_costs(upload, preview, target, suggested | chosen, task)


def _form(upload: Upload, preview: Preview, data: Mapping[str, str] | None, **values: Any) -> DatasetForm:  # noqa: ANN401 - of fields
    values |= source_values(upload)
    return DatasetForm(data, columns=preview.names, sheets=upload.taken.sheets, data=values)


def _detected_form(upload: Upload, preview: Preview, name: str, files: Mapping[str, str]) -> DatasetForm:
    """Return the form with what was detected in the file."""
    target = preview.suggested_target
    shape, kinds = preview.suggested_image_shape(target), preview.suggested_kinds(target)
    return _form(
        upload,
        preview,
        None,
        name=name,
        target=target,
        kinds=[kinds.get(column.name, (column.kind,))[0] for column in preview.columns[:MOST_KINDS]],
        odd=["" for column in preview.columns[:MOST_KINDS]],
        dates=["" for column in preview.columns[:MOST_KINDS]],
        **_reading_texts(preview),
        **files,
        image_shape=" x ".join(map(str, shape or ())),
        seed=service.DATASET_SETTINGS["seed"].default,
        purpose=service.suggested_purpose(preview, target),
        **format_values(Detected(preview.format, {})),
    )


def _reading_texts(preview: Preview) -> dict[str, str]:
    """Return how cells are read, as the form's fields say it."""
    choices = preview.choices
    return {
        "missing_words": ", ".join(word for word in choices.words or () if word),
        "column_words": "\n".join(f"{name}: {', '.join(filter(None, own))}" for name, own in choices.column_words),
        "strip": "\n".join(choices.strip or ()),
        "units": "\n".join(f"{name}: {unit}" for name, unit in choices.units or ()),
    }


def _choices(form: DatasetForm) -> dict[str, Any]:
    """Return what was chosen in the words of the JSON API; what was left empty is left to the defaults."""
    names = {"name", *service.DATASET_SETTINGS} - {"kinds", *QUESTIONS, "image_shape"}
    chosen = {name: form[name].data for name in names if form[name].data or name in service.READING_SETTINGS}
    kinds = {column: kind for column, kind in form.chosen_kinds().items() if column != form.target.data}
    answers = {question: form.answers(question) for question in QUESTIONS}
    return chosen | answers | {"kinds": kinds, "image_shape": form.image_shape.data or ""}
