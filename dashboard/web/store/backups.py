"""The page of backups: it starts one, lists those that are there, and says how to restore."""

from flask import Blueprint, Response, render_template, request, url_for
from wtforms import StringField

from dashboard.errors import Invalid
from dashboard.http import sender, workspace
from dashboard.records.store import LONGEST_ADDRESS
from dashboard.services.backup import actions
from dashboard.services.backup.actions import Backup
from dashboard.services.store.targets import REMEDY
from dashboard.web.kit.answers import Answer, redirect_to
from dashboard.web.kit.forms import PageForm, attach_errors, problems
from dashboard.web.kit.query import query
from dashboard.web.kit.tables import Column, Table, exports, numbers_at

blueprint = Blueprint("backups", __name__, url_prefix="/store/backup")


class BackupForm(PageForm):
    """Where the backup is written."""

    to = StringField(
        "Folder, or FILE.zip",
        description=f"{REMEDY[0].upper()}{REMEDY[1:]}. A folder takes one backup after another, each only what is new.",
        render_kw={"size": 60, "list": "places"},
    )


def _missing(backup: Backup) -> str:
    return backup.problem or ("" if not backup.missing else f"{backup.missing:,} not in it")


COLUMNS = (
    Column("made", "Made", format="when"),
    Column("place", "Place", css="mono"),
    Column("name", "Backup", css="mono"),
    Column("versions", "Versions", format="count"),
    Column("bytes", "Size", format="size"),
    Column("problem", "Problem", _missing),
)


def backups_table() -> Table:
    """Return the backups that are where visitors may have made them."""
    rows = actions.list_backups(workspace().settings)
    return Table("backups", COLUMNS, rows, "Backups", exports("backups.backups"))


@blueprint.get("")
def show() -> Answer:
    """Show the form, the backups that are there, and how to restore."""
    first = query().text("to", LONGEST_ADDRESS) or actions.places(workspace().settings)[0]
    return _page(BackupForm(data={"to": first}))


@numbers_at(blueprint, "/backups")
def backups() -> Table:
    """Return the backups that are there."""
    return backups_table()


@blueprint.post("")
def start() -> Answer:
    """Start a backup, and show how far it is."""
    form = BackupForm(request.form)
    try:
        run = actions.start_backup(workspace(), {"to": (form.to.data or "").strip()}, sender("page"))
    except Invalid as error:
        attach_errors(form, error)
        return _page(form), error.status
    answer: Response = redirect_to(url_for("runs.show", run_id=run.id))
    return answer


def _page(form: BackupForm) -> str:
    return render_template(
        "store/backup.html",
        form=form,
        problems=problems(form),
        places=actions.places(workspace().settings),
        table=backups_table(),
        store=workspace().store.kind,
    )
