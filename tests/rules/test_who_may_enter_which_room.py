"""The layering of DESIGN: who imports whom, and where SQL, Flask and Plotly may stand."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
HOUSE = ROOT / "dashboard"
COMMON = {"records", "errors", "settings", "parsing", "metrics", "files"}
MAY_IMPORT = {
    "engine": set(),
    "analysis": set(),
    "data": set(),
    "weights": set(),
    "catalogue": set(),
    "charts": {"analysis"},
    "jobs": {"engine", "data"},
    "search": {"engine"},
    "services": {"engine", "data", "weights", "catalogue", "analysis", "charts", "jobs", "search"},
    "http": {"services"},
    "web": {"services", "charts", "http"},
    "api": {"services", "http"},
}
ONLY_IN = {
    "flask": {"web", "api", "http", "__init__"},
    "flask_wtf": {"web"},
    "wtforms": {"web"},
    "werkzeug": {"web", "api"},
    "plotly": {"charts"},
    "sqlalchemy": {"catalogue"},
    "alembic": {"catalogue"},
    "mysql": {"weights"},
    "optuna": {"search"},
}
FILES = sorted(HOUSE.rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def room_of(path: Path) -> str:
    first = path.relative_to(HOUSE).parts[0]
    return first.removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_module_imports_only_from_the_rooms_that_its_own_may_enter(path):
    room = room_of(path)
    if room not in MAY_IMPORT:
        return
    ours = {name.split(".")[1] for name in imports_of(path) if name.startswith("dashboard.") and "." in name}
    assert ours - COMMON - {room, "__version__"} <= MAY_IMPORT[room]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_frameworks_and_drivers_stay_in_their_rooms(path):
    tops = {name.split(".")[0] for name in imports_of(path)}
    strangers = {name for name in tops & set(ONLY_IN) if room_of(path) not in ONLY_IN[name]}
    assert strangers == set()


def test_every_room_of_the_design_is_checked():
    rooms = {path.name for path in HOUSE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms == set(MAY_IMPORT) | {"records"}


def test_there_is_no_module_of_leftovers():
    assert [path for path in FILES if path.stem in {"utils", "util", "helpers", "misc", "manager", "managers"}] == []
