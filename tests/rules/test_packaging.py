"""The metadata agrees with the pinned lists, and the files for containers and for the repository's host can be read.

Nothing is built or started here: of `Dockerfile` and `compose.yaml` only the syntax and the names are checked.
"""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from dashboard.settings import Settings, from_environment, to_environment

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SETTINGS = set(to_environment(Settings()))
INSTRUCTIONS = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "ENV", "VOLUME", "EXPOSE", "STOPSIGNAL", "CMD"}


def pins(name):
    """Return package -> pinned version of a requirements file, without the files that it includes."""
    lines = (ROOT / name).read_text().splitlines()
    return dict(line.lower().split("==") for line in lines if not line.startswith("-r "))


def ranges(lines):
    """Return package -> range of a list of the metadata, without our own extras that it includes."""
    parsed = [Requirement(line) for line in lines]
    return {found.name.lower(): found.specifier for found in parsed if found.name != PROJECT["name"]}


def test_every_pin_is_the_lower_end_of_its_range():
    pinned, allowed = pins("requirements.txt"), ranges(PROJECT["dependencies"])
    assert pinned.keys() == allowed.keys()
    assert {name: f">={version}" for name, version in pinned.items()} == {
        name: str(next(part for part in parts if part.operator == ">=")) for name, parts in allowed.items()
    }
    assert [name for name, parts in allowed.items() if {part.operator for part in parts} != {">=", "<"}] == []


@pytest.mark.parametrize("extra", ["dask", "dev"])
def test_an_extra_names_what_its_requirements_file_pins(extra):
    pinned, allowed = pins(f"requirements-{extra}.txt"), ranges(PROJECT["optional-dependencies"][extra])
    assert pinned.keys() == allowed.keys()
    assert all(version in allowed[name] for name, version in pinned.items())


def instructions():
    """Return the Dockerfile's instructions as (name, the rest), lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    return [line.split(maxsplit=1) for line in text.replace("\\\n", " ").splitlines() if line]


def test_the_dockerfile_has_known_instructions_and_copies_what_is_there():
    assert [name for name, _ in instructions() if name not in INSTRUCTIONS] == []
    assert instructions()[0][0] == "FROM"
    copied = [rest.split()[:-1] for name, rest in instructions() if name == "COPY" and "--from" not in rest]
    assert [file for files in copied for file in files if not (ROOT / file).exists()] == []
    (command,) = [json.loads(rest) for name, rest in instructions() if name == "CMD"]
    assert command == [*PROJECT["scripts"]]


def test_the_containers_set_what_the_dashboard_reads():
    (dockerfile,) = [dict(re.findall(r"(\w+)=(\S+)", rest)) for name, rest in instructions() if name == "ENV"]
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    given = compose["services"]["dashboard"]["environment"]
    assert dockerfile.keys() | given.keys() <= SETTINGS
    typed = {name: re.sub(r"\$\{\w+:\?[^}]+\}", "secret", value) for name, value in given.items()}
    assert from_environment(dockerfile | typed).store == "mysql://weightbase:secret@mariadb:3306/weightbase"


def test_compose_starts_services_that_are_defined_with_volumes_that_are_declared():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services = compose["services"]
    assert all("image" in service or "build" in service for service in services.values())
    assert {name for service in services.values() for name in service.get("depends_on", {})} <= services.keys()
    volumes = [volume.partition(":")[0] for service in services.values() for volume in service["volumes"]]
    assert sorted(volumes) == sorted(compose["volumes"])


def test_the_workflow_runs_what_ci_runs():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    steps = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    assert steps == [".ci/run"]
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml")), ids=lambda path: path.stem
)
def test_a_template_of_an_issue_asks_for_something(path):
    form = yaml.safe_load(path.read_text())
    assert {"name", "description", "body"} <= form.keys()
    assert all({"type", "id", "attributes"} <= field.keys() for field in form["body"])
