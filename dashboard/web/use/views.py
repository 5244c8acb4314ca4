"""Putting a version to use: one record by a form, many by a file."""

from typing import BinaryIO, cast

from flask import Blueprint, render_template, request, send_file, url_for
from werkzeug.datastructures import MultiDict

from dashboard.errors import Conflict, Invalid, UserError
from dashboard.http import workspace
from dashboard.services.compare.versions import parse_reference
from dashboard.services.use.answers import score_words
from dashboard.services.use.drawing import why_not_drawn
from dashboard.services.use.inputs import random_record
from dashboard.services.use.loaded import Loaded, load_version, why_not_used
from dashboard.services.use.results import answer_file, get_result
from dashboard.services.versions.reading import get_version
from dashboard.web.kit.answers import Answer, redirect_to
from dashboard.web.kit.forms import attach_errors, problems
from dashboard.web.kit.query import Query, query
from dashboard.web.kit.tables import Numbers, Table, exports, numbers_at
from dashboard.web.use.drawn import DrawnPage, drawn_page
from dashboard.web.use.forms import FileForm
from dashboard.web.use.page import require_why, use_page
from dashboard.web.use.result import confusion_numbers, confusions_of_file, examples_table
from dashboard.web.use.words import answer_sentence, batch_sentence, passed_over_words

blueprint = Blueprint("use", __name__, url_prefix="/use")


@blueprint.get("/<reference>")
def show(reference: str) -> Answer:
    """Show the form of a record, and the answer to what the address holds."""
    return _record_page(reference, query())


@blueprint.post("/<reference>")
def answer(reference: str) -> Answer:
    """Show the answer to a record that is too long for an address."""
    return _record_page(reference, Query(request.form))


@blueprint.get("/<reference>/random")
def choose_random(reference: str) -> Answer:
    """Go on to a record of the dataset that is chosen at random."""
    number = random_record(workspace(), _loaded(reference))
    return redirect_to(url_for("use.show", reference=reference, record=number, also=query().args.getlist("also")))


@blueprint.post("/<reference>/file")
def answer_records(reference: str) -> Answer:
    """Answer a file of records, and go on to what was counted."""
    loaded, form, file = _loaded(reference), FileForm(request.form), request.files.get("file")
    try:
        if file is None or not file.filename:
            raise Invalid({"file": "Choose a file."})
        stream = cast(BinaryIO, file.stream)
        token = answer_file(workspace(), loaded, stream, file.filename, form.choices())
    except UserError as error:
        attach_errors(form, error)
        return _record_page(reference, Query(MultiDict()), form)[0], error.status
    return redirect_to(url_for("use.show_result", reference=reference, token=token))


@numbers_at(blueprint, "/<reference>/contributions")
def contributions(reference: str) -> Table:
    """Return what each column contributes to the answer to the record of the address."""
    return require_why(use_page(_loaded(reference), query())).columns


@numbers_at(blueprint, "/<reference>/units")
def units(reference: str) -> Table:
    """Return the hidden units that fired on the record of the address."""
    return require_why(use_page(_loaded(reference), query())).units


@blueprint.post("/<reference>/draw")
def answer_drawing(reference: str) -> Answer:
    """Show the answer to a drawing, with what the network sees of it."""
    drawn = drawn_page(_loaded(reference), request.form)
    if drawn is None:
        raise Conflict(why_not_drawn(_loaded(reference)), "version")
    page, _ = _record_page(reference, Query(MultiDict()), drawn=drawn)
    return page, 422 if drawn.problem else 200


@blueprint.get("/<reference>/file/<token>")
def show_result(reference: str, token: str) -> Answer:
    """Show what was counted in a file that was answered."""
    result = get_result(workspace(), token)
    version = get_version(workspace(), *parse_reference(reference, "used"))
    return render_template(
        "use/batch.html",
        version=version,
        result=result,
        sentence=batch_sentence(result),
        passed_over=passed_over_words(result.summary.passed_over),
        download=url_for("use.download", reference=reference, token=token),
        confusions=confusions_of_file(result, version),
        confusion_files=exports("use.confusion", reference=reference, token=token),
        examples=examples_table(result),
    )


@blueprint.get("/<reference>/file/<token>/answers.csv")
def download(reference: str, token: str) -> Answer:
    """Send a file that was answered."""
    result = get_result(workspace(), token)
    return send_file(result.path, mimetype="text/csv", as_attachment=True, download_name=result.name)


@numbers_at(blueprint, "/<reference>/file/<token>/confusion")
def confusion(reference: str, token: str) -> Numbers:
    """Return the confusion matrix of a file that was answered."""
    version = get_version(workspace(), *parse_reference(reference, "used"))
    return confusion_numbers(confusions_of_file(get_result(workspace(), token), version))


def _loaded(reference: str) -> Loaded:
    return load_version(workspace(), *parse_reference(reference, "used"))


def _record_page(
    reference: str, sent: Query, file_form: FileForm | None = None, drawn: DrawnPage | None = None
) -> tuple[str, int]:
    name, number = parse_reference(reference, "used")
    version = get_version(workspace(), name, number)
    if unused := why_not_used(version):
        return render_template("use/not_used.html", version=version, reason=unused), 200
    loaded = _loaded(reference)
    page = use_page(loaded, sent)
    html = render_template(
        "use/show.html",
        version=version,
        page=page,
        form=page.form,
        drawn=drawn or drawn_page(loaded, {}),
        file_form=file_form or FileForm(),
        limit_mb=workspace().settings.max_upload_mb,
        problems=[*problems(page.form), *(problems(file_form) if file_form else [])],
        sentence=answer_sentence(page.answer) if page.answer else f"Give a record; {version.reference} answers.",
        score_words=score_words(version.spec) if page.inputs.classes else "",
    )
    return html, page.status
