"""Settings: where they come from, what they refuse, and that the manual tells all of them."""

import dataclasses
from pathlib import Path

import pytest

from dashboard.declarations import declared
from dashboard.errors import Invalid
from dashboard.kinds import Whole
from dashboard.settings import Settings, environment_name, from_environment, to_environment

ROOT = Path(__file__).parent.parent.parent


def test_without_any_variable_the_dashboard_is_local_and_keeps_csv_files():
    settings = from_environment({})
    assert (settings.host, settings.port, settings.store) == ("127.0.0.1", 8000, "csv:")


def test_a_variable_overrides_its_default():
    assert from_environment({"WEIGHTBASE_PORT": "8123"}).port == 8123


def test_what_is_passed_to_a_child_process_is_read_back_the_same():
    settings = Settings(home="somewhere", port=9000, password="s3cret", slots=5)
    assert from_environment(to_environment(settings)) == settings


def test_folders_are_made_absolute_for_processes_that_work_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = Settings(home="home", store="csv:weights").with_absolute_paths()
    assert (found.home, found.store) == (str(tmp_path / "home"), f"csv:{tmp_path / 'weights'}")
    assert Settings(store="csv:").with_absolute_paths().store == "csv:"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PORT", "70000"),
        ("SLOTS", "-1"),
        ("STORE", "oracle://x"),
        ("HOST", "0.0.0.0"),
        ("PREFIX", "/a/../b"),
        ("PREFIX", "/."),
        ("COPY_TO", "backup"),
        ("COPY_TO", "/mnt/a,csv:backup"),
        ("READ_ONLY", "2"),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_the_name_of_its_variable(name, value):
    with pytest.raises(Invalid) as refused:
        from_environment({f"WEIGHTBASE_{name}": value})
    assert "WEIGHTBASE_" in refused.value.message


@pytest.mark.parametrize(("word", "value"), [("1", 1), ("Yes", 1), (" on ", 1), ("0", 0), ("off", 0), ("false", 0)])
def test_a_switch_is_set_by_a_word(word, value):
    assert from_environment({"WEIGHTBASE_READ_ONLY": word}).read_only == value


def test_an_unknown_word_for_a_switch_is_refused_with_those_that_there_are():
    with pytest.raises(
        Invalid, match="WEIGHTBASE_READ_ONLY must be one of 1, yes, true, on, 0, no, false, off, not 'ja'"
    ):
        from_environment({"WEIGHTBASE_READ_ONLY": "ja"})


def test_listening_beyond_loopback_is_allowed_once_a_password_is_set():
    assert from_environment({"WEIGHTBASE_HOST": "0.0.0.0", "WEIGHTBASE_PASSWORD": "s3cret"}).host == "0.0.0.0"


def test_passwords_are_never_shown():
    settings = Settings(store="mysql://me:hidden@db:3306/weights", password="hidden", secret_key="hidden")
    shown = {name: value for name, value, _ in settings.shown()}
    assert shown["WEIGHTBASE_STORE"] == "mysql://me:***@db:3306/weights"
    assert "hidden" not in str(shown)


def test_places_to_copy_to_are_folders_and_servers_shown_without_passwords(tmp_path):
    found = Settings(copy_to=f"{tmp_path}/backup, csv:/mnt/b,mysql://me:hidden@db/w").with_absolute_paths()
    assert found.copy_folders == (tmp_path / "backup", Path("/mnt/b"))
    assert found.copy_servers == ("mysql://me:hidden@db/w",)
    assert "hidden" not in str(found.shown())
    with pytest.raises(Invalid, match="WEIGHTBASE_COPY_TO"):
        Settings(copy_to="sqlite://x")


def test_a_store_of_an_unknown_kind_is_refused_without_repeating_its_password():
    with pytest.raises(Invalid) as refused:
        Settings(store="postgresql://me:hidden@db/weights")
    assert refused.value.message == "WEIGHTBASE_STORE must begin with csv: or mysql://."


def test_a_password_with_an_at_sign_is_hidden_to_its_end():
    shown = {name: value for name, value, _ in Settings(store="mysql://me:hid@den@db:3306/weights").shown()}
    assert shown["WEIGHTBASE_STORE"] == "mysql://me:***@db:3306/weights"


@pytest.mark.parametrize("name", declared(Settings))
def test_the_manual_has_every_setting_with_its_default_and_its_help(name):
    setting = declared(Settings)[name]
    line = f"| `{environment_name(name)}` | {f'`{setting.default}`' if setting.default != '' else ''} |"
    manual = (ROOT / "docs" / "settings.md").read_text()
    assert f"{line} {setting.help} |" in manual


LIMITED = {name: setting.kind for name, setting in declared(Settings).items() if isinstance(setting.kind, Whole)}


@pytest.mark.parametrize("name", LIMITED)
def test_a_number_is_accepted_up_to_its_limits_and_refused_one_beyond_them(name):
    kind = LIMITED[name]
    variable = environment_name(name)
    for number in (kind.low, kind.high):
        assert getattr(from_environment({variable: str(number)}), name) == number
    for number in (kind.low - 1, kind.high + 1):
        with pytest.raises(Invalid, match=variable):
            from_environment({variable: str(number)})


def test_all_settings_are_declared():
    assert list(declared(Settings)) == [field.name for field in dataclasses.fields(Settings)]
