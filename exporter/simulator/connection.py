"""One connection to a simulated service: h11 reads what comes, answers and misbehaviours go out."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Coroutine
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final, Protocol, cast

import h11

from exporter.simulator.answers import Answer, Misbehaviour, Request, Slow, refusal
from exporter.simulator.misbehaving import bad_http, good_http, head_of_good_answer

DRIP_EVERY: Final = 0.1
"""Seconds of real time between two bytes of `Misbehaviour.DRIP`."""

MAX_BODY_BYTES: Final = 1024 * 1024
"""The largest body of a request that is read."""

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER for no time at all: closing sends RST instead of FIN."""

_PHRASES: Final = {status.value: status.phrase.encode() for status in HTTPStatus}

_BODILESS: Final = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
"""Statuses whose answers have no body (RFC 9110 6.4.1)."""


class Service(Protocol):
    """Whoever owns the connections, and knows what to answer."""

    def opened(self, connection: Connection) -> None:
        """A connection was made."""

    def closed(self, connection: Connection) -> None:
        """A connection is gone."""

    def read(self, request: Request) -> None:
        """A whole request was read."""

    def reply(self, request: Request, *, overridden: bool) -> Answer | Misbehaviour | Slow:
        """What comes back for a request; `overridden` is False for what would come without anybody's intervention."""
        ...

    def now(self) -> float:
        """The service's clock, seconds since 1970 UTC."""
        ...

    @property
    def resets_everybody(self) -> bool:
        """Whether every connection is reset as soon as it is made."""
        ...


class Connection(asyncio.Protocol):
    """One connection: requests one after the other, kept alive between them.

    Attributes:
        task: what answers late or for ever, while it does; ends with the connection.
    """

    def __init__(self, service: Service) -> None:
        self.task: asyncio.Task[None] | None = None
        self._service = service
        self._transport: asyncio.Transport
        self._http = h11.Connection(h11.SERVER)
        self._head: h11.Request | None = None
        self._body = bytearray()
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: the connection stands."""
        # A cast: uvloop's transports have the methods of asyncio.Transport, but not its type.
        self._transport = cast("asyncio.Transport", transport)
        self._service.opened(self)
        if self._service.resets_everybody:
            self._reset()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio hands it in
        """asyncio's: the connection is gone, and with it whatever was still to be answered."""
        if self.task is not None:
            self.task.cancel()
        self._service.closed(self)

    def data_received(self, data: bytes) -> None:
        """asyncio's: bytes came."""
        if self._service.resets_everybody:
            self._reset()
            return
        self._http.receive_data(data)
        self._advance()

    def abort(self) -> None:
        """Ends the connection at once, whatever it was doing."""
        self._transport.abort()

    def _advance(self) -> None:
        """Acts on what h11 has read, until it needs more or an answer is under way."""
        while not self._busy and not self._transport.is_closing():
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError:
                self._refuse(refusal(400, "bad_request", "This is not an HTTP request."))
                return
            if isinstance(event, h11.Request):
                self._head = event
                self._body.clear()
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > MAX_BODY_BYTES:
                    self._refuse(refusal(413, "too_large", "The body is too large."))
                    return
            elif isinstance(event, h11.EndOfMessage) and self._head is not None:
                self._act(self._head)
            else:
                return

    def _act(self, head: h11.Request) -> None:
        """Does what the service does with the request that was read."""
        headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
        request = Request(head.method.decode(), head.target.decode(), headers, bytes(self._body))
        self._service.read(request)
        self._do(self._service.reply(request, overridden=True), request)

    def _do(self, reply: Answer | Misbehaviour | Slow, request: Request) -> None:
        if isinstance(reply, Answer):
            self._send(reply)
        elif isinstance(reply, Slow):
            self._start(self._late(reply.seconds, request))
        elif reply is Misbehaviour.HANG:
            self._busy = True
        elif reply is Misbehaviour.DRIP:
            self._start(self._drip())
        elif (answer := good_http(reply)) is not None:
            self._send(answer)
        elif (raw := bad_http(reply, self._date())) is not None:
            self._transport.write(raw)
            self._transport.close()
        else:
            self._reset()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        self._busy = True
        self.task = asyncio.get_running_loop().create_task(work)

    async def _late(self, seconds: float, request: Request) -> None:
        """Answers as it would without anybody's intervention, later."""
        await asyncio.sleep(seconds)
        self._busy = False
        self.task = None
        self._do(self._service.reply(request, overridden=False), request)
        self._advance()

    async def _drip(self) -> None:
        """A body without end: it has no length, so only closing would end it."""
        self._transport.write(head_of_good_answer(self._date()) + b"Connection: close\r\n\r\n")
        while True:
            self._transport.write(b" ")
            await asyncio.sleep(DRIP_EVERY)

    def _send(self, answer: Answer) -> None:
        """Writes a well-formed answer, and makes ready for the next request."""
        added = {"Date": self._date()}
        if answer.status not in _BODILESS:
            added |= {"Content-Type": "application/json", "Content-Length": str(len(answer.body))}
        given = {name.lower() for name in answer.headers}
        headers = [*answer.headers.items(), *(item for item in added.items() if item[0].lower() not in given)]
        out = [
            self._http.send(
                h11.Response(status_code=answer.status, headers=headers, reason=_PHRASES.get(answer.status, b""))
            )
        ]
        if answer.status not in _BODILESS and (self._head is None or self._head.method != b"HEAD"):
            out.append(self._http.send(h11.Data(data=answer.body)))
        out.append(self._http.send(h11.EndOfMessage()))
        self._transport.write(b"".join(part for part in out if part))
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            self._head = None
        else:
            self._transport.close()

    def _date(self) -> str:
        return _http_date(int(self._service.now()))

    def _refuse(self, answer: Answer) -> None:
        """Answers what is no request, as far as HTTP still allows, and closes."""
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._send(answer)
        self._transport.close()

    def _reset(self) -> None:
        """RST instead of FIN, so that the other side sees a broken connection."""
        sock = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()


@lru_cache(maxsize=4)
def _http_date(second: int) -> str:
    """IMF-fixdate (RFC 9110 5.6.7); made once a second, not once a request."""
    return formatdate(second, usegmt=True)
