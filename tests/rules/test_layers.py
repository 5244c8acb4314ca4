"""The layering: who imports whom, and where SQL, Flask and Plotly may stand."""

import os
import subprocess
import sys
import tempfile

import pytest

from tests.rules.source import FILES, PACKAGE, ROOT, imports_of, name_of, package_of

COMMON = {"records", "errors", "settings", "parsing", "metrics", "files", "declarations", "kinds", "privacy", "outages"}
COMMON |= {"arrow", "holder", "responding"}
MAY_IMPORT = {
    "engine": set(),
    "analysis": set(),
    "data": set(),
    "formats": set(),
    "weights": set(),
    "catalogue": set(),
    "charts": {"analysis"},
    "jobs": {"engine", "data"},
    "search": {"engine"},
    "services": {"engine", "data", "weights", "catalogue", "analysis", "jobs", "search", "formats"},
    "http": {"services"},
    "web": {"services", "charts", "http"},
    "api": {"services", "http"},
} | {name: set() for name in COMMON}
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
    "pyarrow": {"arrow"},
    "h5py": {"formats"},
    "onnx": {"formats"},
    "safetensors": {"formats"},
}
WIRING = {"__init__", "cli", "client_verbs"}
TOP_OF = {
    "web": {
        "__init__",
        "errors",
        "security",
        "proxies",
        "logins",
        "frame",
        "docs_page",
        "help_page",
        "log_page",
        "style_page",
    },
    "services": {"__init__", "workspace", "networks", "demo", "status", "suggestion", "client_wheel", "first_steps"}
    | {"datasets", "dataset_records", "dataset_pictures", "dataset_preview", "upload_parts", "part_files"},
}


@pytest.mark.slow
def test_a_module_imports_only_from_the_packages_that_its_own_may_import():
    faults = []
    for path in FILES:
        package = package_of(path)
        ours = {name.split(".")[1] for name in imports_of(path) if name.startswith("dashboard.") and "." in name}
        if package not in WIRING:
            strangers = ours - COMMON - {package, "__version__"} - MAY_IMPORT[package]
            faults += [f"{name_of(path)} imports {stranger}" for stranger in sorted(strangers)]
    assert faults == []


@pytest.mark.slow
def test_frameworks_and_drivers_stay_in_their_packages():
    faults = [
        f"{name_of(path)} imports {name}"
        for path in FILES
        for name in sorted({name.split(".")[0] for name in imports_of(path)} & set(ONLY_IN))
        if package_of(path) not in ONLY_IN[name]
    ]
    assert faults == []


READS_WEIGHTS = {"h5py", "onnx", "safetensors", "google.protobuf"}


@pytest.mark.slow
def test_the_web_process_loads_no_library_that_reads_files_of_weights():
    program = "import sys; from dashboard import create_app; create_app(); import dashboard.formats.reading; "
    program += "import dashboard.formats.registry; print(sorted(set(sys.modules) & set(sys.argv[1:])))"
    with tempfile.TemporaryDirectory() as home:
        run = subprocess.run(
            [sys.executable, "-c", program, *sorted(READS_WEIGHTS)],
            capture_output=True, text=True, check=True, env=os.environ | {"WEIGHTBASE_HOME": home}, cwd=ROOT,
        )  # fmt: skip
    assert run.stdout == "[]\n"


def test_every_package_has_a_rule():
    packages = {package_of(path) for path in FILES}
    assert packages - WIRING == set(MAY_IMPORT)


def test_only_the_named_modules_are_at_the_top_of_web_and_services():
    tops = {name: {path.stem for path in (PACKAGE / name).glob("*.py")} for name in TOP_OF}
    assert tops == TOP_OF


def test_there_is_no_module_of_leftovers():
    names = {"utils", "util", "helpers", "misc", "manager", "managers", "common", "overview"}
    assert [name_of(path) for path in FILES if path.stem in names] == []


def test_the_query_of_an_address_is_read_in_one_place():
    readers = [
        name_of(path)
        for path in FILES
        if package_of(path) == "web" and path.parent.name != "kit" and "request.args" in path.read_text()
    ]
    assert readers == []


def test_arrays_are_loaded_by_one_thread_at_a_time():
    loaders = {name_of(path): path.read_text() for path in FILES if "np.load(" in path.read_text()}
    assert len(loaders) >= 5
    assert [name for name, text in loaders.items() if text.count("np.load(") != text.count("with ONE_HEADER")] == []
