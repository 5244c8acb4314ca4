"""What the OpenAPI document says of each view beyond its address, method and docstring."""

from dataclasses import dataclass

from dashboard.api.schemas import INTEGER, SUFFIX, TEXT, Schema, array, ref

JSON, BYTES = "application/json", "application/octet-stream"


@dataclass(frozen=True)
class Operation:
    """One view: its good answer (status, media type, schema), its body, its query, and the failures to expect."""

    status: int
    answer: Schema | None = None
    media_type: str = JSON
    bodies: tuple[tuple[str, str], ...] = ()  # (media type, name of its schema)
    body_required: bool = True
    query: tuple[str, ...] = ()
    also: tuple[int, ...] = ()  # further statuses with the same answer
    accepted: Schema | None = None  # what 202 answers, where that is something else
    fails: tuple[int, ...] = ()
    conditional: bool = False  # carries an ETag, and may answer 304


PATH: dict[str, Schema] = {
    "name": TEXT | {"description": "A dataset's name."},
    "network": TEXT | {"description": "A network's name."},
    "version": INTEGER | {"minimum": 1, "description": "A version's number."},
    "tensor": TEXT | {"description": "A tensor's name, such as layer_01.weight."},
    "token": TEXT | {"description": "What POST /imports answers as token."},
    "run_id": INTEGER | {"minimum": 1, "description": "A run's id."},
    "search_id": INTEGER | {"minimum": 1, "description": "A search's id."},
    "trial": INTEGER | {"minimum": 1, "description": "A trial's number."},
    "suffix": SUFFIX,
    "sha256": TEXT | {"pattern": "[0-9a-f]{64}", "description": "The SHA-256 of a tensor's bytes."},
    "item": TEXT | {"description": "The id of something in the trash, such as version-12."},
}

PAGING = ("limit", "offset")
COMPARED = ("base", "other", "pair")
WHY = ("base", "other", "part", "class", "record")
CELLS = ("row", "rows", "column", "columns")

OPERATIONS: dict[str, Operation] = {
    "health.healthy": Operation(200, ref("Health"), also=(503,)),
    "openapi.index": Operation(200, ref("Index")),
    "openapi.document": Operation(200, {"type": "object"}),
    "datasets.list_datasets": Operation(200, ref("DatasetPage")),
    "datasets.create_dataset": Operation(
        201,
        ref("DatasetDetail"),
        bodies=(("multipart/form-data", "DatasetUpload"), (JSON, "DatasetByName")),
        fails=(400, 404, 409, 413, 415, 422),
    ),
    "datasets.preview_dataset": Operation(
        200,
        ref("DatasetPreview"),
        bodies=(("multipart/form-data", "PreviewUpload"), (JSON, "PreviewAgain")),
        fails=(400, 404, 413, 415, 422),
    ),
    "datasets.get_dataset": Operation(200, ref("DatasetDetail"), fails=(404,)),
    "datasets.get_preset": Operation(200, ref("Preset"), fails=(404,)),
    "datasets.get_records": Operation(200, ref("RecordPage"), query=("part", *PAGING), fails=(404, 409, 422)),
    "datasets.delete_dataset": Operation(204, fails=(404, 409)),
    "imports.create_import": Operation(
        201,
        ref("Import"),
        bodies=(("multipart/form-data", "ImportUpload"),),
        fails=(400, 413, 415, 422),
    ),
    "imports.get_import": Operation(200, ref("Import"), query=("checkpoint",), fails=(404, 422)),
    "imports.delete_import": Operation(204, fails=(404,)),
    "imports.save_import": Operation(
        202, ref("ImportRun"), bodies=((JSON, "ImportChoices"),), fails=(400, 404, 409, 413, 415, 422)
    ),
    "networks.give_dataset": Operation(
        200, ref("Network"), bodies=((JSON, "DatasetChoice"),), fails=(400, 404, 409, 413, 415, 422)
    ),
    "networks.list_networks": Operation(200, ref("NetworkPage"), query=(*PAGING, "search", "kind"), fails=(422,)),
    "networks.create_network": Operation(
        201, ref("Network"), bodies=((JSON, "NetworkBeginning"),), fails=(400, 409, 413, 415, 422)
    ),
    "networks.get_network": Operation(200, ref("Network"), fails=(404,)),
    "networks.delete_network": Operation(204, fails=(404, 409)),
    "runs.start_run": Operation(
        202,
        ref("Run"),
        also=(200, 201),
        bodies=((JSON, "RunBeginning"),),
        body_required=False,
        fails=(400, 404, 409, 413, 415, 422),
    ),
    "runs.add_epochs": Operation(
        200, ref("EpochsNoted"), bodies=((JSON, "Epochs"),), fails=(400, 404, 409, 413, 415, 422)
    ),
    "runs.end_run": Operation(200, ref("Run"), bodies=((JSON, "RunEnd"),), fails=(400, 404, 409, 413, 415, 422)),
    "runs.start_repeats": Operation(
        202, ref("Run"), bodies=((JSON, "RepeatStart"),), fails=(400, 404, 409, 413, 415, 422)
    ),
    "runs.get_repeats": Operation(200, ref("Repeats"), fails=(404,)),
    "runs.list_runs": Operation(200, ref("RunPage"), query=(*PAGING, "network", "state"), fails=(404, 422)),
    "runs.get_run": Operation(200, ref("RunDetail"), query=("since",), fails=(404, 422)),
    "runs.cancel_run": Operation(202, ref("Run"), fails=(404, 409)),
    "runs.restart_run": Operation(202, ref("Run"), fails=(404, 409)),
    "runs.resume_run": Operation(202, ref("Run"), fails=(404, 409)),
    "runs.set_priority": Operation(
        200, ref("Run"), bodies=((JSON, "PriorityChange"),), fails=(400, 404, 409, 413, 415, 422)
    ),
    "versions.list_versions": Operation(200, ref("VersionPage"), query=PAGING, fails=(404, 422)),
    "versions.push": Operation(
        201,
        ref("Version"),
        bodies=((JSON, "Manifest"),),
        also=(200,),
        accepted=ref("PushPending"),
        fails=(400, 404, 409, 413, 415, 422, 507),
    ),
    "versions.get_version": Operation(200, ref("VersionDetail"), fails=(404,)),
    "versions.delete_version": Operation(204, fails=(404, 409)),
    "versions.get_version_zip": Operation(200, media_type="application/zip", fails=(404,), conditional=True),
    "exports.list_exports": Operation(200, array(ref("ExportOffer")), fails=(404,)),
    "exports.get_export": Operation(200, media_type=BYTES, fails=(404, 409, 503), conditional=True),
    "exports.prove_format": Operation(
        200,
        ref("ExportProven"),
        bodies=((JSON, "ProofRequest"),),
        accepted=ref("ExportRun"),
        fails=(400, 404, 409, 413, 415, 422, 503),
    ),
    "versions.verify": Operation(200, ref("Verification"), fails=(404, 503)),
    "versions.evaluate": Operation(
        200, ref("Evaluation"), bodies=((JSON, "EvaluationRequest"),), fails=(400, 404, 413, 415, 422)
    ),
    "use.get_inputs": Operation(200, ref("Inputs"), fails=(404, 409)),
    "use.predict_records": Operation(
        200, ref("Predictions"), bodies=((JSON, "PredictionRequest"),), fails=(400, 404, 409, 413, 415, 422, 503)
    ),
    "changes.create_child": Operation(
        201,
        ref("Child"),
        bodies=((JSON, "Change"),),
        accepted=ref("ChangeRun"),
        fails=(400, 404, 409, 413, 415, 422),
    ),
    "changes.preview": Operation(
        200, ref("ChangePreview"), bodies=((JSON, "Change"),), fails=(400, 404, 409, 413, 415, 422)
    ),
    "changes.get_scores_between": Operation(200, ref("ScoresBetween"), query=("other",), fails=(400, 404, 409, 422)),
    "use.predict_file": Operation(
        200,
        media_type="text/csv",
        bodies=(("multipart/form-data", "RecordsUpload"),),
        fails=(400, 404, 409, 413, 415, 422, 503),
    ),
    "use.explain_record": Operation(
        200, ref("Why"), bodies=((JSON, "WhyRequest"),), fails=(400, 404, 409, 413, 415, 422, 503)
    ),
    "use.answer_drawing": Operation(
        200, ref("Drawn"), bodies=((JSON, "DrawingRequest"),), fails=(400, 404, 409, 413, 415, 422, 503)
    ),
    "history.get_history": Operation(200, ref("History"), query=("tensor", "since"), fails=(404, 422)),
    "history.get_part": Operation(200, ref("Timeline"), query=("tensor", "row", "column", "unit"), fails=(404, 422)),
    "history.get_network_health": Operation(200, ref("HealthHistory"), query=("tensor",), fails=(404, 422)),
    "history.several": Operation(200, ref("Several"), query=("version", "tensor"), fails=(400, 404, 422)),
    "history.all_versions": Operation(200, ref("AllVersions"), query=(*PAGING, "network"), fails=(404, 422)),
    "tensors.get_tensor_json": Operation(
        200, ref("TensorWindow"), query=CELLS, fails=(400, 404, 422), conditional=True
    ),
    "tensors.get_tensor_csv": Operation(
        200, media_type="text/csv", query=(*CELLS, "header"), fails=(400, 404, 422), conditional=True
    ),
    "tensors.get_tensor_npy": Operation(200, media_type="application/octet-stream", fails=(404,), conditional=True),
    "tensors.get_distribution": Operation(
        200, ref("Distribution"), query=("bins", "limits"), fails=(404, 422), conditional=True
    ),
    "store.get_store": Operation(200, ref("Store")),
    "store.list_tables": Operation(200, ref("StoredTablePage"), query=(*PAGING, "prefix"), fails=(422, 503)),
    "store.verify_store": Operation(202, ref("Run")),
    "store.make_store_exact": Operation(202, ref("Run")),
    "store.reindex_store": Operation(202, ref("Run")),
    "store.copy_store": Operation(202, ref("Run"), bodies=((JSON, "CopyStart"),), fails=(400, 413, 415, 422)),
    "store.back_up_store": Operation(202, ref("Run"), bodies=((JSON, "BackupStart"),), fails=(400, 413, 415, 422)),
    "store.list_backups": Operation(200, ref("BackupPage"), query=PAGING, fails=(422,)),
    "store.list_trash": Operation(200, ref("TrashPage"), query=PAGING, fails=(422,)),
    "store.empty_trash": Operation(202, ref("Run"), fails=(409,)),
    "store.restore": Operation(200, ref("TrashItem"), fails=(404, 409)),
    "store.delete_for_good": Operation(204, fails=(404, 409)),
    "searches.list_searches": Operation(200, ref("SearchPage"), query=PAGING, fails=(422,)),
    "searches.create_search": Operation(
        201, ref("Search"), bodies=((JSON, "SearchDefinition"),), fails=(400, 409, 413, 415, 422)
    ),
    "searches.get_search": Operation(200, ref("Search"), fails=(404,)),
    "searches.change_search": Operation(
        200, ref("Search"), bodies=((JSON, "SearchChange"),), fails=(400, 404, 413, 415, 422)
    ),
    "searches.delete_search": Operation(204, fails=(404, 409)),
    "searches.pause_search": Operation(202, ref("Search"), fails=(404, 409)),
    "searches.resume_search": Operation(202, ref("Search"), fails=(404, 409)),
    "searches.stop_search": Operation(202, ref("Search"), fails=(404, 409)),
    "searches.list_trials": Operation(200, ref("TrialPage"), query=PAGING, fails=(404, 422)),
    "searches.get_trial": Operation(200, ref("TrialDetail"), fails=(404,)),
    "searches.open_trial": Operation(
        202,
        ref("OpenedTrial"),
        bodies=((JSON, "TrialOpening"),),
        body_required=False,
        fails=(400, 404, 409, 413, 415, 422),
    ),
    "searches.get_findings": Operation(200, ref("SearchFindings"), fails=(404,)),
    "contents.get_content": Operation(200, ref("Content"), fails=(422,)),
    "contents.put_content": Operation(
        201, ref("Content"), also=(202,), bodies=((BYTES, "ContentBytes"),), fails=(409, 413, 422, 507)
    ),
    "compare.compare": Operation(200, ref("Comparison"), query=COMPARED, fails=(400, 404, 422), conditional=True),
    "compare.list_changed_units": Operation(
        200, ref("UnitChangePage"), query=(*COMPARED, "tensor", "axis", *PAGING), fails=(400, 404, 422)
    ),
    "compare.list_changed_cells": Operation(
        200, ref("CellChangePage"), query=(*COMPARED, "tensor", *PAGING), fails=(400, 404, 422)
    ),
    "why.get_why": Operation(200, ref("WhyChanged"), query=WHY, fails=(400, 404, 409, 422)),
    "why.start_why": Operation(
        200,
        ref("WhyChanged"),
        bodies=((JSON, "WhyChangedRequest"),),
        accepted=ref("ChangeRun"),
        fails=(400, 404, 409, 415, 422),
    ),
    "why.get_why_csv": Operation(200, media_type="text/csv", query=WHY, fails=(400, 404, 409, 422)),
    "why.list_cell_shares": Operation(
        200, ref("CellSharePage"), query=(*WHY, "tensor", *PAGING), fails=(400, 404, 409, 422)
    ),
    "why.get_cell_shares_csv": Operation(
        200, media_type="text/csv", query=(*WHY, "tensor"), fails=(400, 404, 409, 422)
    ),
    "why.preview_put_back": Operation(
        200, ref("ChangePreview"), bodies=((JSON, "PutBackRequest"),), fails=(400, 404, 409, 413, 415, 422)
    ),
    "compare.get_changed_cell": Operation(
        200, ref("CellDetail"), query=(*COMPARED, "tensor", "row", "column"), fails=(400, 404, 422)
    ),
}
