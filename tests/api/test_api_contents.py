"""Contents: bytes of tensors arrive in pieces, are what their names say, or leave nothing."""

import errno
import hashlib
import io
import os
import time
from base64 import b64encode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboard.errors import OutOfSpace, TooLarge
from dashboard.services.push.contents import Body, receive_content
from tests.api.api_client import HOST

BYTES = bytes(range(256)) * 40
NAME = hashlib.sha256(BYTES).hexdigest()
ADDRESS = f"/api/v1/contents/{NAME}"
FUZZ = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def put(client, data, offset=None, status=201, address=ADDRESS, **headers):
    if offset is not None:
        headers["Upload-Offset"] = str(offset)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = client.fetch("PUT", address, data=data, headers=headers)
    assert answer.status_code == status, answer.text
    return answer


def head(client, address=ADDRESS, headers=()):
    answer = client.client.head(address, base_url=HOST, headers=dict(headers))
    assert answer.data == b""
    return answer


def files_of(workspace):
    folder = workspace.settings.home_folder / "contents"
    return sorted(path.relative_to(folder).name for path in folder.rglob("*") if path.is_file())


def test_a_content_is_stored_under_its_sha256(client, workspace):
    answer = put(client, BYTES)
    assert answer.json == {"sha256": NAME, "bytes": len(BYTES), "complete": True}
    assert files_of(workspace) == [NAME]
    assert put(client, b"whatever comes is not read again").json["complete"]


def test_head_says_where_to_go_on(client):
    assert head(client).headers["Upload-Offset"] == "0"
    put(client, BYTES[:1000], status=202, Upload_Complete="?0")
    headers = head(client).headers
    assert (headers["Upload-Offset"], headers["Upload-Complete"]) == ("1000", "?0")
    assert client.get(ADDRESS) == {"sha256": NAME, "bytes": 1000, "complete": False}
    put(client, BYTES[1000:2000], 1000, status=202, Upload_Complete="?0")
    put(client, BYTES[2000:], 2000)
    headers = head(client).headers
    assert (headers["Upload-Offset"], headers["Upload-Complete"]) == (str(len(BYTES)), "?1")


def test_what_does_not_go_on_from_what_is_here_is_refused_and_the_offset_is_named(client):
    put(client, BYTES[:1000], status=202, Upload_Complete="?0")
    for offset in (999, 1001):
        assert "Upload-Offset: 1000" in put(client, BYTES[offset:], offset, status=409).json["error"]["message"]
    assert put(client, BYTES, 0).json["complete"]


def test_a_body_that_ends_early_is_stored_as_far_as_it_came(workspace, client):
    cut = Body(io.BytesIO(BYTES[:3000]), 0, len(BYTES))
    assert receive_content(workspace, "", NAME, cut) == (3000, False)
    rest = Body(io.BytesIO(BYTES[3000:]), 3000, len(BYTES) - 3000)
    assert receive_content(workspace, "", NAME, rest) == (len(BYTES), True)


@pytest.mark.parametrize("wrong", [b"", BYTES[:-1], BYTES + b"x", BYTES[:-1] + b"\x00"])
def test_wrong_bytes_leave_nothing(client, workspace, wrong):
    assert "SHA-256" in put(client, wrong, status=422).json["error"]["message"]
    assert files_of(workspace) == []
    put(client, BYTES[:1000], status=202, Upload_Complete="?0")
    put(client, b"wrong", 1000, status=422)
    assert files_of(workspace) == []


@pytest.mark.parametrize("name", ["0" * 63, "0" * 65, "G" * 64, NAME.upper(), "..%2f" + NAME, NAME + ".part"])
def test_what_is_no_sha256_is_refused(client, name):
    assert client.fetch("PUT", f"/api/v1/contents/{name}", data=BYTES).status_code in {404, 422}
    assert head(client, f"/api/v1/contents/{name}").status_code in {404, 422}


@pytest.mark.parametrize("offset", ["-1", "x", "1e3", "9" * 30, "0x10"])
def test_an_offset_that_is_none_is_refused_by_name(client, offset):
    assert put(client, BYTES, offset, status=422).json["error"]["field"] == "Upload-Offset"


def test_contents_are_visible_to_their_sender_only(client):
    ada = {"Authorization": f"Basic {b64encode(b'ada:x').decode()}"}
    put(client, BYTES, **ada)
    assert head(client).headers["Upload-Offset"] == "0"
    assert head(client, headers=ada).headers["Upload-Complete"] == "?1"


def test_a_sender_may_have_sent_four_uploads_that_are_not_saved(client, workspace):
    megabytes = [bytes([number]) * 2**20 for number in range(5)]
    addresses = [f"/api/v1/contents/{hashlib.sha256(one).hexdigest()}" for one in megabytes]
    for one, address in zip(megabytes[:4], addresses, strict=False):
        put(client, one, address=address)
    refused = put(client, megabytes[4], address=addresses[4], status=413).json["error"]["message"]
    assert "more than 4 MB" in refused
    assert "WEIGHTBASE_MAX_UPLOAD_MB" in refused
    unknown = Body(io.BytesIO(megabytes[4]))  # its length is not said before
    with pytest.raises(TooLarge):
        receive_content(workspace, "", hashlib.sha256(megabytes[4]).hexdigest(), unknown)
    assert len(files_of(workspace)) == 4


def test_what_is_a_day_old_is_removed(client, workspace):
    put(client, BYTES)
    (path,) = (workspace.settings.home_folder / "contents").rglob(NAME)
    yesterday = time.time() - 86_401
    os.utime(path, (yesterday, yesterday))
    put(client, b"", address=f"/api/v1/contents/{hashlib.sha256(b'').hexdigest()}")
    assert files_of(workspace) == [hashlib.sha256(b"").hexdigest()]


class FullDisk(io.BytesIO):
    """What the system says in the middle of a body when the disk is full."""

    def read(self, size=-1):
        if self.tell():
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().read(min(size, 100))


def test_a_full_disk_is_507_with_the_remedy_and_nothing_stays(client, workspace):
    with pytest.raises(OutOfSpace, match="free some space") as error:
        receive_content(workspace, "", NAME, Body(FullDisk(BYTES)))
    assert (error.value.status, files_of(workspace)) == (507, [])
    huge = Body(io.BytesIO(b""), 0, 2**60)
    with pytest.raises(TooLarge):
        receive_content(workspace, "", NAME, huge)


@FUZZ
@given(st.lists(st.tuples(st.binary(max_size=30), st.integers(-1, 80), st.booleans()), max_size=5))
def test_whatever_is_sent_a_whole_content_is_what_its_name_says(client, workspace, pieces):
    address = f"/api/v1/contents/{hashlib.sha256(BYTES[:50]).hexdigest()}"
    for piece, offset, is_last in [*pieces, (BYTES[:50], 0, True)]:
        headers = {"Upload-Offset": str(offset), "Upload-Complete": f"?{int(is_last)}"}
        answer = client.fetch("PUT", address, data=piece, headers=headers)
        assert answer.status_code in {201, 202, 409, 422}
    (path,) = (workspace.settings.home_folder / "contents").rglob(address.rpartition("/")[2])
    assert path.read_bytes() == BYTES[:50]
    path.unlink()
