"""Claiming queued runs: what cannot be read does not keep the others from being executed."""

import json

from sqlalchemy import text

from dashboard.catalogue import runs as run_rows
from dashboard.catalogue.opening import open_catalogue
from dashboard.records.stored import FORM
from dashboard.settings import Settings


def test_a_queued_run_of_a_newer_form_fails_and_the_next_one_is_claimed(tmp_path):
    catalogue = open_catalogue(Settings(home=str(tmp_path)))
    with catalogue.writing() as connection:
        newer, known = (run_rows.insert_run(connection, {"kind": "verify", "spec": {}}) for _ in range(2))
        request = json.dumps({"form": FORM + 1})
        connection.execute(text("UPDATE runs SET request = :request WHERE id = :id"), {"request": request, "id": newer})
    with catalogue.writing() as connection:
        assert run_rows.claim_next_run(connection) is None
    with catalogue.writing() as connection:
        assert run_rows.claim_next_run(connection).id == known
        state, error = connection.execute(text("SELECT state, error FROM runs WHERE id = :id"), {"id": newer}).one()
    assert state == "failed"
    assert "Update Weightbase" in error
    catalogue.close()
