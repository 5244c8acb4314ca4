"""Where a request ends, however its bytes come: heads, lengths, chunks, and what cannot become a request."""

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.jobs.incoming import MOST_HEAD, Incoming

PLAIN = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
WITH_LENGTH = b"POST / HTTP/1.1\r\nHost: x\r\ncontent-length: 11\r\n\r\n0\r\n\r\nGET / "
CHUNKED = (
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n"
    b"5;name=value\r\n0\r\n\r\n\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
)


@pytest.fixture
def incoming():
    """A request that keeps a thousand bytes."""
    with closing(Incoming(1000)) as opened:
        yield opened


def whole(incoming):
    """Return all bytes of a complete request."""
    parts = []
    while part := incoming.read(7):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("request_bytes", [PLAIN, WITH_LENGTH, CHUNKED])
@given(cuts=st.lists(st.integers(0, 160), max_size=6), rest=st.sampled_from([b"", b"G", PLAIN]))
def test_a_request_ends_at_the_same_byte_however_it_is_cut(request_bytes, cuts, rest):
    sent = request_bytes + rest
    marks = sorted({min(cut, len(request_bytes) - 1) for cut in cuts})
    with closing(Incoming(1000)) as incoming:
        for start, end in zip([0, *marks], marks, strict=False):
            incoming.feed(sent[start:end])
            assert not incoming.is_complete
        incoming.feed(sent[marks[-1] if marks else 0 :])
        assert incoming.is_complete
        assert whole(incoming) == request_bytes
        assert bytes(incoming.pending) == rest


def test_a_head_that_never_ends_is_given_to_the_parser_which_refuses_it(incoming):
    while not incoming.is_complete:
        incoming.feed(b"GET /" + b"x" * 10_000)
    assert MOST_HEAD < incoming.size < MOST_HEAD + 11_000


@pytest.mark.parametrize("chunk", [b"xyz\r\n", b"-1\r\n", b"fffffffff\r\n", b"1" * 10_000])
def test_chunks_that_are_none_end_the_request(incoming, chunk):
    incoming.feed(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk)
    assert incoming.is_complete


def test_a_body_beyond_the_limit_is_counted_and_not_kept(incoming):
    head = b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n"
    incoming.feed(head + b"a" * 900)
    for _ in range(99):
        incoming.feed(b"b" * 1000)
    assert not incoming.is_complete
    incoming.feed(b"b" * 100)
    assert incoming.is_complete
    assert len(whole(incoming)) == len(head) + 100_000


def test_the_time_for_a_request_begins_with_its_first_byte_and_grows_with_what_has_come(incoming):
    assert incoming.deadline() is None
    incoming.feed(b"POST / HTTP/1.1\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n")
    first = incoming.deadline()
    assert incoming.expects_continue
    incoming.feed(b"x" * 50_000)
    assert incoming.deadline() == first + 50
