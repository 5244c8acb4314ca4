"""Datasets: an upload waits while the person looks at its columns, then becomes typed arrays under a name."""

import dataclasses
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from dashboard.catalogue import datasets as dataset_rows
from dashboard.catalogue import searches as search_rows
from dashboard.data import formats
from dashboard.data.bundled import BUNDLED, BundledSample
from dashboard.data.column_readings import NOTHING_CHOSEN, Choices, column_choices
from dashboard.data.columns import KINDS, Preview, preview
from dashboard.data.csv_format import FORMAT_SETTINGS, CsvFormat, parse_format, settled
from dashboard.data.dataset import DatasetSpec, ingest, parse_spec
from dashboard.data.date_columns import DateColumn
from dashboard.data.dates import ORDERS
from dashboard.data.detection import Detected, detect
from dashboard.data.end_mark import drop_end_mark
from dashboard.data.formats import ImportOptions, Taken
from dashboard.data.gap_costs import GapCosts, gap_costs
from dashboard.data.guesses import Guess, guesses_from_json, guesses_to_json
from dashboard.data.sampling import first_lines
from dashboard.data.specification import ODD, SPEC_SETTINGS, column_notes, suggested_purpose
from dashboard.errors import Conflict, Invalid, NotFound, StoreUnavailable, TooLarge
from dashboard.parsing import LONGEST_NAME, Fields
from dashboard.records.dataset import Dataset
from dashboard.records.stored import numbered, unnumbered
from dashboard.services.store.dataset_notes import note_datasets
from dashboard.services.workspace import Workspace, making
from dashboard.weights.files import sync

__all__ = [
    "FORMAT_SETTINGS",
    "Detected",
    "GapCosts",
    "Guess",
    "Preview",
    "suggested_purpose",
]  # for those who may not import data

PIECE = 2**20
TOKEN = re.compile(r"[0-9a-f]{32}")
COLUMN_KINDS = KINDS
IMPORT_ENDINGS, IMPORT_WORDS = formats.ENDINGS, formats.WORDS
"""How files that can be uploaded end, and what they are in words."""
ODD_CELLS, DATE_ORDERS = ODD, ORDERS
READING_SETTINGS = ("missing_words", "column_words", "strip", "units")
"""With FORMAT_SETTINGS, what changes how a file is read."""
DATASET_SETTINGS = FORMAT_SETTINGS | SPEC_SETTINGS
"""What is declared of everything that a person says of an upload, but its name."""
IMPORT_SETTINGS = formats.IMPORT_SETTINGS
"""What is declared of the choices for a file that is made a CSV first."""
ORIGINAL = ".original"
"""How the name of a file ends that was made a CSV, next to which it waits."""


@dataclass(frozen=True)
class Upload:
    """An uploaded CSV that waits for its columns to be chosen: its token, original name, size and guessed format.

    `options` are those with which it was made a CSV, `taken` those that can be chosen otherwise.
    """

    token: str
    path: Path
    file_name: str
    bytes: int
    format: CsvFormat
    guesses: dict[str, Guess]
    options: ImportOptions = field(default_factory=ImportOptions)
    taken: Taken = field(default_factory=Taken)


def receive_upload(
    workspace: Workspace,
    stream: BinaryIO,
    file_name: str,
    given: Mapping[str, Any] | None = None,
    usual: Mapping[str, Any] | None = None,
) -> Upload:
    """Store an uploaded file and detect its format, reading it piece by piece.

    `given` are the fields of the format, and of what becomes a CSV first (IMPORT_SETTINGS), that a person has filled
    in; the others are guessed with them. `usual` are values of IMPORT_SETTINGS instead of these, which hold for a file
    that takes such a choice, and are no mistake for others.

    Raises TooLarge beyond WEIGHTBASE_MAX_UPLOAD_MB, Invalid for what is no CSV, Forbidden where nothing can be written;
    nothing is stored then.
    """
    workspace.catalogue.require_writable()
    chosen = _settled(given or {})
    fields = Fields({name: value for name, value in (given or {}).items() if name in IMPORT_SETTINGS})
    options = formats.parse_options(Fields(usual) if usual else fields)
    fields.done()
    token = secrets.token_hex(16)
    path = workspace.uploads_folder / f"{token}.csv"
    try:
        size = _copy(stream, path, workspace.settings.max_upload_mb)
        with stored_if_there_is_space():
            taken = _make_csv(path, workspace.settings.max_upload_mb * 2**20, options)
            drop_end_mark(path)
        formats.refuse_untaken(fields, taken)
        fields.done()
        detected = detect(path, chosen)
        upload = Upload(token, path, _plain_name(file_name), size, detected.format, detected.guesses, options, taken)
        with stored_if_there_is_space():
            path.with_suffix(".json").write_text(json.dumps(_about(upload)))
            sync(path.with_suffix(".json"))
            sync(path.parent)
    except BaseException:
        discard_upload(workspace, token)
        raise
    return upload


def _make_csv(path: Path, most: int, options: ImportOptions) -> Taken:
    """Make a CSV of a file; one that takes options stays next to it, to be read again with others."""
    original = path.with_suffix(ORIGINAL)
    taken = formats.make_csv(path, most, options, original)
    if not taken.options:
        original.unlink(missing_ok=True)
    return taken


def _about(upload: Upload) -> dict[str, Any]:
    """Return what is stored next to an upload that waits."""
    return {
        "file_name": upload.file_name,
        "format": upload.format.to_json(),
        "guesses": guesses_to_json(upload.guesses),
        "options": dataclasses.asdict(upload.options),
        "taken": upload.taken._asdict() | {"options": sorted(upload.taken.options)},
    }


def convert_again(workspace: Workspace, upload: Upload, given: Mapping[str, Any]) -> Upload:
    """Make a CSV again of what was uploaded, with other options; returns an upload that takes its place.

    Raises Invalid for options that cannot be, and what `receive_upload` raises; the upload then still waits.
    """
    with upload.path.with_suffix(ORIGINAL).open("rb") as stream:
        fresh = receive_upload(workspace, stream, upload.file_name, given)
    discard_upload(workspace, upload.token)
    return fresh


def get_upload(workspace: Workspace, token: str) -> Upload:
    """Return an upload that waits; raises NotFound if it has been used or given up."""
    path = workspace.uploads_folder / f"{token}.csv"
    if not TOKEN.fullmatch(token) or not path.exists():
        raise NotFound("This upload is not here any more. Upload the file again.", "file")
    about = json.loads(path.with_suffix(".json").read_text())
    guesses = guesses_from_json(about.get("guesses", {}))
    csv_format = CsvFormat.from_json(about["format"])
    options, known = ImportOptions(**about.get("options", {})), about.get("taken", {})
    taken = Taken(frozenset(known.get("options", ())), tuple(known.get("sheets", ())), known.get("sheet", ""))
    return Upload(token, path, about["file_name"], path.stat().st_size, csv_format, guesses, options, taken)


def detect_upload(upload: Upload, given: Mapping[str, Any]) -> Detected:
    """Return the format of an upload, guessed again with what a person has settled of it; raises Invalid."""
    chosen = _settled(given)
    if not chosen:
        return Detected(upload.format, upload.guesses)
    detected = detect(upload.path, chosen)
    return replace(detected, format=parse_format(Fields(given), detected.format))


def settle_format(upload: Upload, given: Mapping[str, Any]) -> Upload:
    """Store the format of a file that waits, guessed again with what a person has settled of it; raises Invalid.

    Whether there is a header stays as it is.
    """
    detected = detect_upload(upload, {**given, "header": "yes" if upload.format.header else "no"})
    fresh = replace(upload, format=detected.format, guesses=detected.guesses)
    with stored_if_there_is_space():
        upload.path.with_suffix(".json").write_text(json.dumps(_about(fresh)))
    return fresh


def first_lines_of(upload: Upload) -> list[str]:
    """Return the first lines of an upload as they are, for a person who looks for what is wrong."""
    return first_lines(upload.path, upload.format.encoding)


def _settled(given: Mapping[str, Any]) -> dict[str, Any]:
    fields = Fields(given)
    chosen = settled(fields)
    fields.done()
    return chosen


def preview_upload(upload: Upload, changes: Mapping[str, Any] | None = None) -> Preview:
    """Return an upload's columns and first rows, read with its detected format or the person's corrections of it.

    Raises Invalid for corrections that cannot be, and for a file that cannot be read so.
    """
    fields = Fields(changes or {})
    chosen = parse_format(fields, upload.format)
    fields.done()
    return _preview(upload, chosen, changes or {})


def preview_of(upload: Upload, detected: Detected, changes: Mapping[str, Any]) -> Preview:
    """Return an upload's columns and first rows, read in a format; raises Invalid if it cannot be read so.

    Of `changes` only those that READING_SETTINGS names count.
    """
    return _preview(upload, detected.format, changes)


def _preview(upload: Upload, chosen: CsvFormat, changes: Mapping[str, Any]) -> Preview:
    fields = Fields(changes)
    choices = column_choices(fields)
    fields.done()
    stem = _stem(upload.file_name)
    suggested = _read_preview(upload.path, chosen, NOTHING_CHOSEN, stem)
    is_same = choices in (NOTHING_CHOSEN, suggested.choices)
    return suggested if is_same else _read_preview(upload.path, chosen, choices, stem)


@lru_cache(maxsize=8)
def _read_preview(path: Path, chosen: CsvFormat, choices: Choices, stem: str) -> Preview:
    """Return the preview of an upload, whose file never changes: looking twice does not read it twice."""
    return preview(path, chosen, choices, stem)


def suggested_name(file_name: str) -> str:
    """Return a name for a dataset made from a file's: what is not allowed in names becomes a hyphen."""
    stem = _stem(file_name)
    return re.sub(r"[^\w .\-]+", "-", stem).strip(" .-_")[:LONGEST_NAME].strip(" .-_") or "dataset"


def _stem(file_name: str) -> str:
    """Return a file's name without the endings of what can be uploaded, of which it may have several: .csv.gz."""
    stem = PurePath(file_name.replace("\\", "/")).name
    while (path := PurePath(stem)).suffix.lower() in IMPORT_ENDINGS:
        stem = path.stem
    return stem


def upload_gap_costs(
    upload: Upload, preview: Preview, target: str, kinds: Mapping[str, str], task: str
) -> GapCosts | None:
    """Return what missing values cost before a dataset is made, with these kinds of columns; None without any."""
    of_file = upload.path, preview.format, preview.choices, _stem(upload.file_name)
    return _read_gap_costs(*of_file, target, tuple(kinds.items()), task)


@lru_cache(maxsize=8)
def _read_gap_costs(
    path: Path,
    chosen: CsvFormat,
    choices: Choices,
    stem: str,
    target: str,
    kinds: tuple[tuple[str, str], ...],
    task: str,
) -> GapCosts | None:
    return gap_costs(path, _read_preview(path, chosen, choices, stem), target, dict(kinds), task)


def discard_upload(workspace: Workspace, token: str) -> None:
    """Remove an upload that is not wanted any more; unknown tokens are no error."""
    if TOKEN.fullmatch(token):
        for suffix in (".csv", ".json", ORIGINAL):
            (workspace.uploads_folder / f"{token}{suffix}").unlink(missing_ok=True)


def create_dataset(
    workspace: Workspace, upload: Upload, data: Mapping[str, Any], given: Mapping[str, int] | None = None
) -> Dataset:
    """Make a dataset of an upload; `data` holds name, target and whatever else the person chose.

    `given` says of a file that was joined of several how many rows are from each (see `services.part_files`).
    Raises Invalid with a message for each wrong field, or Conflict if the name is taken; the upload then still waits.
    """
    require_marks(upload, data)
    fields = Fields({name: value for name, value in data.items() if name not in IMPORT_SETTINGS})
    name = fields.name()
    seen = preview_upload(upload, fields.data)
    spec = replace(parse_spec(fields, seen), given=dict(given or {}))
    fields.done()
    notes = column_notes(seen, spec)
    dataset = _store(workspace, upload.path, name, spec, f"uploaded file {upload.file_name}", "", notes)
    discard_upload(workspace, upload.token)
    return dataset


def require_marks(upload: Upload, data: Mapping[str, Any]) -> None:
    """Raise Invalid where numbers may be thousands or fractions, and nobody has said which."""
    if has_open_marks(upload, data):
        reason = upload.guesses["thousands"].reason
        raise Invalid({"thousands": f"{reason} Say which: give decimal or thousands."})


def has_open_marks(upload: Upload, data: Mapping[str, Any]) -> bool:
    """Return whether numbers may be thousands or fractions, and nobody has said which."""
    guess = upload.guesses.get("thousands")
    return guess is not None and not guess.sure and not data.get("decimal") and not data.get("thousands")


def add_bundled(workspace: Workspace, sample_name: str) -> Dataset:
    """Add a bundled sample as a dataset; if it has been added already, return that. Raises NotFound."""
    sample = get_bundled(sample_name)
    with suppress(NotFound):
        return get_dataset(workspace, sample.name)
    fields = Fields({"target": sample.target, "task": sample.task, "image_shape": sample.image_shape})
    seen = preview(sample.path, CsvFormat())
    spec = parse_spec(fields, seen)
    fields.done()
    notes = column_notes(seen, spec)
    with suppress(Conflict):  # another request has just added it
        _store(workspace, sample.path, sample.name, spec, sample.source, sample.licence, notes)
    return get_dataset(workspace, sample.name)


def get_bundled(name: str) -> BundledSample:
    """Return a bundled sample; raises NotFound with the names that there are."""
    for sample in BUNDLED:
        if sample.name == name:
            return sample
    raise NotFound(f"There is no bundled dataset named {name!r}.", "name", [sample.name for sample in BUNDLED])


def get_dataset(workspace: Workspace, name: str) -> Dataset:
    """Return a dataset; raises NotFound with the names that there are."""
    return workspace.catalogue.once(("dataset", name), lambda connection: dataset_rows.get_dataset(connection, name))


def are_records_here(workspace: Workspace, dataset: Dataset) -> bool:
    """Return whether a dataset's records are in this home; a database may have been restored with an empty one."""
    return _is_here(workspace, dataset.folder)


def record_count(workspace: Workspace, name: str) -> int:
    """Return how many records of a dataset are in this home; 0 also for a dataset that is not known."""
    with workspace.catalogue.reading() as connection:
        folder, rows = dataset_rows.records_of(connection, name)
    return rows if _is_here(workspace, folder) else 0


def _is_here(workspace: Workspace, folder: str) -> bool:
    return folder != "" and (workspace.datasets_folder / folder).is_dir()


def records_problem(workspace: Workspace, dataset: Dataset) -> str:
    """Return why a dataset's records cannot be used, and what to do; empty if they are here."""
    if not dataset.has_records:
        problem = f"The records of {dataset.name!r} are not here, only versions that were trained on them."
        return f"{problem} Upload them under another name and define a network on that."
    if are_records_here(workspace, dataset):
        return ""
    problem = f"The records of {dataset.name!r} are missing: {workspace.datasets_folder} has no {dataset.folder}."
    return f"{problem} Bring back the folder `datasets` of the home that this database belongs to."


def require_records(workspace: Workspace, dataset: Dataset) -> None:
    """Raise Conflict, naming the remedy, if a dataset's records are not here, or not in this home."""
    problem = records_problem(workspace, dataset)
    if problem:
        raise Conflict(problem, "dataset")


def _require_training(dataset: Dataset) -> None:
    if not dataset.is_for_training:
        few = "too few records or classes for a network to learn from"
        message = f"{dataset.name!r} serves to evaluate versions only: it has {few}, or was added for that."
        raise Conflict(f"{message} Choose another dataset.", "dataset")


def list_datasets(workspace: Workspace) -> list[Dataset]:
    """Return all datasets, the newest first."""
    with workspace.catalogue.reading() as connection:
        return dataset_rows.list_datasets(connection)


def training_datasets(workspace: Workspace) -> list[Dataset]:
    """Return the datasets that networks can train on, the newest first."""
    return [dataset for dataset in list_datasets(workspace) if dataset.is_for_training]


def networks_by_dataset(workspace: Workspace) -> dict[int, int]:
    """Return dataset id -> how many networks train on it, for those that any does."""
    with workspace.catalogue.reading() as connection:
        return dataset_rows.networks_by_dataset(connection)


def networks_using(workspace: Workspace, dataset: Dataset) -> list[str]:
    """Return the names of the networks that train on a dataset."""
    with workspace.catalogue.reading() as connection:
        return dataset_rows.networks_using(connection, dataset.id)


def delete_dataset(workspace: Workspace, name: str) -> None:
    """Delete a dataset that no network uses; raises NotFound, or Conflict naming the networks."""
    with workspace.catalogue.writing() as connection:
        dataset = dataset_rows.get_dataset(connection, name)
        users = dataset_rows.networks_using(connection, dataset.id)
        if users:
            raise Conflict(f"Networks use this dataset: {', '.join(users[:5])}. Delete them first.", "dataset")
        searches = search_rows.searches_using(connection, dataset.id)
        if searches:
            raise Conflict(f"Searches use this dataset: {', '.join(searches[:5])}. Delete them first.", "dataset")
        trashed = dataset_rows.networks_using(connection, dataset.id, in_trash=True)
        if trashed:
            names = ", ".join(trashed[:5])
            raise Conflict(f"Networks in the trash use this dataset: {names}. Empty the trash first.", "dataset")
        dataset_rows.delete_dataset(connection, dataset.id)
    if dataset.has_records:
        _remove_unused(workspace, dataset.folder)
        note_datasets(workspace)


def first_days(dataset: Dataset) -> dict[str, str]:
    """Return the inputs that count days -> the date from which they do, as 2024-12-31."""
    dates = map(DateColumn.from_json, dataset.description.get("dates", ()))
    return {f"{column.name}.days": column.first_day for column in dates}


def _store(
    workspace: Workspace,
    path: Path,
    name: str,
    spec: DatasetSpec,
    source: str,
    licence: str,
    notes: dict[str, Any],
) -> Dataset:
    """Ingest a CSV into a folder named by its content and choices, and add the dataset's row."""
    workspace.catalogue.require_writable()
    with open(path, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    choices = json.dumps(spec.to_json(), sort_keys=True)
    folder = hashlib.sha256(f"{sha256} {choices}".encode()).hexdigest()[:32]
    description = _ingest_once(workspace, path, spec, folder, notes)
    row = {
        "name": name,
        "folder": folder,
        "sha256": sha256,
        "rows": description["rows"],
        "bytes": path.stat().st_size,
        "task": spec.task,
        "source": source,
        "licence": licence,
        "spec": spec.to_json(),
        "description": description,
    }
    try:
        with workspace.catalogue.writing() as connection:
            dataset_rows.insert_dataset(connection, row)
            if not (workspace.datasets_folder / folder).exists():
                raise StoreUnavailable("The same data was just being deleted. Send the file again.")
    except Conflict as error:
        _remove_unused(workspace, folder)
        raise Conflict(f"There is a dataset named {name!r} already. Choose another name.", "name") from error
    note_datasets(workspace)
    return get_dataset(workspace, name)


def _remove_unused(workspace: Workspace, folder: str) -> None:
    """Remove a dataset's arrays unless another dataset has the same ones; nobody adds one meanwhile."""
    with workspace.catalogue.writing() as connection:
        if not dataset_rows.folder_is_used(connection, folder):
            shutil.rmtree(workspace.datasets_folder / folder, ignore_errors=True)


def _ingest_once(
    workspace: Workspace, path: Path, spec: DatasetSpec, folder: str, notes: dict[str, Any]
) -> dict[str, Any]:
    """Write the arrays into a new folder and rename it, so that a folder under its final name is always whole."""
    final = workspace.datasets_folder / folder
    if not final.exists():
        fresh = workspace.datasets_folder / f"{folder}-{secrets.token_hex(4)}.new"
        with making(fresh):
            _make_folder(path, spec, fresh, final, notes)
    return unnumbered("description", json.loads((final / "description.json").read_text()))


def _make_folder(path: Path, spec: DatasetSpec, fresh: Path, final: Path, notes: dict[str, Any]) -> None:
    try:
        fresh.mkdir()
        description = ingest(path, spec, fresh) | notes
        (fresh / "description.json").write_text(json.dumps(numbered(description)))
        shutil.copyfile(path, fresh / "original.csv")
        for written in (*fresh.iterdir(), fresh):  # what is acknowledged survives a power cut
            sync(written)
        fresh.rename(final)
        sync(final.parent)
    except OSError as error:
        if not final.exists():  # else another request made the same folder first: its content is the same
            raise StoreUnavailable(f"The dataset cannot be stored: {error.strerror}. Free some space.") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _copy(stream: BinaryIO, path: Path, most_mb: int) -> int:
    size = 0
    with stored_if_there_is_space(), open(path, "wb") as file:
        while piece := stream.read(PIECE):
            size += len(piece)
            if size > most_mb * 2**20:
                raise TooLarge(upload_limit(most_mb), "file")
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    if size == 0:
        raise Invalid({"file": "The file is empty. Choose a CSV file with a header or rows of values."})
    return size


@contextmanager
def stored_if_there_is_space() -> Iterator[None]:
    """Raise StoreUnavailable with the remedy where the system cannot store an upload."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(
            f"The upload cannot be stored: {error.strerror}. Free some space and try again."
        ) from error


def upload_limit(most_mb: int) -> str:
    """Return the sentence that refuses a file that is too large."""
    return f"The file is larger than {most_mb} MB. Send fewer rows, or set WEIGHTBASE_MAX_UPLOAD_MB higher."


def _plain_name(file_name: str) -> str:
    """Return the last part of a file's name without control characters, only ever to be shown."""
    last = re.split(r"[\\/]", file_name)[-1]
    return "".join(c for c in last if c.isprintable())[:100] or "upload.csv"


def chosen_dataset(workspace: Workspace, fields: Fields) -> Dataset | None:
    """Return the dataset that a definition names; None, with the field refused, if it cannot be trained on."""
    name = fields.text("dataset")
    if not name:
        fields.refuse("dataset", "Choose a dataset.")
        return None
    try:
        with workspace.catalogue.reading() as connection:
            dataset = dataset_rows.get_dataset(connection, name)
        require_records(workspace, dataset)
        _require_training(dataset)
    except NotFound as error:
        fields.refuse("dataset", f"{error.message} Upload it first, or choose one of the list.")
        return None
    except Conflict as error:
        fields.refuse("dataset", error.message)
        return None
    return dataset


def bundled_samples() -> tuple[BundledSample, ...]:
    """Return the datasets that come along."""
    return BUNDLED
