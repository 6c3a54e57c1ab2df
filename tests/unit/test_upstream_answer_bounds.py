"""Answers that would cost memory, time or somebody else's answer, had they no bounds."""

from __future__ import annotations

import pytest

from exporter.upstream.broken import InvalidBody, InvalidHead
from exporter.upstream.response import MAX_HEAD, ResponseReader

LIMIT = 1_000
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
WHOLE = OK + b"Content-Length: 2\r\n\r\n{}"


def reading() -> ResponseReader:
    """A reader to whom a request was just sent."""
    reader = ResponseReader()
    reader.begin(LIMIT)
    return reader


@pytest.mark.parametrize("beside", [b"0\r\nX: ", b"0\r\nX", b"2;", b"2;x=", b'2;x="'])
def test_what_stands_beside_the_body_is_not_taken_without_end(beside: bytes) -> None:
    """A trailer, or the extension of a chunk: the parser keeps it, and copies all of it with each piece."""
    reader = reading()
    reader.feed(OK + CHUNKED + beside)
    with pytest.raises(InvalidBody):  # noqa: PT012 - at which of them is not the point
        for _ in range(MAX_HEAD // 1_000 + 1):
            reader.feed(b"a" * 1_000)


def test_what_stands_beside_the_body_of_a_failure_ends_it() -> None:
    """Its class is known; what is drained is bounded as well."""
    reader = reading()
    head = reader.feed(b"HTTP/1.1 500 No\r\n" + CHUNKED + b"0\r\nX: ")
    assert head is not None
    assert (head.status, head.whole) == (500, False)
    rest = [reader.feed(b"a" * 1_000) for _ in range(MAX_HEAD // 1_000 + 1)][-1]
    assert rest is not None
    assert (rest.status, rest.whole, reader.reusable) == (500, True, False)


def test_many_small_chunks_are_no_such_thing() -> None:
    """What stands between them may be more than a head in all."""
    reader = reading()
    reader.feed(OK + CHUNKED)
    for _ in range(LIMIT):
        for piece in (b"1;x=" + b"y" * 20, b"\r\n", b" ", b"\r\n"):
            assert reader.feed(piece) is None
    response = reader.feed(b"0\r\nX: y\r\n\r\n")
    assert response is not None
    assert (response.body, reader.reusable) == (b" " * LIMIT, True)


@pytest.mark.parametrize(
    "pieces",
    [
        [OK + CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (LIMIT + 1, b" " * (LIMIT + 1))],
        [OK + CHUNKED + b"%x\r\n%b\r\n" % (LIMIT, b" " * LIMIT), b"1\r\n \r\n0\r\n\r\n"],
        [OK + b"Content-Length: %d\r\n\r\n%b" % (LIMIT + 1, b" " * (LIMIT + 1))],
    ],
    ids=["one chunk", "a chunk too many", "a length"],
)
def test_a_body_that_is_too_large_is_none_also_when_its_end_came_with_it(pieces: list[bytes]) -> None:
    """Nothing of it is kept, and an empty body would be another answer."""
    reader = reading()
    response = [reader.feed(piece) for piece in pieces][-1]
    assert response is not None
    assert (response.body, response.whole) == (None, True)


@pytest.mark.parametrize("sized", [b"Content-Length: 3\r\n\r\nabc", CHUNKED + b"3\r\nabc\r\n0\r\n\r\n"])
@pytest.mark.parametrize("at_once", [True, False])
def test_an_interim_answer_has_no_body(sized: bytes, *, at_once: bool) -> None:
    """One that says it has could otherwise put its words before those of the answer."""
    interim = b"HTTP/1.1 110 Wait\r\n" + sized
    reader = reading()
    with pytest.raises(InvalidHead):  # noqa: PT012 - at which of them is not the point
        for piece in [interim + WHOLE] if at_once else [interim, WHOLE]:
            reader.feed(piece)


def test_an_interim_answer_without_one_is_passed_over() -> None:
    """However many headers it has, they are not those of the answer."""
    response = reading().feed(b"HTTP/1.1 110 Wait\r\nDate: x\r\n\r\n" + WHOLE)
    assert response is not None
    assert (response.body, response.headers) == (b"{}", {b"content-length": b"2"})


@pytest.mark.parametrize("end", [b" ", b"\t", b" \t "])
def test_white_space_around_a_value_is_no_part_of_it(end: bytes) -> None:
    """Neither before nor behind (RFC 9112, 5.1): a Retry-After with a space behind it counts."""
    lines = (b"Retry-After:" + end + b"7", b"Date: Sun, 06 Nov 1994 08:49:37 GMT", b"Content-Length: 2")
    response = reading().feed(OK + b"".join(line + end + b"\r\n" for line in lines) + b"\r\n{}")
    assert response is not None
    assert response.body == b"{}"
    assert response.header(b"retry-after") == "7"
    assert response.header(b"date") == "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize("end", [b" ", b"\t", b"\x0b"])
def test_chunks_are_announced_by_exactly_that_word(end: bytes) -> None:
    """Llhttp takes "chunked" and a tab for another coding, whose body is all that comes."""
    with pytest.raises(InvalidHead):
        reading().feed(OK + b"Transfer-Encoding: chunked" + end + b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n")


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
@pytest.mark.parametrize("sized", [b"Content-Length: 40\r\n\r\n", CHUNKED])
def test_a_body_that_was_announced_where_there_is_none_may_still_come(status: bytes, sized: bytes) -> None:
    """It would be read as the answer to the next request: the connection is not used again."""
    reader = reading()
    response = reader.feed(b"HTTP/1.1 " + status + b"\r\n" + sized)
    assert response is not None
    assert (response.whole, reader.reusable) == (True, False)


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
@pytest.mark.parametrize("sized", [b"\r\n", b"Content-Length: 0\r\n\r\n"])
def test_an_answer_without_a_body_leaves_its_connection_usable(status: bytes, sized: bytes) -> None:
    """As one with a body does."""
    reader = reading()
    assert reader.feed(b"HTTP/1.1 " + status + b"\r\n" + sized) is not None
    assert reader.reusable
