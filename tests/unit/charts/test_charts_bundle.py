import gzip
import hashlib
import io
import re
import tarfile

import pytest

from dashboard.charts import small_bundle
from dashboard.charts.bundle import package_script, packed_plotly, plotly_digest, without_inline_styles


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
    forget()
    yield
    forget()


def forget():
    plotly_digest.cache_clear()
    packed_plotly.cache_clear()


def test_the_full_bundle_is_served_where_the_small_one_was_not_fetched(no_small_bundle):
    script = gzip.decompress(packed_plotly())
    assert script.endswith(package_script().read_bytes())
    assert plotly_digest() == hashlib.sha256(script).hexdigest()[:16]


def test_the_small_bundle_is_served_where_it_was_fetched(no_small_bundle):
    place = small_bundle.small_bundle()
    place.parent.mkdir(parents=True)
    place.write_bytes(b"/* small */")
    script = gzip.decompress(packed_plotly())
    assert script.endswith(b"/* small */")
    assert plotly_digest() == hashlib.sha256(script).hexdigest()[:16]


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
    with pytest.raises(ValueError, match="its SHA-256 is"):
        small_bundle.unpack(archive(tmp_path, small_bundle.MEMBER, b"tampered"))
    with pytest.raises(KeyError):
        small_bundle.unpack(archive(tmp_path, "package/other.js", b"x"))
    (tmp_path / "torn.tgz").write_bytes(b"\x1f\x8b torn")
    with pytest.raises(small_bundle.UNREADABLE):
        small_bundle.unpack(tmp_path / "torn.tgz")


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Let a script stand for npm; return a function that says what it does."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def written(script):
        path = tmp_path / "npm"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return written


def test_the_right_content_is_written_whole(no_small_bundle, npm, tmp_path, monkeypatch):
    monkeypatch.setattr(small_bundle, "SHA256", hashlib.sha256(b"right").hexdigest())
    npm(f"/bin/cp {archive(tmp_path, small_bundle.MEMBER, b'right')} .")
    assert small_bundle.main() == 0
    assert small_bundle.small_bundle().read_bytes() == b"right"
    assert list(small_bundle.small_bundle().parent.iterdir()) == [small_bundle.small_bundle()]


@pytest.mark.parametrize("script", ["exit 1", "exit 0", "echo torn > package.tgz"])
def test_an_npm_that_fails_leaves_a_message_and_no_file(no_small_bundle, npm, script, capsys):
    npm(script)
    assert small_bundle.main() == 1
    assert capsys.readouterr().out != ""
    assert not small_bundle.small_bundle().exists()


def test_set_up_is_told_that_there_is_no_npm(no_small_bundle, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert small_bundle.main() == 1
    assert "npm is not installed" in capsys.readouterr().out
