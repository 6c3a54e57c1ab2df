"""One connection, with the bounds that uvicorn's httptools protocol lacks.

uvicorn reads a head of any size for any time, waits for ever for a client that does not take its answer (13 MB of
metrics at 10,000 organisations), and answers its own errors as plain text. Here each of these ends.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from exporter.web.problems import MEDIA_TYPE, Problem, not_http, problem, problem_response
from exporter.web.rim import HEADERS, Rim

MAX_HEAD_BYTES: Final = 32 * 1024
"""Largest request line and headers together. A browser's cookies for other services on one host stay below 16 KiB."""

MAX_REQUEST_BYTES: Final = 64 * 1024
"""Largest request in all, give or take one read of the socket; nothing served here takes a body."""

REQUEST_SECONDS: Final = 10.0
"""Time to send a whole request, from connecting or from its first byte."""

ANSWER_SECONDS: Final = 60.0
"""Time to take what was written: 13 MB at 220 kB/s. Prometheus itself gives up after its scrape_timeout, 10 s."""

MAX_CONNECTIONS: Final = 100
"""Connections served at once; requests on further ones get 503. A pair of Prometheus servers needs two."""

_CLOSE: Final = {"Connection": "close"}

_OVERLOADED: Final = Rim(
    problem_response(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"More than {MAX_CONNECTIONS} connections are open: close some, or ask again later",
        {**_CLOSE, "Retry-After": "10"},
    )
)
_HEAD_TOO_LARGE: Final = Rim(
    problem_response(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        f"The request line and headers are too large: they may have {MAX_HEAD_BYTES} bytes",
        _CLOSE,
    )
)
_REQUEST_TOO_LARGE: Final = problem(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    f"The request is too large: it may have {MAX_REQUEST_BYTES} bytes, body included",
)
_TOO_SLOW: Final = problem(
    HTTPStatus.REQUEST_TIMEOUT, f"The request did not arrive whole within {REQUEST_SECONDS:g} s: send it at once"
)


class Connection(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 connection with bounds on sizes, times and numbers, and problem documents as errors."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._head_bytes = 0
        self._request_bytes = 0
        self._request_deadline: asyncio.TimerHandle | None = None
        self._answer_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Starts the clock of the first request."""
        super().connection_made(transport)
        # pause_writing then means "something is not taken yet", so it can start the clock of the answer.
        transport.set_write_buffer_limits(high=0)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the clocks."""
        self._request_arrived()
        self._answer_taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what arrived, and ends a request that is too large while it is not yet whole."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._request_deadline is None:
            if self._between_requests():
                # Between two requests the parser skips line ends, and uvicorn has just stopped its own clock.
                self._await_request()
            return
        self._request_bytes += len(data)
        if self._request_bytes > MAX_REQUEST_BYTES:
            self._refuse(_REQUEST_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request begins: its sizes and its clock do too."""
        super().on_message_begin()
        self._head_bytes = self._request_bytes = 0
        self._await_request()

    def on_url(self, url: bytes) -> None:
        """Counts the request line."""
        self._head_bytes += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Counts a header."""
        self._head_bytes += len(name) + len(value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Chooses who answers: the application, or a refusal."""
        self.app = self._chosen()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._request_arrived()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is written; its clock runs on while something of it is not taken yet."""
        if not self.flow.write_paused:
            self._answer_taken()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The client does not take what was written: it gets `ANSWER_SECONDS` for the answer as a whole."""
        super().pause_writing()
        if self._answer_deadline is None:
            self._answer_deadline = self.loop.call_later(ANSWER_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client took all that was written; there may be more to come."""
        super().resume_writing()
        if not self._answering():
            self._answer_taken()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own words are not what we answer
        """Answers what is not HTTP."""
        self._refuse(not_http())

    def _unsupported_upgrade_warning(self) -> None:
        """Says nothing: whoever offers HTTP/2 or a web socket is answered in HTTP/1.1.

        uvicorn's warning would have people install a library that is not needed.
        """

    def _chosen(self) -> ASGIApp:
        if len(self.connections) > MAX_CONNECTIONS:
            return _OVERLOADED
        if self._head_bytes > MAX_HEAD_BYTES:
            return _HEAD_TOO_LARGE
        application: ASGIApp = self.config.loaded_app
        return application

    def _answering(self) -> bool:
        if self.cycle is None:
            return False
        return self.cycle.response_started and not self.cycle.response_complete

    def _between_requests(self) -> bool:
        if self.cycle is None:
            return False
        return self.cycle.response_complete

    def _await_request(self) -> None:
        if self._request_deadline is None:
            self._request_deadline = self.loop.call_later(REQUEST_SECONDS, self._refuse, _TOO_SLOW)

    def _request_arrived(self) -> None:
        if self._request_deadline is not None:
            self._request_deadline.cancel()
            self._request_deadline = None

    def _answer_taken(self) -> None:
        if self._answer_deadline is not None:
            self._answer_deadline.cancel()
            self._answer_deadline = None

    def _refuse(self, document: Problem) -> None:
        """Ends the connection, with `document` as the answer unless another answer has begun."""
        self._request_arrived()
        if not self.transport.is_closing():
            if not self._answering():
                self.transport.write(_answer_bytes(document))
            self.transport.close()


def _answer_bytes(document: Problem) -> bytes:
    """`document` as a whole HTTP answer, for where no application is at hand."""
    body = document.model_dump_json().encode()
    headers = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), **_CLOSE, **HEADERS}
    lines = [f"HTTP/1.1 {document.status} {document.title}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body
