import gzip
import hashlib
import io
import re
import shutil
import tarfile

import pytest

from dashboard.charts import small_bundle
from dashboard.charts.bundle import package_script, plotly_bundle, without_inline_styles


def archive(folder, member, content):
    path = folder / "package.tgz"
    with tarfile.open(path, "w:gz") as tar:
        about = tarfile.TarInfo(member)
        about.size = len(content)
        tar.addfile(about, io.BytesIO(content))
    return path


@pytest.fixture
def no_small_bundle(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.prefix", str(tmp_path / "no venv"))


def test_the_full_bundle_is_served_where_the_small_one_was_not_fetched(tmp_path, no_small_bundle):
    plotly_bundle.cache_clear()
    found = plotly_bundle(tmp_path)
    plotly_bundle.cache_clear()
    script = gzip.decompress(found.packed)
    assert script.endswith(package_script().read_bytes())
    assert found.digest == hashlib.sha256(script).hexdigest()[:16]
    assert [path.name for path in tmp_path.iterdir()] == [f"plotly-{found.digest}.js.gz"]


def test_the_small_bundle_is_served_where_it_was_fetched(tmp_path, no_small_bundle):
    place = small_bundle.small_bundle()
    place.parent.mkdir(parents=True)
    place.write_bytes(b"/* small */")
    plotly_bundle.cache_clear()
    found = plotly_bundle(tmp_path / "cache")
    plotly_bundle.cache_clear()
    assert gzip.decompress(found.packed).endswith(b"/* small */")


@pytest.fixture
def tiny_bundle(no_small_bundle):
    place = small_bundle.small_bundle()
    place.parent.mkdir(parents=True)
    place.write_bytes(b"/* small */")
    plotly_bundle.cache_clear()
    yield
    plotly_bundle.cache_clear()


def test_a_cache_that_cannot_be_written_is_only_slower(tmp_path, tiny_bundle):
    (tmp_path / "a file").touch()
    found = plotly_bundle(tmp_path / "a file" / "cache")
    assert gzip.decompress(found.packed).endswith(b"/* small */")


def test_a_torn_file_in_the_cache_is_made_anew(tmp_path, tiny_bundle):
    whole = plotly_bundle(tmp_path / "cache").packed
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(whole[:-5])
    plotly_bundle.cache_clear()
    assert plotly_bundle(tmp_path / "cache").packed == whole
    assert kept.read_bytes() == whole


def test_the_cache_may_be_deleted_while_the_dashboard_runs(tmp_path, tiny_bundle):
    before = plotly_bundle(tmp_path / "cache")
    shutil.rmtree(tmp_path / "cache")
    assert plotly_bundle(tmp_path / "cache") == before


def test_the_small_bundle_is_of_the_version_that_the_plotly_package_holds():
    with package_script().open("rb") as file:
        beginning = file.read(200).decode()
    assert re.search(r"plotly\.js v([\d.]+)", beginning)[1] == small_bundle.VERSION


def test_stand_ins_are_made_for_the_style_elements_of_other_libraries():
    name = "ab" * 32
    script = without_inline_styles(f'document.getElementById("{name}")'.encode()).decode()
    assert f"for(const id of ['{name}'])" in script
    assert "setAttribute=function" in script
    assert without_inline_styles(b"1").endswith(b"1")


def test_what_npm_fetched_is_taken_only_if_it_is_what_it_was(tmp_path):
    place = tmp_path / "share" / "plotly.js"
    assert "SHA-256" in small_bundle.unpack(archive(tmp_path, small_bundle.MEMBER, b"tampered"), place)
    assert "cannot be unpacked" in small_bundle.unpack(archive(tmp_path, "package/other.js", b"x"), place)
    (tmp_path / "torn.tgz").write_bytes(b"\x1f\x8b torn")
    assert "cannot be unpacked" in small_bundle.unpack(tmp_path / "torn.tgz", place)
    assert not place.exists()


def test_the_right_content_is_written_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(small_bundle, "SHA256", hashlib.sha256(b"right").hexdigest())
    place = tmp_path / "share" / "plotly.js"
    assert small_bundle.unpack(archive(tmp_path, small_bundle.MEMBER, b"right"), place) == ""
    assert place.read_bytes() == b"right"
    assert [path.name for path in place.parent.iterdir()] == ["plotly.js"]


def test_an_npm_that_fails_leaves_a_sentence_and_no_file(tmp_path):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
    npm.chmod(0o755)
    assert small_bundle.fetch(tmp_path / "plotly.js", str(npm)).endswith("no network")
    assert not (tmp_path / "plotly.js").exists()


def test_set_up_goes_on_without_npm(no_small_bundle, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert small_bundle.main() == 0
    assert "npm is not installed" in capsys.readouterr().out
