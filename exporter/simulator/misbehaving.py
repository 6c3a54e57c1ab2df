"""What the misbehaviours that send something put on the wire. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from exporter.simulator.answers import HUGE_HEADER_BYTES, LARGE_BODY_BYTES, Answer, Misbehaviour, json_answer

_GOOD_HTTP: Final[dict[Misbehaviour, Callable[[], Answer]]] = {
    Misbehaviour.HUGE_HEADER: lambda: json_answer(200, {}, {"X-Padding": "x" * HUGE_HEADER_BYTES}),
    Misbehaviour.TEN_MEGABYTES: lambda: Answer(200, body=b'{"padding": "%b"}' % (b"x" * (LARGE_BODY_BYTES - 15))),
    Misbehaviour.REDIRECT: lambda: Answer(302, {"Location": "/login"}),
}

_BAD_HTTP: Final[dict[Misbehaviour, Callable[[bytes], bytes]]] = {
    Misbehaviour.GARBAGE: lambda _: b"\x16\x03\x01 this is not HTTP \xff\xfe\r\n\r\n",
    Misbehaviour.BAD_CHUNK: lambda head: head + b"Transfer-Encoding: chunked\r\n\r\nno number\r\n{}\r\n",
    Misbehaviour.TRUNCATED: lambda head: head + b'Content-Length: 1000\r\n\r\n{"connected": true, ',
    Misbehaviour.CLOSE: lambda _: b"",
}


def head_of_good_answer(date: str) -> bytes:
    """The head of a 200, but for the blank line and whatever says how long the body is."""
    return f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: application/json\r\n".encode()


def good_http(misbehaviour: Misbehaviour) -> Answer | None:
    """The answer, for a misbehaviour that is well-formed HTTP and still not what a status should be."""
    make = _GOOD_HTTP.get(misbehaviour)
    return None if make is None else make()


def bad_http(misbehaviour: Misbehaviour, date: str) -> bytes | None:
    """What is sent before the connection closes in good order, for a misbehaviour that ends so."""
    make = _BAD_HTTP.get(misbehaviour)
    return None if make is None else make(head_of_good_answer(date))
