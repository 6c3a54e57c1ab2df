"""One connection, with the bounds that uvicorn's httptools protocol lacks; how many there are is the acceptor's.

uvicorn reads a head of any size for any time, waits for ever for a client that does not take its answer (13 MB of
metrics at 10,000 organisations), and answers its own errors as plain text. Here each of these ends.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final, cast

from starlette.types import ASGIApp
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from exporter.web.problems import MEDIA_TYPE, Problem, not_http, problem, problem_response
from exporter.web.rim import HEADERS, Rim

MAX_HEAD_BYTES: Final = 32 * 1024
"""Largest request line and headers together. A browser's cookies for other services on one host stay below 16 KiB."""

MAX_REQUEST_BYTES: Final = 64 * 1024
"""Largest request in all, give or take one read of the socket."""

HOOK: Final = "/hooks/alertmanager"
"""The one path that takes more."""

MAX_HOOK_BYTES: Final = 8 * 1024 * 1024
"""Largest body there: 10,000 alerts of one group are one post of 5 MB."""

REQUEST_SECONDS: Final = 10.0
"""Time to send a whole request, from connecting or from its first byte."""

ANSWER_SECONDS: Final = 60.0
"""Time to take an answer: 13 MB at 220 kB/s. Prometheus itself gives up after its scrape_timeout, 10 s."""

MAX_ANSWERS: Final = 20
"""Answers under way at once. Each can hold a page of its own, 13 MB; an answer that is taken at once takes 20 ms."""

STALL_SECONDS: Final = 5.0
"""Time without progress after which an answer makes room for another one, when there are `MAX_ANSWERS`.

Progress is a whole piece, at most `rim.PIECE_BYTES`: 210 kB/s. Who is faster finishes, and the next one gets 503.
"""

_CLOSE: Final = {"Connection": "close"}

_OVERLOADED: Final = Rim(
    problem_response(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{MAX_ANSWERS} other answers are under way, and their callers take them: ask again later",
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
    f"The request is too large: it may have {MAX_REQUEST_BYTES} bytes, body included, and to {HOOK} {MAX_HOOK_BYTES}",
)
_TOO_SLOW: Final = problem(
    HTTPStatus.REQUEST_TIMEOUT, f"The request did not arrive whole within {REQUEST_SECONDS:g} s: send it at once"
)


class Connection(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 connection with bounds on sizes, times and numbers, and problem documents as errors.

    Attributes:
        dropped: it was told to end at once; the system has its descriptor back within one turn of the loop.
    """

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
        self._more_bytes = 0
        self._request_deadline: asyncio.TimerHandle | None = None
        self._answer_deadline: asyncio.TimerHandle | None = None
        self._waiting_since = self.loop.time()
        self._stalled_since: float | None = None
        self.dropped = False

    @property
    def idle_since(self) -> float | None:
        """Since when, by the loop's clock, it has had nothing to answer; None while it has."""
        return None if self._busy() else self._waiting_since

    def drop(self) -> None:
        """Ends at once, whatever is under way; when it is not yet made, as soon as it is."""
        self.dropped = True
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Starts the clock of the first request."""
        super().connection_made(transport)
        # pause_writing then means "something is not taken yet", so it can start the clock of the answer. Not 0: with
        # TLS, both asyncio and uvloop would pause at an empty buffer, which nothing resumes.
        transport.set_write_buffer_limits(high=1)
        if self.dropped:
            transport.abort()
        else:
            self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the clocks."""
        self._request_arrived()
        self._answer_taken()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what arrived, and ends a request that is too large while it is not yet whole."""
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self.timeout_keep_alive_task is None and not self._busy():
            # Line breaks before a request begin none, but they ended uvicorn's wait for one.
            self._await_request()
        if self._request_deadline is None:
            return
        self._request_bytes += len(data)
        if self._request_bytes > MAX_REQUEST_BYTES + self._more_bytes:
            self._refuse(_REQUEST_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request begins: its sizes and its clock do too."""
        super().on_message_begin()
        self._head_bytes = self._request_bytes = self._more_bytes = 0
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
        # The head counts until here, so that no path makes room for a larger one.
        self._more_bytes = MAX_HOOK_BYTES if self.url.partition(b"?")[0] == HOOK.encode() else 0
        self.app = self._chosen()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._request_arrived()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is written; unless all of it is taken, too, its clock goes on."""
        super().on_response_complete()
        self._waiting_since = self.loop.time()
        if not self.flow.write_paused:
            self._answer_taken()

    def shutdown(self) -> None:
        """Ends when what is under way is answered. Who idles is not waited for: a goodbye of TLS can stay away."""
        if self._busy():
            super().shutdown()
        else:
            self.drop()

    def pause_writing(self) -> None:
        """The client does not take what was written: it gets `ANSWER_SECONDS` for the whole answer."""
        super().pause_writing()
        self._stalled_since = self.loop.time()
        if self._answer_deadline is None:
            self._answer_deadline = self.loop.call_later(ANSWER_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client took all that was written."""
        super().resume_writing()
        self._stalled_since = None
        if not self._busy():
            self._answer_taken()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own words are not what we answer
        """Answers what is not HTTP."""
        self._refuse(not_http())

    def _unsupported_upgrade_warning(self) -> None:
        """Says nothing: whoever offers HTTP/2 or a web socket is answered in HTTP/1.1.

        uvicorn's warning would have people install a library that is not needed.
        """

    def _chosen(self) -> ASGIApp:
        if not self._has_room():
            return _OVERLOADED
        if self._head_bytes > MAX_HEAD_BYTES:
            return _HEAD_TOO_LARGE
        application: ASGIApp = self.config.loaded_app
        return application

    def _has_room(self) -> bool:
        """Whether one answer more may begin, if need be because the one that is stuck for longest is given up."""
        others = [one for one in cast("set[Connection]", self.connections) if one is not self and one.under_way()]
        if len(others) < MAX_ANSWERS:
            return True
        slowest = max(others, key=Connection.stalled_for)
        if slowest.stalled_for() < STALL_SECONDS:
            return False
        slowest.drop()
        return True

    def under_way(self) -> bool:
        """Whether there is an answer to make, or one that is not taken whole."""
        return not self.dropped and self._busy()

    def stalled_for(self) -> float:
        """Seconds for which its client has taken no whole piece of its answer; 0 when nothing waits to be taken."""
        return 0.0 if self._stalled_since is None else self.loop.time() - self._stalled_since

    def _busy(self) -> bool:
        if self.cycle is None:
            return False
        return not self.cycle.response_complete or self._stalled_since is not None

    def _answering(self) -> bool:
        if self.cycle is None:
            return False
        return self.cycle.response_started and not self.cycle.response_complete

    def _answer_taken(self) -> None:
        if self._answer_deadline is not None:
            self._answer_deadline.cancel()
            self._answer_deadline = None

    def _await_request(self) -> None:
        if self._request_deadline is None:
            self._request_deadline = self.loop.call_later(REQUEST_SECONDS, self._refuse, _TOO_SLOW)

    def _request_arrived(self) -> None:
        if self._request_deadline is not None:
            self._request_deadline.cancel()
            self._request_deadline = None

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
