"""A receiver of OTLP over HTTP, for tests: takes what is sent, or misbehaves as told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(frozen=True)
class Received:
    """One span, decoded."""

    span: Span
    resource: dict[str, object]
    scope: str

    @property
    def name(self) -> str:
        """Of the span."""
        return self.span.name

    @property
    def attributes(self) -> dict[str, object]:
        """Of the span."""
        return _values(self.span.attributes)

    @property
    def seconds(self) -> float:
        """From its start to its end."""
        return (self.span.end_time_unix_nano - self.span.start_time_unix_nano) / 1e9


class Receiver:
    """What was received, and how the next request is answered."""

    def __init__(self) -> None:
        self.spans: list[Received] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.status = 200
        self.refused = 0
        self.body: bytes | None = None
        self.patient = threading.Event()
        """While cleared, requests are taken in and not answered."""
        self.patient.set()
        self.url = ""

    def named(self, name: str) -> list[Received]:
        """Those spans whose name begins so."""
        return [one for one in tuple(self.spans) if one.name.startswith(name)]

    def take(self, path: str, headers: dict[str, str], body: bytes) -> None:
        """Keeps a request, decoded when it is taken."""
        self.paths.append(path)
        self.headers.append(headers)
        self.bodies.append(body)
        if self.status != 200:
            return
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                of = _values(resource.resource.attributes)
                self.spans += [Received(span, of, scope.scope.name) for span in scope.spans]

    def answer(self) -> bytes:
        """The body of the next answer."""
        if self.body is not None:
            return self.body
        answer = ExportTraceServiceResponse()
        if self.refused:
            answer.partial_success.rejected_spans = self.refused
            answer.partial_success.error_message = "they were too old"
        return bytes(answer.SerializeToString())


def _values(attributes: object) -> dict[str, object]:
    pairs: list[KeyValue] = list(attributes)  # type: ignore[call-overload]  # a container without a type
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> object:
    return getattr(value, value.WhichOneof("value") or "string_value")


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is part of the stories."""


@contextmanager
def receiver(port: int = 0) -> Iterator[Receiver]:
    """A receiver on loopback, at a free port unless told which."""
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            received.take(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            received.patient.wait(60)
            answer = received.answer()
            self.send_response(received.status)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    server = _Quiet(("127.0.0.1", port), Handler)
    received.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        received.patient.set()
        server.shutdown()
        server.server_close()
        thread.join()
