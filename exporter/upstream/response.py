"""Bytes -> an HTTP/1.1 answer to a GET, by httptools (llhttp). No I/O: whoever has a connection feeds it.

llhttp is strict where leniency is dangerous: it refuses two lengths, a length together with chunks, bare line feeds,
folded lines. What it leaves open is bounded here: how large a head may be, how large a body, and which coding of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import httptools

from exporter.upstream.broken import Broken, ClosedBeforeAnswer, ClosedInAnswer, InvalidBody, InvalidHead

MAX_HEAD: Final = 16 * 1024
"""Bytes of an answer's head, interim answers (1xx) included, and of what may come without any of the body between:
extensions of chunks, trailers. Servers allow themselves 8 kB."""

MAX_HEADERS: Final = 128
"""Headers of an answer, trailers included. With `MAX_HEAD`, what a head can make us keep."""

_OK: Final = 200
_FINAL: Final = 200
_SWITCHING: Final = 101
_BODILESS: Final = (204, 304)


@dataclass(slots=True)
class Response:
    """An answer: its head, and its body where the status is 200.

    Attributes:
        status: of the answer; never an interim one.
        headers: by lower-case name; several of one name are joined by a comma, as RFC 9110 (5.3) has it. White space
            behind a value is left: only what llhttp takes for the length must be taken for it here.
        body: None when it is larger than was allowed, or still on its way.
        whole: whether nothing more comes. Only the rest of a failure may still be on its way: its class is known.
    """

    status: int
    headers: dict[bytes, bytes]
    body: bytes | None
    whole: bool

    def header(self, name: bytes) -> str | None:
        """The value of a header, without the white space around it (RFC 9112, 5.1); None when there is none."""
        value = self.headers.get(name)
        return None if value is None else value.strip(b" \t").decode("latin-1")


class ResponseReader:
    """Reads answers, one after the other: `begin`, then `feed` until one is whole."""

    __slots__ = (
        "_beside_body",
        "_chunks",
        "_finished",
        "_head_done",
        "_head_size",
        "_headers",
        "_headers_seen",
        "_keep",
        "_limit",
        "_parser",
        "_problem",
        "_size",
        "_status",
        "_surplus",
        "_told",
    )

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.begin(0)

    def begin(self, limit: int) -> None:
        """The next answer is one to a new request. The one before was whole, and left it `reusable`, or never was.

        Args:
            limit: bytes of a body that are kept.
        """
        self._limit = limit
        self._headers: dict[bytes, bytes] = {}
        self._chunks: list[bytes] = []
        self._problem: Broken | None = None
        self._beside_body = self._head_size = self._headers_seen = self._size = self._status = 0
        self._head_done = self._finished = self._surplus = self._keep = self._told = False

    @property
    def reusable(self) -> bool:
        """Whether the other side keeps the connection open, and sent nothing beyond the answer."""
        return self._finished and self._keep and not self._surplus

    def feed(self, data: bytes) -> Response | None:
        """Takes what came in.

        Returns:
            The answer once it is whole, or cannot become it any more but is known to be a failure; before that, once,
            the head of a failure. None: wait for more.

        Raises:
            Broken: the answer is of no use.
        """
        size = self._size
        broken = self._parsed(data)
        # Since the last piece of a body. The parser keeps a trailer until its end, and copies it with each piece: one
        # of 26 MB in pieces of 64 kB would hold the loop for 8 s.
        self._beside_body = self._beside_body + len(data) if self._size == size else 0
        if self._finished and not broken:
            return self._response(self._body(), whole=True)
        return self._unfinished(broken)

    def end(self, *, cleanly: bool) -> Response:
        """Takes it that nothing more comes.

        Args:
            cleanly: whether the other side ended the connection, and did not reset it.

        Raises:
            Broken: the answer is of no use.
        """
        if not self._head_done:
            raise ClosedBeforeAnswer(heard=self._beside_body > 0)
        if self._status != _OK:
            return self._response(None, whole=True)
        # Only a body of which neither was said ends with the connection (RFC 9112, 6.3).
        if cleanly and not self._headers.keys() & {b"content-length", b"transfer-encoding"}:
            return self._response(self._body(), whole=True)
        raise ClosedInAnswer

    def close(self) -> None:
        """Forgets the parser, which knows this reader: else only the garbage collector would part the two."""
        del self._parser

    def _parsed(self, data: bytes) -> Broken | None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._keep = False
            # What comes after the end of an answer does not change it: it is not HTTP, or not HTTP any more (101).
            if not self._finished:
                return self._problem or (InvalidBody() if self._head_done else InvalidHead())
        return self._problem

    def _unfinished(self, broken: Broken | None) -> Response | None:
        if not self._head_done:
            if broken or self._beside_body > MAX_HEAD:
                raise broken or InvalidHead
            return None
        if self._beside_body > MAX_HEAD:
            broken = broken or InvalidBody()
        if isinstance(broken, InvalidHead) or (broken and self._status == _OK):
            raise broken
        if broken or self._size > self._limit:
            return self._response(None, whole=True)
        if self._status != _OK and not self._told:
            self._told = True
            return self._response(None, whole=False)
        return None

    def _body(self) -> bytes | None:
        return b"".join(self._chunks) if self._size <= self._limit else None

    def _response(self, body: bytes | None, *, whole: bool) -> Response:
        return Response(self._status, self._headers, body, whole)

    # What httptools calls, from within `feed_data`; an exception would come out of there as another one.

    def on_message_begin(self) -> None:
        """The first byte of an answer."""
        self._surplus = self._finished

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer."""
        self._head_size += len(name) + len(value)
        self._headers_seen += 1
        if self._head_size > MAX_HEAD or self._headers_seen > MAX_HEADERS:
            self._problem = self._problem or (InvalidBody() if self._head_done else InvalidHead())
        elif not self._head_done:
            name = name.lower()
            before = self._headers.get(name)
            self._headers[name] = value if before is None else before + b", " + value

    def on_headers_complete(self) -> None:
        """The end of a head, which may be that of an interim answer, or of one too many."""
        status = self._parser.get_status_code()
        if self._finished or (status < _FINAL and status != _SWITCHING):
            return
        self._status, self._head_done, self._keep = status, True, self._parser.should_keep_alive()
        # llhttp finds the end of a body in any coding that ends in chunks, but takes no other coding off it.
        if self._headers.get(b"transfer-encoding", b"chunked").lower() != b"chunked":
            self._problem = InvalidHead()
        length = self._headers.get(b"content-length")
        if status in _BODILESS and (length not in (None, b"0") or b"transfer-encoding" in self._headers):
            self._keep = False  # whoever announces a body may send it: it would be the answer to the next request
        elif length is not None and int(length) > self._limit:
            self._size = self._limit + 1  # what says of itself to be too large is not waited for

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self._surplus:
            return
        if not self._head_done:
            self._problem = InvalidHead()  # an interim answer has none (RFC 9110, 15.2), but llhttp would read one
            return
        self._size += len(body)
        if self._size <= self._limit:
            self._chunks.append(body)
        else:
            self._chunks.clear()

    def on_message_complete(self) -> None:
        """The end of an answer, which may be an interim one."""
        if self._head_done:
            self._finished = True
        else:
            self._headers.clear()
