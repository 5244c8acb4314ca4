"""Uploaded files in one temporary file: each is read as if it were alone."""

import io

from flask import Flask, request

from dashboard.web.kit import parts
from dashboard.web.kit.parts import Part, PartsRequest


def test_each_part_is_read_by_itself_whatever_the_others_do():
    whole = io.BytesIO()
    some = []
    for text in (b"first", b"", b"the third"):
        some.append(Part(whole))
        for piece in (text[:3], text[3:]):
            some[-1].write(piece)
        some[-1].seek(0)
    assert some[0].read(2) == b"fi"
    assert some[2].read() == b"the third"
    assert some[0].read() == b"rst"
    assert (some[0].read(5), some[1].read()) == (b"", b"")
    assert (some[2].seek(-5, io.SEEK_END), some[2].read(), some[2].tell()) == (4, b"third", 9)
    assert (some[2].seek(-99, io.SEEK_CUR), some[2].seek(99)) == (0, 9)


def test_the_files_of_a_request_share_one_temporary_file(monkeypatch):
    monkeypatch.setattr(parts, "IN_MEMORY", 1_000)
    app = Flask(__name__)
    app.request_class = PartsRequest
    names = [str(place) for place in range(50)]
    files = [(io.BytesIO(name.encode() * 2_000), name) for name in names]
    with app.test_request_context(method="POST", data={"file": files}):
        sent = request.files.getlist("file")
        (spool,) = {getattr(file.stream, "whole", None) for file in sent}
        assert [file.read().decode() for file in reversed(sent)] == [name * 2_000 for name in reversed(names)]
    assert spool.closed
