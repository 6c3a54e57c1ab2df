"""Bytes -> answer: what is an answer, what is none, and what no bytes can do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.upstream.broken import Broken, ClosedBeforeAnswer, ClosedInAnswer, InvalidBody, InvalidHead
from exporter.upstream.response import MAX_HEAD, MAX_HEADERS, Response, ResponseReader

LIMIT = 1_000
OK = b"HTTP/1.1 200 OK\r\n"
WHOLE = OK + b"Content-Length: 2\r\n\r\n{}"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def fed(reader: ResponseReader, *pieces: bytes) -> list[Response]:
    """What a reader tells of these pieces, until an answer is whole."""
    told = []
    for piece in pieces:
        response = reader.feed(piece)
        if response is not None:
            told.append(response)
            if response.whole:
                break
    return told


def reading(limit: int = LIMIT) -> ResponseReader:
    """A reader to whom a request was just sent."""
    reader = ResponseReader()
    reader.begin(limit)
    return reader


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    """The bytes in pieces."""
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in pairwise(edges) if start < end]


names = st.from_regex(r"\AX-[A-Za-z0-9-]{0,20}\Z").map(str.encode)
values = st.from_regex(r"\A[!-~]([ -~]{0,30}[!-~])?\Z").map(str.encode)
bodies = st.binary(max_size=LIMIT)
anywhere = st.lists(st.integers(0, 5_000), max_size=8)


def chunks_of(body: bytes, places: Sequence[int]) -> bytes:
    """The body as chunks."""
    pieces = cut(body, places)
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@given(headers=st.lists(st.tuples(names, values), max_size=20), body=bodies, chunked=st.booleans(), at=anywhere)
@settings(max_examples=300, deadline=None)
def test_an_answer_is_read_as_it_was_written_however_it_was_cut(
    headers: list[tuple[bytes, bytes]], body: bytes, at: list[int], *, chunked: bool
) -> None:
    """Body, status, and each header once by its lower-case name, several of one name joined."""
    sized = (b"Transfer-Encoding", b"chunked") if chunked else (b"Content-Length", b"%d" % len(body))
    lines = [b"%b: %b\r\n" % pair for pair in (*headers, sized)]
    data = OK + b"".join(lines) + b"\r\n" + (chunks_of(body, at) if chunked else body)
    reader = reading()
    (response,) = fed(reader, *cut(data, at))
    assert (response.status, response.body, response.whole, reader.reusable) == (200, body, True, True)
    for name, _ in headers:
        joined = b", ".join(value for other, value in headers if other.lower() == name.lower())
        assert response.headers[name.lower()] == joined


@given(data=st.binary(max_size=3_000), start=st.sampled_from([b"", OK, WHOLE[:-2], CHUNKED]), at=anywhere)
@settings(max_examples=500, deadline=None)
def test_no_bytes_raise_anything_else_or_are_kept_beyond_the_limits(data: bytes, start: bytes, at: list[int]) -> None:
    """Whatever comes, it is an answer within its bounds, a failure with a name, or waited for."""
    reader = reading(limit=100)
    try:
        responses = fed(reader, *cut(start + data, at))
        if not responses:
            responses.append(reader.end(cleanly=True))
    except Broken:
        return
    for response in responses:
        assert 100 <= response.status <= 999
        assert response.body is None or len(response.body) <= 100
        assert sum(len(name) + len(value) for name, value in response.headers.items()) <= MAX_HEAD


@given(st.lists(st.binary(max_size=40) | st.sampled_from([WHOLE, CHUNKED, b"2\r\n{}\r\n", b"0\r\n\r\n"]), max_size=12))
@settings(max_examples=500, deadline=None)
def test_what_follows_an_answer_never_gets_into_it(pieces: list[bytes]) -> None:
    """Bytes that nobody asked for make a connection that nobody uses again."""
    reader = reading()
    (response,) = fed(reader, WHOLE + b"".join(pieces))
    assert response.body == b"{}"
    surplus = b"".join(pieces).lstrip(b"\r\n")  # empty lines before an answer are no answer (RFC 9112, 2.2)
    assert reader.reusable is not bool(surplus)


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 2\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 2",
        b"Content-Length: 2\r\nContent-Length: 2",
        b"Content-Length: 2\r\nContent-Length: 3",
        b"Content-Length: 2, 2",
        b"Content-Length: +2",
        b"Content-Length: -2",
        b"Content-Length: 0x2",
        b"Content-Length: 99999999999999999999999",
        b"Content-Length : 2",
        b"Transfer-Encoding: gzip",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: chunked, gzip",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"X: a\r\n b\r\nContent-Length: 2",
        b"X: a\0b\r\nContent-Length: 2",
        b"X: a\nContent-Length: 2",
        b"no colon",
        b": no name",
    ],
)
@pytest.mark.parametrize("status", [b"200 OK", b"500 No"])
def test_a_head_that_can_be_read_in_two_ways_is_none(head: bytes, status: bytes) -> None:
    """How long the answer is must be beyond doubt: what follows it belongs to somebody else."""
    with pytest.raises(InvalidHead):
        fed(reading(), b"HTTP/1.1 " + status + b"\r\n" + head + b"\r\n\r\n{}")


@pytest.mark.parametrize(
    "start", [b"SSH-2.0-x\r\n", b"HTTP/1.1 99 No\r\n", b"HTTP/1.1 1000 No\r\n", b"HTTP/1.1 200 OK\n", b"\0", b"GET /"]
)
def test_what_does_not_begin_like_an_answer_is_none(start: bytes) -> None:
    """It is told at once, not at the deadline."""
    with pytest.raises(InvalidHead):
        fed(reading(), start + b"\r\n\r\n")


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("line", [b"X: " + b"x" * MAX_HEAD, b"\r\n".join([b"X: x"] * (MAX_HEADERS + 1))])
def test_a_head_has_a_bound_in_bytes_and_in_headers(line: bytes, *, whole: bool) -> None:
    """In one piece, or in pieces that never end."""
    data = OK + line + b"\r\n" + (b"Content-Length: 2\r\n\r\n{}" if whole else b"")
    with pytest.raises(InvalidHead):
        fed(reading(), *([data] if whole else cut(data + b"y" * MAX_HEAD, range(0, 40_000, 1_000))))


def test_the_largest_head_is_read() -> None:
    """The bound is one of what is refused, not of what servers send."""
    lines = [b"X-%03d: %b" % (number, b"x" * 110) for number in range(MAX_HEADERS - 1)]
    (response,) = fed(reading(), OK + b"\r\n".join([*lines, b"Content-Length: 2", b"", b"{}"]))
    assert len(response.headers) == MAX_HEADERS


def test_interim_answers_are_passed_over() -> None:
    """Their headers are not those of the answer (RFC 9110, 15.2)."""
    reader = reading()
    early = b"HTTP/1.1 103 Early Hints\r\nETag: early\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    (response,) = fed(reader, early, WHOLE)
    assert (response.status, response.header(b"etag"), response.body) == (200, None, b"{}")
    assert reader.reusable


def test_interim_answers_without_end_are_no_answer() -> None:
    """They count as one head."""
    with pytest.raises(InvalidHead):
        fed(reading(), *[b"HTTP/1.1 100 Continue\r\n\r\n"] * 1_000)


@pytest.mark.parametrize("connection", [b"", b"Connection: upgrade\r\n"])
def test_another_protocol_is_an_answer_that_ends_there(connection: bytes) -> None:
    """101 to a GET that did not ask for it: unexpected, and the connection speaks no HTTP any more."""
    reader = reading()
    (response,) = fed(reader, b"HTTP/1.1 101 Go\r\nUpgrade: x\r\n" + connection + b"\r\nwhatever")
    assert (response.status, response.whole, reader.reusable) == (101, True, False)


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
@pytest.mark.parametrize("length", [b"", b"Content-Length: 5\r\n", b"Content-Length: 99999\r\n"])
def test_an_answer_without_a_body_is_whole_with_its_head(status: bytes, length: bytes) -> None:
    """Whatever length it names (RFC 9110, 15.4.5); with one, its connection is not trusted further."""
    reader = reading()
    (response,) = fed(reader, b"HTTP/1.1 " + status + b"\r\n" + length + b"\r\n")
    assert (response.whole, response.body, reader.reusable) == (True, b"", not length)


def test_a_body_without_a_length_ends_with_the_connection_if_that_ends_cleanly() -> None:
    """A reset in its place is no end."""
    for cleanly in (True, False):
        reader = reading()
        assert fed(reader, OK + b"\r\n", b"{", b"}") == []
        if cleanly:
            assert reader.end(cleanly=True).body == b"{}"
        else:
            with pytest.raises(ClosedInAnswer):
                reader.end(cleanly=False)
        assert not reader.reusable


@pytest.mark.parametrize(("come", "heard"), [(b"", False), (b"H", True), (WHOLE[:-6], True)])
def test_an_end_before_the_head_says_whether_anything_came(come: bytes, *, heard: bool) -> None:
    """Only where nothing came may the request be sent again."""
    reader = reading()
    assert fed(reader, come) == []
    with pytest.raises(ClosedBeforeAnswer) as closed:
        reader.end(cleanly=True)
    assert closed.value.heard is heard


@pytest.mark.parametrize(
    "data", [WHOLE[:-1], CHUNKED, CHUNKED + b"2\r\n{", CHUNKED + b"2\r\n{}\r\n", CHUNKED + b"0\r\n"]
)
def test_an_end_within_the_answer_is_one(data: bytes) -> None:
    """A part of a status is not taken for a status."""
    reader = reading()
    assert fed(reader, data) == []
    with pytest.raises(ClosedInAnswer):
        reader.end(cleanly=True)


@pytest.mark.parametrize("chunk", [b"zz\r\n", b"-1\r\n", b"2\r\n{}x\r\n", b"fffffffffffffffff\r\n", b"2\n{}\r\n"])
@pytest.mark.parametrize("separately", [True, False])
def test_a_body_that_is_not_what_its_head_promised_was_an_answer(chunk: bytes, *, separately: bool) -> None:
    """Whether it breaks with the head or later."""
    with pytest.raises(InvalidBody):
        fed(reading(), *([CHUNKED, chunk] if separately else [CHUNKED + chunk]))


def test_trailers_are_bounded_and_not_taken_for_headers() -> None:
    """They count with the head."""
    reader = reading()
    (response,) = fed(reader, CHUNKED + b"2\r\n{}\r\n0\r\nETag: late\r\n\r\n")
    assert (response.body, response.header(b"etag")) == (b"{}", None)
    with pytest.raises(InvalidBody):
        fed(reading(), CHUNKED + b"2\r\n{}\r\n0\r\nX: " + b"x" * MAX_HEAD + b"\r\n\r\n")


@pytest.mark.parametrize(
    "pieces",
    [
        [OK + b"Content-Length: 1001\r\n\r\n"],
        [OK + b"Content-Length: 18446744073709551615\r\n\r\n"],
        [CHUNKED, b"3e9\r\n" + b" " * 1_001],
        [CHUNKED, *[b"1\r\n \r\n"] * 1_001],
        [OK + b"\r\n", b" " * 1_000, b" "],
    ],
)
def test_a_body_beyond_the_limit_is_given_up_with_its_first_byte_too_many(pieces: list[bytes]) -> None:
    """One that says so itself, before that."""
    reader = reading()
    (response,) = fed(reader, *pieces)
    assert (response.status, response.body, response.whole, reader.reusable) == (200, None, True, False)
    assert reader._chunks == []


def test_the_head_of_a_failure_is_told_once_and_its_rest_when_it_has_come() -> None:
    """Its class is known from the head; the rest only makes the connection usable again."""
    reader = reading()
    first, second = fed(reader, b"HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\n", b"a", b"b", b"c")
    assert [(one.status, one.whole) for one in (first, second)] == [(500, False), (500, True)]
    assert reader.reusable


@pytest.mark.parametrize("body", [b"zz\r\n", b"3e9\r\n" + b" " * 1_001])
def test_what_goes_wrong_in_the_body_of_a_failure_does_not_change_it(body: bytes) -> None:
    """Bad chunks, or too much of it."""
    reader = reading()
    *_, last = fed(reader, b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    assert (last.status, last.whole, reader.reusable) == (503, True, False)
    reader = reading()
    fed(reader, b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert reader.end(cleanly=False).status == 503


@pytest.mark.parametrize(
    ("head", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n", False),
        (b"HTTP/1.0 200 OK\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", True),
    ],
)
def test_a_connection_is_kept_as_the_other_side_says(head: bytes, *, reusable: bool) -> None:
    """HTTP/1.0 closes unless it says otherwise."""
    reader = reading()
    (response,) = fed(reader, head + b"Content-Length: 2\r\n\r\n{}")
    assert (response.body, reader.reusable) == (b"{}", reusable)


def test_one_reader_reads_one_answer_after_the_other() -> None:
    """Nothing of an answer is left in the next one."""
    reader = ResponseReader()
    for data, tag in (
        (OK + b"ETag: one\r\nContent-Length: 2\r\n\r\n{}", "one"),
        (WHOLE, None),
        (CHUNKED + b"0\r\n\r\n", None),
    ):
        reader.begin(LIMIT)
        (response,) = fed(reader, data)
        assert response.header(b"etag") == tag
        assert reader.reusable
